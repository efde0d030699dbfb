package notify_test

import (
	"slices"
	"testing"

	"callbackd"
	"callbackd/notify"
)

// shown is a message on the wall.
func shown(mentions bool, o callbackd.GroupOptions) notify.Matter {
	return notify.Matter{State: callbackd.StateShown, Mentions: mentions, Options: o}
}

// Table 6.1 and the details switch over everything that they look at, judged by
// sentences instead of the order of cases.
func TestWho_EveryCombination(t *testing.T) {
	count := 0
	for _, standing := range []notify.Standing{notify.Stranger, notify.Author, notify.Follower} {
		for detail := callbackd.LevelHint; detail <= callbackd.LevelWords; detail++ {
			for bits := range 1 << 6 {
				on := func(i int) bool { return bits>>i&1 == 1 }
				c := notify.Candidate{Sender: 7, Standing: standing, Mentioned: on(0), Receive: on(1)}
				m := shown(on(2), callbackd.GroupOptions{IgnoreMentions: on(3), NoReceiveSwitch: on(4), MentionExclusive: on(5)})
				count++
				judgeWho(t, m, c)
				if got := notify.What(callbackd.Preferences{Detail: detail}); got != detail {
					t.Errorf("detail %d shows level %d", detail, got)
				}
			}
		}
	}
	if count != 576 {
		t.Errorf("%d combinations", count)
	}
}

func judgeWho(t *testing.T, m notify.Matter, c notify.Candidate) {
	t.Helper()
	d := notify.Who(m, c)
	alert := d.Telling == notify.TellAlert
	asMentioned := c.Mentioned && !m.Options.IgnoreMentions
	othersOnly := m.Options.MentionExclusive && !m.Options.IgnoreMentions && m.Mentions && !asMentioned
	mayReceive := (c.Receive || m.Options.NoReceiveSwitch) && !othersOnly
	for rule, holds := range map[string]bool{
		"only a follower who did not write it is told": (d.Telling == notify.TellNothing) == (c.Standing != notify.Follower),
		"a mentioned follower is certainly alerted":    !(c.Standing == notify.Follower && asMentioned) || alert && d.Reason == callbackd.ReasonMention,
		"nobody else is alerted by a mention":          d.Reason != callbackd.ReasonMention || asMentioned,
		"receiving alerts":                             !(c.Standing == notify.Follower && !asMentioned) || alert == mayReceive,
		"an alert has a reason, nothing else has":      alert == (d.Reason != ""),
		"there are words for it":                       reasoned(d.Why),
		"their own message is called so":               (d.Why == notify.KeyOwn) == (c.Standing == notify.Author),
		"it is about the person":                       d.Sender == c.Sender,
	} {
		if !holds {
			t.Errorf("%s: %+v %+v gives %+v", rule, m, c, d)
		}
	}
}

func TestWho_WhatTheGateHoldsIsToldToNobody(t *testing.T) {
	for _, s := range []callbackd.State{callbackd.StateHeld, callbackd.StateRefused, callbackd.StateRemoved, callbackd.StateErased, ""} {
		m := shown(true, callbackd.GroupOptions{})
		m.State = s
		if d := notify.Who(m, notify.Candidate{Standing: notify.Follower, Mentioned: true, Receive: true}); d.Telling != notify.TellNothing || d.Why != notify.KeyHeld {
			t.Errorf("%q: %+v", s, d)
		}
	}
}

func TestWho_AnUnknownDetailShowsNothing(t *testing.T) {
	for _, l := range []callbackd.Level{-1, 3} {
		if got := notify.What(callbackd.Preferences{Detail: l}); got != callbackd.LevelHint {
			t.Errorf("%d shows %d", l, got)
		}
	}
}

func TestCandidates_EachPersonOnceFiveMentions(t *testing.T) {
	got := notify.Candidates(3, []callbackd.SenderID{3, 1, 2, 1, 4, 5, 6, 7}, []callbackd.SenderID{2, 3, 7, 8}, callbackd.GroupOptions{})
	var ids, mentioned []callbackd.SenderID
	for _, c := range got {
		ids = append(ids, c.Sender)
		if c.Mentioned {
			mentioned = append(mentioned, c.Sender)
		}
		if (c.Standing == notify.Author) != (c.Sender == 3) || c.Receive != slices.Contains([]callbackd.SenderID{2, 3, 7, 8}, c.Sender) {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(ids, []callbackd.SenderID{3, 1, 2, 4, 5, 6, 7, 8}) || !slices.Equal(mentioned, []callbackd.SenderID{1, 2, 4, 5, 6}) {
		t.Errorf("%v, mentioned %v", ids, mentioned)
	}
}
