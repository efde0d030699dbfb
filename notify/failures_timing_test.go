package notify_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/store/storetest"
)

// newest is a follower's newest notice.
func (s *stage) newest(f *follower) notify.InboxNotice {
	s.Helper()
	in := s.inbox(f)
	if len(in.Notices) == 0 {
		s.Fatal("there is no notice")
	}
	return in.Notices[0]
}

// acks lets a follower's viewer acknowledge their newest notice.
func (s *stage) acks(f *follower, how callbackd.How) {
	s.Helper()
	s.must(s.service.Acknowledge(ctx, f.viewer, s.newest(f).Notice, how))
	s.settle()
}

// pass lets time pass at once.
func (s *stage) pass(d time.Duration) {
	s.Helper()
	s.clock.Advance(d)
	s.settle()
}

// afterLong lets so much time pass that what is due within seconds has long been
// done: in seconds at first, then in minutes.
func (s *stage) afterLong(d time.Duration) {
	s.Helper()
	s.after(45 * time.Second)
	for d -= 45 * time.Second; d > 0; d -= time.Minute {
		s.pass(min(d, time.Minute))
	}
}

// frames is the number of alerts that a device got on its channel.
func (s *stage) frames(d callbackd.Device) int { return len(s.channel.of(d, "notify")) }

// pushes are the sends to a device's vendor.
func (s *stage) pushes(d callbackd.Device) []vendorSend {
	s.vendors.mu.Lock()
	defer s.vendors.mu.Unlock()
	var own []vendorSend
	for _, v := range s.vendors.sends {
		if v.device.ID == d.ID {
			own = append(own, v)
		}
	}
	return own
}

// onPhoneOf is a stage with an author, and somebody with a phone.
func onPhoneOf(t *testing.T, name string, p func(*callbackd.Preferences), up bool) (s *stage, author, reader *follower, d callbackd.Device) {
	s = newStageOf(t, nil)
	author, reader = s.person("林小满"), s.bound(name, p)
	return s, author, reader, s.device(reader, callbackd.ClassPhone, callbackd.ProviderWebPush, up)
}

// atDesk is a stage with somebody who sits at a computer and has a phone.
func atDesk(t *testing.T, computer callbackd.Provider) (s *stage, author, reader *follower, desk, phone callbackd.Device) {
	s, author, reader, phone = onPhoneOf(t, "王大锤", receives, false)
	desk = s.device(reader, callbackd.ClassComputer, computer, true)
	s.sits(reader, desk)
	return s, author, reader, desk, phone
}

func TestF1F5_AShownAlertWhoseAcknowledgementIsLostIsReplacedAndNotDoubled(t *testing.T) {
	for _, text := range []string{"大家好", "@王大锤 在吗"} {
		s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
		s.say(author, text)
		s.pass(3*time.Second - time.Millisecond)
		if len(s.pushes(d)) != 0 {
			t.Fatal("pushed before T1 was over")
		}
		s.pass(time.Millisecond)
		if len(s.pushes(d)) != 1 {
			t.Fatal("not pushed when T1 was over")
		}
		shown, push := s.channel.of(d, "notify")[0], s.pushes(d)[0]
		again, err := notify.Render(push.alert, push.level, notify.BudgetChannel)
		s.must(err)
		if again != shown {
			t.Errorf("%s: the push is another item: %+v, shown is %+v", text, again, shown)
		}
		if n := s.inbox(reader).Unread; n != 1 {
			t.Errorf("%s: %d unread", text, n)
		}
		s.pass(4 * time.Second) // inside T2
		s.acks(reader, callbackd.HowPrompt)
		s.afterLong(10 * time.Minute)
		if s.frames(d) != 1 || len(s.pushes(d)) != 1 || s.weChat.count() != 0 {
			t.Errorf("%s: the late acknowledgement stopped nothing", text)
		}
		s.endsWith(reader, notify.KeyAcked)
		if n := s.inbox(reader).Unread; n != 1 {
			t.Errorf("%s: shown twice, %d unread", text, n)
		}
	}
}

func TestF2_TheAcknowledgementComesAroundTheEndOfTheWait(t *testing.T) {
	for name, c := range map[string]struct {
		timer, ack time.Duration // after the send; timer 0: looks after the acknowledgement
		pushes     int
	}{
		"2.999 s":            {0, 2999 * time.Millisecond, 0},
		"3.000 s, ack first": {0, 3000 * time.Millisecond, 0},
		"3.000 s":            {3000 * time.Millisecond, 3000 * time.Millisecond, 1},
		"3.001 s":            {3000 * time.Millisecond, 3001 * time.Millisecond, 1},
	} {
		s, author, reader, d := onPhoneOf(t, "", receives, true)
		s.say(author, "大家好")
		if c.timer > 0 {
			s.pass(c.timer)
		}
		s.clock.Advance(c.ack - c.timer)
		s.acks(reader, callbackd.HowPrompt)
		s.after(time.Minute)
		if n := len(s.pushes(d)); n != c.pushes || s.frames(d) != 1 {
			t.Errorf("%s: %d pushes, %d frames", name, n, s.frames(d))
		}
		s.endsWith(reader, notify.KeyAcked)
	}
}

