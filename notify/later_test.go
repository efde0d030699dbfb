package notify_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

func (s *story) resumed(later time.Duration) {
	s.now = s.now.Add(later)
	s.took(s.machine.Resume(s.chain, s.now))
}

func TestResume_AVendorOfWhichNobodyKnowsIsAskedOnceMore(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(false))
	s.resumed(time.Hour / 10)
	if len(s.actions) != 2 || s.actions[1].Kind != notify.ActionSend || s.actions[1].Step.Row != notify.RowPhoneVendor {
		t.Fatalf("actions %+v", s.actions)
	}
	if due := s.chain.Due(); due != s.now.Add(notify.ReconnectGrace+10*time.Second) {
		t.Errorf("due %v after the start", due.Sub(s.now))
	}
	if s.chain.Sends != 1 {
		t.Errorf("%d sends: the extra one is the same send", s.chain.Sends)
	}
}

func TestResume_WhatWasAnsweredIsNotSentAgain(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(false))
	s.accepted()
	if s.resumed(time.Second); len(s.actions) != 0 {
		t.Errorf("accepted before: %+v", s.actions)
	}
	s.acked(phone)
	if s.resumed(time.Second); len(s.actions) != 0 {
		t.Errorf("ended before: %+v", s.actions)
	}
}

func TestResume_TheChannelWaitsForItsDevice(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(true))
	s.resumed(time.Minute)
	for _, a := range s.actions {
		if a.Kind == notify.ActionSend {
			t.Fatal("sent to a channel that nobody has opened yet")
		}
	}
	if _, _, ok := s.chain.Back(computer); ok {
		t.Error("another device is back")
	}
	next, actions, ok := s.chain.Back(phone)
	if !ok || len(actions) != 1 || actions[0].Step.Row != notify.RowPhoneChannel {
		t.Fatalf("back: %v %+v", ok, actions)
	}
	if _, _, again := next.Back(phone); again {
		t.Error("a connection that flaps gets it again and again")
	}
}

// Guard: without Postpone a vendor that is away for a while ends it for good.
func TestRetry_AVendorThatWantsAnotherTimeIsAskedThen(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(false))
	s.chain.Postpone(90*time.Second, s.now)
	s.refused()
	s.is(notify.KeyInbox, notify.RowPhoneVendor)
	if due := s.chain.RetryDue(); due != s.now.Add(90*time.Second) {
		t.Fatalf("due in %v", due.Sub(s.now))
	}
	if _, _, ok := s.machine.Retry(s.chain, s.facts, s.now.Add(89*time.Second)); ok {
		t.Error("before its time")
	}
	s.now = s.now.Add(90 * time.Second)
	next, actions, ok := s.machine.Retry(s.chain, s.facts, s.now)
	if !ok {
		t.Fatal("not tried again")
	}
	s.took(next, actions)
	s.is("", notify.RowPhoneVendor, notify.RowPhoneVendor)
	s.accepted()
	s.acked(phone)
	s.is(notify.KeyAcked, notify.RowPhoneVendor, notify.RowPhoneVendor)
}

func TestRetry_WaitsDoubleAndEndWithTheNotice(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(false))
	var waits []time.Duration
	for {
		s.chain.Postpone(0, s.now)
		s.refused()
		due := s.chain.RetryDue()
		waits = append(waits, due.Sub(s.now))
		s.now = due
		next, actions, ok := s.machine.Retry(s.chain, s.facts, s.now)
		if !ok {
			t.Fatal("not tried again")
		}
		if s.took(next, actions); next.Ended() {
			break
		}
	}
	s.is(notify.KeyExpired, s.sent...)
	if len(waits) < 5 || waits[0] != time.Second || waits[1] != 2*time.Second || len(waits) > 20 {
		t.Errorf("waits %v", waits)
	}
	if s.now.After(s.chain.Expires) {
		t.Error("tried after its time")
	}
}

func TestHandOverDue_IsWhenTheComputerTurnsInactiveAndNotLater(t *testing.T) {
	both := notify.Facts{Computers: []notify.Reach{{Device: computer, Active: true, Channel: true}}, Phones: []notify.Reach{{Device: phone, Vendor: true}}}
	mention, plain := tell(t, callbackd.ReasonMention, both), tell(t, callbackd.ReasonReceive, both)
	for _, s := range []*story{mention, plain} {
		s.happens(notify.Event{Kind: notify.EventAck, Device: computer, How: callbackd.HowInline})
	}
	soon, late := begin.Add(time.Minute), begin.Add(3*time.Minute)
	if got := mention.chain.HandOverDue(soon, begin); got != soon {
		t.Errorf("due %v", got)
	}
	if got := mention.chain.HandOverDue(late, begin); !got.IsZero() {
		t.Errorf("beyond two minutes: %v", got)
	}
	if got := plain.chain.HandOverDue(soon, begin); !got.IsZero() {
		t.Errorf("a plain notice: %v", got)
	}
	mention.read()
	if got := mention.chain.HandOverDue(soon, begin); !got.IsZero() {
		t.Errorf("read: %v", got)
	}
}

func TestScopeOf_ATestGoesToItsDeviceAlone(t *testing.T) {
	f := notify.Facts{Computers: []notify.Reach{{Device: computer, Active: false, Channel: true}}, Phones: []notify.Reach{{Device: phone, Vendor: true}}, WeChat: true}
	s := &story{t: t, machine: notify.NewMachine(notify.DefaultTiming()), facts: f, now: begin}
	s.took(s.machine.Start("n", callbackd.ReasonTest, notify.ScopeOf(computer), begin.Add(time.Minute), f, begin))
	s.is("", notify.RowComputerChannel)
	s.silence(3)
	s.is(notify.KeyInbox, notify.RowComputerChannel)
}
