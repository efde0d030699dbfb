package handlers

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// clientAddr is who asks: the peer, or, where the peer is a trusted proxy, the
// last address of X-Forwarded-For that is not one. It serves logs and throttles.
func (h *Handlers) clientAddr(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && h.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func (h *Handlers) trusted(a netip.Addr) bool {
	for _, p := range h.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Time that an answer may take to be written: films are long, the rest is not.
const (
	shortAnswer = 30 * time.Second
	longAnswer  = 30 * time.Minute
)

// within bounds how long a slow reader can hold an answer open.
func within(limit time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// no support (a test's recorder) means no socket that could be held
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
			next.ServeHTTP(w, r)
		})
	}
}
