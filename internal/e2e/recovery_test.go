//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// remember notes every row that is painted from now on, and whether a message
// ever stands there twice.
func (p *page) remember() {
	p.t.Helper()
	p.do(`window.painted = []; window.twice = []; const list = document.getElementById('rows');
		new MutationObserver((all) => {
			for (const m of all) for (const n of m.addedNodes) if (n.dataset?.id) window.painted.push(n.dataset.id);
			const ids = [...list.children].map((r) => r.dataset.id);
			window.twice.push(...ids.filter((id, i) => ids.indexOf(id) !== i));
		}).observe(list, { childList: true })`)
}

// neverPainted fails the test when one of the messages was painted since remember.
func (p *page) neverPainted(ids []callbackd.PublicID) {
	p.t.Helper()
	for _, id := range eval[[]callbackd.PublicID](p, `window.painted`) {
		if slices.Contains(ids, id) {
			p.t.Errorf("%s was painted again after it was taken down", id)
		}
	}
	if twice := eval[[]string](p, `window.twice`); len(twice) > 0 {
		p.t.Errorf("on the page twice: %v", twice)
	}
}

func (p *page) offline() {
	p.t.Helper()
	p.until("the page says that it is offline", `document.getElementById('state').dataset.state === 'offline'`)
}

// evening is a wall on which a moderator decides, some hours in: what is shown
// has pseudonyms and a voice that was not there yet when it was approved, and
// names and voice have come since and wait to be passed.
type evening struct {
	*stage
	account *rehearsal.Account
	server  *server
	who     []rehearsal.Follower
	shown   []callbackd.PublicID // texts, oldest first
	late    []callbackd.PublicID // waiting for the moderator
	voice   callbackd.PublicID
}

func newEvening(t *testing.T) *evening {
	t.Helper()
	e := &evening{stage: newStage(t)}
	e.account = e.join(rehearsal.AccountConfig{Slug: "gala", MP: operators(), Operator: rehearsal.OperatorFaults{Down: true},
		Settings: rehearsal.Settings{Moderation: callbackd.ModerationHold}})
	e.who = e.people(15, e.account)
	e.server = e.serve()
	a := e.account
	say(t, a, rehearsal.Message{From: e.who[14].Number, Type: rehearsal.TypeImage, Asset: rehearsal.Files().Picture("stage.jpg")})
	eventually(t, "the picture is ready", func() bool { return e.listed(a)[0].Media.State == callbackd.MediaReady })
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	say(t, a, rehearsal.Message{From: e.who[13].Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voice("zh-1")})
	for i := range 15 {
		text(t, a, e.who[i%13].Number, fmt.Sprint("早先的话 ", i))
	}
	for i := range 5 {
		text(t, a, e.who[i+5].Number, fmt.Sprint("迟到的话 ", i))
	}
	all := e.listed(a)
	for i := range 15 {
		e.shown = append(e.shown, idOf(t, all, fmt.Sprint("早先的话 ", i)))
	}
	for i := range 5 {
		e.late = append(e.late, idOf(t, all, fmt.Sprint("迟到的话 ", i)))
	}
	picture := all[len(all)-1].ID
	e.voice = all[len(all)-2].ID
	e.decide(a, "approve", append([]callbackd.PublicID{picture, e.voice}, e.shown...)...)
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = false })
	a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = false })
	for i := range 5 { // a push makes the search due
		text(t, a, e.who[i].Number, fmt.Sprint("没有人批准的话 ", i))
	}
	eventually(t, "names and the voice have come and wait", func() bool { return e.waiting() })
	return e
}

// waiting reports whether five names and the voice wait to be passed.
func (e *evening) waiting() bool {
	waits := map[callbackd.PublicID][]string{}
	for _, m := range e.listed(e.account) {
		waits[m.ID] = m.Waiting
	}
	for _, id := range e.shown[:5] {
		if !slices.Contains(waits[id], "name") {
			return false
		}
	}
	return slices.Contains(waits[e.voice], "media")
}

