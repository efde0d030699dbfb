//go:build e2e

package e2e_test

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"callbackd"
	"callbackd/rehearsal"
)

// A screen in a hall and a phone, with nobody, a few and thousands of messages:
// the page opens, nothing sticks out at its side, and it holds a bounded number
// of rows however many there are.
func TestScreens_OpenWithNoRowsAFewAndThousands(t *testing.T) {
	s := newStage(t)
	counts := map[callbackd.Slug]int{"none": 0, "few": 5, "many": 5000}
	for slug := range counts {
		s.join(rehearsal.AccountConfig{Slug: slug, Mode: callbackd.ModePlain, API: rehearsal.APIConfig{None: true},
			Settings: rehearsal.Settings{Moderation: callbackd.ModerationOpen, JoinURL: "https://example.com/join"}})
	}
	s.serve()
	who := s.people(40, s.accounts...)
	words := rehearsal.Phrases()
	for _, a := range s.accounts {
		s.crowdSays(a, who, words, counts[a.Config.Slug])
		for _, size := range [][2]int{{1920, 1080}, {390, 844}} {
			s.checkScreen(a, size[0], size[1], counts[a.Config.Slug])
		}
	}
}

// crowdSays pushes many texts, as many at a time as a busy platform does.
func (s *stage) crowdSays(a *rehearsal.Account, who []rehearsal.Follower, words []string, n int) {
	s.t.Helper()
	group, ctx := errgroup.WithContext(s.t.Context())
	group.SetLimit(128)
	for i := range n {
		group.Go(func() error {
			_, v, err := a.Push(ctx, rehearsal.Message{From: who[i%len(who)].Number, Content: words[i%len(words)]}, rehearsal.SendOptions{})
			if err == nil && v.Outcome != rehearsal.OutcomeSuccess {
				err = fmt.Errorf("message %d was answered with %s: %s", i, v.Outcome, v.Why)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) checkScreen(a *rehearsal.Account, width, height, count int) {
	t := s.t
	t.Helper()
	const onOpen, kept = 50, 200 // rows
	where := fmt.Sprintf("%d×%d with %d messages", width, height, count)
	p := open(t, width, height, s.wall(a))
	p.live()
	if n := len(p.shown()); n != min(count, onOpen) {
		t.Errorf("%s: %d rows", where, n)
	}
	p.equals(func() []callbackd.PublicMessage {
		feed := s.feed(a)
		return feed[:min(len(feed), onOpen)]
	})
	wide := func() []string {
		return eval[[]string](p, `[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
			.map((e) => e.tagName + '.' + e.className).concat(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])`)
	}
	if out := wide(); len(out) > 0 {
		t.Errorf("%s: sticks out: %q", where, out)
	}
	if count == 0 {
		if !eval[bool](p, `document.querySelector('.invitation').checkVisibility() && document.querySelector('img.qr').naturalWidth > 0`) {
			t.Errorf("%s: no invitation", where)
		}
		return
	}
	first := eval[bool](p, `(() => { const r = document.querySelector('#rows .row').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; })()`)
	if !first {
		t.Errorf("%s: the newest message is not on the screen", where)
	}
	if count <= kept {
		return
	}
	for range 5 { // somebody reads on
		n := len(p.shown())
		p.do(`document.getElementById('earlier').click()`)
		p.until("earlier messages", fmt.Sprintf(`document.querySelectorAll('#rows .row').length > %d`, n))
	}
	if out := wide(); len(out) > 0 {
		t.Errorf("%s, further down: sticks out: %q", where, out)
	}
	p.do(`scrollTo(0, document.body.scrollHeight)`)
	p.until("further down", `scrollY > 1000`)
	p.do(`scrollTo(0, 0)`)
	p.until("back at the top the page is light again", fmt.Sprintf(`document.querySelectorAll('#rows .row').length === %d`, kept))
	if nodes := eval[int](p, `document.querySelectorAll('*').length`); nodes > 40*kept {
		t.Errorf("%s: %d elements", where, nodes)
	}
}
