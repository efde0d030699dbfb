//go:build e2e

package e2e_test

import (
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// One person speaks to two accounts, over two callback URLs. Each push makes the
// program log in with the credentials of the account that its URL names, find
// the person there, and keep what it learned: the next message costs nothing.
func TestClaimD1D2D7D8_TheURLNamesTheAccountWhosePagesKnowTheSender(t *testing.T) {
	s := newStage(t)
	gala := s.join(rehearsal.AccountConfig{Slug: "gala", MP: operators()})
	other := s.join(rehearsal.AccountConfig{Slug: "other", MP: operators()})
	s.serve()
	who := s.people(5, gala, other)[2]
	named := func(a *rehearsal.Account) func() bool {
		return func() bool {
			feed := s.feed(a)
			return len(feed) > 0 && feed[0].Sender.Resolved && feed[0].Sender.Name == who.Profile.Nickname
		}
	}
	text(t, gala, who.Number, "大家好")
	eventually(t, "the sender is known on the first account", named(gala))
	if n := s.platform.Counters("other")["mp/login"]; n != 0 {
		t.Errorf("the other account was logged in %d times", n)
	}
	text(t, other, who.Number, "这边也好")
	eventually(t, "the sender is known on the other account", named(other))
	for _, a := range []callbackd.Slug{"gala", "other"} {
		if n := s.platform.Counters(a)["mp/login"]; n != 1 {
			t.Errorf("%s was logged in %d times", a, n)
		}
	}
	if g, o := s.feed(gala)[0].Sender, s.feed(other)[0].Sender; g.ID == o.ID || g.Avatar == o.Avatar {
		t.Errorf("the same public ids on two accounts: %+v, %+v", g, o)
	}

	eventually(t, "the face is there, too", func() bool { return cards(s, "gala") == 1 && s.platform.Counters("gala")["mp/getheadimg"] == 1 })
	before := s.platform.Counters("gala")
	text(t, gala, who.Number, "再说一句")
	if m := s.feed(gala)[0]; m.Text != "再说一句" || m.Sender.Name != who.Profile.Nickname || !m.Sender.Resolved {
		t.Errorf("the second message came with %+v", m.Sender)
	}
	// A stranger shows that the search has gone over everybody who waits.
	stranger := s.people(1, gala)[0]
	text(t, gala, stranger.Number, "我是新来的")
	eventually(t, "the stranger has a name and a face", func() bool {
		return s.feed(gala)[0].Sender.Name == stranger.Profile.Nickname && s.platform.Counters("gala")["mp/getheadimg"] >= 2
	})
	after := s.platform.Counters("gala")
	if cards(s, "gala") != 2 || after["mp/getheadimg"] != 2 || after["mp/login"] != before["mp/login"] {
		t.Errorf("a known sender cost pages: %v, then %v", before, after)
	}
}

func cards(s *stage, slug callbackd.Slug) int { return s.platform.Counters(slug)["mp/getcontactinfo"] }
