package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/store"
	"callbackd/wechat"
)

// maxCallback is the largest body that is read; a larger one is refused, never cut.
const maxCallback = 256 << 10

// showCallback answers the platform's check of the address (GET).
func (h *Handlers) showCallback(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	echo, err := wechat.Check(a, q)
	visit := callbackd.Visit{At: h.Now(), Kind: callbackd.VisitCheck, Outcome: string(store.OutcomeAccepted), From: addressClass(h.clientAddr(r))}
	if err != nil {
		visit.Outcome, visit.Flaw = "forged", wechat.FlawOf(a, q, "", err)
		h.noteVisit(a, visit)
		return fmt.Errorf("%w: %w", callbackd.ErrForbidden, err)
	}
	visit.Own = wechat.IsOwnCheck(q)
	h.noteVisit(a, visit)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = io.WriteString(w, echo)
	return err
}

// doCallback takes a push (POST): verify, store, answer. Nothing slower than
// the commit happens before the answer.
func (h *Handlers) doCallback(w http.ResponseWriter, r *http.Request) error {
	start := time.Now()
	a, err := h.account(r)
	if err != nil {
		return err
	}
	visit := callbackd.Visit{At: h.Now(), From: addressClass(h.clientAddr(r))}
	outcome, answer, err := h.takeCallback(w, r, a, &visit)
	visit.Outcome = outcome
	h.noteVisit(a, visit)
	took := time.Since(start)
	h.metrics.callback(a.Slug, outcome, took)
	h.pulses.get(a.Slug).answered(took)
	if outcome == "forged" || outcome == "stale" {
		h.Log.Info("callback refused", "account", a.Slug, "outcome", outcome, "from", h.clientAddr(r), "err", err)
	}
	if err != nil {
		return err
	}
	if len(answer) > 0 && answer[0] == '<' {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	_, err = w.Write(answer)
	if err != nil {
		// The push is stored; the platform comes again and gets this answer then.
		h.Log.Debug("the platform went before the answer", "account", a.Slug, "err", err)
	}
	return nil
}

// noteVisit notes a request for people who look at the account's connection, but
// for what does not even look like the platform's.
func (h *Handlers) noteVisit(a *callbackd.Account, v callbackd.Visit) {
	if v.Kind != "" && (!v.Refused() || v.Flaw != callbackd.FlawNone) {
		h.visits.note(a.ID, v)
	}
}

// takeCallback returns the outcome for metrics, and the answer's body. It says of
// the visit what the request shows.
func (h *Handlers) takeCallback(w http.ResponseWriter, r *http.Request, a *callbackd.Account, visit *callbackd.Visit) (string, []byte, error) {
	body, err := readBody(w, r)
	if err != nil {
		return "failed", nil, err
	}
	now, q := visit.At, r.URL.Query()
	push, err := wechat.Open(a, q, body, now)
	visit.Kind, visit.Mode = callbackd.VisitMessage, wechat.ModeOf(q, body)
	visit.Flaw = wechat.FlawOf(a, q, visit.Mode, err)
	if push != nil && push.MsgType == "event" {
		visit.Kind = callbackd.VisitEvent
	}
	unreadable := errors.Is(err, wechat.ErrUnreadable)
	switch {
	case errors.Is(err, wechat.ErrStale):
		return "stale", nil, fmt.Errorf("%w: %w", callbackd.ErrForbidden, err)
	case err != nil && !unreadable:
		return "forged", nil, fmt.Errorf("%w: %w", callbackd.ErrForbidden, err)
	}
	cb := h.callback(a, push, now)
	if unreadable {
		cb.Outcome = store.OutcomeUnreadable
	}
	if cb.Message != nil {
		cb.Found = h.filters.Judge(r.Context(), a, cb.Message)
	}
	if c := cb.Command; c != nil && c.Kind == callbackd.CommandName {
		c.NameWhy = h.filters.NameProblem(r.Context(), a, c.Name)
	}
	stored, err := h.DB.Accept(r.Context(), cb)
	if errors.Is(err, callbackd.ErrForbidden) {
		return "forged", nil, err
	}
	if err != nil {
		return "failed", nil, err
	}
	h.commanded(r.Context(), stored)
	outcome := string(cb.Outcome)
	if stored.Repeat {
		outcome = "repeated"
	}
	if stored.Answer == "" {
		return outcome, []byte("success"), nil
	}
	answer, err := push.Seal(wechat.TextReply(push, stored.Answer, now), now)
	if err != nil {
		h.Log.Error("passive reply failed; the push is stored", "account", a.Slug, "err", err)
		return outcome, []byte("success"), nil
	}
	return outcome, answer, nil
}

// readBody reads a callback's body, into memory of the right size at once where
// the platform says the length, as it always does.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), maxCallback)) + bytes.MinRead)
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, maxCallback))
	return b.Bytes(), err
}

// callback turns a genuine push into what is stored because of it.
func (h *Handlers) callback(a *callbackd.Account, p *wechat.Push, now time.Time) *store.Callback {
	request, body := p.RequestDigest(), p.BodyDigest()
	cb := &store.Callback{Account: a, Key: p.Key(), Request: request[:], Body: body[:], Sealed: p.Encrypted(), ReceivedAt: now,
		CreateTime: time.Unix(p.CreateTime, 0), Outcome: store.OutcomeAccepted, MsgType: p.MsgType, Event: p.Event,
		From: p.From, Raw: p.Raw}
	if p.Misdirected {
		cb.Outcome = store.OutcomeMisdirected
		return cb
	}
	if p.MsgType == "event" {
		h.event(cb, a, p)
		return cb
	}
	kind, text, ok := p.Message()
	if !ok || p.From == "" {
		return cb
	}
	cb.Search = true
	cb.Message = &callbackd.Message{Kind: kind, Text: text, SentAt: cb.CreateTime, MsgID: p.MsgID, Place: p.Place, Link: p.Link}
	if kind == callbackd.KindText {
		commandOf(cb, text, false)
	}
	if kind.HasMedia() {
		cb.Media = &callbackd.Media{WeChatID: p.MediaID, HighResID: p.MediaID16K, ThumbID: p.ThumbMediaID, PicURL: p.PicURL, Format: p.Format}
	}
	return cb
}

// event fills in what an event does: following, the search that gives the
// first word a face, and the answer that joining is allowed (CN103491087A, claim
// 5), or the question of a viewer whose QR was scanned.
func (h *Handlers) event(cb *store.Callback, a *callbackd.Account, p *wechat.Push) {
	yes, no := true, false
	switch p.Event {
	case "subscribe", "SCAN":
		cb.Following, cb.Search = &yes, true
		cb.Answer = a.WelcomeText(h.PublicURL.JoinPath("wall", string(a.Slug)).String())
		if code, ok := callbackd.CodeOfScene(p.EventKey); ok {
			commandOf(cb, code, true)
		}
	case "unsubscribe":
		cb.Following = &no
	}
}

// commandOf notes what a text may ask of us, or a scene that was scanned: that is
// a code or nothing.
func commandOf(cb *store.Callback, text string, scanned bool) {
	if c, ok := notify.ParseCommand(text); ok && (!scanned || c.Kind == callbackd.CommandBind) {
		cb.Command, cb.Reply = &c, notify.ReplyTo
	}
}

// commanded tells whoever must know of what a follower's command did.
func (h *Handlers) commanded(ctx context.Context, stored store.Accepted) {
	for _, v := range stored.Freed {
		h.Live.DropViewer(v)
	}
	if h.Notices != nil && stored.Command.Outcome != callbackd.CommandNone {
		h.Notices.Changed(ctx, stored.Sender)
	}
}
