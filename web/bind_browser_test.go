package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"callbackd/internal/testkit/walltest"
)

func cookies(b *tab) int {
	b.t.Helper()
	all, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(all.Cookies)
}

// Guard: who only watches a wall is asked nothing and gets nothing.
func TestBrowser_WhoOnlyWatchesGetsNoCookieAndNoPrompt(t *testing.T) {
	w := walltest.New(t)
	w.Say("晚上好")
	b := &tab{t: t}
	*b = *open(t, 390, 844, w.URL("/"))
	b.do(`addEventListener('unload', () => {})`)
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.live()
	b.until("the tool", sees("#remind"))
	if n := cookies(b); n != 0 || w.API.Requests() != 0 {
		t.Errorf("%d cookies, %d requests", n, w.API.Requests())
	}
	if eval[string](b, `Notification.permission`) != "default" || eval[int](b, `navigator.serviceWorker.getRegistrations().then((r) => r.length)`) != 0 ||
		eval[int](b, `localStorage.length`) != 0 {
		t.Error("something was asked for or kept")
	}
	b.picture("wall-unbound-390")
}

func TestBrowser_BindsWhenBothAgree(t *testing.T) {
	w := walltest.New(t)
	w.Say("晚上好")
	w.API.QR = true
	b := openLive(t, w)
	b.asks(w)
	if cookies(b) != 1 || w.API.Viewers() != 1 {
		t.Errorf("%d cookies, %d viewers", cookies(b), w.API.Viewers())
	}
	if code := b.reads("#bind [data-part=code]"); len(strings.Fields(code)) != 2 {
		t.Errorf("the code is not in two groups: %q", code)
	}
	b.until("the time runs", `/^[0-4]:\d\d$/.test(document.querySelector('#bind [data-part=left]').textContent)`)
	b.until("the QR is drawn", `document.querySelector('#bind [data-part=qr]').naturalWidth > 0`)
	if said := b.reads("#bind [data-part=said]"); !strings.Contains(said, "春晚现场") || !strings.Contains(said, "扫码") {
		t.Errorf("how: %q", said)
	}
	b.picture("bind-code-1280")
	if len(w.API.Devices()) != 0 {
		t.Error("a device before anybody agreed")
	}
	w.API.Agree(follower)
	b.until("the question", sees("#bind [data-part=question]"))
	if q := b.reads("#bind [data-part=question]"); q != "以 "+follower+" 的名义接收提醒和发言？" {
		t.Errorf("the question: %q", q)
	}
	b.picture("bind-question-1280")
	b.click("#bind [data-part=confirm]")
	b.until("done", sees("#bind [data-part=hello]"))
	b.picture("bind-done-1280")
	if d := w.API.Devices(); len(d) != 1 || d[0].Class != "computer" || d[0].Provider != "" {
		t.Errorf("devices: %+v", d)
	}
	if eval[string](b, `Notification.permission`) != "default" {
		t.Error("asked for notifications without a click")
	}
	b.click("#bind [data-part=later]")
	b.until("the viewer's page", sees("#notices-open")+" && "+sees("#composer")+" && !"+sees("#remind"))
	b.picture("wall-bound-1280")
	b.navigate(w.PageURL() + "?lang=en")
	b.live()
	b.until("still bound after a reload", sees("#notices-open"))
	if w.API.Viewers() != 1 || len(w.API.Devices()) != 1 {
		t.Errorf("after a reload: %d viewers, %d devices", w.API.Viewers(), len(w.API.Devices()))
	}
}

func TestBrowser_ACodeThatIsOverIsReplaced(t *testing.T) {
	w := walltest.New(t)
	w.API.CodeLife = -time.Second
	b := openLive(t, w)
	b.click("#remind")
	b.until("it is over", sees(`#bind section[data-view=expired]`))
	if eval[string](b, `document.querySelector('#bind [data-part=code]').textContent`) != "" {
		t.Error("a dead code still stands there")
	}
	w.API.CodeLife = time.Hour
	b.click(`#bind section[data-view=expired] [data-do=again]`)
	b.until("a new code", sees("#bind [data-part=code]"))
	if w.API.Viewers() != 1 {
		t.Errorf("%d viewers for one browser", w.API.Viewers())
	}
}

func TestBrowser_NotMeLeavesNothing(t *testing.T) {
	w := walltest.New(t)
	b := openLive(t, w)
	b.asks(w)
	w.API.Agree("张三")
	b.until("the question", sees("#bind [data-part=question]"))
	b.click("#bind [data-do=refuse]")
	b.until("refused", sees(`#bind section[data-view=refused]`))
	walltest.Eventually(t, "the server is told", func() bool { return w.API.Asked("DELETE me/binding") == 1 })
	if w.API.Asked("POST me/binding/confirm") != 0 || len(w.API.Devices()) != 0 || eval[bool](b, `Boolean(JSON.parse(localStorage.getItem('callbackd.viewer.gala')).bound)`) {
		t.Error("bound all the same")
	}
}

func TestBrowser_UnboundElsewhereThePageForgets(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	w.API.Unbind()
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.until("the offer is back", sees("#remind")+" && !"+sees("#composer"))
	asked := w.API.Requests()
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.live()
	b.until("the offer", sees("#remind"))
	if w.API.Requests() != asked {
		t.Error("a browser that is not bound asks each time")
	}
}

func TestBrowser_TellsWhenTheServerDoesNotAnswer(t *testing.T) {
	w := walltest.New(t)
	w.API.Fail("POST me/binding", 500, 429)
	b := openLive(t, w)
	b.click("#remind")
	b.until("it failed", sees(`#bind section[data-view=failed]`))
	b.click(`#bind section[data-view=failed] [data-do=again]`)
	b.until("too many tries", `document.querySelector('#bind [data-part=failure]').textContent.includes('试得太多')`)
	b.click(`#bind section[data-view=failed] [data-do=again]`)
	b.until("a code", sees("#bind [data-part=code]"))
}
