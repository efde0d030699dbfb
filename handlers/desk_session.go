package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"callbackd"
	"callbackd/store"
	"callbackd/web"
)

const (
	deskCookie = "desk"
	// deskSessionLife is how long an operator stays logged in; a moderator's link
	// ends its session itself.
	deskSessionLife = 7 * 24 * time.Hour
	// strangerLife is how long a session of nobody is kept.
	strangerLife = time.Hour
	// What a session remembers.
	keyOperator = "operator" // OperatorID
	keyRev      = "rev"      // the operator's SessionRev
	keyLink     = "link"     // ModeratorLinkID
	keyCSRF     = "csrf"
	keyPending  = "pending" // OperatorID whose password was right, while the second factor is asked for
	keyPendedAt = "pended"  // unix seconds of that
	keyNext     = "next"    // where to go after the login
	keyLang     = "lang"
	keySecret   = "secret"   // of a second factor that is being set up
	keySaid     = "said"     // key of a text to be shown once on the next page
	keyOnce     = "once"     // a link or codes that are shown once on the next page
	keyOnceFor  = "once-for" // what keyOnce is
)

// sessionStore keeps the desk's sessions in our database.
type sessionStore struct{ db *store.DB }

func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.db.GetDeskSession(ctx, token)
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expires time.Time) error {
	return s.db.SetDeskSession(ctx, token, b, expires)
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.DeleteDeskSession(ctx, token)
}

// Find, Commit and Delete are there because scs asks for them; it calls those
// with a context.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s sessionStore) Commit(token string, b []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expires)
}

func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

var _ scs.CtxStore = sessionStore{}

func (h *Handlers) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{h.DB}
	m.HashTokenInStore = true
	m.Lifetime = deskSessionLife
	m.Cookie.Name, m.Cookie.Path, m.Cookie.HttpOnly = deskCookie, "/desk", true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		h.page(func(http.ResponseWriter, *http.Request) error { return fmt.Errorf("desk session: %w", err) })(w, r)
	}
	return m
}

// deskCall is a request to the desk: who asks, and for which account.
type deskCall struct {
	operator *callbackd.Operator      // nil: the bearer of a link, or nobody
	link     *callbackd.ModeratorLink // nil: an operator, or nobody
	account  *callbackd.Account       // of the path; nil where it names none
	role     callbackd.Role           // on account
	lang     web.Lang
	csrf     string
}

// known reports whether somebody is logged in.
func (c *deskCall) known() bool { return c.operator != nil || c.link != nil }

// actor names who asks in the audit.
func (c *deskCall) actor() string {
	if c.operator != nil {
		return c.operator.Actor()
	}
	return c.link.Actor()
}

// holder names who asks where two must not do the same at once: one session of one
// person.
func (h *Handlers) holder(ctx context.Context, c *deskCall) string {
	if c.link != nil {
		return string(c.link.PublicID)
	}
	return fmt.Sprintf("%d-%.8s", c.operator.ID, h.sessions.GetString(ctx, keyCSRF))
}

// roleOn is what whoever asks may do on an account.
func (c *deskCall) roleOn(a callbackd.AccountID) callbackd.Role {
	switch {
	case c.operator != nil:
		return c.operator.Role(a)
	case c.link != nil && c.link.Account == a:
		return callbackd.RoleModerator
	}
	return ""
}

// readSession finds who a session belongs to. One whose operator is gone or has a
// new password, or whose link is over or revoked, is nobody's.
func (h *Handlers) readSession(ctx context.Context) (*deskCall, error) {
	c := &deskCall{}
	if id, ok := h.sessions.Get(ctx, keyOperator).(int64); ok {
		o, err := h.DB.GetOperator(ctx, callbackd.OperatorID(id))
		if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
			return nil, fmt.Errorf("read operator: %w", err)
		}
		if err == nil && h.sessions.GetInt64(ctx, keyRev) == o.SessionRev {
			c.operator = o
		}
	}
	if id, ok := h.sessions.Get(ctx, keyLink).(int64); ok && c.operator == nil {
		l, err := h.DB.GetModeratorLink(ctx, callbackd.ModeratorLinkID(id))
		if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
			return nil, fmt.Errorf("read moderator's link: %w", err)
		}
		if err == nil && l.Alive(h.Now()) {
			c.link = l
		}
	}
	c.csrf = h.sessions.GetString(ctx, keyCSRF)
	return c, nil
}

