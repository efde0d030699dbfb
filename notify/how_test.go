package notify_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

// story plays one chain with the real waits.
type story struct {
	t       *testing.T
	machine notify.Machine
	chain   notify.Chain
	facts   notify.Facts
	now     time.Time
	sent    []notify.Row
	actions []notify.Action // of the last step
}

func tell(t *testing.T, why callbackd.Reason, f notify.Facts) *story {
	t.Helper()
	s := &story{t: t, machine: notify.NewMachine(notify.DefaultTiming()), facts: f, now: begin}
	chain, actions := s.machine.Start("n", why, notify.ScopeAll, begin.Add(timeLeft), f, begin)
	s.took(chain, actions)
	return s
}

func (s *story) took(c notify.Chain, actions []notify.Action) {
	s.chain, s.actions = c, actions
	for _, a := range actions {
		if a.Kind == notify.ActionSend {
			s.sent = append(s.sent, a.Step.Row)
		}
	}
}

func (s *story) happens(e notify.Event) { s.took(s.machine.Step(s.chain, e, s.facts, s.now)) }

// after lets time pass and wakes the chain.
func (s *story) after(d time.Duration) {
	s.now = s.now.Add(d)
	s.happens(notify.Event{Kind: notify.EventWake})
}

// silence lets every wait run out, n times; vendors accept at once.
func (s *story) silence(n int) {
	for range n {
		if s.chain.Out.Transport != callbackd.TransportChannel {
			s.accepted()
		}
		s.after(s.chain.Due().Sub(s.now))
	}
}

func (s *story) accepted() { s.happens(notify.Event{Kind: notify.EventAccepted, Step: s.chain.Out}) }
func (s *story) refused()  { s.happens(notify.Event{Kind: notify.EventRefused, Step: s.chain.Out}) }
func (s *story) acked(id callbackd.DeviceID) {
	s.happens(notify.Event{Kind: notify.EventAck, Device: id, How: callbackd.HowPrompt})
}
func (s *story) read() { s.happens(notify.Event{Kind: notify.EventRead}) }

// is compares the rows that sent something so far, and the end.
func (s *story) is(over notify.Key, rows ...notify.Row) {
	s.t.Helper()
	if !slices.Equal(s.sent, rows) || s.chain.Over != over {
		s.t.Errorf("rows %v and %q, want %v and %q", s.sent, s.chain.Over, rows, over)
	}
}

// cancelled are the devices that the last step took the alert back from.
func (s *story) cancelled() []callbackd.DeviceID {
	var ids []callbackd.DeviceID
	for _, a := range s.actions {
		if a.Kind == notify.ActionCancel {
			ids = append(ids, a.Device)
		}
	}
	return ids
}

// Facts of one computer and one phone, everything there and up.
func all() notify.Facts {
	return notify.Facts{
		Computers: []notify.Reach{{Device: computer, Active: true, Channel: true, Vendor: true}},
		Phones:    []notify.Reach{{Device: phone, Channel: true, Vendor: true}},
		WeChat:    true,
	}
}

func away(f notify.Facts) notify.Facts {
	f.Computers = slices.Clone(f.Computers)
	for i := range f.Computers {
		f.Computers[i].Active = false
	}
	return f
}

func TestStep_TheWorstCaseHasSevenSendsIn32Seconds(t *testing.T) {
	s := tell(t, callbackd.ReasonMention, all())
	s.silence(3)
	if s.now.Sub(begin) != 16*time.Second {
		t.Errorf("the computer took %s", s.now.Sub(begin))
	}
	s.silence(3)
	if s.now.Sub(begin) != 32*time.Second || s.chain.Out.Row != notify.RowWeChat {
		t.Errorf("WeChat came after %s", s.now.Sub(begin))
	}
	s.silence(1)
	s.is(notify.KeyWeChat, 1, 2, 3, 5, 6, 7, 9)
	s.acked(computer)
	s.is(notify.KeyAcked, 1, 2, 3, 5, 6, 7, 9)
}

func TestStep_APlainNoticeStopsWhereAVendorTookIt(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, away(all()))
	s.silence(3)
	s.is(notify.KeyUnconfirmed, 5, 6, 7)
}

