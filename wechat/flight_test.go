package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// heldPlatform answers without a network. Each request waits until the test
// lets its path go, so that a bubble can bring all callers to the same point.
type heldPlatform struct {
	tokens, calls atomic.Int64
	holdToken     chan struct{} // nil: not held
	holdCall      chan struct{}
	valid         atomic.Value // string: the token that calls must carry
	refuseAll     bool         // no token is ever good enough for a call
}

func (p *heldPlatform) RoundTrip(r *http.Request) (*http.Response, error) {
	hold, body := p.holdCall, `{"ip_list":[]}`
	if r.URL.Path == pathStableToken {
		p.tokens.Add(1)
		hold = p.holdToken
	} else {
		p.calls.Add(1)
	}
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	switch valid := p.valid.Load().(string); {
	case r.URL.Path == pathStableToken:
		body = fmt.Sprintf(`{"access_token":%q,"expires_in":7200}`, valid)
	case p.refuseAll, r.URL.Query().Get("access_token") != valid:
		body = `{"errcode":42001,"errmsg":"access_token expired"}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (p *heldPlatform) client() *Client {
	p.valid.Store("TOKEN-1")
	return NewClient(Config{HTTP: &http.Client{Transport: p}})
}

const callers = 40

func TestToken_ManyAtOnceMakeOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heldPlatform{holdToken: make(chan struct{})}
		c := p.client()
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if token, err := c.Token(t.Context(), apiAccount()); err != nil || token != "TOKEN-1" {
					t.Error(token, err)
				}
			})
		}
		synctest.Wait() // all of them wait for a token
		if n := p.tokens.Load(); n != 1 {
			t.Errorf("%d requests for one token", n)
		}
		close(p.holdToken)
		wg.Wait()
		if n := p.tokens.Load(); n != 1 {
			t.Errorf("%d requests for one token in the end", n)
		}
	})
}

func TestCall_ManyRefusedAtOnceMakeOneRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heldPlatform{holdCall: make(chan struct{})}
		c := p.client()
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if _, err := c.CallbackIPs(t.Context(), apiAccount()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // all calls are under way with the first token
		p.valid.Store("TOKEN-2")
		close(p.holdCall)
		wg.Wait()
		if tokens, calls := p.tokens.Load(), p.calls.Load(); tokens != 2 || calls != 2*callers {
			t.Errorf("%d tokens, %d calls; want the first token and one renewal, each call twice", tokens, calls)
		}
	})
}

// A caller that goes away takes its request along, and nobody else's.
func TestToken_WaitersOutliveTheOneThatAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heldPlatform{holdToken: make(chan struct{})}
		c := p.client()
		asking, leave := context.WithCancel(t.Context())
		waiting, tire := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Token(asking, apiAccount()); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who asked and left: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.Token(waiting, apiAccount()); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who was tired of waiting: %v", err)
			}
		})
		wg.Go(func() {
			if token, err := c.Token(t.Context(), apiAccount()); err != nil || token != "TOKEN-1" {
				t.Errorf("the one who waited: %q, %v", token, err)
			}
		})
		synctest.Wait()
		tire()
		synctest.Wait()
		leave()
		synctest.Wait() // the last one asks itself now
		if n := p.tokens.Load(); n != 2 {
			t.Errorf("%d requests; want the deserted one and another", n)
		}
		close(p.holdToken)
		wg.Wait()
	})
}

// Nobody asks again after an error that others just got.
func TestToken_AnErrorIsSharedByThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heldPlatform{holdToken: make(chan struct{})}
		c := p.client()
		p.valid.Store("") // an answer without a token
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if _, err := c.Token(t.Context(), apiAccount()); !errors.Is(err, ErrAnswer) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(p.holdToken)
		wg.Wait()
		if n := p.tokens.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// Where the platform hands out again what it refuses, all who wait take it
// from one renewal, try once more, and give up.
func TestCall_ManyRefusedForGoodMakeOneRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heldPlatform{refuseAll: true}
		c := p.client()
		if _, err := c.Token(t.Context(), apiAccount()); err != nil {
			t.Fatal(err)
		}
		p.holdToken = make(chan struct{})
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if _, err := c.CallbackIPs(t.Context(), apiAccount()); !hasCode(err, 42001) {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // all were refused and wait for the renewal
		close(p.holdToken)
		wg.Wait()
		if tokens, calls := p.tokens.Load(), p.calls.Load(); tokens != 3 || calls != 2*callers {
			t.Errorf("%d tokens, %d calls; want the first, the same again and one by force, each call twice", tokens, calls)
		}
	})
}
