package web_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"callbackd/internal/testkit/walltest"
)

// hide puts another page of the same window in front; show brings this one back.
func (b *tab) hide() {
	b.t.Helper()
	info, err := chromedp.CallBrowser(b.ctx, target.CreateTarget, target.CreateTargetParams{URL: "about:blank", BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.CallBrowser(b.ctx, target.ActivateTarget, target.ActivateTargetParams(info)); err != nil {
		b.t.Fatal(err)
	}
	b.until("the page is hidden", `document.visibilityState === 'hidden'`)
}

func (b *tab) show() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	b.until("the page is seen", `document.visibilityState === 'visible'`)
}

// notifications are the nids of those that the system shows for the wall.
const notifications = `navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => r ? (await r.getNotifications()).map((n) => n.data.nid) : [])`

// listening waits until frames reach the page.
func listening(t *testing.T, w *walltest.Wall) {
	t.Helper()
	walltest.Eventually(t, "the device is listened to", w.API.Up)
}

func acked(t *testing.T, w *walltest.Wall, want ...walltest.Ack) {
	t.Helper()
	walltest.Eventually(t, fmt.Sprint("acknowledged: ", want), func() bool { return slices.Equal(w.API.Acks(), want) })
}

func mention(nid string, seq int64) walltest.Frame {
	return walltest.Frame{NID: nid, Seq: seq, Level: 2, Title: "阿依古丽·买买提 ✨", Body: "@林小满 你那边看得到烟花吗？", Tag: nid, URL: "/wall/gala?notice=" + nid}
}

// Claim 6 the other way round: in front, the notice is shown in place and nothing
// is prompted; claim 7: it is acknowledged as it was shown.
func TestClaimC7C14_InFrontANoticeIsShownInPlaceAndAcknowledged(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	w.Say("zwei")
	b := openBound(t, w, 1280, 900, "notifications")
	listening(t, w)
	evil := mention("n1", 1)
	evil.Title, evil.Body = hostile().Text, hostile().Text
	w.API.Tell(evil)
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"})
	if n := eval[int](b, `document.querySelectorAll('#toasts .toast').length`); n != 1 || eval[int](b, `document.querySelectorAll('#toasts script, #toasts img').length`) != 0 {
		t.Errorf("%d cards, or a word became an element", n)
	}
	if got := eval[[]string](b, notifications); len(got) != 0 {
		t.Errorf("prompted all the same: %q", got)
	}
	b.until("its row is marked", `[...document.querySelectorAll('.row.told')].map((r) => r.dataset.seq).join() === '1'`)
	b.until("the title and the tool count", `document.title.startsWith('(1) ') && document.querySelector('#notices-open [data-part=unread]').textContent === '1'`)
	w.API.Tell(mention("n2", 2))
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"}, walltest.Ack{NID: "n2", How: "inline"})
	if top := eval[string](b, `document.querySelector('#notices li').dataset.nid`); top != "n2" {
		t.Errorf("%s is at the top of the list", top)
	}
	b.picture("toasts-1280")
	if reads := w.API.Reads(); len(reads) != 0 {
		t.Errorf("nobody was there, and %q were read", reads)
	}
}

func TestBrowser_ReadIsWhatSomebodyHasSeen(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	w.API.Tell(mention("n1", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"})
	b.do(`window.since = performance.now()`)
	b.until("a while with keys of a script", `dispatchEvent(new KeyboardEvent('keydown', { key: 'a' })) && performance.now() - since > 1500`)
	if reads := w.API.Reads(); len(reads) != 0 {
		t.Errorf("a script is no person: %q were read", reads)
	}
	w.API.Tell(mention("n1b", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"}, walltest.Ack{NID: "n1b", How: "inline"})
	shown := eval[float64](b, `performance.now()`)
	walltest.Eventually(t, "a key means that they were seen", func() bool { b.keys(kb.Shift); return len(w.API.Reads()) == 2 })
	if took := eval[float64](b, `performance.now()`) - shown; took < 900 {
		t.Errorf("read %v ms after it was shown", took)
	}
	w.API.Tell(mention("n2", 1))
	b.until("the second card", sees(`#toasts [data-nid=n2]`))
	b.click(`#toasts [data-nid=n2] [data-part=open]`)
	walltest.Eventually(t, "a tap means that it was seen", func() bool { return slices.Equal(w.API.Reads(), []string{"n1", "n1b", "n2"}) })
	b.until("nothing is unread", `document.title.startsWith('春晚现场')`)
	w.API.Tell(mention("n3", 1))
	b.until("the third card", sees(`#toasts [data-nid=n3]`))
	b.do(`document.getElementById('notices-open').click()`)
	walltest.Eventually(t, "so does opening the list", func() bool { return slices.Contains(w.API.Reads(), "n3") })
	b.picture("drawer-1280")
}

// Claims 6 and 7 of CN104125141A: in the background a prompt is built and shown.
func TestClaimC6C13_HiddenANoticeIsPrompted(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900, "notifications")
	listening(t, w)
	b.hide()
	w.API.Tell(mention("n1", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "prompt"})
	if got := eval[[]string](b, notifications); !slices.Equal(got, []string{"n1"}) {
		t.Errorf("notifications: %q", got)
	}
	if eval[string](b, `navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => { const [n] = await r.getNotifications(); return n.title + '|' + n.body + '|' + n.tag; })`) !=
		"阿依古丽·买买提 ✨|@林小满 你那边看得到烟花吗？|n1" {
		t.Error("the notification says something else")
	}
	w.API.Tell(mention("n2", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "prompt"}, walltest.Ack{NID: "n2", How: "prompt"}) // Chromium loses one that is being shown while the list is asked for
	b.until("both", notifications+`.then((all) => all.length === 2)`)
	w.API.Cancel("n1")
	walltest.Eventually(t, "the first is taken back", func() bool { return slices.Equal(eval[[]string](b, notifications), []string{"n2"}) })
	b.show()
	b.until("what waits is shown in place", sees(`#toasts [data-nid=n2]`)+` && !document.querySelector('#toasts [data-nid=n1]')`)
	walltest.Eventually(t, "and no more by the system", func() bool { return len(eval[[]string](b, notifications)) == 0 })
	for _, a := range w.API.Acks() {
		if a.How != "prompt" {
			t.Errorf("acknowledged twice, as two things: %+v", a)
		}
	}
}

// Guard: what nobody could see is not acknowledged, so that the server goes on to
// the next device ([0053]).
func TestClaimC7C14_WhatCannotBeShownIsNotAcknowledged(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900)
	b.allow("notifications", "denied")
	listening(t, w)
	b.hide()
	w.API.Tell(mention("n1", 1))
	b.until("the title counts", `document.title.startsWith('(1) ')`)
	w.API.Tell(mention("n1", 1)) // again, by the server's rule
	w.API.Tell(mention("n2", 1))
	b.until("one each", `document.title.startsWith('(2) ')`)
	if got := w.API.Acks(); len(got) != 0 {
		t.Fatalf("acknowledged: %+v", got)
	}
	w.API.Cancel("n2")
	b.until("one is taken back", `document.title.startsWith('(1) ')`)
	b.show()
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"}) // now it is before somebody's eyes
	if n := eval[int](b, `document.querySelectorAll('#toasts .toast').length`); n != 1 {
		t.Errorf("%d cards", n)
	}
}

func TestF1F5_ANoticeThatComesTwiceShowsOnce(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	w.API.Tell(mention("n1", 1))
	w.API.Tell(mention("n1", 1))
	inline := walltest.Ack{NID: "n1", How: "inline"}
	acked(t, w, inline, inline) // the first answer may have been lost
	if n := eval[int](b, `document.querySelectorAll('#toasts .toast').length`); n != 1 || !eval[bool](b, `document.title.startsWith('(1) ')`) {
		t.Errorf("%d cards", n)
	}
	w.API.Cancel("n1")
	b.until("taken back", `!document.querySelector('.toast') && document.title.startsWith('春晚现场')`)
	w.API.Tell(mention("n1", 1))
	acked(t, w, inline, inline, inline)
	if eval[int](b, `document.querySelectorAll('#toasts .toast').length`) != 0 {
		t.Error("what was taken back came again")
	}
}

// Several pages of one browser are one device.
func TestF32_PagesOfOneBrowserAreOneDevice(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900, "notifications")
	listening(t, w)
	b.do(`window.other = open(location.href)`)
	b.until("the other page is in front", `document.visibilityState === 'hidden'`)
	b.until("and bound", `other.document.getElementById('notices-open') && !other.document.getElementById('notices-open').hidden`)
	b.until("and seen", `other.document.visibilityState === 'visible'`)
	w.Stop()
	before := len(w.API.States())
	w.Start() // each page reports when it is back
	walltest.Eventually(t, "both report", func() bool { return len(w.API.States()) >= before+2 })
	for _, s := range w.API.States()[before:] {
		if !s.Active || s.HiddenMS != 0 {
			t.Errorf("a report of the page behind alone: %+v", s)
		}
	}
	walltest.Eventually(t, "it is shown there", func() bool {
		w.API.Tell(mention("n1", 1)) // as long as that page does not listen yet, nobody shows it
		return eval[bool](b, `other.document.querySelector('#toasts [data-nid=n1]') !== null`)
	})
	walltest.Eventually(t, "it is acknowledged", func() bool { return len(w.API.Acks()) > 0 })
	for _, a := range w.API.Acks() {
		if a.How != "inline" {
			t.Errorf("acknowledged as %s", a.How)
		}
	}
	if got := eval[[]string](b, notifications); len(got) != 0 {
		t.Errorf("prompted by the page behind: %q", got)
	}
	if len(w.API.Devices()) != 1 {
		t.Errorf("%d devices", len(w.API.Devices()))
	}
	b.do(`other.close()`)
}

// A frozen page answers no ping and is let go; when it wakes it is what it was,
// and knows of what came meanwhile.
func TestF34_AFrozenPageCatchesUp(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	b.hide()
	b.lifecycle(page.SetWebLifecycleStateStateFrozen)
	w.Stop() // the connection ends without the page's knowing
	w.Start()
	w.Say("zwei")
	w.API.Tell(mention("n1", 2))
	if w.API.Up() || w.Viewers() != 0 {
		t.Fatal("the page is not frozen")
	}
	b.lifecycle(page.SetWebLifecycleStateStateActive)
	b.show()
	b.equals(w)
	listening(t, w)
	b.until("what came is unread", `document.title.startsWith('(1) ')`)
	if len(w.API.Acks()) != 0 {
		t.Error("acknowledged what never came")
	}
}

func (b *tab) lifecycle(state page.SetWebLifecycleStateState) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state}); err != nil {
		b.t.Fatal(err)
	}
}
