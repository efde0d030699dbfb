//go:build e2e

package e2e_test

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/rehearsal"
)

// types presses keys in the box, which has the focus once somebody clicked into it.
func (v *viewer) types(keys string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.KeyEvent(keys)); err != nil {
		v.t.Fatalf("type %q: %v", keys, err)
	}
}

// offered are the names that the chooser offers.
const offered = `[...document.querySelectorAll('#people [role=option] span')].filter((o) => o.checkVisibility()).map((o) => o.textContent)`

// mentionsByHand types the beginning of a name and takes the one person who is offered.
func (v *viewer) mentionsByHand(beginning, name string) {
	v.t.Helper()
	v.click("#composer textarea")
	v.types("@" + beginning)
	v.until("the chooser offers "+name, `(`+offered+`).join() === `+quote(name))
	v.click("#people [role=option]")
	v.until("the name is in the box", `document.querySelector('#composer textarea').value.includes(`+quote("@"+name+" ")+`)`)
}

// sends presses the button and waits for what the page says then.
func (v *viewer) sends(state string) {
	v.t.Helper()
	v.click("#composer button[type=submit]")
	v.until("the page says "+state, `document.getElementById('composer').dataset.state === `+quote(state))
	if left := eval[string](v.page, `document.querySelector('#composer textarea').value`); left != "" {
		v.t.Errorf("in the box there is still %q", left)
	}
}

// What is written on the page goes the way of a callback. The chooser knows who is
// shown, by the public name; with an open gate the words are on the wall at once
// and the one who was chosen is alerted.
func TestNotices_WordsFromThePageGoThroughTheGate(t *testing.T) {
	h := newAudience(t, 3)
	me, friend, shy := h.who[0], h.who[1], h.who[2]
	h.known(me, friend)
	v, theirs, inbox := h.binds(computer(), me), h.binds(computer(), friend), h.reads(friend)
	v.mentionsByHand(string([]rune(friend.Profile.Nickname)[:1]), friend.Profile.Nickname)
	v.types("你来看")
	v.sends("shown")
	words := "@" + friend.Profile.Nickname + " 你来看"
	v.until("it is on the wall", `document.querySelector('#rows .words')?.textContent === `+quote(words))
	if m := h.feed(h.account)[0]; m.Text != words || m.Sender.Name != me.Profile.Nickname {
		t.Errorf("on the wall: %+v", m)
	}
	n := inbox.after("你来看", "acked inline "+onComputer)
	if n.Why.Key != "mentioned" || theirs.alertsOf(n.ID) != 1 || len(v.alerts()) != 0 {
		t.Errorf("because %s; alerts of the one who was chosen: %d, of the writer: %d", n.Why.Key, theirs.alertsOf(n.ID), len(v.alerts()))
	}
	if n := eval[int](v.page, `fetch('/api/v1/me/people?account=gala&q='+encodeURIComponent(`+quote(shy.Profile.Nickname)+`)).then((r) => r.json()).then((a) => a.people.length)`); n != 0 {
		t.Errorf("the chooser offers %d who never said anything", n)
	}
}

// With a gate that holds, the page says that it waits, and nobody is alerted before
// somebody lets it through.
func TestNotices_WordsFromThePageWaitWhereTheGateHolds(t *testing.T) {
	h := newAudienceOf(t, rehearsal.AccountConfig{Settings: rehearsal.Settings{Moderation: callbackd.ModerationHold}}, 2)
	me, friend := h.who[0], h.who[1]
	for _, f := range h.who {
		text(t, h.account, f.Number, "我是 "+f.Profile.Nickname)
	}
	h.passed()
	v, theirs, inbox := h.binds(computer(), me), h.binds(computer(), friend), h.reads(friend)
	v.mentionsByHand(string([]rune(friend.Profile.Nickname)[:2]), friend.Profile.Nickname)
	v.types("等一等")
	v.sends("waiting")
	words := "@" + friend.Profile.Nickname + " 等一等"
	held := h.listed(h.account)[0]
	if held.Text != words || len(h.feed(h.account)) != 2 || len(inbox.told()) != 0 || len(theirs.alerts()) != 0 {
		t.Errorf("held: %+v; %d on the wall, %d told", held, len(h.feed(h.account)), len(inbox.told()))
	}
	h.decide(h.account, "approve", held.ID)
	v.until("it is on the wall", `document.querySelector('#rows .words')?.textContent === `+quote(words))
	if n := inbox.after("等一等", "acked inline "+onComputer); theirs.alertsOf(n.ID) != 1 {
		t.Errorf("%d alerts", theirs.alertsOf(n.ID))
	}
}

// passed lets through what waits, names and faces too, until nothing does.
func (h *audience) passed() {
	h.t.Helper()
	eventually(h.t, "names are on the wall", func() bool {
		all := h.listed(h.account)
		waiting := slices.DeleteFunc(all, func(m callbackd.PublicMessage) bool {
			return len(m.Waiting) == 0 && len(h.feed(h.account)) == len(h.who)
		})
		for _, m := range waiting {
			h.decide(h.account, "approve", m.ID)
		}
		named := 0
		for _, m := range h.feed(h.account) {
			if m.Sender.Resolved {
				named++
			}
		}
		return named == len(h.who)
	})
}
