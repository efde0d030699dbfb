//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	protocol "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
)

// What was for the follower before is not for the next one.
func TestF31_ASecondFollowerOnTheBrowserGetsNothingOfTheFirst(t *testing.T) {
	h := newAudience(t, 3)
	elsewhere := h.join(rehearsal.AccountConfig{Slug: "other"})
	first, second, speaker := h.who[0], h.who[1], h.who[2]
	h.known(first, second, speaker)
	v := h.opens(computer().withPush(h, "shared"))
	v.binds(first)
	inbox := h.reads(first)
	h.mentions(speaker, first, "给前一个人")
	before := inbox.after("给前一个人", "acked inline "+onComputer)
	v.mayAskInVain()
	h.commands(first, "解绑", "已解绑 2 个浏览器")
	v.until("the page is free", sees("#remind"))
	v.live()
	v.binds(second)
	next := h.reads(second)
	if all := next.told(); len(all) != 0 {
		t.Errorf("the next follower reads %+v", all)
	}
	if whole := eval[string](v.page, `document.body.innerText.split('春晚现场').at(-1) + JSON.stringify({ ...localStorage })`); strings.Contains(whole, string(before.ID)) {
		t.Error("the browser keeps a notice of the follower before")
	}
	h.mentions(speaker, first, "还是给前一个人")
	h.mentions(speaker, second, "给现在这个人")
	next.after("给现在这个人", "acked inline "+onComputer)
	if a := v.alerts(); len(a) != 1 {
		t.Errorf("the browser was alerted: %+v", a)
	}
	if got := h.vendors.Requests(); len(got) != 0 {
		t.Errorf("the push service was asked %d times", len(got))
	}

	gala := v.alerts()
	v.visit(h.wall(elsewhere))
	v.until("the other wall knows nobody here", sees("#remind")+` && !`+sees("#notices-open"))
	v.live()
	h.mentions(speaker, second, "给那面墙上的人")
	next.after("给那面墙上的人", "sent wechat")
	if a := v.alerts(); len(a) != 0 || len(gala) != 1 {
		t.Errorf("on the other wall: %+v", a)
	}
}

// A page in a tab and the installed app are one browser: one device, and what is
// shown in one of them is not prompted by the other. Where the system keeps the
// app apart from the browser they are two devices, of which one is told.
func TestF32_TabAndInstalledAppAreToldOnce(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	tab, inbox := h.binds(phone().withPush(h, "tab"), me), h.reads(me)
	app := tab.another()
	app.listens()
	if all := inbox.devices(); len(all) != 1 {
		t.Errorf("devices of one browser: %+v", all)
	}
	tab.reports("the browser is looked at", `s.active && s.hidden_ms === undefined`)
	h.mentions(other, me, "第一句")
	n := inbox.after("第一句", "acked inline "+onPhone)
	app.until("the app shows it", sees(`#toasts [data-nid="`+string(n.ID)+`"]`))
	if prompts := tab.prompts(); len(prompts) != 0 || len(n.sends()) != 1 {
		t.Errorf("the tab behind prompts %q; sends: %q", prompts, n.sends())
	}

	apart := h.binds(phone().withPush(h, "app"), me)
	apart.leaves()
	inbox.waitDevices("one of two devices listens", func(all []device) bool {
		return len(all) == 2 && len(slices.DeleteFunc(all, func(d device) bool { return !d.Up })) == 1
	})
	h.mentions(other, me, "第二句")
	if n = inbox.after("第二句", "acked inline "+onPhone); len(n.sends()) != 1 || len(h.vendors.Requests()) != 0 {
		t.Errorf("with the tab open: %q, %d pushes", n.sends(), len(h.vendors.Requests()))
	}
}

// soon is a wait for acknowledgements that ends while a test looks on.
var soon = []string{"--notice-ack", "2s", "--notice-vendor-ack", "2s"}

