package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// answering serves connections with what answer writes for each request.
func answering(t *testing.T, answer func(c net.Conn, n int64)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var n atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					r.Body.Close()
					answer(c, n.Add(1))
				}
			}()
		}
	}()
	return l.Addr().String()
}

func requests(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = []byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
	}
	return out
}

const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestLoad_SendsEachRequestOnce(t *testing.T) {
	var seen atomic.Int64
	addr := answering(t, func(c net.Conn, n int64) {
		seen.Add(1)
		half := len(good) / 2
		if n%2 == 0 { // in two pieces
			c.Write([]byte(good[:half]))
			c.Write([]byte(good[half:]))
			return
		}
		c.Write([]byte(good))
	})
	s, err := load(t.Context(), addr, requests(100), 4, "ok")
	if err != nil {
		t.Fatal(err)
	}
	if seen.Load() != 100 || s.perSecond <= 0 || s.p50 <= 0 || s.p99 < s.p50 {
		t.Fatalf("%d seen, %+v", seen.Load(), s)
	}
}

func TestLoad_AnyWrongAnswerIsAnError(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"refused":          {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403 Forbidden"},
		"another body":     {strings.Replace(good, "ok", "no", 1), `answered "no"`},
		"a longer body":    {good + "!", `answered "ok!"`},
		"no length":        {"HTTP/1.1 200 OK\r\n\r\nok", "without Content-Length"},
		"a strange length": {strings.Replace(good, ": 2", ": x", 1), "strange Content-Length"},
		"no end":           {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1000), "longer than expected"},
		"nothing":          {"", "no whole answer"},
	} {
		addr := answering(t, func(conn net.Conn, n int64) {
			if n < 10 {
				conn.Write([]byte(good))
				return
			}
			if conn.Write([]byte(c.answer)); c.answer == "" {
				conn.Close()
			}
		})
		if _, err := load(t.Context(), addr, requests(50), 3, "ok"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestLoad_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := answering(t, func(net.Conn, int64) { cancel() }) // and never answers
	if _, err := load(ctx, addr, requests(5), 2, "ok"); err == nil {
		t.Fatal("ended without an answer and without an error")
	}
}
