package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"callbackd/internal/testkit"
	"callbackd/internal/testkit/walltest"
)

// follower is whom the tests' browsers are bound to.
const follower = "林小满 🌿"

// click is a real one: the browser takes it for somebody's.
func (b *tab) click(selector string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		b.t.Fatalf("click on %s: %v", selector, err)
	}
}

// keys presses keys on whatever has the focus.
func (b *tab) keys(text string) {
	b.t.Helper()
	for i, line := range strings.Split(text, kb.Enter) {
		if i > 0 {
			b.enter()
		}
		if err := chromedp.Do(b.ctx, chromedp.KeyEvent(line)); err != nil {
			b.t.Fatalf("keys: %v", err)
		}
	}
}

// enter is the key as a keyboard sends it: a raw one, which a page can keep from
// writing a line end.
func (b *tab) enter() {
	b.t.Helper()
	for _, part := range kb.Encode('\r') {
		if part.Type == kb.KeyDown {
			part.Type = input.DispatchKeyEventTypeRawKeyDown
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, *part); err != nil {
			b.t.Fatalf("enter: %v", err)
		}
	}
}

// allow decides about a permission of the tab's browser.
func (b *tab) allow(name string, setting browser.PermissionSetting) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	if err != nil {
		b.t.Fatalf("permission %s: %v", name, err)
	}
}

// sees reports whether somebody can see what a selector finds.
func sees(selector string) string {
	return fmt.Sprintf(`(document.querySelector(%q)?.checkVisibility() ?? false)`, selector)
}

// reads is the visible text of what a selector finds.
func (b *tab) reads(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ''`, selector))
}

// asked waits until the page shows a code.
func (b *tab) asks(w *walltest.Wall) {
	b.t.Helper()
	b.click("#remind")
	b.until("a code", sees("#bind [data-part=code]"))
}

// bind goes through the dialog with a follower who agrees.
func (b *tab) bind(w *walltest.Wall) {
	b.t.Helper()
	b.asks(w)
	w.API.Agree(follower)
	b.do(`dispatchEvent(new Event('focus'))`) // as whoever comes back from WeChat
	b.until("the question", sees("#bind [data-part=question]"))
	b.click("#bind [data-part=confirm]")
	b.until("the binding is done", sees("#bind [data-part=hello]"))
	b.click("#bind [data-part=later]")
	b.until("the viewer's page", sees("#notices-open")+" && "+sees("#composer"))
}

// openBound opens a wall in a browser that is bound, and waits until its device
// is listened to.
func openBound(t *testing.T, w *walltest.Wall, width, height int, also ...string) *tab {
	t.Helper()
	b := open(t, width, height, w.PageURL()+"?lang=zh-CN")
	for _, name := range also {
		b.allow(name, browser.PermissionSettingGranted)
	}
	b.live()
	b.bind(w)
	return b
}

// picture keeps what the tab shows, where somebody wants to look at it.
func (b *tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("CALLBACKD_PICTURES")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

var _ = testkit.Tab
