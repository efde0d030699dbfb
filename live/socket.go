package live

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Handler answers the WebSocket handshake. It refuses with 503 while the Hub
// does not run or is full, and with 400 what is not the JSON protocol.
func (h *Hub) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.running.Load() {
			refuse(w, http.StatusServiceUnavailable)
			return
		}
		if wantsProtobuf(r) {
			refuse(w, http.StatusBadRequest)
			return
		}
		if !h.enter() {
			h.cfg.Log.Warn("live: connection refused, the hub is full")
			refuse(w, http.StatusServiceUnavailable)
			return
		}
		g := h.welcome(h.cfg.Identify(r))
		cw := &countingWriter{ResponseWriter: w, leave: h.leave, guest: g}
		h.socket.ServeHTTP(cw, r.WithContext(context.WithValue(r.Context(), guestKey{}, g)))
		if !cw.hijacked {
			h.leave()
		}
	})
}

// enter counts one more socket; false when there are too many.
func (h *Hub) enter() bool {
	if h.open.Add(1) > int64(h.cfg.MaxConnections) {
		h.open.Add(-1)
		return false
	}
	return true
}

func (h *Hub) leave() { h.open.Add(-1) }

func refuse(w http.ResponseWriter, code int) {
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, http.StatusText(code), code)
}

// wantsProtobuf reports whether a client asks for the binary protocol, which
// nobody of ours speaks.
func wantsProtobuf(r *http.Request) bool {
	q := r.URL.Query()
	if q.Get("format") == "protobuf" || q.Get("cf_protocol") == "protobuf" {
		return true
	}
	for _, p := range r.Header.Values("Sec-WebSocket-Protocol") {
		if strings.Contains(p, "protobuf") {
			return true
		}
	}
	return false
}

// countingWriter sees to it that a socket is counted until it is closed,
// whoever closes it.
type countingWriter struct {
	http.ResponseWriter
	leave    func()
	guest    *guest
	hijacked bool
}

// Hijack implements http.Hijacker.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hj, ok := w.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("the server's writer cannot be hijacked")
	}
	conn, rw, err := hj.Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	counted := &countedConn{Conn: conn, leave: w.leave}
	w.guest.conn = counted
	return counted, rw, nil
}

// Unwrap lets http.ResponseController reach the server's writer.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type countedConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close closes the connection and counts it out, once.
func (c *countedConn) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}