func TestF2_AroundTheEndOfTheWait(t *testing.T) {
	for after, rows := range map[time.Duration][]notify.Row{
		2999 * time.Millisecond: {1}, 3000 * time.Millisecond: {1, 2}, 3001 * time.Millisecond: {1, 2},
	} {
		s := tell(t, callbackd.ReasonMention, all())
		s.after(after)
		s.is("", rows...)
		s.acked(computer)
		s.after(time.Minute)
		s.is(notify.KeyAcked, rows...)
	}
	s := tell(t, callbackd.ReasonMention, all())
	s.now = s.now.Add(3 * time.Second)
	s.acked(computer) // stored before the timer: no push any more
	s.after(0)
	s.is(notify.KeyAcked, 1)
}

func TestStep_TheVendorsWaitBeginsWhenItAccepts(t *testing.T) {
	f := away(all())
	f.Phones[0].Channel, f.WeChat = false, false
	s := tell(t, callbackd.ReasonMention, f)
	s.now = s.now.Add(4 * time.Second)
	step := s.chain.Out
	s.accepted()
	if got := s.chain.Due().Sub(begin); got != 14*time.Second {
		t.Errorf("due after %s", got)
	}
	s.now = s.now.Add(2 * time.Second)
	s.happens(notify.Event{Kind: notify.EventAccepted, Step: step})
	s.happens(notify.Event{Kind: notify.EventRefused, Step: step})
	if got := s.chain.Due().Sub(begin); got != 14*time.Second {
		t.Errorf("a second answer moved it to %s", got)
	}
}

func TestStep_AbandonedIsTakenUpAgain(t *testing.T) {
	f := all()
	s := tell(t, callbackd.ReasonMention, f)
	s.facts = away(f)
	s.after(time.Second) // to the phone
	s.facts = f
	s.refused() // by the phone's connection, while somebody came back to the computer
	s.is("", 1, 5)
	if s.chain.Out.Device != computer || s.chain.Due() != begin.Add(3*time.Second) {
		t.Errorf("waits for %+v until %s", s.chain.Out, s.chain.Due().Sub(begin))
	}
	s.after(2 * time.Second)
	s.is("", 1, 5, 2)
}

func TestStep_SeveralComputersAndPhonesOneAfterTheOther(t *testing.T) {
	f := notify.Facts{
		Computers: []notify.Reach{{Device: 11, Active: true, Channel: true}, {Device: 12, Active: true, Channel: true}, {Device: 13, Channel: true}},
		Phones:    []notify.Reach{{Device: 21, Channel: true}, {Device: 22, Vendor: true}},
	}
	s := tell(t, callbackd.ReasonMention, f)
	var order []callbackd.DeviceID
	for !s.chain.Ended() {
		order = append(order, s.chain.Out.Device)
		s.silence(1)
	}
	if !slices.Equal(order, []callbackd.DeviceID{11, 12, 21, 22}) {
		t.Errorf("%v", order)
	}
	s.acked(22)
	if got := s.cancelled(); !slices.Equal(got, []callbackd.DeviceID{11, 12, 21}) {
		t.Errorf("taken back from %v", got)
	}
}

func TestStep_StopsSilentlyWithTheReason(t *testing.T) {
	for _, why := range []notify.Key{notify.KeyRemoved, notify.KeySwitchedOff, notify.KeyUnfollowed, notify.KeyUnbound} {
		s := tell(t, callbackd.ReasonMention, all())
		s.facts.Stop = why
		s.after(3 * time.Second)
		s.is(why, 1)
		if got := s.cancelled(); !slices.Equal(got, []callbackd.DeviceID{computer}) {
			t.Errorf("%s: taken back from %v", why, got)
		}
	}
	s := tell(t, callbackd.ReasonMention, all())
	s.after(timeLeft)
	s.is(notify.KeyExpired, 1)
}

