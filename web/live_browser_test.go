package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callbackd"
	"callbackd/internal/testkit/walltest"
)

func TestBrowser_RowsArriveChangeAndLeave(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openLive(t, w)
	b.do(`window.stayed = true`)
	id := w.Say("zwei")
	b.equals(w)
	w.Update(id, func(m *callbackd.PublicMessage) { m.Sender.Name, m.Sender.Avatar = "林小满", "/media/face/9" })
	b.until("name and face arrive in place", `document.querySelector('#rows .name').textContent === '林小满' &&
		document.querySelector('#rows .avatar').getAttribute('src') === '/media/face/9'`)
	w.Remove(id)
	b.equals(w)
	if !eval[bool](b, `window.stayed === true`) {
		t.Error("the page was loaded anew")
	}
}

func TestBrowser_TheEmptyWallIsAnInvitationUntilSomebodySpeaks(t *testing.T) {
	w := walltest.New(t)
	b := openLive(t, w)
	invited := `document.querySelector('.invitation').checkVisibility()`
	if !eval[bool](b, invited) {
		t.Fatal("no invitation")
	}
	if side := eval[float64](b, `document.querySelector('.qr').getBoundingClientRect().width`); side < 300 {
		t.Errorf("the QR is %v px wide", side)
	}
	id := w.Say("erstes Wort")
	b.until("the row takes the invitation's place", `!`+invited+` && document.querySelector('#rows .row').checkVisibility()`)
	w.Remove(id)
	b.until("the invitation is back", invited)
}

// The server stops, the wall changes, the server starts: the page is equal
// again without a reload.
func TestBrowser_EqualsTheServerAfterAStop(t *testing.T) {
	w := walltest.New(t)
	var ids []callbackd.PublicID
	for i := range 30 {
		ids = append(ids, w.Say(fmt.Sprint("vorher ", i)))
	}
	b := openLive(t, w)
	b.do(`window.stayed = true`)
	w.Stop()
	b.until("the page says that it is offline", `document.getElementById('state').dataset.state === 'offline'`)
	for i := range 20 {
		w.Say(fmt.Sprint("neu ", i))
	}
	for i := range 5 {
		w.Remove(ids[i*3])
		w.Update(ids[i*3+1], func(m *callbackd.PublicMessage) { m.Sender.Name = fmt.Sprint("Name ", i) })
	}
	w.Start()
	b.equals(w)
	b.live()
	for i := range 5 {
		name := eval[string](b, `document.querySelector('#rows .row[data-id="`+string(ids[i*3+1])+`"] .name').textContent`)
		if name != fmt.Sprint("Name ", i) {
			t.Errorf("name %d: %s", i, name)
		}
	}
	if ids := eval[[]string](b, `[...document.querySelectorAll('#rows .row')].map((r) => r.dataset.id)`); len(ids) != len(slices.Compact(slices.Sorted(slices.Values(ids)))) {
		t.Error("a row is there twice")
	}
	if !eval[bool](b, `window.stayed === true`) {
		t.Error("the page was loaded anew")
	}
	w.Say("und weiter")
	b.equals(w)
}

func TestBrowser_StartsAgainWhenTheServerCannotTell(t *testing.T) {
	w := walltest.New(t)
	for i := range 5 {
		w.Say(fmt.Sprint("alt ", i))
	}
	b := openLive(t, w)
	w.Stop()
	w.Remove("m2")
	w.Say("neu")
	w.Forget()
	w.Start()
	b.equals(w)
}

// Guard: an answer that was made before a removal and comes after it must not
// paint the message again.
func TestBrowser_AnOldAnswerPaintsNothingThatWasRemoved(t *testing.T) {
	w := walltest.New(t)
	var ids []callbackd.PublicID
	for i := range 80 { // the page holds the newest 50
		ids = append(ids, w.Say(fmt.Sprint("Nr. ", i)))
	}
	b := openLive(t, w)
	release := w.Hold("messages")
	asked := w.Asked("messages")
	b.do(`document.getElementById('earlier').click()`)
	walltest.Eventually(t, "older messages are asked for", func() bool { return w.Asked("messages") > asked })
	w.Remove(ids[3])  // below what the page holds, and in the answer
	w.Remove(ids[40]) // on the page
	w.Update(ids[5], func(m *callbackd.PublicMessage) { m.Text = "neu gefasst" })
	b.until("the removal on the page is there", `!document.querySelector('[data-id="`+string(ids[40])+`"]')`)
	b.do(`window.painted = []; new MutationObserver((all) => { for (const m of all) for (const n of m.addedNodes) window.painted.push(n.dataset?.id); })
		.observe(document.getElementById('rows'), { childList: true })`)
	release()
	b.equals(w)
	for _, id := range []callbackd.PublicID{ids[3], ids[40]} {
		if eval[bool](b, `window.painted.includes('`+string(id)+`')`) {
			t.Errorf("%s was painted again", id)
		}
	}
}

