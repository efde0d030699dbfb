package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sample is one row in one round.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       time.Duration // of the server process, for one request
}

// loadLimit is how long one load may take before the run is given up.
const loadLimit = 5 * time.Minute

// load sends all requests over connections that stay open, each one as soon as
// the connection's last answer is whole, and returns when all are answered.
// Any answer that is not 200 with the wanted body is an error. The client is
// as small as it can be, because it shares the machine with the server.
func load(ctx context.Context, addr string, requests [][]byte, connections int, answer string) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	conns := make([]net.Conn, connections)
	for i := range conns {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return sample{}, err
		}
		defer c.Close()
		context.AfterFunc(ctx, func() { c.Close() }) // wakes who waits for an answer
		conns[i] = c
	}
	took := make([]time.Duration, len(requests))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	start := time.Now()
	for _, c := range conns {
		all.Go(func() {
			l := line{conn: c, want: []byte(answer), buf: make([]byte, 4096)}
			for failed.Load() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(requests)) {
					return
				}
				sent := time.Now()
				if err := l.exchange(requests[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				took[i] = time.Since(sent)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	if err := failed.Load(); err != nil {
		return sample{}, errors.Join(*err, ctx.Err())
	}
	slices.Sort(took)
	return sample{perSecond: float64(len(requests)) / elapsed.Seconds(), p50: quantile(took, 50), p99: quantile(took, 99)}, nil
}

// quantile of sorted values, in percent.
func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

// line is one connection with what was read of its answer.
type line struct {
	conn net.Conn
	want []byte
	buf  []byte
}

// exchange sends a request and reads its whole answer.
func (l *line) exchange(request []byte) error {
	if _, err := l.conn.Write(request); err != nil {
		return err
	}
	got := 0
	for {
		n, err := l.conn.Read(l.buf[got:])
		if err != nil {
			return fmt.Errorf("no whole answer: %w", err)
		}
		got += n
		whole, err := l.judge(l.buf[:got])
		if err != nil || whole {
			return err
		}
		if got == len(l.buf) {
			return errors.New("the answer is longer than expected")
		}
	}
}

var (
	okLine  = []byte("HTTP/1.1 200 ")
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ")
)

// judge reports whether an answer is whole, with an error when it is not the
// wanted one.
func (l *line) judge(answer []byte) (whole bool, err error) {
	end := bytes.Index(answer, headEnd)
	if end < 0 {
		return false, nil
	}
	head, body := answer[:end+2], answer[end+len(headEnd):]
	if !bytes.HasPrefix(head, okLine) {
		first, _, _ := bytes.Cut(head, []byte("\r\n"))
		return true, fmt.Errorf("answered %q", first)
	}
	at := bytes.Index(head, length)
	if at < 0 {
		return true, errors.New("an answer without Content-Length")
	}
	digits, _, _ := bytes.Cut(head[at+len(length):], []byte("\r\n"))
	size, err := strconv.Atoi(string(digits))
	if err != nil {
		return true, errors.New("an answer with a strange Content-Length")
	}
	if len(body) < size {
		return false, nil
	}
	if !bytes.Equal(body, l.want) {
		return true, fmt.Errorf("answered %q, want %q", body, l.want)
	}
	return true, nil
}
