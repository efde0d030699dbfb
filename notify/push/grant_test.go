package push

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"testing"
	"time"
)

// held keeps a request until it is released, then fails it.
type held struct {
	came    chan context.Context
	release chan struct{}
}

func (h held) RoundTrip(r *http.Request) (*http.Response, error) {
	h.came <- r.Context()
	<-h.release
	return nil, errors.New("released")
}

func TestGrant_OutlivesTheCallerWhoAskedFirst(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := held{make(chan context.Context, 1), make(chan struct{})}
	g := &grant{key: key, tokenURI: "http://token.example", origin: origin{client: &http.Client{Transport: h}, now: time.Now}}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan *Result, 1)
	go func() {
		_, problem := g.get(ctx)
		first <- problem
	}()
	request := <-h.came
	cancel()
	if r := <-first; r == nil || r.Reason != ReasonCancelled {
		t.Errorf("%+v", r)
	}
	if request.Err() != nil {
		t.Error("the request ended with its first caller")
	}
	stop := context.AfterFunc(request, func() { close(h.release) }) // which end brings about
	defer stop()
	g.end()
	if request.Err() == nil {
		t.Error("the request outlives the end")
	}
	g.end() // nothing is out
}
