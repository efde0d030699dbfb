package notify_test

import (
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
)

func TestF6_AFlappingConnectionIsNoReasonToTellAgain(t *testing.T) {
	for _, text := range []string{"大家好", "@王大锤 在吗"} {
		s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
		s.say(author, text)
		for range 100 {
			s.disconnect(d)
			s.pass(time.Second / 2)
			s.connect(reader, d)
			s.pass(time.Second / 2)
		}
		if n := s.frames(d) + len(s.pushes(d)); n > 3 {
			t.Errorf("%s: %d sends", text, n)
		}
		if s.service.CarryOne(ctx) {
			t.Errorf("%s: something is left to be done", text)
		}
	}
}

// A restart in the middle of it: what nobody knows is sent once more, whoever
// comes back however often.
func TestF6_AFlappingConnectionAfterARestart(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, true)
	s.say(author, "大家好")
	s.start()
	s.must(s.service.Resume(ctx))
	for range 100 {
		s.connect(reader, d)
		s.pass(time.Second / 2)
		s.disconnect(d)
		s.pass(time.Second / 2)
	}
	if s.frames(d) > 3 || len(s.pushes(d)) > 1 {
		t.Errorf("%d frames, %d pushes", s.frames(d), len(s.pushes(d)))
	}
}

func TestF7_BehindAHalfOpenConnectionThePhoneIsPushedToAfterThreeSeconds(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, true) // the socket takes everything, and nobody is there
	s.say(author, "大家好")
	s.pass(3 * time.Second)
	if s.frames(d) != 1 || len(s.pushes(d)) != 1 {
		t.Fatalf("%d frames, %d pushes", s.frames(d), len(s.pushes(d)))
	}
	s.after(5 * time.Second)
	s.disconnect(d) // found out by its pings
	s.after(time.Minute)
	if s.frames(d) != 1 || len(s.pushes(d)) != 1 {
		t.Error("told again on a connection that is gone")
	}
	s.endsWith(reader, notify.KeyUnconfirmed)
	s.say(author, "还有")
	if len(s.pushes(d)) != 2 {
		t.Error("the next one waits for a connection that is gone")
	}
}

// Two acknowledgements missed in a row: the connection counts as down before its
// pings say so.
func TestF7_AConnectionThatMissesTwoIsNotWaitedForAgain(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, true)
	for range 2 {
		s.say(author, "大家好")
		s.after(3 * time.Second)
	}
	before := len(s.pushes(d))
	s.say(author, "第三条")
	if s.frames(d) != 2 || len(s.pushes(d)) != before+1 {
		t.Errorf("%d frames: a third wait for a connection that does not answer", s.frames(d))
	}
	s.acks(reader, callbackd.HowPrompt) // it is there after all
	s.say(author, "第四条")
	if s.frames(d) != 3 {
		t.Error("a device that was heard is not up again")
	}
}

func TestF10a_AKioskIsNeverActive(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
	s.reports(reader, desk, callbackd.DeviceState{Active: true, Screen: "on", Client: "open", User: "active", Kiosk: true})
	s.say(author, "@王大锤 在吗")
	if s.frames(desk) != 0 || len(s.pushes(desk)) != 0 || len(s.pushes(phone)) != 1 {
		t.Errorf("%d to the projector, %d to the phone", s.frames(desk), len(s.pushes(phone)))
	}
}

// leaving is how a computer turns inactive.
var leaving = map[string]func(*stage, *follower, callbackd.Device){
	"locked":          func(s *stage, f *follower, d callbackd.Device) { s.leaves(f, d); s.settle() },
	"without a touch": func(s *stage, _ *follower, _ callbackd.Device) { s.after(time.Minute) }, // and a heartbeat that does not come
	"touched no more": func(s *stage, f *follower, d callbackd.Device) {
		for range 5 {
			s.after(20 * time.Second)
			s.reports(f, d, callbackd.DeviceState{Active: true, Screen: "on", Client: "open", InputAgeMS: 125_000})
			s.settle()
		}
	},
}

