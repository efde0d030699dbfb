package web_test

import (
	"fmt"
	"slices"
	"testing"

	"callbackd"
	"callbackd/internal/testkit/walltest"
)

func openMe(t *testing.T, w *walltest.Wall, b *tab, lang string) {
	t.Helper()
	b.navigate(w.PageURL() + "/me?lang=" + lang)
	b.until("my notices", `document.getElementById('me').dataset.state === 'bound' && document.querySelectorAll('#devices li').length > 0`)
}

func TestBrowser_MyNoticesInviteWhoIsNotBound(t *testing.T) {
	for lang, want := range map[string]string{"zh-CN": "有人提到你的时候，让这个浏览器告诉你。", "en": "Let this browser tell you when somebody mentions you."} {
		w := walltest.New(t)
		b := open(t, 390, 844, w.PageURL()+"/me?lang="+lang)
		b.until("the invitation", sees(`section[data-state=unbound]`))
		if got := b.reads("section[data-state=unbound] .question"); got != want {
			t.Errorf("%s: %q", lang, got)
		}
		if cookies(b) != 0 || w.API.Viewers() != 0 {
			t.Error("a page that is only opened makes a viewer")
		}
		b.picture("me-unbound-390-" + lang)
		b.click("#remind")
		b.until("a code", sees("#bind [data-part=code]"))
		w.API.Agree(follower)
		b.until("the question", sees("#bind [data-part=question]"))
		b.click("#bind [data-part=confirm]")
		b.until("done", sees("#bind [data-part=hello]"))
		b.click("#bind [data-part=later]")
		b.until("my notices", `document.getElementById('me').dataset.state === 'bound' && `+sees("#choices"))
	}
}

// The two switches of CN104144110A stand on one page; each choice is saved when
// it is made.
func TestClaimA2A5A8_TheSwitchesAreOnOnePageAndSavedWhenTheyAreMade(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	openMe(t, w, b, "en")
	saved := func(what string, ok func(callbackd.Preferences) bool) {
		t.Helper()
		walltest.Eventually(t, what, func() bool { return ok(w.API.Preferences()) })
		b.until(what+" is said", `document.querySelector('[data-part=saved]').textContent === 'Saved'`)
		b.do(`document.querySelector('[data-part=saved]').textContent = ''`)
	}
	b.click("[name=receive]")
	saved("receive", func(p callbackd.Preferences) bool { return p.Receive })
	b.click("[name=detail][value='2']")
	saved("name and words", func(p callbackd.Preferences) bool { return p.Detail == 2 })
	b.click("[name=details]")
	saved("details off", func(p callbackd.Preferences) bool { return p.Detail == 0 })
	b.until("no choice of details", `!`+sees("[name=detail]"))
	b.click("[name=details]")
	saved("details on", func(p callbackd.Preferences) bool { return p.Detail == 1 })
	b.click("[name=phone_too]")
	saved("phone too", func(p callbackd.Preferences) bool { return p.PhoneToo })
	b.click("[name=quiet]")
	saved("quiet hours", func(p callbackd.Preferences) bool { return p.Quiet != nil })
	zone := eval[string](b, `Intl.DateTimeFormat().resolvedOptions().timeZone`)
	if q := w.API.Preferences().Quiet; *q != (callbackd.Quiet{From: "22:00", To: "08:00", Zone: zone, MentionsPass: true}) {
		t.Errorf("quiet: %+v", q)
	}
	b.do(`const f = document.querySelector('[name=from]'); f.value = '23:30'; f.dispatchEvent(new Event('change', { bubbles: true }))`)
	saved("from", func(p callbackd.Preferences) bool { return p.Quiet.From == "23:30" })
	b.click("[name=mentions_pass]")
	saved("mentions do not pass", func(p callbackd.Preferences) bool { return !p.Quiet.MentionsPass })
	b.picture("me-choices-1280")
	b.click("[name=quiet]")
	saved("no quiet hours", func(p callbackd.Preferences) bool { return p.Quiet == nil })
	b.do(`const s = document.querySelector('[name=idle_after_s]'); s.value = '900'; s.dispatchEvent(new Event('change', { bubbles: true }))`)
	saved("idle", func(p callbackd.Preferences) bool { return p.IdleAfterS == 900 })
	w.API.Fail("PATCH me/preferences", 500)
	b.click("[name=receive]")
	b.until("it says that it failed, and shows what is", `document.querySelector('[data-part=saved]').classList.contains('alert') && document.querySelector('[name=receive]').checked`)
}

func TestBrowser_MyDevices(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 390, 844)
	listening(t, w)
	openMe(t, w, b, "zh-CN")
	b.until("this browser is marked", `document.querySelector('#devices li[data-here] [data-part=how]').textContent.includes('这个浏览器')`)
	b.click("#devices [data-do=test]")
	b.until("the test is on its way", `document.querySelector('#devices [data-part=said]').textContent === '测试已发出。'`)
	b.click("#devices [data-do=remove]")
	b.until("it is gone, and may come back", `document.querySelectorAll('#devices li').length === 0 && `+sees("#devices [data-do=here]"))
	walltest.Eventually(t, "nobody listens", func() bool { return !w.API.Up() })
	b.picture("me-device-off-390")
	openWall := w.PageURL() + "?lang=zh-CN"
	b.navigate(openWall)
	b.until("still bound", sees("#composer"))
	if len(w.API.Devices()) != 0 {
		t.Error("a device that was removed came back by itself")
	}
	b.navigate(w.PageURL() + "/me?lang=zh-CN")
	b.until("the offer", sees("#devices [data-do=here]"))
	b.click("#devices [data-do=here]")
	b.until("it is a device again", `document.querySelectorAll('#devices li[data-here]').length === 1`)
	listening(t, w)
}