// A change that the channel never carried is found by reading, after the next
// one has shown that a rev is missing.
func TestBrowser_FindsWhatTheChannelLost(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openLive(t, w)
	w.Whisper(func() { w.Say("verloren") })
	w.Say("drei")
	b.equals(w)
}

func TestBrowser_WhoReadsIsNotDisturbed(t *testing.T) {
	w := walltest.New(t)
	for i := range 45 {
		w.Say(fmt.Sprint("Zeile ", i))
	}
	b := openLive(t, w)
	b.scroll(2000)
	place := `Math.round([...document.querySelectorAll('#rows .row')].find((r) => r.getBoundingClientRect().top > 0).getBoundingClientRect().top)`
	before, count := eval[int](b, place), eval[int](b, `document.querySelectorAll('#rows .row').length`)
	w.Say("neu 1")
	id := w.Say("neu 2")
	w.Say("neu 3")
	w.Remove(id)
	b.until("the pill counts", `!document.getElementById('fresh').hidden && document.getElementById('fresh').textContent.trim() === '2 条新消息'`)
	if after := eval[int](b, place); after != before || eval[int](b, `document.querySelectorAll('#rows .row').length`) != count {
		t.Errorf("the page moved: %d, then %d", before, after)
	}
	b.do(`document.getElementById('fresh').click()`)
	b.until("the top", `scrollY === 0 && document.getElementById('fresh').hidden`)
	b.equals(w)
}

func TestBrowser_FiveThousandRows(t *testing.T) {
	w := walltest.New(t)
	for i := range 5000 {
		w.Say(fmt.Sprint("Zeile ", i))
	}
	b := openLive(t, w)
	rows := `document.querySelectorAll('#rows .row').length`
	if n := eval[int](b, rows); n > 50 {
		t.Errorf("the page comes with %d rows", n)
	}
	for n := eval[int](b, rows); eval[bool](b, `!document.getElementById('earlier').hidden`); n = eval[int](b, rows) {
		b.do(`document.getElementById('earlier').click()`)
		b.until("more rows, or the end", fmt.Sprintf(`%s > %d || document.getElementById('earlier').hidden`, rows, n))
	}
	if got := b.texts(); !slices.Equal(got, w.Shown(5000)) {
		t.Fatalf("%d rows, not those of the server", len(got))
	}
	b.scroll(20000)
	b.scroll(0)
	b.until("back at the top the page is light again", rows+` === 200 && !document.getElementById('earlier').hidden`)
	w.Say("und weiter")
	b.equals(w)
	if n := eval[int](b, rows); n != 200 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestBrowser_OlderPageStaysAsItIs(t *testing.T) {
	w := walltest.New(t)
	for i := range 80 {
		w.Say(fmt.Sprint("Zeile ", i))
	}
	b := open(t, 390, 844, w.PageURL()+"?before=31&lang=zh-CN")
	b.until("the script has run", `document.querySelector('#rows time').textContent !== ''`)
	if got := b.texts(); len(got) != 30 || got[0] != "Zeile 29" {
		t.Errorf("%d rows from %q", len(got), got[0])
	}
	if w.Viewers() != 0 {
		t.Error("a page of older messages is live")
	}
	if !eval[bool](b, `document.querySelector('.newest a').checkVisibility()`) {
		t.Error("no way back")
	}
}

func TestBrowser_MotionIsLeftOutWhereSomebodyWantsThat(t *testing.T) {
	b := openLive(t, walltest.New(t))
	if got := eval[string](b, `getComputedStyle(document.documentElement).getPropertyValue('--time').trim()`); got != "240ms" {
		t.Errorf("an arrival takes %s", got)
	}
	css := eval[string](b, `[...document.styleSheets].flatMap((s) => [...s.cssRules]).filter((r) => r.conditionText?.includes('reduced-motion')).map((r) => r.cssText).join(' ')`)
	if !strings.Contains(css, "--time: 0ms") || !strings.Contains(css, "--rise: 0px") {
		t.Errorf("with less motion: %s", css)
	}
}
