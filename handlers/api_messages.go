package handlers

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/wechat"
)

const (
	maxWords          = 2048 // bytes of a text, names in the place of tokens
	maxIdempotencyKey = 128
)

// doMessage takes words that a bound follower wrote on the wall's page. They go
// the way of a callback: stored, gated, shown, alerted.
func (h *Handlers) doMessage(w http.ResponseWriter, r *http.Request, c caller) error {
	if wait := h.throttle.take(fmt.Sprint("follower ", c.Sender), "messages", allowMessages); wait > 0 {
		return &throttledError{wait}
	}
	var in struct {
		Text string `json:"text"`
		Key  string `json:"key"` // as the header Idempotency-Key
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	key := cmp.Or(r.Header.Get("Idempotency-Key"), in.Key)
	if len(key) > maxIdempotencyKey {
		return refuse(callbackd.ErrInvalid, fmt.Sprintf("Idempotency-Key（或 key）最长 %d 字节", maxIdempotencyKey),
			fmt.Sprintf("Idempotency-Key (or key) has at most %d bytes", maxIdempotencyKey))
	}
	text, mentions, err := h.webText(r.Context(), c, in.Text)
	if err != nil {
		return err
	}
	from, err := h.DB.GetSender(r.Context(), c.Sender)
	if err != nil {
		return fmt.Errorf("read follower: %w", err)
	}
	if !from.Following {
		return refuse(callbackd.ErrForbidden, "你已取消关注，请先在微信里重新关注这个公众号", "you do not follow the account any more: follow it in WeChat first")
	}
	cb := webMessage(c, from, text, cmp.Or(key, string(callbackd.NewPublicID())), h.Now())
	cb.Mentions, cb.Found = mentions, h.filters.Judge(r.Context(), c.account, cb.Message)
	out, err := h.DB.Accept(r.Context(), cb)
	if err != nil {
		return fmt.Errorf("store a message of the page: %w", err)
	}
	state := out.State
	if out.Repeat {
		if state, err = h.DB.GetMessageState(r.Context(), c.Account, callbackd.PublicID(out.Answer)); err != nil {
			return fmt.Errorf("read a message of the page: %w", err)
		}
	}
	if state != callbackd.StateShown {
		state = callbackd.StateHeld // what a moderator decided later is not told
	}
	writeJSON(w, http.StatusAccepted, struct {
		ID    callbackd.PublicID `json:"id"`
		State callbackd.State    `json:"state"`
	}{callbackd.PublicID(out.Answer), state})
	return nil
}

// webMessage is a callback of our own. Its answer, which nobody gets as such, is
// the message's public id: a repeat is told the first one's.
func webMessage(c caller, from callbackd.Sender, text, key string, now time.Time) *store.Callback {
	id := callbackd.NewMessageID(now)
	return &store.Callback{Account: c.account, Key: "web:" + string(c.PublicID) + ":" + key, ReceivedAt: now, CreateTime: now,
		Outcome: store.OutcomeAccepted, MsgType: "web", From: from.OpenID, Answer: string(id),
		Message: &callbackd.Message{PublicID: id, Kind: callbackd.KindText, Text: text, SentAt: now.Truncate(time.Second), Web: true}}
}

// webText is what is stored of a text, and whom its tokens mean in their order.
func (h *Handlers) webText(ctx context.Context, c caller, raw string) (string, []callbackd.SenderID, error) {
	text := strings.TrimSpace(wechat.Clean(raw))
	if command, ok := notify.ParseCommand(text); ok && command.Kind == callbackd.CommandBind {
		return "", nil, refuse(callbackd.ErrInvalid, "这像是验证码：请在微信里发给公众号，不要发在这里", "this looks like a code: send it to the account in WeChat, not here")
	}
	text, mentions, err := h.chosen(ctx, c, text)
	if err != nil {
		return "", nil, err
	}
	if len(text) < 1 || len(text) > maxWords {
		return "", nil, refuse(callbackd.ErrInvalid, fmt.Sprintf("text 是 1 到 %d 字节", maxWords), fmt.Sprintf("text has 1 to %d bytes", maxWords))
	}
	return text, mentions, nil
}

// chosen puts the public names of those whom the chooser meant in the place of
// their tokens.
func (h *Handlers) chosen(ctx context.Context, c caller, text string) (string, []callbackd.SenderID, error) {
	_, tokens := notify.MentionKeys(text)
	if len(tokens) == 0 {
		return text, nil, nil
	}
	meant, err := h.DB.ListMentionTokens(ctx, c.ID, tokens)
	if err != nil {
		return "", nil, fmt.Errorf("read mention tokens: %w", err)
	}
	var who []callbackd.SenderID
	for _, token := range tokens {
		if id := meant[token]; id != 0 && id != c.Sender && len(who) < notify.MaxMentions && !slices.Contains(who, id) {
			who = append(who, id)
		}
	}
	ids := make([]callbackd.SenderID, 0, len(meant))
	for _, id := range meant {
		ids = append(ids, id)
	}
	faces, err := h.DB.ListFaces(ctx, ids)
	if err != nil {
		return "", nil, fmt.Errorf("read those who are mentioned: %w", err)
	}
	return notify.ReplaceTokens(text, func(token string) (string, bool) {
		face, ok := faces[meant[token]]
		if !ok {
			return "", false
		}
		return wall.PublicName(face, c.account.ModerationNow()), true
	}), who, nil
}
