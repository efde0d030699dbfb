//go:build e2e

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit"
)

// tab is a wall in Chromium.
type tab struct {
	*served
	eval func(expression string) string
}

func (v *served) tab(width, height int, path string) *tab {
	v.Helper()
	ctx := testkit.Tab(v.T, width, height)
	if err := chromedp.Do(ctx, chromedp.Navigate(v.url+path)); err != nil {
		v.Fatal(err)
	}
	return &tab{v, func(expression string) string {
		v.Helper()
		out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")", chromedp.EvalAwaitPromise))
		if err != nil {
			v.Fatalf("%s: %v", expression, err)
		}
		if dir := os.Getenv("CALLBACKD_LOOK"); dir != "" && strings.HasPrefix(expression, "'look ") {
			b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
			if err != nil {
				v.Fatal(err)
			}
			v.must(os.WriteFile(fmt.Sprintf("%s/%s-%d.png", dir, strings.Trim(strings.TrimPrefix(expression, "'look "), "'"), width), b, 0o644))
		}
		return out
	}}
}

// until waits for an expression to be true on the page.
func (b *tab) until(what, expression string) {
	b.Helper()
	b.eventually(what, func() bool { return b.eval("Boolean("+expression+")") == "true" })
	if os.Getenv("CALLBACKD_LOOK") != "" {
		b.eval("new Promise((done) => setTimeout(done, 400))")
	}
}

const wordsOfRows = `[...document.querySelectorAll('#rows .row:not([data-raised]) .words')].map((w) => w.textContent).join()`

// TestWallPage_FollowsTheStage: an open page, one that joins later, and one that
// was away show the same.
func TestWallPage_FollowsTheStage(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "open"})
	i, a := s.installation(), s.account("spring")
	first := i.say(t, a, "oA", "第一句")
	i.say(t, a, "oB", "第二句")
	v := s.serve()
	page := v.tab(1920, 1080, "/wall/spring?lang=zh-CN&screen=大屏")
	page.until("the page is live", `document.getElementById('state').dataset.state === 'live'`)
	s.done("", "wall", "spring", "pin", string(first))
	s.done("", "wall", "spring", "say", "请大家看舞台")
	page.until("pin and announcement", `document.querySelector('#pins .words')?.textContent === '第一句' && `+wordsOfRows+` === '请大家看舞台,第二句'`)
	if got := page.eval(`document.querySelector('#rows .row.host .mark').textContent + document.querySelector('#rows .row.host .name').textContent`); got != "主持人春晚现场" {
		t.Errorf("the host's words: %s", got)
	}
	page.eval("'look pins'")
	s.done("", "wall", "spring", "spotlight", string(first))
	page.until("the spotlight", `document.querySelector('#spot .words')?.textContent === '第一句' && getComputedStyle(document.getElementById('rows')).display === 'none'`)
	page.eval("'look spotlight'")
	s.done("", "wall", "spring", "spotlight")
	s.done("", "wall", "spring", "panic")
	closed := `!document.getElementById('card').hidden && document.getElementById('card').textContent.includes('请稍候') && !document.querySelector('#rows .row, #pins .row, #spot .row')`
	page.until("the still card", closed)
	page.eval("'look panic'")
	v.eventually("the screen's word", func() bool {
		_, body := v.ask(v.admin + "/metrics")
		return strings.Contains(body, `callbackd_screens{account="spring",state="current"} 1`) && strings.Contains(body, `callbackd_screens{account="spring",state="behind"} 0`)
	})
	i.say(t, a, "oB", "藏起来的话")
	late := v.tab(390, 844, "/wall/spring?lang=zh-CN")
	late.until("the still card on a page that joins later", closed)
	late.eval("'look panic'")
	s.done("", "wall", "spring", "resume")
	for _, b := range []*tab{page, late} {
		b.until("everything again", `document.getElementById('card').hidden && `+wordsOfRows+` === '藏起来的话,请大家看舞台,第二句' && document.querySelector('#pins .words')?.textContent === '第一句'`)
	}
	i.say(t, a, "oB", "又来一句")
	page.until("what comes", wordsOfRows+`.startsWith('又来一句')`)
	s.done("", "wall", "spring", "clear")
	page.until("an empty wall", `!document.querySelector('#rows .row, #pins .row')`)
	i.say(t, a, "oB", "清空之后")
	for _, b := range []*tab{page, late} {
		b.until("what comes after", wordsOfRows+` === '清空之后'`)
	}
	eventOnPages(t, s, i, a, page, late)
}

// eventOnPages takes an event from before to after on two open pages.
func eventOnPages(t *testing.T, s *shell, i *installation, a *callbackd.Account, pages ...*tab) {
	start := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s.done(`{"title":"元宵晚会 2026","colours":{"ground":"#4a0d14","accent":"#ffc857","ink":"#fff4e0"},"draft":{"title":"元宵晚会，八点见","text":"先扫码关注，开始后就可以发言"},
		"closing":{"title":"谢谢大家","text":"明年再见"},"footer":{"text":"某某电视台","icp":"京ICP备2026000001号"}}`,
		"event", "spring", "add", "元宵", "--from", "-", "--start", start)
	all := func(what, expression string) {
		t.Helper()
		for _, b := range pages {
			b.until(what, expression)
			b.eval("'look " + what + "'")
		}
	}
	all("draft", `document.querySelector('#card h2').textContent === '元宵晚会，八点见' && !document.getElementById('card').hidden && getComputedStyle(document.body).color === 'rgb(255, 244, 224)'`)
	s.done("", "event", "spring", "start")
	all("live", `document.getElementById('card').hidden && document.getElementById('heading').textContent === '元宵晚会 2026' && !document.querySelector('#rows .row')`)
	i.say(t, a, "oB", "开场了")
	all("words", wordsOfRows+` === '开场了'`)
	s.done("", "event", "spring", "end")
	all("ended", `!document.getElementById('card').hidden && document.querySelector('#card h2').textContent === '谢谢大家' && document.querySelector('#credit a').href === 'https://beian.miit.gov.cn/'`)
}