func TestBrowser_TheInboxShowsTrailsAndIsRead(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	b.navigate(w.URL("/"))
	walltest.Eventually(t, "nobody listens", func() bool { return !w.API.Up() })
	for i := range 40 {
		w.API.Tell(mention(fmt.Sprint("n", i), int64(i)))
	}
	evil := mention("evil", 41)
	evil.Title, evil.Body = hostile().Text, hostile().Text
	w.API.Tell(evil)
	openMe(t, w, b, "en")
	b.until("the newest", `document.querySelectorAll('#inbox li.notice').length === 30`)
	if n := eval[int](b, `document.querySelectorAll('#inbox script, #inbox img').length`); n != 0 {
		t.Error("a word became an element")
	}
	if eval[string](b, `document.querySelector('#inbox li').dataset.nid`) != "evil" || eval[int](b, `document.querySelectorAll('#inbox li[data-unread]').length`) != 30 {
		t.Error("not the newest first, or not marked as unread")
	}
	walltest.Eventually(t, "what stands there is read", func() bool { return len(w.API.Reads()) == 30 })
	b.click("#inbox li:nth-child(2) summary")
	b.until("the trail in words", `document.querySelector('#inbox li:nth-child(2) [data-part=trail]').innerText.includes('sent to the device · Chrome · Linux · live connection')`)
	b.until("why", `document.querySelector('#inbox li:nth-child(2) [data-part=why]').textContent === 'somebody mentioned you'`)
	b.picture("me-inbox-1280")
	b.click("#inbox [data-part=earlier]")
	b.until("all of them", `document.querySelectorAll('#inbox li.notice').length === 41 && document.querySelector('#inbox [data-part=earlier]').hidden`)
	walltest.Eventually(t, "and read", func() bool { return len(slices.Compact(slices.Sorted(slices.Values(w.API.Reads())))) == 41 })
	w.API.Tell(mention("new", 42))
	b.until("a new one goes to the top", `document.querySelector('#inbox li').dataset.nid === 'new'`)
}

func TestF31_UnbindsInOneTapAndNothingStays(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 390, 844)
	openMe(t, w, b, "zh-CN")
	b.click("#unbind")
	b.until("the invitation", `document.getElementById('me')?.dataset.state === 'unbound'`)
	if eval[int](b, `Object.keys(localStorage).filter((k) => JSON.parse(localStorage[k]).bound || JSON.parse(localStorage[k]).device).length`) != 0 || w.API.Asked("DELETE me/binding") != 1 {
		t.Error("something of the follower stays")
	}
}

// Our own lock (claim 4 of CN105024905B: the client is locked): no words, no
// speaking, and the report says so. The PIN is kept as a hash, and here alone.
func TestClaimB4_ALockedClientShowsNothingAndSaysSo(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	w.API.Tell(mention("n1", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "inline"})
	openMe(t, w, b, "zh-CN")
	b.click("#lock input")
	b.keys("4711\r")
	b.until("the lock", sees(".lock-screen")+` && !`+sees("#inbox")+` && !`+sees("#choices"))
	walltest.Eventually(t, "the report says so", func() bool {
		all := w.API.States()
		return all[len(all)-1].Client == "locked" && !all[len(all)-1].Active
	})
	if eval[bool](b, `Object.values(localStorage).some((v) => v.includes('4711')) || document.body.innerText.includes('阿依古丽')`) {
		t.Error("the PIN, or words of a notice, stand in the open")
	}
	b.picture("me-locked-1280")
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.until("the wall is locked too", `document.getElementById('wall').classList.contains('locked') && !`+sees("#composer"))
	listening(t, w)
	acks := len(w.API.Acks())
	walltest.Eventually(t, "a card without words", func() bool {
		w.API.Tell(mention("n2", 1))
		return eval[bool](b, `(document.querySelector('#toasts [data-nid=n2]')?.innerText ?? '').includes('解锁后可看')`)
	})
	if eval[bool](b, `document.getElementById('toasts').innerText.includes('阿依古丽')`) || len(w.API.Acks()) != acks {
		t.Error("words are shown, or it was acknowledged")
	}
	b.do(`document.getElementById('notices-open').click()`)
	b.until("the list is locked", sees("#notices .lock-screen"))
	b.click("#notices [data-part=pin]")
	b.keys("1234\r")
	b.until("another PIN", sees("#notices [data-part=wrong]"))
	b.keys("4711\r")
	b.until("unlocked", `!document.getElementById('wall').classList.contains('locked') && `+sees("#notices [data-part=list]"))
	walltest.Eventually(t, "now it is shown and acknowledged", func() bool { return slices.Contains(w.API.Acks(), walltest.Ack{NID: "n2", How: "inline"}) })
}
