//go:build e2e

package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"callbackd/rehearsal"
)

// opensMine goes to "my notices" in the same tab, whose device goes on there.
func (v *viewer) opensMine() {
	v.t.Helper()
	v.visit(v.house.url(wallPath(v.house.account) + "/me?lang=zh-CN"))
	v.until("my notices", sees("#choices"))
	v.until("the server has the page's report", `window.reports.length > 0`)
	v.do(`window.nudge = new BroadcastChannel('callbackd.gala')`)
}

// locks and unlocks are our own lock, on "my notices".
func (v *viewer) locks() {
	v.t.Helper()
	v.click("#lock button")
	v.reports("locked", `s.client === 'locked' && !s.active`)
}

func (v *viewer) unlocks() {
	v.t.Helper()
	v.click(".lock-screen form button")
	v.reports("unlocked", `s.client === 'open' && s.active`)
}

// passes lets time pass for the page. It looks again with its next heartbeat; a word
// of another page of the browser makes it look at once.
func (v *viewer) passes(seconds int) {
	v.t.Helper()
	v.do(fmt.Sprintf(`const now = Date.now; Date.now = () => now() + %d; nudge.postMessage({ page: 'another', gone: true })`, 1000*seconds))
}

// machine is what the browser knows of the whole machine.
func (v *viewer) machine(used, unlocked bool) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetIdleOverride, emulation.SetIdleOverrideParams{IsUserActive: used, IsScreenUnlocked: unlocked})
	if err != nil {
		v.t.Fatal(err)
	}
}

// desk is a follower with a computer and a phone, and a program that reads along.
type desk struct {
	*audience
	me, other     rehearsal.Follower
	screen, phone *viewer
	inbox         *reader
	n             int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{audience: newAudience(t, 2)}
	d.me, d.other = d.who[0], d.who[1]
	d.known(d.me, d.other)
	d.phone = d.binds(phone(), d.me)
	d.screen = d.binds(computer(), d.me)
	d.inbox = d.reads(d.me)
	d.screen.opensMine()
	return d
}

// goesTo tells the follower something, which must reach one device and no other,
// and is then read.
func (d *desk) goesTo(where string) {
	d.t.Helper()
	d.n++
	words := fmt.Sprintf("第 %d 次", d.n)
	d.mentions(d.other, d.me, words)
	n := d.inbox.after(words, "acked inline "+where)
	if want := []string{"sent channel " + where}; !slices.Equal(n.sends(), want) {
		d.t.Errorf("%s: %q, want %q", words, n.sends(), want)
	}
	there, elsewhere := d.screen, d.phone
	if where == onPhone {
		there, elsewhere = d.phone, d.screen
	}
	if elsewhere.alertsOf(n.ID) != 0 || there.alertsOf(n.ID) != 1 {
		d.t.Errorf("%s: %d alerts where it belongs, %d elsewhere", words, there.alertsOf(n.ID), elsewhere.alertsOf(n.ID))
	}
	// read, it is not handed over when the computer is left
	d.inbox.want(204, "POST", "/notices/"+string(n.ID)+"/read", "", nil)
}

// CN105024905B in two browsers: while somebody is at the computer the phone is
// silent; when the computer is locked, left alone or out of sight, the phone alone
// is told; with somebody back, the computer is again.
func TestClaimB1B2B3B4B5_TheNoticeGoesWhereSomebodyIs(t *testing.T) {
	d := newDesk(t)
	page := d.screen
	d.goesTo(onComputer)

	page.locks()
	d.goesTo(onPhone)
	page.unlocks()
	d.goesTo(onComputer)

	page.permits("idle-detection", browser.PermissionSettingGranted)
	page.machine(true, true)
	page.click("#devices [name=idle]")
	page.reports("the machine is used", `s.user === 'active' && s.screen === 'on'`)
	page.machine(false, true)
	page.reports("nobody is at the machine", `s.user === 'idle' && !s.active`)
	d.goesTo(onPhone)
	page.machine(true, false)
	page.reports("its screen is locked", `s.screen === 'locked' && !s.active`)
	d.goesTo(onPhone)
	page.machine(true, true)
	page.reports("somebody is back", `s.active`)
	d.goesTo(onComputer)
	page.click("#devices [name=idle]")
	page.reports("the machine is watched no more", `s.user === undefined && s.active`)
	if _, err := chromedp.Call(page.ctx, emulation.ClearIdleOverride, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}

	if err := chromedp.Do(page.ctx, chromedp.SetValue(chromedp.CSS(`#choices [name=idle_after_s]`), "30")); err != nil {
		t.Fatal(err)
	}
	page.do(`document.querySelector('#choices [name=idle_after_s]').dispatchEvent(new Event('change', { bubbles: true }))`)
	page.until("the choice is saved", `document.querySelector('[data-part=saved]').textContent !== ''`)
	page.passes(31)
	page.reports("left alone", `!s.active && s.input_age_ms > 30000`)
	d.goesTo(onPhone)
	if err := chromedp.Do(page.ctx, chromedp.KeyEvent(kb.Shift)); err != nil {
		t.Fatal(err)
	}
	page.reports("a key", `s.active`)
	d.goesTo(onComputer)

	page.hide()
	page.reports("out of sight, a moment ago", `s.active && s.hidden_ms > 0`)
	page.passes(30)
	page.reports("out of sight for half a minute", `!s.active && s.hidden_ms >= 30000`)
	d.goesTo(onPhone)
	page.show()
	if err := chromedp.Do(page.ctx, chromedp.KeyEvent(kb.Shift)); err != nil {
		t.Fatal(err)
	}
	page.reports("somebody is back", `s.active`)
	d.goesTo(onComputer)
}

// An acknowledgement comes from software. When the computer that gave it is locked
// within two minutes and the mention is unread, the phone is told, once.
func TestNotices_WhatWasShownToNobodyIsHandedOverOnce(t *testing.T) {
	d := newDesk(t)
	d.mentions(d.other, d.me, "看到了吗")
	n := d.inbox.after("看到了吗", "acked inline "+onComputer)
	if n.Read || d.phone.alertsOf(n.ID) != 0 {
		t.Fatalf("read: %v, alerts of the phone: %d", n.Read, d.phone.alertsOf(n.ID))
	}
	d.screen.locks()
	n = d.inbox.after("看到了吗", "acked inline "+onPhone)
	want := []string{"sent channel " + onComputer, "acked inline " + onComputer, "hand-over", "sent channel " + onPhone, "acked inline " + onPhone}
	if !slices.Equal(n.steps(), want) {
		t.Errorf("%q, want %q", n.steps(), want)
	}
	d.screen.unlocks() // the list of notices is before somebody's eyes
	d.inbox.hasRead("看到了吗")
	d.screen.locks()
	d.mentions(d.other, d.me, "还有一句")
	d.inbox.after("还有一句", "acked inline "+onPhone)
	if d.phone.alertsOf(n.ID) != 1 || d.screen.alertsOf(n.ID) > 1 {
		t.Errorf("alerts of the phone: %d, of the computer: %d", d.phone.alertsOf(n.ID), d.screen.alertsOf(n.ID))
	}
}
