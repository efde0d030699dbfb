package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callbackd"
)

const (
	tokenBytes = 32
	// cookieLife is how long a browser keeps its viewer's token after its last visit;
	// the viewer itself is kept as long.
	cookieLife   = 180 * 24 * time.Hour
	cookiePrefix = "viewer-" // the account's slug follows: a browser may watch several walls
	// touchEvery bounds how often a viewer's visit is written down.
	touchEvery = time.Hour
)

// errNobody is the kind of a request of no viewer that is known.
var errNobody = errors.New("no viewer")

// caller is who asks: a viewer, and the account whose wall it watches.
type caller struct {
	callbackd.Viewer
	account *callbackd.Account
}

// name is the caller's for a throttle.
func (c caller) name() string { return string(c.PublicID) }

// credential is what a request shows: the digest of a viewer's token.
type credential struct {
	token  string
	digest []byte
	cookie callbackd.Slug // of the account whose cookie it is; empty: it came by Authorization
}

// newToken draws a viewer's token and returns the digest that is stored of it.
func newToken() (token string, digest []byte) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(raw), sum[:]
}

func (c *credential) read() error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(c.token)
	if err != nil || len(raw) != tokenBytes {
		return errNoSuchViewer
	}
	sum := sha256.Sum256(raw)
	c.digest = sum[:]
	return nil
}

// credentialOf finds what a request shows. Authorization wins over cookies; of
// several cookies ?account= chooses.
func credentialOf(r *http.Request) (credential, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return credential{}, errNoSuchViewer
		}
		c := credential{token: strings.TrimSpace(token)}
		return c, c.read()
	}
	found := map[callbackd.Slug]credential{}
	account := r.URL.Query().Get("account")
	for _, cookie := range r.Cookies() {
		slug, ok := strings.CutPrefix(cookie.Name, cookiePrefix)
		if ok && callbackd.Slug(slug).Valid() && (account == "" || account == slug) {
			found[callbackd.Slug(slug)] = credential{token: cookie.Value, cookie: callbackd.Slug(slug)}
		}
	}
	if len(found) > 1 {
		return credential{}, errWhichViewer
	}
	for _, c := range found {
		return c, c.read()
	}
	return credential{}, errNoViewer
}

// Identify says whose a request is, for live connections; 0: nobody's.
func (h *Handlers) Identify(r *http.Request) callbackd.ViewerID {
	cred, err := credentialOf(r)
	if err != nil {
		return 0
	}
	c, err := h.known(r.Context(), cred)
	if err != nil {
		if status(err) >= http.StatusInternalServerError {
			h.Log.Warn("a live connection's viewer could not be read", "err", err)
		}
		return 0
	}
	return c.ID
}

// known returns the viewer of a credential with its account.
func (h *Handlers) known(ctx context.Context, cred credential) (caller, error) {
	v, err := h.DB.GetViewerByToken(ctx, cred.digest)
	if errors.Is(err, callbackd.ErrNotFound) {
		return caller{}, errNoSuchViewer
	}
	if err != nil {
		return caller{}, fmt.Errorf("read viewer: %w", err)
	}
	a, err := h.accounts.getByID(ctx, v.Account)
	if errors.Is(err, callbackd.ErrNotFound) || err == nil && cred.cookie != "" && cred.cookie != a.Slug {
		return caller{}, errNoSuchViewer // the account went meanwhile, or the cookie is of another one
	}
	if err != nil {
		return caller{}, fmt.Errorf("read a viewer's account: %w", err)
	}
	return caller{v, a}, nil
}

// authenticate returns who asks. A cookie comes with whatever page a browser has
// open, so what it asks to change must not come from a page of somebody else's.
func (h *Handlers) authenticate(w http.ResponseWriter, r *http.Request) (caller, error) {
	cred, err := credentialOf(r)
	if err == nil && cred.cookie != "" && unsafe(r.Method) && h.isForeign(r) {
		return caller{}, errForeignPage
	}
	var c caller
	if err == nil {
		c, err = h.known(r.Context(), cred)
	}
	if errors.Is(err, errNobody) {
		if wait := h.throttle.take(ofAddress(h.clientAddr(r)), "stranger", allowStranger); wait > 0 {
			return caller{}, &throttledError{wait}
		}
		if cred.cookie != "" {
			h.setCookie(w, r, cred.cookie, "", -1)
		}
	}
	if err != nil {
		return caller{}, err
	}
	if h.Now().Sub(c.SeenAt) >= touchEvery {
		if err := h.DB.TouchViewer(r.Context(), c.ID); err != nil {
			h.Log.Warn("a viewer's visit was not written down", "account", c.account.Slug, "err", err)
		} else if cred.cookie != "" {
			h.setCookie(w, r, cred.cookie, cred.token, cookieLife)
		}
	}
	return c, nil
}

// setCookie gives a browser its viewer's token; a life below 0 takes it away.
func (h *Handlers) setCookie(w http.ResponseWriter, r *http.Request, slug callbackd.Slug, token string, life time.Duration) {
	seconds := int(life / time.Second)
	if life < 0 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{Name: cookiePrefix + string(slug), Value: token, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.isHTTPS(r)})
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// fromOurPage reports whether a browser says that a page of this server asks.
func (h *Handlers) fromOurPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "": // a browser that does not send it, or an address that is not secure
		return h.isOurOrigin(r)
	}
	return false
}

// isOurOrigin reports whether Origin is the public URL's, or the one under which
// this very request came: a wall may be looked at by an address of the house.
func (h *Handlers) isOurOrigin(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, h.PublicURL.Host) {
		return u.Scheme == h.PublicURL.Scheme
	}
	return strings.EqualFold(u.Host, r.Host)
}

// isForeign reports whether a browser says that a page of another site asks.
// Programs that are no browsers say nothing.
func (h *Handlers) isForeign(r *http.Request) bool {
	return (r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "") && !h.fromOurPage(r)
}
