package main

import (
	"net"
	"net/http"
	"sync"
)

// silentConns are connections on which nothing was said yet. Browsers and
// proxies open them ahead of need; net/http waits 5 s for each at its end.
type silentConns struct {
	mu    sync.Mutex // guards conns
	conns map[net.Conn]struct{}
}

// watch is a ConnState of an http.Server.
func (s *silentConns) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateNew {
		delete(s.conns, c)
		return
	}
	if s.conns == nil {
		s.conns = map[net.Conn]struct{}{}
	}
	s.conns[c] = struct{}{}
}

// close ends those that are still silent.
func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // there is nothing to lose on it
	}
}
