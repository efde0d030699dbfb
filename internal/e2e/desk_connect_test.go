//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/rehearsal"
)

// fill types values into the fields of a form by their names, and sends it.
func (p *page) fill(form string, pairs ...string) {
	p.t.Helper()
	var script strings.Builder
	script.WriteString("const form = " + one(form) + ";")
	for i := 0; i+1 < len(pairs); i += 2 {
		field := "form.elements.namedItem(" + quote(pairs[i]) + ")"
		script.WriteString(field + ".value = " + quote(pairs[i+1]) + "; " + field + ".dispatchEvent(new Event('change', { bubbles: true }));")
	}
	p.do(script.String() + "form.requestSubmit();")
}

// arrives is until across a page that is being left: while it goes, it cannot be asked.
func (p *page) arrives(what, condition string) {
	p.t.Helper()
	eventually(p.t, what, func() bool {
		is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+condition+")", chromedp.EvalAwaitPromise))
		return err == nil && is
	})
}

// operator makes an operator by a one-time link and is on the desk after it.
func (s *stage) operator(p *page, name string) {
	s.t.Helper()
	p.visit(strings.TrimSpace(s.call("operator", "link")))
	p.arrives("the form of the link", `document.querySelector('form input[name=password]')`)
	p.fill("main form", "name", name, "password", "eine lange Nacht 2026")
	p.arrives("the desk", `location.pathname === '/desk' && document.readyState === 'complete'`)
}

// A new account on the desk: what has to be pasted is there once; each light turns
// on by itself when its thing arrives; the doctor's findings come one by one; a
// login that needs a human is followed to its end. Nothing is loaded anew.
func TestDesk_AnAccountIsConnectedWhileItsPageLooksOn(t *testing.T) {
	s := newStage(t)
	s.serve()
	p := open(t, 1920, 1080, s.url("/desk/login?lang=zh-CN"))
	p.mayAskInVain() // streams end with their pages
	s.operator(p, "导演")

	p.visit(s.url("/desk/new"))
	p.do(`const name = document.querySelector('#new [name=name]'); name.value = '春晚 2026'; name.dispatchEvent(new Event('change'))`)
	p.until("a proposed address", `document.querySelector('#new [name=slug]').value === 'chunwan-2026'`)
	sim := &rehearsal.AccountConfig{Slug: "chunwan-2026", Name: "春晚 2026", MP: operators(), Operator: rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{Protected: true}},
		OriginalID: "gh_0123456789ab", AppID: "wx0123456789abcdef", AppSecret: "0123456789abcdef0123456789abcdef"}
	p.fill("#new", "name", sim.Name, "original_id", sim.OriginalID, "app_id", sim.AppID, "app_secret", sim.AppSecret)
	p.arrives("the page that connects", `location.pathname === '/desk/chunwan-2026/connect' && document.readyState === 'complete'`)
	pasted := eval[[]string](p, `[...document.querySelectorAll('.fields .secret')].map((e) => e.textContent)`)
	if len(pasted) != 3 || pasted[0] != s.url("/callback/chunwan-2026") || len(pasted[1]) != 32 || len(pasted[2]) != 43 {
		t.Fatalf("to paste: %q", pasted)
	}
	sim.CallbackURL, sim.Token, sim.AESKey, sim.Mode = pasted[0], pasted[1], pasted[2], callbackd.ModeSafe
	a, err := s.platform.AddAccount(*sim)
	if err != nil {
		t.Fatal(err)
	}
	s.accounts = append(s.accounts, a)
	p.do(`window.stayed = true`)
	lit := func(id string) string { return `document.querySelector('.light[data-light=` + id + `][data-lit]')` }
	for _, id := range []string{"check", "message", "safe"} {
		if eval[bool](p, "!!"+lit(id)) {
			t.Errorf("%s is green before anything arrived", id)
		}
	}

	_ = a.Check(context.Background(), rehearsal.ForgeSignature) // refused: the operator mistyped
	p.until("what is wrong with the token", `!document.getElementById('refused').hidden && document.getElementById('refused').textContent.includes('Token')`)
	if err := a.Check(context.Background(), rehearsal.Genuine); err != nil {
		t.Fatal(err)
	}
	p.until("the light of the check", lit("check")+` && document.getElementById('refused').hidden`)
	if eval[bool](p, "!!"+lit("message")) {
		t.Error("the check lights the message")
	}
	if body := eval[string](p, `document.documentElement.outerHTML`); strings.Contains(body, pasted[1]) || strings.Contains(body, pasted[2]) {
		t.Error("the secrets stay on the open page")
	}
	text(t, a, s.people(1, a)[0].Number, "第一句")
	p.until("the lights of message and safe mode", lit("message")+" && "+lit("safe"))

	p.click("#examine button")
	p.until("the doctor's last finding", `!document.querySelector('#examine button').disabled && document.querySelectorAll('.finding[data-level=ok]').length > 10 && !document.querySelector('.finding[data-level=""]')`)
	p.until("the platform's last visit", `document.querySelector('.finding[data-id=visit]').textContent.includes('平台最近一次来访')`)
	p.stayed()

	p.visit(s.url("/desk/chunwan-2026/connect"))
	if body := eval[string](p, `document.documentElement.outerHTML`); strings.Contains(body, pasted[1]) || strings.Contains(body, pasted[2]) {
		t.Error("the secrets are shown after the check arrived")
	}
	s.pagesOfTheOperator(p, a)
}

// pagesOfTheOperator switches the operator pages on and logs in by a phone.
func (s *stage) pagesOfTheOperator(p *page, a *rehearsal.Account) {
	t := s.t
	t.Helper()
	p.visit(s.url("/desk/chunwan-2026/pages"))
	if eval[bool](p, `document.querySelector('[name=risk]').checked`) {
		t.Error("the risk is taken by itself")
	}
	p.do(`document.querySelector('[name=risk]').checked = true`)
	p.fill("form.stack", "username", a.Config.MP.Username, "dialect", string(a.Config.MP.Dialect))
	p.arrives("the pages are on", `document.getElementById('log-in')`)
	p.click("#log-in")
	p.until("a picture to scan", `document.getElementById('login')?.dataset.step === 'picture' && document.getElementById('login-qr').naturalWidth > 0`)
	p.do(`window.stayed = true`)
	encoded := eval[string](p, `fetch(document.getElementById('login-qr').src).then((r) => r.arrayBuffer()).then((b) => btoa(String.fromCharCode(...new Uint8Array(b))))`)
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !bytes.HasPrefix(picture, []byte{0xff, 0xd8}) && !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Fatalf("no picture of %d bytes: %v", len(picture), err)
	}
	if err := a.ScanQR(readQR(t, picture)); err != nil {
		t.Fatal(err)
	}
	p.until("the scan", `document.getElementById('login').dataset.step === 'scanned'`)
	if err := a.ConfirmLogin(); err != nil {
		t.Fatal(err)
	}
	p.until("the login", `document.getElementById('login').dataset.step === 'done' && document.getElementById('login-qr').hidden`)
	p.stayed()
	if a.Logins() != 1 {
		t.Errorf("%d sessions", a.Logins())
	}
}
