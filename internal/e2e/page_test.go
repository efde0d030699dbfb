//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	protocol "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit"
)

// page is a wall in Chromium. What the browser complains about fails the test
// at its end: an error that nobody caught, a file that is not there, anything
// against the policy of the page.
type page struct {
	t       *testing.T
	ctx     context.Context
	mu      sync.Mutex // guards what follows
	said    []string   // complaints
	mayLose bool       // connections that are refused are expected: the server goes away
	mayAsk  bool       // so are answers of 4xx, and a connection that ends with its page
	deaf    bool       // the test has provoked what the browser may still be telling
}

// open opens an address and waits for nothing.
func open(t *testing.T, width, height int, address string) *page {
	t.Helper()
	p := &page{t: t, ctx: testkit.PoliteTab(t, width, height)}
	p.watch()
	p.visit(address)
	return p
}

// visit goes to an address and waits for nothing but the document.
func (p *page) visit(address string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("open %s: %v", address, err)
	}
}

// openLive opens a wall and waits until it is live.
func openLive(t *testing.T, address string) *page {
	t.Helper()
	p := open(t, 1280, 900, address)
	p.live()
	p.do(`window.stayed = true`) // a reload would forget it
	return p
}

// witness notes what the policy refuses, from before the first byte of the page.
const witness = `window.refused = []; document.addEventListener('securitypolicyviolation',
	(e) => window.refused.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile));`

func (p *page) watch() {
	p.t.Helper()
	err := chromedp.Listen(p.ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.complain(e.ExceptionDetails.Text + " " + e.ExceptionDetails.URL)
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				p.complain(e.Entry.Text + " " + e.Entry.URL)
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.always(witness)
	p.t.Cleanup(p.judge)
}

// always runs a script in every document from now on, before its own.
func (p *page) always(script string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, protocol.AddScriptToEvaluateOnNewDocument, protocol.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	inVain := []string{"responded with a status of 4", "Back-Forward Cache", "already in CLOSING or CLOSED"}
	if p.deaf || p.mayAsk && slices.ContainsFunc(inVain, func(s string) bool { return strings.Contains(text, s) }) || p.mayLose && (strings.Contains(text, "net::ERR_") || strings.Contains(text, "WebSocket connection")) {
		return
	}
	p.said = append(p.said, text)
}

// mayLoseServer says that the server will go away for a while.
func (p *page) mayLoseServer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mayLose = true
}

// mayAskInVain says that the page will ask for what it is refused, or be left while
// its connection still says goodbye.
func (p *page) mayAskInVain() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mayAsk = true
}

// complaints are what the browser and the policy have said so far.
func (p *page) complaints() []string {
	p.t.Helper()
	refused := eval[[]string](p, `window.refused`)
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Concat(p.said, refused)
}

// forgive forgets what was refused so far: the test has provoked it.
func (p *page) forgive() {
	p.t.Helper()
	p.do(`window.refused = []`)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said, p.deaf = nil, true // the browser may still be telling
}

func (p *page) judge() {
	if p.t.Failed() {
		return // the page may be anywhere
	}
	for _, c := range p.complaints() {
		p.t.Errorf("the browser complains: %s", c)
	}
}

// eval returns the value of an expression; a promise is awaited.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do runs statements for what they do.
func (p *page) do(statements string) {
	p.t.Helper()
	eval[bool](p, "(() => { "+statements+"; return true; })()")
}

// until waits for a condition of the page.
func (p *page) until(what, condition string) {
	p.t.Helper()
	eventually(p.t, what, func() bool { return eval[bool](p, "!!("+condition+")") })
}

// live waits until the page is connected and has missed nothing.
func (p *page) live() {
	p.t.Helper()
	p.until("the page is live", `document.getElementById('state')?.dataset.state === 'live'`)
}

// click presses the mouse on an element, as a person does.
func (p *page) click(selector string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		p.t.Fatalf("click on %s: %v", selector, err)
	}
}

// stayed fails the test when the page was loaded anew since openLive.
func (p *page) stayed() {
	p.t.Helper()
	if !eval[bool](p, `window.stayed === true`) {
		p.t.Error("the page was loaded anew")
	}
}

// shown are the rows of the page, from the top.
func (p *page) shown() []row {
	p.t.Helper()
	return eval[[]row](p, `[...document.querySelectorAll('#rows .row')].map((r) => {
		const media = r.querySelector('[data-part=media]');
		const file = /^(voice|image|video)-/.test(r.dataset.look);
		return { id: r.dataset.id, seq: Number(r.dataset.seq), look: r.dataset.look,
			name: r.querySelector('.name').textContent, avatar: r.querySelector('.avatar').getAttribute('src'),
			text: r.querySelector('.words').textContent,
			source: file && (media.dataset.src ?? media.getAttribute('href') ?? media.querySelector('video')?.getAttribute('src')) || '' };
	})`)
}

// equals waits until the page shows the wall as the server tells it, row by row.
func (p *page) equals(want func() []callbackd.PublicMessage) {
	p.t.Helper()
	var has, wants []row
	defer func() {
		if !slices.Equal(has, wants) {
			p.t.Logf("the page shows\n%s\nthe server tells\n%s", lines(has), lines(wants))
		}
	}()
	eventually(p.t, "the page equals the server", func() bool {
		has, wants = p.shown(), rows(want())
		return slices.Equal(has, wants)
	})
}

func lines(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%+v\n", r)
	}
	return b.String()
}

// at selects something in the row of a message.
func at(id callbackd.PublicID, selector string) string {
	return strings.TrimSpace(fmt.Sprintf(`.row[data-id="%s"] %s`, id, selector))
}

// find is the expression of the first element that a selector finds.
func one(selector string) string {
	quoted, err := json.Marshal(selector)
	if err != nil {
		panic(err)
	}
	return "document.querySelector(" + string(quoted) + ")"
}