// The permission was taken back: what nobody could see is not acknowledged, and the
// next device is told. A worker that does not run is started by a push; one that is
// gone is put in its place by the page that wants to prompt.
func TestF33_WithoutPermissionOrWorkerTheNextEndIsTold(t *testing.T) {
	h := newAudience(t, 2, soon...)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	mobile := h.binds(phone().withPush(h, "phone"), me)
	screen, inbox := h.binds(computer(), me), h.reads(me)
	screen.permits("notifications", browser.PermissionSettingDenied)
	screen.hide()
	screen.reports("hidden", `s.active && s.hidden_ms > 0`)
	h.mentions(other, me, "第一句")
	n := inbox.after("第一句", "acked inline "+onPhone)
	if want := []string{"sent channel " + onComputer, "missed channel " + onComputer, "suspect " + onComputer, "sent channel " + onPhone}; !slices.Equal(n.steps()[:4], want) {
		t.Errorf("without permission: %q, want %q first", n.steps(), want)
	}
	screen.permits("notifications", browser.PermissionSettingGranted)
	if _, err := chromedp.Run(screen.ctx, chromedp.Evaluate[bool](`navigator.serviceWorker.getRegistration('/wall/gala').then((r) => r ? r.unregister() : false)`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	h.mentions(other, me, "第二句")
	n = inbox.after("第二句", "acked prompt "+onComputer)
	if prompts := screen.prompts(); len(prompts) != 1 || !strings.HasSuffix(prompts[0], string(n.ID)) {
		t.Errorf("with a worker in the place of the one that was gone, the system shows %q", prompts)
	}

	screen.show()
	screen.click("#notices-open")
	inbox.hasRead("第二句")
	push := mobile.pusher()
	mobile.leaves()
	screen.leaves()
	inbox.nobodyListens()
	if _, err := chromedp.Call(mobile.ctx, serviceworker.StopAllWorkers, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	h.mentions(other, me, "第三句")
	id := inbox.about("第三句").ID
	push(h.vendors.Await(t, "the notice", func(r pushtest.Request) bool { return frameOf(r.Plain).ID == id }).Plain)
	n = inbox.after("第三句", "acked prompt "+onPhone)
	if prompts := mobile.prompts(); len(prompts) != 1 || len(n.sends()) > 3 {
		t.Errorf("the phone shows %q after %q", prompts, n.sends())
	}
}

// freezes stops a page in the background, as browsers do after a while; wakes is its end.
func (v *viewer) freezes() {
	v.t.Helper()
	v.mayAskInVain() // the browser may cut the connection
	v.lifecycle(protocol.SetWebLifecycleStateStateFrozen)
}

func (v *viewer) wakes() {
	v.t.Helper()
	v.lifecycle(protocol.SetWebLifecycleStateStateActive)
}

func (v *viewer) lifecycle(state protocol.SetWebLifecycleStateState) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, protocol.SetWebLifecycleState, protocol.SetWebLifecycleStateParams{State: state}); err != nil {
		v.t.Fatal(err)
	}
}

// A frozen page says nothing: the next device is told. One that somebody left for
// another page listens no more, though the browser keeps it for the way back.
// Either comes back as the wall is then.
func TestF34_FrozenOrLeftThePageTellsNobodyAndCatchesUp(t *testing.T) {
	h := newAudience(t, 2, soon...)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	mobile, screen, inbox := h.binds(phone(), me), h.binds(computer(), me), h.reads(me)
	told := func() []callbackd.PublicMessage { return h.feed(h.account) }
	screen.hide()
	screen.reports("hidden", `s.active && s.hidden_ms > 0`)
	screen.freezes()
	text(t, h.account, other.Number, "冻住的时候")
	h.mentions(other, me, "冻住的人")
	n := inbox.after("冻住的人", "acked inline "+onPhone)
	if want := []string{"sent channel " + onComputer, "missed channel " + onComputer, "suspect " + onComputer, "sent channel " + onPhone}; !slices.Equal(n.steps()[:4], want) {
		t.Errorf("frozen: %q, want %q first", n.steps(), want)
	}
	mobile.click("#toasts .toast [data-part=open]")
	inbox.hasRead("冻住的人")
	screen.wakes()
	screen.show()
	screen.equals(told)
	screen.until("what was read elsewhere is not shown", `!document.querySelector('#toasts .toast') && !document.title.startsWith('(')`)

	screen.do(`window.stayed = true`)
	screen.leaves()
	inbox.waitDevices("the page that was left listens no more", func(all []device) bool {
		return !slices.ContainsFunc(all, func(d device) bool { return d.Name == onComputer && d.Up })
	})
	text(t, h.account, other.Number, "离开的时候")
	h.mentions(other, me, "离开的人")
	n = inbox.after("离开的人", "acked inline "+onPhone)
	if slices.ContainsFunc(n.sends(), func(s string) bool { return strings.HasSuffix(s, onComputer) }) {
		t.Errorf("left: %q", n.steps())
	}
	screen.do(`setTimeout(() => history.back())`)
	screen.until("the wall is back", `location.pathname === '/wall/gala' && document.readyState === 'complete'`)
	t.Logf("kept by the browser: %v", eval[bool](screen.page, `window.stayed === true`))
	screen.live()
	screen.equals(told)
	screen.listens()
	h.mentions(other, me, "回来的人")
	inbox.after("回来的人", "acked inline "+onComputer)
}