// sessionNow finds who a session belongs to, from where it is kept: a request has it
// as it was when it came, also when somebody has logged out since.
func (h *Handlers) sessionNow(token string) (*deskCall, error) {
	fresh, err := h.sessions.Load(h.closing, token)
	if err != nil {
		return nil, fmt.Errorf("read a session again: %w", err)
	}
	return h.readSession(fresh)
}

// begin makes the session that of somebody else than before: under a new token, so
// that nobody who knew the old one is let in, and with nothing of the old one but
// where to go.
func (h *Handlers) begin(ctx context.Context, set func()) error {
	next, lang := h.sessions.GetString(ctx, keyNext), h.sessions.GetString(ctx, keyLang)
	if err := h.sessions.Clear(ctx); err != nil {
		return fmt.Errorf("clear session: %w", err)
	}
	if err := h.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	h.sessions.Put(ctx, keyCSRF, rand.Text())
	h.sessions.Put(ctx, keyNext, next)
	h.sessions.Put(ctx, keyLang, lang)
	set()
	return nil
}

// login makes the session an operator's.
func (h *Handlers) login(ctx context.Context, o *callbackd.Operator) error {
	err := h.begin(ctx, func() {
		h.sessions.Put(ctx, keyOperator, int64(o.ID))
		h.sessions.Put(ctx, keyRev, o.SessionRev)
	})
	if err == nil {
		err = h.DB.TouchOperator(ctx, o.ID)
	}
	return err
}

// csrf returns the session's token against forged forms, made where there is none.
func (h *Handlers) csrf(ctx context.Context) string {
	token := h.sessions.GetString(ctx, keyCSRF)
	if token == "" {
		token = rand.Text()
		h.sessions.Put(ctx, keyCSRF, token)
		h.sessions.SetDeadline(ctx, time.Now().Add(strangerLife)) // until somebody logs in
	}
	return token
}

// leaveOnce leaves something that the next page of its kind shows, and no other.
func (h *Handlers) leaveOnce(ctx context.Context, what, value string) {
	h.sessions.Put(ctx, keyOnce, value)
	h.sessions.Put(ctx, keyOnceFor, what)
}

// takeOnce takes what was left for pages of a kind; empty: nothing.
func (h *Handlers) takeOnce(ctx context.Context, what string) string {
	if h.sessions.GetString(ctx, keyOnceFor) != what {
		return ""
	}
	h.sessions.Remove(ctx, keyOnceFor)
	return h.sessions.PopString(ctx, keyOnce)
}

// say leaves a text, by its key, for the next page.
func (h *Handlers) say(r *http.Request, key string) { h.sessions.Put(r.Context(), keySaid, key) }

// keepLang makes what ?lang= says the language of the session.
func (h *Handlers) keepLang(r *http.Request, lang web.Lang) {
	if r.URL.Query().Get("lang") == string(lang) && h.sessions.GetString(r.Context(), keyLang) != string(lang) {
		h.sessions.Put(r.Context(), keyLang, string(lang))
	}
}

// langOf is the language of a page of the desk. It keeps nothing: it is asked before
// anybody knows whether there may be a session.
func (h *Handlers) langOf(r *http.Request) web.Lang {
	lang := web.LangOf(r)
	if r.URL.Query().Get("lang") == string(lang) {
		return lang
	}
	if kept := web.Lang(h.sessions.GetString(r.Context(), keyLang)); kept == web.Chinese || kept == web.English {
		return kept
	}
	return lang
}