func TestF10b_APageWithNobodyThereEndsTheChainAndKeepsTheNoticeUnread(t *testing.T) {
	for name, leaves := range leaving {
		for text, told := range map[string]int{"大家好": 0, "@王大锤 在吗": 1} {
			s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
			s.pass(40 * time.Second) // of 90 that its report is good for
			s.say(author, text)
			s.acks(reader, callbackd.HowInline) // the page's own
			s.after(10 * time.Second)
			if len(s.pushes(phone)) != 0 || s.inbox(reader).Unread != 1 {
				t.Fatalf("%s: %d pushes while the page counts as attended", text, len(s.pushes(phone)))
			}
			leaves(s, reader, desk)
			if n := len(s.pushes(phone)); n != told {
				t.Errorf("%s, %s: %d pushes when it turned inactive, want %d", text, name, n, told)
			}
			if told > 0 && s.pushes(phone)[0].alert.Notice != s.newest(reader).Notice {
				t.Errorf("%s, %s: the phone is told of another notice", text, name)
			}
			s.acks(reader, callbackd.HowPrompt)
			for range 3 { // and comes, and goes
				s.sits(reader, desk)
				s.after(time.Minute)
				s.leaves(reader, desk)
				s.after(time.Minute)
			}
			if n := len(s.pushes(phone)); n != told || s.frames(desk) != 1 || s.inbox(reader).Unread != 1 {
				t.Errorf("%s, %s: told again: %d pushes", text, name, n)
			}
		}
	}
}

func TestF10b_WhatIsReadIsNotHandedOver(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, "")
	s.say(author, "@王大锤 在吗")
	s.acks(reader, callbackd.HowInline)
	s.must(s.service.Read(ctx, reader.viewer, s.newest(reader).Notice))
	s.leaves(reader, desk)
	s.after(3 * time.Minute)
	if n := len(s.pushes(phone)); n != 0 {
		t.Errorf("%d pushes of what was read", n)
	}
}

func TestF10c_FakeInputLosesNothing(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, "")
	for range 30 { // a mouse that a machine moves
		s.after(20 * time.Second)
		s.sits(reader, desk)
	}
	s.say(author, "@王大锤 在吗")
	s.acks(reader, callbackd.HowInline)
	for range 30 {
		s.after(20 * time.Second)
		s.sits(reader, desk)
	}
	n := s.newest(reader)
	if s.frames(desk) != 1 || len(s.pushes(phone)) != 0 || n.Read || s.inbox(reader).Unread != 1 || n.Body != "@王大锤 在吗" {
		t.Errorf("%d frames, %d pushes, %+v", s.frames(desk), len(s.pushes(phone)), n)
	}
}

func TestF10d_ADeadTabThatSaysItIsActiveHandsOver(t *testing.T) {
	for provider, after := range map[callbackd.Provider]time.Duration{"": 3 * time.Second, callbackd.ProviderWebPush: 16 * time.Second} {
		s, author, reader, desk, phone := atDesk(t, provider)
		s.say(author, "大家好")
		s.after(after - time.Second)
		s.pass(time.Second - time.Millisecond)
		if len(s.pushes(phone)) != 0 {
			t.Fatalf("%q: the phone is told before the computer had its say", provider)
		}
		s.pass(time.Millisecond)
		if len(s.pushes(phone)) != 1 {
			t.Fatalf("%q: the phone is not told after %v", provider, after)
		}
		s.sits(reader, desk)
		s.afterLong(20 * time.Minute)
		if len(s.pushes(phone)) != 1 || s.frames(desk)+len(s.pushes(desk)) > 3 {
			t.Errorf("%q: back to the computer, or to the phone twice", provider)
		}
	}
}

func TestF32_TabAndInstalledAppGetOneAlert(t *testing.T) {
	for i, name := range []string{"the app has the latest input", "the tab has"} {
		s, author, reader, tab, phone := atDesk(t, callbackd.ProviderWebPush)
		app := s.device(reader, callbackd.ClassComputer, callbackd.ProviderWebPush, true)
		s.sits(reader, app)
		ends := []callbackd.Device{app, tab}
		s.pass(time.Second)
		s.sits(reader, ends[i])
		s.say(author, "@王大锤 在吗")
		if s.frames(ends[i]) != 1 || s.frames(ends[1-i]) != 0 {
			t.Errorf("%s: %d and %d frames", name, s.frames(ends[i]), s.frames(ends[1-i]))
		}
		s.acks(reader, callbackd.HowInline)
		s.after(time.Minute)
		if n := s.channel.count() + s.vendors.count(); n != 1 || len(s.pushes(phone)) != 0 {
			t.Errorf("%s: %d alerts", name, n)
		}
	}
}