// Guard: without the second look at a send whose turn has come, a push goes out
// after the acknowledgement.
func TestF2_NoPushStartsAfterTheAcknowledgementIsStored(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, true)
	s.say(author, "大家好")
	s.clock.Advance(3 * time.Second)
	s.must(s.service.StepDue(ctx)) // decided, and waits for a worker
	s.acks(reader, callbackd.HowPrompt)
	s.after(time.Minute)
	if n := len(s.pushes(d)); n != 0 {
		t.Errorf("%d pushes after the acknowledgement", n)
	}
	s.endsWith(reader, notify.KeyAcked)
}

func TestF2_TimerAndAcknowledgementInTheSameMoment(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "王大锤", nil, true)
	won := map[bool]int{}
	for i := range 60 {
		s.service.Presence.Heard(d.ID)
		s.say(author, fmt.Sprint("@王大锤 ", i))
		nid, before := s.newest(reader).Notice, len(s.pushes(d))
		s.clock.Advance(3 * time.Second)
		var both sync.WaitGroup
		both.Go(func() {
			if err := s.service.StepDue(ctx); err != nil {
				t.Error(err)
			}
			for s.service.CarryOne(ctx) {
			}
		})
		both.Go(func() {
			if err := s.service.Acknowledge(ctx, reader.viewer, nid, callbackd.HowPrompt); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		s.after(20 * time.Second)
		keys := s.trail(reader)
		timer := slices.Contains(keys, notify.KeyMissed)
		won[timer]++
		acked := 0
		for _, k := range keys {
			if k == notify.KeyAcked {
				acked++
			}
		}
		if n := len(s.pushes(d)) - before; acked != 1 || n > 1 || n == 1 && !timer {
			t.Fatalf("round %d: %d pushes, trail %v", i, n, keys)
		}
		if s.frames(d) != i+1 || s.weChat.count() != 0 {
			t.Fatalf("round %d: told again", i)
		}
		s.clock.Advance(time.Hour) // its author may mention again
	}
	t.Logf("the timer came first %d times, the acknowledgement %d times", won[true], won[false])
}

func TestF9_AComputerThatIsLockedWhileT1RunsHandsOverAtOnce(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
	s.say(author, "大家好")
	s.pass(time.Second)
	s.leaves(reader, desk)
	s.settle()
	if len(s.pushes(phone)) != 1 {
		t.Fatal("the phone was not told at once")
	}
	s.afterLong(20 * time.Minute)
	if s.frames(desk) != 1 || len(s.pushes(desk)) != 0 || len(s.pushes(phone)) != 1 {
		t.Error("the locked computer was told again, or the phone twice")
	}
}

func TestF11_AComputerThatWakesUpWhileThePhonesWaitRunsIsNotAlerted(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
	s.leaves(reader, desk)
	s.say(author, "大家好")
	if len(s.pushes(phone)) != 1 {
		t.Fatal("the phone was not told")
	}
	s.pass(time.Second)
	s.sits(reader, desk)
	s.settle()
	s.after(8 * time.Second) // inside T2
	if s.frames(desk) != 0 || len(s.pushes(desk)) != 0 {
		t.Fatal("a second alert while the phone's wait runs")
	}
	s.acks(reader, callbackd.HowPrompt)
	s.afterLong(20 * time.Minute)
	if s.frames(desk) != 0 || len(s.pushes(desk)) != 0 || len(s.pushes(phone)) != 1 {
		t.Error("told again after the acknowledgement")
	}
}

func TestF12_AComputerThatSaysNothingIsInactiveAfter90Seconds(t *testing.T) {
	for silent, toDesk := range map[time.Duration]int{90*time.Second - time.Millisecond: 1, 90 * time.Second: 0} {
		s, author, _, desk, phone := atDesk(t, "")
		s.pass(silent)
		s.say(author, "大家好")
		if s.frames(desk) != toDesk || len(s.pushes(phone)) != 1-toDesk {
			t.Errorf("after %v: %d to the computer, %d to the phone", silent, s.frames(desk), len(s.pushes(phone)))
		}
	}
}

func TestF13_AClockThatJumpsForwardMakesNoBurst(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
	for i := range 3 {
		s.say(author, fmt.Sprint("大家好 ", i))
	}
	s.say(author, "@王大锤 在吗")
	s.say(author, "@王大锤 在不在")
	s.service.Presence.Heard(d.ID)
	s.pass(time.Hour)
	pushes := s.pushes(d)
	if len(pushes) != 2 || pushes[0].alert.Words != "@王大锤 在吗" || pushes[1].alert.Words != "@王大锤 在不在" {
		t.Fatalf("%d pushes: plain ones are too old, the mentions come in their order", len(pushes))
	}
	s.pass(10*time.Second - time.Millisecond)
	if len(s.pushes(d)) != 2 || s.frames(d) != 5 || s.weChat.count() != 0 {
		t.Error("T2 does not begin anew: one step follows the other at once")
	}
	s.after(time.Minute)
	expired := 0
	for _, n := range s.inbox(reader).Notices {
		if n.Reason == callbackd.ReasonReceive && n.Trail[len(n.Trail)-1].Key == notify.KeyExpired {
			expired++
		}
	}
	if expired != 3 {
		t.Errorf("%d of 3 ended as too old", expired)
	}
}

// A machine that slept: nothing was stepped meanwhile, and devices are gone.
func TestF13_AMachineThatSleptTellsNothingThatIsTooOld(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, false)
	for i := range 5 {
		s.push(author, fmt.Sprint("大家好 ", i), nil)
	}
	s.must(s.service.Tell(ctx))
	s.pass(notify.PlainLife)
	if n := len(s.pushes(d)); n != 0 {
		t.Errorf("%d stale pushes", n)
	}
	s.endsWith(reader, notify.KeyExpired)
	s.push(author, "大家早", nil) // stored before it slept again, looked at only after
	s.pass(notify.PlainLife)
	if n := len(s.pushes(d)); n != 0 {
		t.Errorf("%d stale pushes of what was not looked at", n)
	}
}

