package handlers_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/internal/testkit/axe"
	"callbackd/store"
)

// planted is what a follower writes into every field. What a page makes an
// element of it is found by its id; a script of it would say so, too.
const planted = `<b id=pwned>"'><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`

// plant lets a follower fill every field that is the follower's, in messages of
// every kind and state.
func (s *deskSite) plant(a *callbackd.Account) {
	s.Helper()
	ctx := context.Background()
	open := callbackd.OpenID("oSynthetic-planter")
	for i, kind := range []callbackd.Kind{callbackd.KindText, callbackd.KindVoice, callbackd.KindImage, callbackd.KindVideo, callbackd.KindLocation, callbackd.KindLink, callbackd.KindText, callbackd.KindText} {
		m := &callbackd.Message{Kind: kind, Text: planted, SentAt: s.clock.Now(), MsgID: uint64(i)}
		switch kind {
		case callbackd.KindLocation:
			m.Place = &callbackd.Place{Label: planted}
		case callbackd.KindLink:
			m.Link = &callbackd.Link{Title: planted, Description: planted, URL: "javascript:window.pwned=1"}
		}
		cb := &store.Callback{Account: a, Key: string(rune('a'+i)) + "-planted", ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(), Outcome: store.OutcomeAccepted,
			MsgType: string(kind), From: open, Message: m}
		if kind.HasMedia() {
			cb.Media = &callbackd.Media{WeChatID: "media"}
		}
		_, err := s.db.Accept(ctx, cb)
		s.must(err)
	}
	s.must(s.db.SetPerson(ctx, a.ID, store.Resolution{FakeID: "84471", OpenID: open, ReadAt: s.clock.Now(),
		Profile: callbackd.Profile{Nickname: planted, Country: planted, Province: planted, City: planted, Signature: planted}}))
	rows := s.rows(a)
	s.decide(rows[0], callbackd.DecisionApprove)
	s.decide(rows[1], callbackd.DecisionApprove)
	s.decide(rows[1], callbackd.DecisionRemove)
	s.decide(rows[2], callbackd.DecisionRefuse)
}

// deskTab is a tab in which somebody is logged in.
func (s *deskSite) deskTab(c *deskClient, width, height int) context.Context {
	s.Helper()
	ctx := testkit.Tab(s.T, width, height)
	_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "desk", Value: c.cookie, URL: s.http.URL + "/desk", Path: "/desk"})
	s.must(err)
	return ctx
}

// picture keeps what a tab shows, where somebody wants to look at it.
func (s *deskSite) picture(ctx context.Context, name string) {
	s.Helper()
	folder := os.Getenv("CALLBACKD_PICTURES")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	s.must(err)
	s.must(os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600))
}

// deskPages are all pages that an owner of everything can open, as the router has
// them.
func (s *deskSite) deskPages(c *deskClient) []string {
	s.Helper()
	fill := strings.NewReplacer("{account}", "spring")
	pages := []string{"/desk/none-of-ours"}
	for _, r := range s.handlers.DeskRoutes() {
		path := fill.Replace(r.Pattern)
		if r.Method != http.MethodGet || strings.Contains(path, "{") || strings.HasSuffix(path, "/stream") {
			continue
		}
		a := c.get(path)
		if a.code == http.StatusOK && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			pages = append(pages, path)
		}
	}
	return pages
}

// TestDeskBrowser_EveryPage opens every page of the desk in both languages: WCAG
// 2.2 AA holds by axe-core, nothing that a follower wrote becomes part of a page,
// and the browser complains of nothing.
func TestDeskBrowser_EveryPage(t *testing.T) {
	s := newDeskSite(t)
	s.plant(s.acc)
	s.link(s.acc, planted[:40])
	owner := s.as(s.owner(), nil)
	pages := s.deskPages(owner)
	if len(pages) < 6 {
		t.Fatalf("only %d pages found: %v", len(pages), pages)
	}
	look := func(ctx context.Context, pages []string, lang string) {
		for _, page := range pages {
			if err := chromedp.Do(ctx, chromedp.Navigate(s.http.URL+page+"?lang="+lang)); err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			violations, err := axe.Check(ctx)
			s.must(err)
			for _, v := range violations {
				t.Errorf("%s in %s: %s", page, lang, v)
			}
			bad, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!document.getElementById('pwned') || !!window.pwned || !!document.querySelector('[href^="javascript:" i], img[src="x"]')`))
			s.must(err)
			if bad {
				t.Errorf("%s in %s: what a follower wrote became part of the page", page, lang)
			}
			s.picture(ctx, strings.ReplaceAll(strings.Trim(page, "/"), "/", "-")+"-"+lang)
		}
	}
	look(s.deskTab(owner, 1920, 1080), pages, "zh-CN")
	look(s.deskTab(owner, 390, 844), pages, "en")
	nobody := s.deskTab(s.stranger(), 390, 844)
	look(nobody, []string{"/desk/login"}, "zh-CN")
	_, err := chromedp.Run(nobody, chromedp.Evaluate[bool](`document.querySelector('main').append(document.createElement('input')); true`))
	s.must(err)
	if found, err := axe.Check(nobody); err != nil || len(found) == 0 {
		t.Errorf("a field without a name is no violation (%v): the check sees nothing", err)
	}
}
