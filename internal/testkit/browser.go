package testkit

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browserHint is what to run where Chromium is missing.
const browserHint = "apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk fonts-noto-color-emoji"

// tabTime is how long one test may use a tab.
const tabTime = 5 * time.Minute

// chrome are the headless browsers that all tests of one process use; each
// starts with the first test that asks for it.
var chrome = struct{ eager, polite sharedBrowser }{polite: sharedBrowser{clickFirst: true}}

type sharedBrowser struct {
	clickFirst bool       // sound only after a click; fixed
	mu         sync.Mutex // guards the fields below
	ctx        context.Context
	cancel     context.CancelFunc
	err        error
}

// Tab returns a context in which chromedp acts on a fresh tab of the system's
// Chromium, with storage of its own, in a window of the given size. The tab
// closes when the test ends. It reaches this machine alone, plays sound without
// a click, and is muted. Where Chromium is not installed the test fails and
// says how to install it.
//
// A package that calls this has a TestMain that calls Main.
func Tab(tb testing.TB, width, height int) context.Context {
	tb.Helper()
	return chrome.eager.tab(tb, width, height)
}

// PoliteTab is Tab in a browser as people have it: a page makes no sound before
// somebody has clicked on it.
func PoliteTab(tb testing.TB, width, height int) context.Context {
	tb.Helper()
	return chrome.polite.tab(tb, width, height)
}

func (b *sharedBrowser) tab(tb testing.TB, width, height int) context.Context {
	tb.Helper()
	parent, err := b.get()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	tb.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, tabTime)
	tb.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		tb.Fatalf("open a tab: %v", err)
	}
	return ctx
}

func (b *sharedBrowser) get() (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx != nil || b.err != nil {
		return b.ctx, b.err
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		b.err = fmt.Errorf("chromium is not installed: run %s", browserHint)
		return nil, b.err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("mute-audio", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	if b.clickFirst {
		options = append(options, chromedp.Flag("autoplay-policy", "document-user-activation-required"))
	} else {
		options = append(options, chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	b.cancel = func() { cancel(); stop() }
	if b.err = chromedp.Do(ctx); b.err != nil {
		b.cancel()
		return nil, b.err
	}
	b.ctx = ctx
	return ctx, nil
}

// stop closes the browser, where one was started.
func (b *sharedBrowser) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	_ = chromedp.Cancel(ctx) // at the end of all tests there is nobody to tell
	b.cancel()
	b.ctx = nil
}
