package rehearsal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inProcess answers every push with a status, without a network, so that a
// test can live in a bubble with its own time.
type inProcess struct {
	status int
	at     []time.Time // of each request
	after  func()      // after each request; may be nil
}

func (f *inProcess) RoundTrip(*http.Request) (*http.Response, error) {
	f.at = append(f.at, time.Now())
	if f.after != nil {
		f.after()
	}
	return &http.Response{StatusCode: f.status, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// pushed sends one message to a receiver that answers in process.
func pushed(ctx context.Context, t *testing.T, o Options, f *inProcess) (Verdict, error) {
	t.Helper()
	p := New(o)
	p.client.Transport = f
	a, err := p.AddAccount(AccountConfig{Slug: "stage", CallbackURL: "http://callback.example/"})
	if err != nil {
		t.Fatal(err)
	}
	crowd, err := p.Crowd(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.FollowAll(crowd, time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, v, err := a.Push(ctx, Message{From: crowd[0], Content: "x"}, SendOptions{})
	return v, err
}

func TestSend_PausesBetweenFailedDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &inProcess{status: http.StatusInternalServerError}
		if _, err := pushed(t.Context(), t, Options{RepeatPause: time.Minute}, f); err != nil {
			t.Fatal(err)
		}
		if len(f.at) != 3 || f.at[1].Sub(f.at[0]) != time.Minute || f.at[2].Sub(f.at[1]) != time.Minute {
			t.Errorf("deliveries at %v", f.at)
		}
	})
}

func TestSend_PauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		f := &inProcess{status: http.StatusInternalServerError, after: func() { time.AfterFunc(time.Second, cancel) }}
		v, err := pushed(ctx, t, Options{RepeatPause: time.Minute}, f)
		if !errors.Is(err, context.Canceled) || len(v.Attempts) != 1 || time.Since(began) != time.Second {
			t.Errorf("%d attempts in %s, err %v", len(v.Attempts), time.Since(began), err)
		}
	})
}