func TestRecovery_APageThatWasAwayEqualsTheServerWithoutAReload(t *testing.T) {
	e := newEvening(t)
	a := e.account
	p := openLive(t, e.wall(a))
	told := func() []callbackd.PublicMessage { return e.feed(a) }
	p.equals(told)
	for _, r := range p.shown() {
		for _, f := range e.who {
			if r.Name == f.Profile.Nickname {
				t.Errorf("a name that nobody has passed: %+v", r)
			}
		}
	}
	p.remember()
	p.mayLoseServer()
	elsewhere := freeAddr(t) // while the page's own address is taken
	e.server.stop()
	p.offline()

	// While the page cannot hear: another server on another port, and the shell.
	second := e.serveAt(elsewhere)
	a.SetCallbackURL("http://" + elsewhere + "/callback/gala")
	for i := range 20 {
		text(t, a, e.who[i%13].Number, fmt.Sprint("新的话 ", i))
	}
	second.stop()
	a.SetCallbackURL(e.url("/callback/gala"))
	all := e.listed(a)
	var fresh []callbackd.PublicID
	for i := range 20 {
		fresh = append(fresh, idOf(t, all, fmt.Sprint("新的话 ", i)))
	}
	named, removed := e.shown[:5], e.shown[10:]
	e.decide(a, "approve", fresh...)
	e.decide(a, "approve", e.late...)
	e.decide(a, "approve", append([]callbackd.PublicID{e.voice}, named...)...)
	e.decide(a, "remove", removed...)

	e.serve()
	p.live()
	p.equals(told)
	p.neverPainted(removed)
	p.stayed()
	e.checkChanged(p, fresh, named, removed)

	text(t, a, e.who[0].Number, "还在吗？")
	id := idOf(t, e.listed(a), "还在吗？")
	e.decide(a, "approve", id)
	p.until("what is approved now appears", `document.querySelector('#rows .row')?.dataset.id === `+quote(string(id)))
	p.equals(told)
}

// checkChanged judges what came of the changes, on the page and on every public path.
func (e *evening) checkChanged(p *page, fresh, named, removed []callbackd.PublicID) {
	t := e.t
	t.Helper()
	shown := p.shown()
	if want := 17 + 20 + 5 - 5; len(shown) != want {
		t.Errorf("%d rows, want %d", len(shown), want)
	}
	byID := map[callbackd.PublicID]row{}
	for _, r := range shown {
		byID[r.ID] = r
	}
	for i, id := range named {
		if byID[id].Name != e.who[i].Profile.Nickname {
			t.Errorf("the late name %d is %q, want %q", i, byID[id].Name, e.who[i].Profile.Nickname)
		}
	}
	for _, id := range slices.Concat(fresh, e.late) {
		if byID[id].ID == "" {
			t.Errorf("%s is not on the page", id)
		}
	}
	if byID[e.voice].Look != "voice-ready" {
		t.Errorf("the voice is %q", byID[e.voice].Look)
	}
	whole := eval[string](p, `document.documentElement.outerHTML`)
	for _, path := range []string{"/messages?limit=200", "/changes?after=0&limit=200", ""} {
		_, _, body := e.get(wallPath(e.account) + path)
		whole += string(body)
	}
	for i := range removed {
		if words := fmt.Sprintf("早先的话 %d", 10+i); strings.Contains(whole, words) {
			t.Errorf("%q was taken down and is still told", words)
		}
	}
	if strings.Contains(whole, "没有人批准的话") {
		t.Error("what waits is told")
	}
}

// The server dies without a word while people speak: the platform pushes again
// what was not answered, the page reconnects by itself, and a voice that was
// being fetched comes.
func TestRecovery_AServerThatIsKilledComesBackToTheSamePage(t *testing.T) {
	s := newStageOn(t, rehearsal.Options{Seed: 7, RepeatPause: restart})
	a := s.join(rehearsal.AccountConfig{Slug: "gala", Push: rehearsal.PushConfig{Attempts: 4}})
	who := s.people(12, a)
	v := s.serve()
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	p := openLive(t, s.wall(a))
	for i := range 10 {
		text(t, a, who[i].Number, fmt.Sprint("在场 ", i))
	}
	say(t, a, rehearsal.Message{From: who[11].Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voice("zh-1")})
	told := func() []callbackd.PublicMessage { return s.feed(a) }
	p.equals(told)
	p.remember()
	p.mayLoseServer()

	var mu sync.Mutex
	answered := map[string]bool{}
	some := make(chan struct{})
	var pushes sync.WaitGroup
	speak := func(from int, words string) {
		pushes.Go(func() {
			_, verdict, err := a.Push(t.Context(), rehearsal.Message{From: who[from].Number, Content: words}, rehearsal.SendOptions{})
			mu.Lock()
			defer mu.Unlock()
			answered[words] = err == nil && verdict.Outcome == rehearsal.OutcomeSuccess
			if len(answered) == 4 {
				close(some)
			}
		})
	}
	for i := range 12 {
		speak(i, fmt.Sprint("正在说 ", i))
	}
	<-some
	v.crash()
	for i := range 3 {
		speak(i, fmt.Sprint("没有人听见 ", i))
	}
	p.offline()
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = false })
	s.serve()
	pushes.Wait()
	p.live()
	p.until("the voice has come", `document.querySelector('#rows [data-look=voice-ready]')`)
	p.equals(told)
	p.neverPainted(nil)
	p.stayed()
	count := map[string]int{}
	for _, m := range told() {
		count[m.Text]++
	}
	for words, taken := range answered {
		if n := count[words]; n > 1 || taken && n != 1 {
			t.Errorf("%q: answered %v, %d times on the wall", words, taken, n)
		}
	}
	if status, _, _ := s.get(wallPath(a)); status != http.StatusOK {
		t.Errorf("the page answers %d", status)
	}
}
