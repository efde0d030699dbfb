package handlers

import (
	"net/http"
	"net/netip"
	"strings"
)

// strictTransport tells browsers to ask this host by https alone, for half a
// year. Other hosts of the domain are not ours to speak for.
const strictTransport = "max-age=15552000"

// isHTTPS reports whether a request came by https, as far as the browser is
// concerned: over our own TLS; over that of a proxy which we trust and which says
// so; or because the public URL is https, which is how browsers reach us then.
// Whether cookies are Secure and where redirects lead follows from it.
func (h *Handlers) isHTTPS(r *http.Request) bool {
	if r.TLS != nil || h.PublicURL.Scheme == "https" {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !h.trusted(peer.Addr().Unmap()) {
		return false
	}
	// of several proxies, each may have added its own: the last is that of the peer
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	return strings.EqualFold(strings.TrimSpace(said[len(said)-1]), "https")
}

// PlainRouter is what plain HTTP beside TLS answers: the platform's calls, which
// follow no redirect, whichever way their URL was entered. Everybody else is led
// to the public URL, wherever they say that they came from.
func (h *Handlers) PlainRouter() http.Handler {
	router := h.Router()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/callback/") {
			router.ServeHTTP(w, r)
			return
		}
		if unsafe(r.Method) {
			http.Error(w, "use https", http.StatusForbidden) // what was sent has been seen by others
			return
		}
		u := *r.URL
		u.Scheme, u.Host, u.User, u.Opaque = "https", h.PublicURL.Host, nil, ""
		w.Header().Set("Cache-Control", "no-store") // TLS may be switched off again
		http.Redirect(w, r, u.String(), http.StatusFound)
	})
}

// withSessions loads the desk's session and keeps it, in a cookie that is Secure
// where the request came by https.
func (h *Handlers) withSessions(next http.Handler) http.Handler {
	secure := *h.sessions // the same sessions, under the same key of the context
	secure.Cookie.Secure = true
	clear, encrypted := h.sessions.LoadAndSave(next), secure.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.isHTTPS(r) {
			encrypted.ServeHTTP(w, r)
		} else {
			clear.ServeHTTP(w, r)
		}
	})
}
