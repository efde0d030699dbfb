package handlers

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/web"
)

// deskBody bounds what a form of the desk may send; uploads say so themselves.
const deskBody = 1 << 20

var (
	errLoginFirst  = errors.New("log in first")
	errForeignForm = callbackd.Public(callbackd.ErrForbidden, "error.foreign_form", nil)
	errStaleForm   = callbackd.Public(callbackd.ErrForbidden, "error.stale_form", nil)
	errNotYourRole = callbackd.Public(callbackd.ErrForbidden, "error.not_your_role", nil)
)

// guard lets a request through to its endpoint only where the route's row says so:
// the origin, the session, the role and the form's token, in this order.
func (h *Handlers) guard(route deskRoute) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h.deskCall(w, r, route); err != nil {
			h.deskError(w, r, err)
		}
	}
}

func (h *Handlers) deskCall(w http.ResponseWriter, r *http.Request, route deskRoute) error {
	if unsafe(r.Method) {
		if h.isForeign(r) {
			return errForeignForm
		}
		limit := int64(deskBody)
		if route.pattern == pictureUpload {
			limit += wall.MaxPicture
		}
		if route.pattern == wordsUpload {
			limit += 2 * store.MaxWordList // with remarks, and in whatever encoding
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
	}
	c, err := h.readSession(r.Context())
	if err != nil {
		return err
	}
	c.lang = h.langOf(r)
	if err := h.admit(r, route, c); err != nil {
		return err
	}
	if unsafe(r.Method) {
		if err := checkCSRF(r, c.csrf); err != nil {
			return err
		}
		if c, err = h.admitAgain(r, route, c); err != nil {
			return err
		}
	}
	if c.csrf == "" {
		if wait := h.throttle.take(ofAddress(h.clientAddr(r)), "desk session", allowStranger); wait > 0 {
			return &throttledError{wait}
		}
		c.csrf = h.csrf(r.Context())
	}
	h.keepLang(r, c.lang)
	h.touch(r, c)
	return route.do(w, r, c)
}

// admit says whether whoever asks may ask for this at all. What is not theirs is
// not there: an account's name is told to nobody who has no role on it.
func (h *Handlers) admit(r *http.Request, route deskRoute, c *deskCall) error {
	if route.reach == reachOpen {
		return nil
	}
	if !c.known() {
		return errLoginFirst
	}
	switch route.reach {
	case reachAnybody:
		return nil
	case reachOperator:
		if c.operator == nil {
			return errNotYourRole
		}
		return nil
	case reachOwner:
		if c.operator == nil || !c.operator.Everything {
			return errNotYourRole
		}
		return nil
	}
	a, err := h.account(r)
	if err != nil {
		return err
	}
	c.account, c.role = a, c.roleOn(a.ID)
	switch {
	case !c.role.Valid():
		return errNoSuchAccount
	case !c.role.Allows(route.role):
		return errNotYourRole
	}
	return nil
}

// admitAgain asks once more who asks, when the form is there: its sender had as much
// time for it as they liked, and may have lost the role meanwhile.
func (h *Handlers) admitAgain(r *http.Request, route deskRoute, was *deskCall) (*deskCall, error) {
	if route.reach == reachOpen {
		return was, nil
	}
	c, err := h.sessionNow(h.sessions.Token(r.Context()))
	if err != nil {
		return nil, err
	}
	c.lang = was.lang
	return c, h.admit(r, route, c)
}

// checkCSRF reads the form and compares the token that it, or a script, shows with
// the session's.
func checkCSRF(r *http.Request, want string) error {
	// what is too large for a form is told so
	if err := r.ParseMultipartForm(deskBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return badValue("the form")
	}
	got := r.Header.Get("X-CSRF")
	if got == "" {
		got = r.PostFormValue("csrf")
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return errStaleForm
	}
	return nil
}

// touch writes down, once an hour, that somebody was here.
func (h *Handlers) touch(r *http.Request, c *deskCall) {
	var err error
	switch {
	case c.operator != nil && h.Now().Sub(c.operator.SeenAt) >= touchEvery:
		err = h.DB.TouchOperator(r.Context(), c.operator.ID)
	case c.link != nil && h.Now().Sub(c.link.SeenAt) >= time.Minute:
		err = h.DB.TouchModeratorLink(r.Context(), c.link.ID)
	}
	if err != nil {
		h.Log.Warn("a visit to the desk was not written down", "err", err)
	}
}

// wantsJSON reports whether a script asks.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json") || strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
}

// deskError answers an error: scripts in JSON, people with a page; who is not
// logged in is led to the login and back.
func (h *Handlers) deskError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errLoginFirst) {
		next := "/desk" // a form is not sent again by itself
		switch {
		case wantsJSON(r):
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "log in first"})
			return
		case !unsafe(r.Method):
			next = r.URL.RequestURI()
		}
		http.Redirect(w, r, "/desk/login?next="+url.QueryEscape(next), http.StatusSeeOther)
		return
	}
	code := status(err)
	h.report(r, code, err)
	var throttled *throttledError
	if errors.As(err, &throttled) {
		w.Header().Set("Retry-After", throttled.seconds())
	}
	lang := h.langOf(r)
	text := lang.TextOr(web.DeskErrorKey(code))
	var public *callbackd.PublicError
	if errors.As(err, &public) && code < http.StatusInternalServerError {
		text = lang.TextOf(public)
	}
	if wantsJSON(r) {
		writeJSON(w, code, map[string]string{"error": text})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if err := web.Render(w, web.DeskErrorPage{DeskShell: web.DeskShell{Lang: lang, CSRF: h.sessions.GetString(r.Context(), keyCSRF)}, Status: code, Text: text}); err != nil {
		h.Log.Error("error page failed", "err", err)
	}
}

// nextMost bounds a path to go on to: strangers' sessions keep it.
const nextMost = 1000

// localPath returns a path of the desk to go on to; anything else, such as an
// address of another site, is the desk itself.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || len(next) > nextMost || u.IsAbs() || u.Host != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n\t") ||
		strings.Contains(u.Path, "..") || (u.Path != "/desk" && !strings.HasPrefix(u.Path, "/desk/")) || strings.HasPrefix(u.Path, "/desk/login") {
		return "/desk"
	}
	return u.RequestURI()
}

// goOn leads a form's sender to the next page; a script hears that it is done.
func (h *Handlers) goOn(w http.ResponseWriter, r *http.Request, path string) error {
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string]string{"next": path})
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}