func TestDue_NeverAfterTheNoticeIsTooOld(t *testing.T) {
	m := notify.NewMachine(notify.DefaultTiming())
	c, _ := m.Start("n", callbackd.ReasonMention, notify.ScopeAll, begin.Add(time.Second), all(), begin)
	if c.Due() != begin.Add(time.Second) {
		t.Error(c.Due())
	}
}

func TestStep_LeavesTheChainThatItGotAlone(t *testing.T) {
	s := tell(t, callbackd.ReasonMention, all())
	before := s.chain
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	s.after(3 * time.Second)
	if again, err := json.Marshal(before); err != nil || string(again) != string(text) {
		t.Errorf("%v %s", err, again)
	}
	var back notify.Chain
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, before) {
		t.Errorf("stored and read: %v %+v", err, back)
	}
}

func TestHandOver_OnceForAMentionThatNobodyRead(t *testing.T) {
	shownThenLeft := func(why callbackd.Reason) *story {
		s := tell(t, why, all())
		s.acked(computer)
		s.facts = away(s.facts)
		s.now = s.now.Add(notify.HandOverWithin)
		return s
	}
	hand := func(s *story) bool {
		next, actions, ok := s.machine.HandOver(s.chain, s.facts, s.now)
		s.took(next, actions)
		return ok
	}
	s := shownThenLeft(callbackd.ReasonMention)
	if !hand(s) {
		t.Fatal("nothing was handed over")
	}
	s.is("", 1, 5)
	s.acked(computer) // its software has had its say
	s.is("", 1, 5)
	s.facts = all() // and a computer that wakes up gets nothing
	s.silence(1)
	s.is("", 1, 5, 6)
	s.acked(phone)
	s.is(notify.KeyAcked, 1, 5, 6)
	s.facts = away(s.facts)
	if hand(s) {
		t.Error("handed over twice")
	}
	for name, change := range map[string]func(*story){
		"plain":         func(s *story) { *s = *shownThenLeft(callbackd.ReasonReceive) },
		"read":          func(s *story) { s.read() },
		"too late":      func(s *story) { s.now = s.now.Add(1) },
		"still there":   func(s *story) { s.facts = all() },
		"taken down":    func(s *story) { s.facts.Stop = notify.KeyRemoved },
		"too old":       func(s *story) { s.chain.Expires = s.now },
		"no phone":      func(s *story) { s.facts.Phones = nil },
		"already":       func(s *story) { s.chain.HandedOver = true },
		"not acked":     func(s *story) { *s = *tell(t, callbackd.ReasonMention, all()); s.facts = away(s.facts) },
		"by the phone":  func(s *story) { *s = *tell(t, callbackd.ReasonMention, away(all())); s.acked(phone) },
		"phone as well": func(s *story) { s.chain.Scope = notify.ScopeComputer },
	} {
		s := shownThenLeft(callbackd.ReasonMention)
		change(s)
		if hand(s) {
			t.Errorf("%s: handed over", name)
		}
	}
}

func TestScopes_MyPhoneToo(t *testing.T) {
	p := callbackd.Preferences{PhoneToo: true}
	if got := notify.Scopes(p, all()); !slices.Equal(got, []notify.Scope{notify.ScopeComputer, notify.ScopePhone}) {
		t.Errorf("%v", got)
	}
	if got := notify.Scopes(p, away(all())); !slices.Equal(got, []notify.Scope{notify.ScopeAll}) {
		t.Errorf("%v", got)
	}
	if got := notify.Scopes(callbackd.Preferences{}, all()); !slices.Equal(got, []notify.Scope{notify.ScopeAll}) {
		t.Errorf("%v", got)
	}
	m := notify.NewMachine(notify.DefaultTiming())
	for scope, rows := range map[notify.Scope][]notify.Row{notify.ScopeComputer: {1, 2, 3}, notify.ScopePhone: {5, 6, 7, 9}} {
		s := &story{t: t, machine: m, facts: all(), now: begin}
		s.took(m.Start("n", callbackd.ReasonMention, scope, begin.Add(timeLeft), s.facts, begin))
		s.silence(len(rows))
		over := notify.KeyInbox
		if scope == notify.ScopePhone {
			over = notify.KeyWeChat
		}
		s.is(over, rows...)
	}
}
