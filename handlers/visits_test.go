package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/wechat"
)

// connection waits until what is known of an account's link is as it is wanted.
func (s *site) connection(a *callbackd.Account, what string, want func(callbackd.Connection) bool) callbackd.Connection {
	s.Helper()
	var c callbackd.Connection
	eventually(s.T, func() string {
		var err error
		c, err = s.db.GetConnection(context.Background(), a.ID)
		s.must(err)
		return fmt.Sprint(want(c))
	}, "true")
	if !want(c) {
		s.Fatalf("%s was not noted: %+v", what, c)
	}
	return c
}

func TestVisits_TheCheckTheMessageAndSafeMode(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("gala", callbackd.ModeSafe, callbackd.ModerationHold)

	// our own check of the address is shown as ours
	resp, err := http.Get(s.http.URL + "/callback/gala?" + wechat.OwnCheck(a, time.Now()).Encode())
	s.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("own check: %d", resp.StatusCode)
	}
	c := s.connection(a, "our own check", func(c callbackd.Connection) bool { return !c.OwnAt.IsZero() })
	if c.Platform != nil || !c.CheckAt.IsZero() {
		t.Errorf("our own check counts as the platform's: %+v", c)
	}

	s.must(sim.Check(context.Background(), rehearsal.Genuine))
	c = s.connection(a, "the platform's check", func(c callbackd.Connection) bool { return !c.CheckAt.IsZero() })
	if c.Platform == nil || c.Platform.Kind != callbackd.VisitCheck || c.Platform.From != callbackd.AddressMachine || !c.MessageAt.IsZero() || !c.SafeAt.IsZero() {
		t.Errorf("after the check: %+v", c)
	}

	s.say(sim, 0, "第一句", rehearsal.SendOptions{})
	c = s.connection(a, "the first message", func(c callbackd.Connection) bool { return !c.MessageAt.IsZero() })
	if c.SafeAt.IsZero() || c.Platform.Mode != callbackd.ModeSafe || c.Platform.Kind != callbackd.VisitMessage {
		t.Errorf("after a message in safe mode: %+v", c)
	}
}

// TestVisits_WhatIsWrongWithARefusedOne: the doctor's sentence hangs on it.
func TestVisits_WhatIsWrongWithARefusedOne(t *testing.T) {
	s := newSite(t)
	for forgery, c := range map[rehearsal.Forgery]struct {
		mode callbackd.Mode // in which it comes
		flaw callbackd.Flaw
	}{
		rehearsal.ForgeSignature:    {callbackd.ModeSafe, callbackd.FlawToken},
		rehearsal.ForgeMsgSignature: {callbackd.ModeCompatible, callbackd.FlawToken},
		rehearsal.ForgeKey:          {callbackd.ModeSafe, callbackd.FlawKey},
		rehearsal.ForgeAppID:        {callbackd.ModeSafe, callbackd.FlawAppID},
		rehearsal.ForgeStale:        {callbackd.ModeCompatible, callbackd.FlawClock},
		rehearsal.ForgePlain:        {callbackd.ModeSafe, callbackd.FlawMode},
	} {
		t.Run(string(forgery), func(t *testing.T) {
			sim, a := s.account(callbackd.Slug("flaw-"+forgery), c.mode, callbackd.ModerationHold)
			s.say(sim, 0, "话", rehearsal.SendOptions{PrepareOptions: rehearsal.PrepareOptions{Forgery: forgery}, Attempts: 1})
			got := s.connection(a, "the refused push", func(c callbackd.Connection) bool { return c.Refused != nil })
			mode := c.mode
			if forgery == rehearsal.ForgePlain {
				mode = callbackd.ModePlain
			}
			if got.Refused.Flaw != c.flaw || got.Refused.Mode != mode || got.Platform != nil || !got.MessageAt.IsZero() {
				t.Errorf("%+v %+v", got.Refused, got)
			}
		})
	}
	sim, a := s.account("flaw-check", callbackd.ModeSafe, callbackd.ModerationHold)
	_ = sim.Check(context.Background(), rehearsal.ForgeSignature) // refused, of course
	if c := s.connection(a, "the refused check", func(c callbackd.Connection) bool { return c.Refused != nil }); c.Refused.Flaw != callbackd.FlawToken || c.Refused.Kind != callbackd.VisitCheck {
		t.Errorf("%+v", c.Refused)
	}
	_, b := s.account("stranger", callbackd.ModeSafe, callbackd.ModerationHold)
	s.get("/callback/stranger?echostr=1")
	s.get("/callback/stranger?" + wechat.OwnCheck(b, time.Now()).Encode())
	if c := s.connection(b, "our own check", func(c callbackd.Connection) bool { return !c.OwnAt.IsZero() }); c.Refused != nil {
		t.Errorf("a stranger without a signature is noted: %+v", c.Refused)
	}
}
