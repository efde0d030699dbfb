package main

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestSilentConns_EndsThoseThatSaidNothing on a server that goes on otherwise.
func TestSilentConns_EndsThoseThatSaidNothing(t *testing.T) {
	var silent silentConns
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	began, goOn := make(chan struct{}), make(chan struct{})
	accepted := make(chan struct{}, 2)
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(began); <-goOn }), ConnState: func(c net.Conn, s http.ConnState) {
		silent.watch(c, s)
		if s == http.StateNew {
			accepted <- struct{}{}
		}
	}}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		<-accepted
		return c
	}
	quiet, busy := dial(), dial()
	if _, err := io.WriteString(busy, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	silent.close()
	if _, err := quiet.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent one: %v", err)
	}
	close(goOn)
	if answer, err := io.ReadAll(busy); err != nil || string(answer[:12]) != "HTTP/1.1 200" {
		t.Errorf("the one that was asked something: %q, %v", answer, err)
	}
	srv.Close()
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}