// Guard: without a look at what waits too far ahead, the phone is told an hour late.
func TestF13_AClockThatIsSetBackHoldsNothingUp(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
		s.say(author, "@王大锤 在吗")
		s.pass(time.Second)
		s.clock.Advance(-time.Hour)
		if restarted {
			s.start()
			s.must(s.service.Resume(ctx))
		}
		s.after(10 * time.Second)
		if n := len(s.pushes(d)); n != 1 || s.frames(d) != 1 {
			t.Fatalf("restarted %v: %d pushes, %d frames: it waits for the hour to come round again", restarted, n, s.frames(d))
		}
		s.after(10 * time.Second) // T2, by a clock that goes on from there
		s.acks(reader, callbackd.HowPrompt)
		s.say(author, "大家好")
		s.after(time.Minute)
		if n := len(s.pushes(d)); n > 2 {
			t.Errorf("restarted %v: %d pushes", restarted, n)
		}
	}
}

func TestF13_NoComputerIsActiveByAClockOfBefore(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		s, author, reader, desk, phone := atDesk(t, "")
		s.clock.Advance(jump)
		s.say(author, "大家好")
		if s.frames(desk) != 0 || len(s.pushes(phone)) != 1 {
			t.Errorf("%v: %d to the computer, %d to the phone", jump, s.frames(desk), len(s.pushes(phone)))
		}
		s.sits(reader, desk) // the next heartbeat
		s.say(author, "还有")
		if s.frames(desk) != 1 {
			t.Errorf("%v: the computer's next report does not hold", jump)
		}
	}
}

func TestF14_TheTimeOfAnAcknowledgementDecidesNothing(t *testing.T) {
	for _, at := range []any{nil, 0, -1, "1970-01-01T00:00:00Z", storetest.NewClock().Now().Add(24 * time.Hour), 1e300} {
		s, author, reader, d := onPhoneOf(t, "", receives, true)
		s.say(author, "大家好")
		s.pass(4 * time.Second)
		call, err := json.Marshal(map[string]any{"nid": s.newest(reader).Notice, "how": "prompt", "at": at})
		s.must(err)
		if err := s.service.Call(ctx, reader.viewer.ID, "ack", call); err != nil {
			t.Errorf("at %v: %v", at, err)
		}
		s.after(time.Minute)
		if len(s.pushes(d)) != 1 || s.frames(d) != 1 {
			t.Errorf("at %v: it did not end there", at)
		}
		s.endsWith(reader, notify.KeyAcked)
		if last := s.newest(reader).Trail; last[len(last)-1].At != s.clock.Now().Add(-time.Minute).UTC().Format(time.RFC3339) {
			t.Errorf("at %v: the trail has the device's time: %s", at, last[len(last)-1].At)
		}
	}
}
