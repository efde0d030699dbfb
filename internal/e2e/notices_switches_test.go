//go:build e2e

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callbackd/notify/pushtest"
)

// chooses changes one choice on "my notices" and waits until it is saved.
func (v *viewer) chooses(name string) {
	v.t.Helper()
	v.do(`document.querySelector('[data-part=saved]').textContent = ''`)
	v.click(`#choices [name=` + name + `]`)
	v.until("the choice is saved", `document.querySelector('[data-part=saved]').textContent === '已保存'`)
}

// switches are the two of them as the page shows them.
func (v *viewer) switches() string {
	v.t.Helper()
	return eval[string](v.page, `[...document.querySelectorAll('#choices [name=receive], #choices [name=details]')].map((s) => s.name + ' ' + s.checked).join(', ')`)
}

// The switch of CN104144110A for messages in general: off, nothing alerts and the
// wall shows it; on, it does. It is set on the page and in WeChat, and each side
// shows what the other one did.
func TestNotices_ReceivingIsSwitchedOnThePageAndInWeChat(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	v, inbox := h.binds(computer(), me), h.reads(me)
	text(t, h.account, other.Number, "没有人要听")
	v.until("the wall shows it", `document.querySelector('#rows .words')?.textContent === '没有人要听'`)
	h.commands(me, "通知 开", "通知：开；详情：开")
	text(t, h.account, other.Number, "现在要听")
	n := inbox.after("现在要听", "acked inline "+onComputer)
	if n.Why.Key != "receiving" || v.alertsOf(n.ID) != 1 || len(v.alerts()) != 1 || len(inbox.told()) != 1 {
		t.Errorf("because %s; the page was alerted %+v, the inbox has %d", n.Why.Key, v.alerts(), len(inbox.told()))
	}
	if card := eval[string](v.page, `document.querySelector('#toasts .toast-open').innerText`); strings.Join(strings.Fields(card), " ") != other.Profile.Nickname+" 发了一条消息" {
		t.Errorf("the card says %q", card)
	}

	v.opensMine()
	if s := v.switches(); s != "receive true, details true" {
		t.Errorf("after 通知 开 the page shows %s", s)
	}
	v.chooses("receive")
	h.commands(me, "详情 关", "通知：关（只在有人提到你时提醒）；详情：关（不显示名字和内容）")
	text(t, h.account, other.Number, "又没有人要听")
	h.mentions(other, me, "你要听") // told after it, and alone
	n = inbox.after("你要听", "acked inline "+onComputer)
	if n.Why.Key != "mentioned" || len(inbox.told()) != 2 {
		t.Errorf("because %s; the inbox has %d", n.Why.Key, len(inbox.told()))
	}
	if a := v.alerts(); len(a) != 1 || a[0].Title != "有人提到了你 · You were mentioned" || a[0].Body != "" {
		t.Errorf("with details off the page was alerted %+v", a)
	}
	v.opensMine()
	if s := v.switches(); s != "receive false, details false" {
		t.Errorf("after 详情 关 the page shows %s", s)
	}
	v.chooses("details")
	h.commands(me, "通知 关", "通知：关（只在有人提到你时提醒）；详情：开（显示名字）")
}

// Details off: neither the frame on the channel, nor what the card and the system
// show, nor a byte of what the push service gets holds the sender's name or words.
// Details on they hold the name, and the words where that was chosen.
func TestNotices_DetailsAreShownAsChosen(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	v, inbox := h.binds(phone().withPush(h, "phone"), me), h.reads(me)
	const secret = "只说给你听的话"
	name := other.Profile.Nickname
	hint, words := "有人提到了你 · You were mentioned", "@"+me.Profile.Nickname+" "+secret+" 四"
	v.opensMine()
	v.chooses("details")
	h.mentions(other, me, secret+" 一")
	inbox.after(secret+" 一", "acked inline "+onPhone)
	card := eval[string](v.page, `document.querySelector('#toasts .toast').innerText`)
	v.hide()
	h.mentions(other, me, secret+" 二")
	inbox.after(secret+" 二", "acked prompt "+onPhone)
	prompts, frames := v.prompts(), v.alerts()
	if shown := fmt.Sprint(card, prompts, frames); len(prompts) != 1 || len(frames) != 2 || !strings.Contains(card, hint) ||
		strings.Contains(shown, name) || strings.Contains(shown, secret) {
		t.Errorf("with details off: the card %q, the system %q, frames %+v", card, prompts, frames)
	}

	push := v.pusher()
	v.leaves()
	inbox.nobodyListens()
	pushed := func(n string, level int, title, body, shown string) {
		t.Helper()
		h.mentions(other, me, secret+" "+n)
		id := inbox.about(secret + " " + n).ID
		got := h.vendors.Await(t, "the notice "+n, func(r pushtest.Request) bool { return r.Device == "phone" && frameOf(r.Plain).ID == id })
		if f := frameOf(got.Plain); f.Level != level || f.Title != title || f.Body != body {
			t.Errorf("details %d: the push service got %s", level, got.Plain)
		}
		push(got.Plain)
		inbox.after(secret+" "+n, "acked prompt "+onPhone)
		if !slices.Contains(v.prompts(), title+"|"+shown+"|"+string(id)) {
			t.Errorf("details %d: the system shows %q", level, v.prompts())
		}
	}
	pushed("三", 0, hint, "", "")
	if all := string(h.vendors.Everything()); strings.Contains(all, name) || strings.Contains(all, secret) {
		t.Error("with details off the push service got a name or words")
	}
	inbox.want(200, "PATCH", "/me/preferences", `{"detail":2}`, nil)
	pushed("四", 2, name, words, words)
	inbox.want(200, "PATCH", "/me/preferences", `{"detail":1}`, nil)
	pushed("五", 1, name, "", "提到了你 · mentioned you")
}
