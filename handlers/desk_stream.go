package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	// streamPause bounds how often one page is told: 5 times a second is live.
	streamPause = 200 * time.Millisecond
	// streamBeat keeps proxies from closing a stream on which nothing happens, and
	// bounds how old a state gets of which nobody rings.
	streamBeat = 15 * time.Second
	streamLife = time.Hour // the page comes back
)

// deskState makes the state that pages of one kind hear, as it is now.
type deskState struct {
	role callbackd.Role // the least
	make func(ctx context.Context, c *deskCall) (any, error)
}

// showStream tells a page of the desk its state as Server-Sent Events: at once, and
// whenever it changed. Each time it looks again whether whoever listens may: a
// session that is over ends its streams.
func (h *Handlers) showStream(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	what := r.URL.Query().Get("what")
	state, ok := h.deskStates()[what]
	if !ok {
		return badValue("what")
	}
	if !c.role.Allows(state.role) {
		return errNotYourRole
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamLife)
	defer cancel()
	stop := context.AfterFunc(h.closing, cancel)
	defer stop()
	token := h.sessions.Token(ctx)
	rings, end := h.DB.Listen()
	defer end()

	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("X-Accel-Buffering", "no")
	s := &stream{w: w, control: http.NewResponseController(w)}
	for {
		call, err := h.stillMay(ctx, token, c, state.role)
		if errors.Is(err, errLoginFirst) {
			return s.event("end", []byte("{}"))
		}
		if err == nil {
			err = s.tell(ctx, state, call)
		}
		if err != nil {
			if ctx.Err() == nil && !s.gone {
				h.Log.Warn("a live page of the desk was not told", "what", what, "err", err)
			}
			return nil // the page comes back
		}
		if !waitForRing(ctx, rings) {
			return nil
		}
	}
}

// waitForRing waits until something may have changed, but not longer than a beat;
// false when the stream ends.
func waitForRing(ctx context.Context, rings <-chan store.Ring) bool {
	pause := time.NewTimer(streamPause)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-pause.C:
	}
	beat := time.NewTimer(streamBeat)
	defer beat.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-rings:
	case <-beat.C:
	}
	return true
}

// stillMay reads the session of a stream again.
func (h *Handlers) stillMay(ctx context.Context, token string, was *deskCall, role callbackd.Role) (*deskCall, error) {
	c, err := h.sessionNow(token)
	if err != nil {
		return nil, err
	}
	a, err := h.accounts.get(ctx, was.account.Slug)
	if errors.Is(err, callbackd.ErrNotFound) || err == nil && (a.ID != was.account.ID || !c.roleOn(a.ID).Allows(role)) {
		return nil, errLoginFirst
	}
	if err != nil {
		return nil, err
	}
	c.account, c.role, c.lang = a, c.roleOn(a.ID), was.lang
	return c, nil
}

// stream is the writing side of one page's events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    []byte // state as it was told last
	gone    bool   // the page does not read any more
}

// tell sends the state where it is another one than before, else a sign of life.
func (s *stream) tell(ctx context.Context, state deskState, c *deskCall) error {
	v, err := state.make(ctx, c)
	if err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if bytes.Equal(b, s.last) {
		return s.write(": \n\n")
	}
	s.last = b
	return s.event("state", b)
}

func (s *stream) event(name string, data []byte) error {
	return s.write("event: " + name + "\ndata: " + string(data) + "\n\n")
}

func (s *stream) write(text string) error {
	// no support (a test's recorder) means no socket that could be held
	_ = s.control.SetWriteDeadline(time.Now().Add(shortAnswer))
	_, err := s.w.Write([]byte(text))
	if err == nil {
		err = s.control.Flush()
	}
	s.gone = s.gone || err != nil
	return err
}
