//go:build e2e

package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// A code is read off the page and sent to the account, the answer is 1, the page
// asks by name and is told yes. Then the follower is alerted there, and after
// 解绑 in WeChat nothing of them is left on the page.
func TestNotices_BindsWhenFollowerAndBrowserAgree(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	v := h.opens(computer())
	code := v.asks()
	if len(code) != 8 {
		t.Errorf("the code is %q", code)
	}
	h.agrees(me, code)
	v.isAsked(me.Profile.Nickname)
	if n := len(h.feed(h.account)); n != 2 {
		t.Errorf("%d messages on the wall: a code or a yes is among them", n)
	}
	v.confirms()
	if d := v.devices(); len(d) != 1 || d[0].Class != "computer" || d[0].Name != onComputer {
		t.Errorf("devices: %+v", d)
	}
	h.mentions(other, me, "看这里")
	v.until("the notice", `document.querySelector('#toasts .toast')`)

	v.mayAskInVain() // of what is not its own any more
	h.commands(me, "解绑", "已解绑 1 个浏览器")
	v.until("the page is free", sees("#remind")+` && !`+sees("#composer")+` && !`+sees("#notices-open")+` && !document.querySelector('.toast')`)
	if left := eval[[]string](v.page, `Object.keys(localStorage).filter((k) => k.startsWith('callbackd.') && !k.includes('.viewer.'))`); len(left) > 0 {
		t.Errorf("the browser keeps %q", left)
	}
	if status := eval[int](v.page, `fetch('/api/v1/me/notices?account=gala').then((r) => r.status)`); status != 409 {
		t.Errorf("its notices are answered with %d", status)
	}
}

// The QR is read from the picture as it stands on the page. A scan asks, and binds
// nobody; the browser's no leaves nothing; a code that is over is replaced.
func TestNotices_AScanAloneBindsNobody(t *testing.T) {
	h := newAudience(t, 1)
	me := h.who[0]
	h.known(me)
	v := h.opens(computer())
	first := v.asks()
	v.until("the QR is drawn", `document.querySelector('#bind [data-part=qr]').naturalWidth > 0`)
	seen, err := chromedp.Run(v.ctx, chromedp.Screenshot(chromedp.CSS("#bind [data-part=qr]"), chromedp.NodeVisible))
	if err != nil {
		t.Fatal(err)
	}
	h.scans(me, readQR(t, seen), "回复 1 确认")
	if state := v.binding(); state != "waiting" {
		t.Fatalf("a scan makes it %q", state)
	}
	h.commands(me, "1", "请回到浏览器")
	v.isAsked(me.Profile.Nickname)
	if state := v.binding(); state != "confirm" {
		t.Fatalf("the follower's yes makes it %q", state)
	}
	v.click("#bind [data-do=refuse]")
	v.until("refused", sees("#bind section[data-view=refused]"))
	eventually(t, "nothing is left of it", func() bool { return v.binding() == "none" })

	v.click("#bind section[data-view=refused] [data-do=again]")
	second := v.code(first)
	// each look at the server sets the page's clock right; in the end a tick is quicker
	v.do(`window.ahead = 0; const now = Date.now; Date.now = () => now() + window.ahead`)
	v.until("the code is over", `(window.ahead += 301000, `+sees("#bind section[data-view=expired]")+`)`)
	v.click("#bind section[data-view=expired] [data-do=again]")
	third := v.code(second)
	for _, dead := range []string{first, second} {
		if says := h.answered(me, dead); says != "" {
			t.Errorf("a code that was replaced is answered with %q", says)
		}
	}
	h.agrees(me, third)
	v.isAsked(me.Profile.Nickname)
	v.confirms()
	h.commands(me, third, "已经用过或已过期")
	if says := h.answered(me, "1"); says != "" {
		t.Errorf("a 1 to no question is answered with %q", says)
	}
}
