package rehearsal

import (
	"encoding/json"
	"fmt"
	"time"

	"callbackd"
)

// SentMessage is a customer-service message that the account sent and that
// reached its follower.
type SentMessage struct {
	OpenID  callbackd.OpenID
	Number  callbackd.FakeID
	Type    string // text, image, voice, video, music, news, mpnews, msgmenu …
	Content string // of text
	JSON    []byte // as it came
	At      time.Time
}

// Sent lists the customer-service messages so far, oldest first.
func (a *Account) Sent() []SentMessage {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return append([]SentMessage(nil), a.sent...)
}

var customTypes = map[string]bool{
	"text": true, "image": true, "voice": true, "video": true, "music": true, "news": true, "mpnews": true,
	"mpnewsarticle": true, "msgmenu": true, "wxcard": true, "miniprogrampage": true,
}

// postCustomMessage is message/custom/send with its windows (wechat-protocol 3.9).
func postCustomMessage(c *call) {
	var q struct {
		To   callbackd.OpenID `json:"touser"`
		Type string           `json:"msgtype"`
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if c.refuseUnverified() || !c.decode(&q) {
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(c.body, &fields) != nil || fields[q.Type] == nil || !customTypes[q.Type] {
		c.fail(40008, "invalid message type")
		return
	}
	if q.Type == "text" && (q.Text.Content == "" || len(q.Text.Content) > maxReplyBytes) {
		c.fail(45002, "content size out of limit")
		return
	}
	c.p.mu.Lock()
	code, msg := c.a.spendWindowLocked(q.To)
	if code == 0 {
		k := c.a.byOpenID[q.To]
		c.a.sent = append(c.a.sent, SentMessage{
			OpenID: q.To, Number: k.person.Number, Type: q.Type, Content: q.Text.Content, JSON: c.body, At: c.p.now(),
		})
		_, _ = c.a.replyLocked(k.person.Number, q.Text.Content) // the contact exists
	}
	c.p.mu.Unlock()
	if code != 0 {
		c.fail(code, msg)
		return
	}
	c.ok()
}

// SetRefusal makes every message to a person end with an errcode: 43019 for who
// is on the account's blacklist, 48002 for who refuses its messages, 43101 for
// who did not agree to a template. 0 ends it.
func (a *Account) SetRefusal(number callbackd.FakeID, code int) error {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	k := a.contacts[number]
	if k == nil {
		return fmt.Errorf("set refusal: %w", callbackd.ErrNotFound)
	}
	k.refusal = code
	return nil
}

// spendWindowLocked takes one message of an open allowance, the one that
// closes first.
func (a *Account) spendWindowLocked(to callbackd.OpenID) (int, string) {
	k := a.byOpenID[to]
	if k == nil {
		return 40003, errorText(40003, "")
	}
	if k.refusal != 0 {
		return k.refusal, errorText(k.refusal, "")
	}
	now := a.p.now()
	var best *sendWindow
	open := false
	for i := range k.windows {
		w := &k.windows[i]
		if !now.Before(w.until) {
			continue
		}
		open = true
		if w.left > 0 && (best == nil || w.until.Before(best.until)) {
			best = w
		}
	}
	switch {
	case !k.following || !open:
		return 45015, "response out of time limit or subscription is canceled"
	case best == nil:
		return 45047, "out of response count limit"
	}
	best.left--
	return 0, ""
}

// postTyping shows or ends 对方正在输入. It spends nothing.
func postTyping(c *call) {
	var q struct {
		To      callbackd.OpenID `json:"touser"`
		Command string           `json:"command"`
	}
	if c.refuseUnverified() || !c.decode(&q) {
		return
	}
	if _, ok := c.a.ContactByOpenID(q.To); !ok {
		c.fail(40003, errorText(40003, ""))
		return
	}
	if q.Command != "Typing" && q.Command != "CancelTyping" {
		c.fail(47001, errorText(47001, ""))
		return
	}
	c.ok()
}
