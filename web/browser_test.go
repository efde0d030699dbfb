package web_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"callbackd/internal/testkit"
	"callbackd/internal/testkit/walltest"
)

// tab is a page in Chromium. What the browser complains about fails the test
// at its end: a refused script, a style against the policy, an error nobody
// caught.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func open(t *testing.T, width, height int, address string) *tab {
	t.Helper()
	b := &tab{t: t, ctx: testkit.Tab(t, width, height)}
	b.watch()
	b.navigate(address)
	return b
}

// openLive opens the wall and waits until it is live.
func openLive(t *testing.T, w *walltest.Wall) *tab {
	t.Helper()
	b := open(t, 1280, 900, w.PageURL()+"?lang=zh-CN")
	b.live()
	return b
}

func (b *tab) watch() {
	b.t.Helper()
	var mu sync.Mutex
	var complaints []string
	complain := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, text)
	}
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			complain(e.ExceptionDetails.Text + " " + e.ExceptionDetails.URL)
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "Content Security Policy") || strings.Contains(e.Entry.Text, "Trusted") {
				complain(e.Entry.Text)
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			b.t.Errorf("the browser complains: %s", c)
		}
	})
}

func (b *tab) navigate(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

// eval returns the value of an expression; a promise is awaited.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do runs statements for what they do.
func (b *tab) do(statements string) {
	b.t.Helper()
	eval[bool](b, "(() => { "+statements+"; return true; })()")
}

func (b *tab) until(what, condition string) {
	b.t.Helper()
	walltest.Eventually(b.t, what, func() bool { return eval[bool](b, "!!("+condition+")") })
}

func (b *tab) live() {
	b.t.Helper()
	b.until("the page is live", `document.getElementById('state').dataset.state === 'live'`)
}

// scroll goes down or up the page and waits until the page has noticed.
func (b *tab) scroll(to int) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`new Promise((done) => { addEventListener('scroll', () => setTimeout(done, 0, true), { once: true }); scrollTo(0, %d); })`, to))
}

// texts are the words of the rows, from the top.
func (b *tab) texts() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll('#rows .words')].map((w) => w.textContent)`)
}

// equals waits until the page shows what the server does.
func (b *tab) equals(w *walltest.Wall) {
	b.t.Helper()
	walltest.Eventually(b.t, "the page equals the server", func() bool { return slices.Equal(b.texts(), w.Shown(200)) })
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestBrowser_ReadsWithoutScripts(t *testing.T) {
	w := walltest.New(t)
	w.Say("晚上好 👋")
	b := &tab{t: t, ctx: testkit.Tab(t, 390, 844)}
	off := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	if err := chromedp.Do(b.ctx, off, chromedp.Navigate(w.PageURL()+"?lang=zh-CN")); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "晚上好 👋") || !strings.Contains(text, "海边的灯塔") || !strings.Contains(text, "刷新页面可看到新消息") {
		t.Errorf("the page without scripts: %s", text)
	}
}

// Guard: what followers wrote stays text, in rows from the server and in rows
// that arrive.
func TestBrowser_TextStaysText(t *testing.T) {
	w := walltest.New(t)
	w.Show(hostile())
	b := openLive(t, w)
	evil := hostile()
	evil.ID = "m2"
	w.Show(evil)
	voice := hostile()
	voice.ID, voice.Kind, voice.Link = "m3", "text", nil
	w.Show(voice)
	b.until("three rows", `document.querySelectorAll('#rows .row').length === 3`)
	if n := eval[int](b, `document.querySelectorAll('#rows script, #rows [onerror], #rows img[src=x], #rows a[href^="javascript"]').length`); n != 0 {
		t.Errorf("%d elements were made from text", n)
	}
	for i, words := range b.texts() {
		if words != hostile().Text {
			t.Errorf("row %d: %q", i, words)
		}
	}
	if eval[int](b, `document.querySelectorAll('#rows a.link').length`) != 2 || eval[int](b, `document.querySelectorAll('#rows a.link[href]').length`) != 0 {
		t.Error("an address that is not http leads somewhere")
	}
	if eval[string](b, `getComputedStyle(document.querySelector('#rows .words')).whiteSpaceCollapse`) != "preserve" {
		t.Error("line breaks are not kept")
	}
}

func TestBrowser_RowsAreTheSameFromServerAndScript(t *testing.T) {
	w := walltest.New(t)
	for _, m := range allKinds() {
		w.Show(m)
	}
	b := openLive(t, w)
	server := eval[string](b, outline)
	rows := eval[int](b, `document.querySelectorAll('#rows .row').length`)
	empty := walltest.New(t)
	c := openLive(t, empty)
	for _, m := range allKinds() {
		empty.Show(m)
	}
	c.until("all rows", fmt.Sprintf(`document.querySelectorAll('#rows .row').length === %d`, rows))
	c.until("nothing moves", `!document.querySelector('.arrive')`)
	script := strings.Split(eval[string](c, outline), "\n")
	for i, row := range strings.Split(server, "\n") {
		if i < len(script) && row != script[i] {
			t.Errorf("row %d by the server:\n%s\nby the script:\n%s", i, row, script[i])
		}
	}
	if rows != len(allKinds()) {
		t.Errorf("%d rows of %d", rows, len(allKinds()))
	}
}

// outline is what a reader sees of the rows, without whitespace between elements.
const outline = `[...document.querySelectorAll('#rows .row')].map((row) => row.outerHTML.replace(/\s+/g, ' ').replace(/> </g, '><')
  .replace(/<(\w+) ([^>]*?)( ?\/?)>/g, (m, name, attrs) => '<' + name + ' ' + (attrs.match(/[\w-]+(="[^"]*")?/g) ?? [])
    .filter((a) => a !== 'class=""').sort().join(' ') + '>')).join('\n')`
