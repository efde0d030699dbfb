//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"callbackd/internal/testkit"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
)

// audience is a wall whose followers can be told, and the vendors that tell them.
// Its waits for acknowledgements are long: nobody who is quick enough on an idle
// machine may be late on a busy one.
type audience struct {
	*stage
	account *rehearsal.Account
	vendors *pushtest.Server
	who     []rehearsal.Follower
}

// newAudience starts the server of a wall with some followers.
func newAudience(t *testing.T, followers int, settings ...string) *audience {
	t.Helper()
	return newAudienceOf(t, rehearsal.AccountConfig{}, followers, settings...)
}

func newAudienceOf(t *testing.T, c rehearsal.AccountConfig, followers int, settings ...string) *audience {
	t.Helper()
	vendors := pushtest.Start(t, pushtest.Options{})
	h := &audience{vendors: vendors, stage: newStage(t, append([]string{"--webpush-hosts", vendors.Host(),
		"--webpush-subject", "mailto:operator@example.com", "--notice-ack", "60s", "--notice-vendor-ack", "60s"}, settings...)...)}
	c.Slug, c.Name, c.MP = "gala", "春晚现场", operators()
	h.account = h.join(c)
	h.serve()
	h.who = h.people(followers, h.account)
	return h
}

// known lets followers say something, and waits until the wall knows their names.
func (h *audience) known(who ...rehearsal.Follower) {
	h.t.Helper()
	for _, f := range who {
		text(h.t, h.account, f.Number, "我是 "+f.Profile.Nickname)
	}
	eventually(h.t, "their names are on the wall", func() bool {
		names := map[string]bool{}
		for _, m := range h.feed(h.account) {
			names[m.Sender.Name] = true
		}
		return !slices.ContainsFunc(who, func(f rehearsal.Follower) bool { return !names[f.Profile.Nickname] })
	})
}

// mentions lets a follower say words to another one.
func (h *audience) mentions(from, to rehearsal.Follower, words string) {
	h.t.Helper()
	text(h.t, h.account, from.Number, "@"+to.Profile.Nickname+" "+words)
}

// answered is what the account answers to words of a follower.
func (h *audience) answered(from rehearsal.Follower, words string) string {
	h.t.Helper()
	_, v, err := h.account.Push(h.t.Context(), rehearsal.Message{From: from.Number, Content: words}, rehearsal.SendOptions{})
	if err != nil || v.Outcome == rehearsal.OutcomeFault {
		h.t.Fatalf("%q was answered with %s: %s, %v", words, v.Outcome, v.Why, err)
	}
	if v.Reply == nil {
		return ""
	}
	return v.Reply.Content
}

// commands lets a follower send a command, whose answer must say something.
func (h *audience) commands(from rehearsal.Follower, command, want string) {
	h.t.Helper()
	if says := h.answered(from, command); !strings.Contains(says, want) {
		h.t.Fatalf("%s is answered with %q, not with %q", command, says, want)
	}
}

// end is a browser of a follower as the tests make it.
type end struct {
	width, height int
	phone         bool
	push          *pushtest.Device // its push service; nil: the browser has none
	denied        bool             // notifications of the system
}

func computer() end { return end{width: 1280, height: 900} }
func phone() end    { return end{width: 390, height: 844, phone: true} }

// withPush gives a browser a push service, which the test's vendor stands for.
func (e end) withPush(h *audience, name string) end {
	e.push = h.vendors.NewBrowser(name, "")
	return e
}

// opens opens the wall in a browser of its own.
func (h *audience) opens(e end) *viewer {
	h.t.Helper()
	v := &viewer{page: &page{t: h.t, ctx: testkit.PoliteTab(h.t, e.width, e.height)}, house: h, end: e}
	v.prepare()
	v.visit(h.wall(h.account))
	v.live()
	return v
}

// binds opens the wall in a browser of its own and binds it to a follower.
func (h *audience) binds(e end, who rehearsal.Follower) *viewer {
	h.t.Helper()
	v := h.opens(e)
	v.binds(who)
	return v
}

// scans points a follower's phone at a QR that says something.
func (h *audience) scans(who rehearsal.Follower, says, want string) {
	h.t.Helper()
	e, err := h.account.ScanCode(who.Number, says)
	if err != nil {
		h.t.Fatalf("the QR says %q: %v", says, err)
	}
	v, err := h.account.PushEvent(h.t.Context(), e, rehearsal.SendOptions{})
	if err != nil || v.Outcome != rehearsal.OutcomeReply || !strings.Contains(v.Reply.Content, want) {
		h.t.Fatalf("the scan is answered with %s %+v, %v", v.Outcome, v.Reply, err)
	}
}

// binding is how far a browser is with being bound.
func (v *viewer) binding() string {
	v.t.Helper()
	return eval[string](v.page, `fetch('/api/v1/me/binding?account=gala').then((r) => r.json()).then((b) => b.state)`)
}