// One browser has one subscription: registered by tab and app, it is one device.
func TestF32_OneSubscriptionIsOneDevice(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("", receives)
	n := store.NewDevice{Viewer: reader.viewer, Class: callbackd.ClassPhone, Provider: callbackd.ProviderWebPush, Name: "tab",
		Target: "target", TargetKey: []byte("key"), Proof: []byte("proof")}
	for _, name := range []string{"tab", "app"} {
		n.Name = name
		_, _, err := s.db.InsertDevice(ctx, n)
		s.must(err)
	}
	s.say(author, "大家好")
	s.after(time.Minute)
	if s.vendors.count() != 1 {
		t.Errorf("%d alerts", s.vendors.count())
	}
}

func TestF33_ARevokedPermissionAndASilentWorkerLeadToTheNextEnd(t *testing.T) {
	for name, c := range map[string]struct {
		answer push.Result
		after  time.Duration
		left   int // devices
	}{
		"revoked":               {push.Result{Outcome: push.Gone, Status: 410}, 0, 2},
		"the worker is updated": {push.Result{Outcome: push.Accepted, Status: 201}, 10 * time.Second, 3},
		"before it runs":        {push.Result{Outcome: push.Accepted, Status: 201}, 10 * time.Second, 3},
	} {
		s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
		second := s.device(reader, callbackd.ClassPhone, callbackd.ProviderAPNs, false)
		s.leaves(reader, desk)
		s.clock.Advance(time.Second)
		s.must(s.db.TouchDevice(ctx, phone.ID)) // the phone that is tried first
		s.vendors.answer = func(d callbackd.Device) push.Result {
			if d.ID == phone.ID {
				return c.answer
			}
			return push.Result{Outcome: push.Accepted, Status: 200}
		}
		s.say(author, "@王大锤 在吗")
		s.after(c.after)
		if len(s.pushes(phone)) != 1 || len(s.pushes(second)) != 1 {
			t.Fatalf("%s: %d and %d pushes", name, len(s.pushes(phone)), len(s.pushes(second)))
		}
		s.acks(reader, callbackd.HowPrompt)
		s.afterLong(time.Hour)
		if n := s.vendors.count(); n != 2 {
			t.Errorf("%s: %d pushes", name, n)
		}
		if all, err := s.db.ListDevices(ctx, reader.sender); err != nil || len(all) != c.left {
			t.Errorf("%s: %d devices are left, want %d (%v)", name, len(all), c.left, err)
		}
	}
}

func TestF34_APageThatIsHiddenOrFrozenHandsOverAndComesBack(t *testing.T) {
	hidden := callbackd.DeviceState{Active: true, Screen: "on", Client: "open", HiddenMS: int64(10 * time.Minute / time.Millisecond)}
	for name, away := range map[string]struct {
		happens func(*stage, *follower, callbackd.Device)
		wait    time.Duration
	}{
		"hidden":  {func(s *stage, f *follower, d callbackd.Device) { s.reports(f, d, hidden) }, 0},
		"frozen":  {func(*stage, *follower, callbackd.Device) {}, 3 * time.Second}, // its socket still takes frames
		"gone":    {func(s *stage, _ *follower, d callbackd.Device) { s.disconnect(d) }, 0},
		"expired": {func(s *stage, _ *follower, _ callbackd.Device) { s.afterLong(10 * time.Minute) }, 0},
	} {
		s, author, reader, desk, phone := atDesk(t, "")
		away.happens(s, reader, desk)
		var missed []string
		for i := range 3 {
			missed = append([]string{fmt.Sprint("第", i, "条")}, missed...)
			s.say(author, missed[0])
			s.after(away.wait)
			if len(s.pushes(phone)) != i+1 {
				t.Fatalf("%s: %d pushes after %d messages", name, len(s.pushes(phone)), i+1)
			}
		}
		s.disconnect(desk) // restored: its socket is a new one
		s.connect(reader, desk)
		s.sits(reader, desk)
		before := s.frames(desk)
		s.settle()
		in := s.inbox(reader)
		for i, body := range missed {
			if in.Notices[i].Body != body || in.Unread != 3 {
				t.Errorf("%s: the inbox has %q for %q, %d unread", name, in.Notices[i].Body, body, in.Unread)
			}
		}
		if s.frames(desk) != before {
			t.Errorf("%s: alerted of what was missed", name)
		}
		s.say(author, "回来了")
		if s.frames(desk) != before+1 {
			t.Errorf("%s: the page that is back is not alerted", name)
		}
	}
}
