//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

func TestGuards_EveryAnswerCarriesItsHeaders(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala", Settings: rehearsal.Settings{Moderation: callbackd.ModerationOpen, JoinURL: "https://example.com/join"}})
	s.serve()
	who := s.people(1, a)[0]
	say(t, a, rehearsal.Message{From: who.Number, Type: rehearsal.TypeImage, Asset: rehearsal.Files().Picture("stage.jpg")})
	eventually(t, "the picture is ready", func() bool { return s.feed(a)[0].Media.State == callbackd.MediaReady })
	m := s.feed(a)[0]
	for path, want := range map[string]struct {
		status int
		header map[string]string
	}{
		"/":                            {200, map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		wallPath(a):                    {200, map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		wallPath(a) + "/messages":      {200, map[string]string{"Content-Type": "application/json; charset=utf-8"}},
		wallPath(a) + "/changes":       {400, nil},
		wallPath(a) + "/join.png":      {200, map[string]string{"Content-Type": "image/png"}},
		wallPath(a) + "/join.svg":      {200, map[string]string{"Content-Type": "image/svg+xml"}},
		m.Media.URL:                    {200, map[string]string{"Content-Type": "image/jpeg", "Content-Security-Policy": "sandbox", "Cache-Control": "private, no-cache"}},
		m.Sender.Avatar:                {200, nil},
		"/wall/nobody":                 {404, nil},
		"/callback/gala":               {403, nil},
		"/media/00000000000000000000":  {404, nil},
		"/avatar/00000000000000000000": {404, nil},
		"/desk/":                       {200, map[string]string{"Cache-Control": "no-store"}}, // the login
	} {
		status, header, _ := s.get(path)
		if status != want.status {
			t.Errorf("%s: status %d, want %d", path, status, want.status)
		}
		checks := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
		for name, value := range want.header {
			checks[name] = value
		}
		for name, value := range checks {
			if got := header.Get(name); got != value {
				t.Errorf("%s: %s: %q, want %q", path, name, got, value)
			}
		}
		policy := header.Get("Content-Security-Policy")
		if policy == "" || strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "sandbox") && !strings.Contains(policy, "default-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("Server") != "" || header.Get("Set-Cookie") != "" && path != "/desk/" {
			t.Errorf("%s: tells %v", path, header)
		}
	}
}

// handshake asks for a live connection as a page of an origin would.
func (s *stage) handshake(host, origin string) int {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /live/websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\n\r\n", host, origin)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("handshake of %s: %v", origin, err)
	}
	return resp.StatusCode
}

func TestGuards_LiveConnectionsComeFromOurPagesAlone(t *testing.T) {
	s := newStage(t)
	s.join(rehearsal.AccountConfig{Slug: "gala"})
	s.serve()
	if status := s.handshake(s.addr, "http://"+s.addr); status != http.StatusSwitchingProtocols {
		t.Errorf("our own page: status %d", status)
	}
	for _, origin := range []string{"http://evil.example", "http://" + s.addr + ".evil.example", "http://127.0.0.1:1", "null"} {
		if status := s.handshake(s.addr, origin); status != http.StatusForbidden {
			t.Errorf("origin %s: status %d", origin, status)
		}
	}
	// And as a browser does it, from a page of somebody else's.
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	defer foreign.Close()
	p := open(t, 800, 600, foreign.URL+"/page")
	p.mayLoseServer() // the refusal is what is looked at
	ended := eval[string](p, `new Promise((done) => { const w = new WebSocket('ws://`+s.addr+`/live/websocket');
		w.onopen = () => done('open'); w.onerror = () => done('refused'); })`)
	if ended != "refused" {
		t.Errorf("a foreign page: %s", ended)
	}
}

// What a hole in escaping could do is refused by the policy all the same; and
// what the policy refuses is seen by these tests.
func TestGuards_ThePolicyRefusesForeignAndInlineThings(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala"})
	s.serve()
	p := openLive(t, s.wall(a))
	for what, attack := range map[string]string{
		"script-src":            `import('http://localhost:1/x.js').catch(() => {});`,
		"img-src":               `document.body.append(Object.assign(new Image(), { src: 'http://localhost:1/x.png' }));`,
		"connect-src":           `fetch('http://localhost:1/').catch(() => {});`,
		"style-src":             `document.body.setAttribute('style', 'color: red');`,
		"frame-src":             `document.body.append(Object.assign(document.createElement('iframe'), { src: 'http://localhost:1/' }));`,
		"trusted-types":         `try { trustedTypes.createPolicy('other', {}); } catch {}`,
		"require-trusted-types": `try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hurt=1">'); } catch {}`,
	} {
		p.do(attack)
		p.until("the policy refuses "+what, `window.refused.some((r) => r.startsWith(`+quote(what)+`))`)
	}
	if eval[bool](p, `window.hurt === 1`) {
		t.Error("an inline script ran")
	}
	if len(p.complaints()) < 7 {
		t.Errorf("complaints: %q", p.complaints())
	}
	p.forgive()
}

// What followers wrote stays text on every way to the page, and neither their
// ids nor those of the operator pages are in anything that leaves the server.
func TestGuards_WordsStayTextAndIdsStayInside(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala", MP: operators()})
	s.serve()
	who := s.people(2, a)
	evil := `</script><script>window.hurt=1</script><img src=x onerror="window.hurt=1">{{.Name}} ]]> & "'` + "`"
	if err := s.platform.SetProfile(who[0].Number, func(f *rehearsal.Follower) { f.Profile.Nickname = `<b onclick=x>&amp;小明` }); err != nil {
		t.Fatal(err)
	}
	text(t, a, who[0].Number, evil)
	fresh := open(t, 1280, 900, s.wall(a))
	fresh.live()
	p := openLive(t, s.wall(a))
	text(t, a, who[0].Number, "又来 "+evil)
	p.until("the row", `document.querySelectorAll('#rows .row').length === 2`)
	p.until("the name", `document.querySelector('#rows .name').textContent === `+quote(`<b onclick=x>&amp;小明`))
	for _, tab := range []*page{fresh, p} {
		tab.equals(func() []callbackd.PublicMessage { return s.feed(a) })
		if n := eval[int](tab, `document.querySelectorAll('#rows script, #rows b, #rows [onerror], #rows [onclick], #rows img[src=x]').length`); n != 0 || eval[bool](tab, `'hurt' in window`) {
			t.Errorf("%d elements were made from words", n)
		}
	}
	private := s.private(false)
	delete(private, string(a.Config.OriginalID))
	for _, path := range []string{"", "/messages", "/changes?after=0"} {
		_, header, body := s.get(wallPath(a) + path)
		if found := find(string(body)+fmt.Sprint(header), private); len(found) > 0 {
			t.Errorf("%s tells %v", path, found)
		}
	}
	if found := find(eval[string](p, `document.documentElement.outerHTML`), private); len(found) > 0 {
		t.Errorf("the page holds %v", found)
	}
}
