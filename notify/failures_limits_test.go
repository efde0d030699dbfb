package notify_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
)

func TestF20_ADeviceThatRegistersAnewWhileItsVendorSaysGoneStays(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person(""), s.bound("", receives)
	registration := store.NewDevice{Viewer: reader.viewer, Class: callbackd.ClassPhone, Provider: callbackd.ProviderAPNs, Name: "phone",
		Target: "target", TargetKey: []byte("key"), Proof: []byte("proof")}
	_, _, err := s.db.InsertDevice(ctx, registration)
	s.must(err)
	for goneAt, stays := range map[time.Duration]bool{-time.Second: true, 0: true} {
		s.vendors.answer = func(d callbackd.Device) push.Result { // the app registers while the answer is under way
			at := s.clock.Now().Add(goneAt)
			s.clock.Advance(time.Millisecond)
			_, _, err := s.db.InsertDevice(ctx, registration)
			s.must(err)
			return push.Result{Outcome: push.Gone, Status: 410, Reason: "Unregistered", GoneAt: at}
		}
		s.clock.Advance(2 * time.Minute)
		s.say(author, "大家好")
		left, err := s.db.ListDevices(ctx, reader.sender)
		s.must(err)
		if (len(left) == 1) != stays {
			t.Errorf("gone %v before: %d devices", goneAt, len(left))
		}
	}
	s.vendors.answer = func(callbackd.Device) push.Result {
		return push.Result{Outcome: push.Gone, Status: 410, Reason: "Unregistered", GoneAt: s.clock.Now()}
	}
	s.clock.Advance(2 * time.Minute)
	s.say(author, "再见")
	if left, err := s.db.ListDevices(ctx, reader.sender); err != nil || len(left) != 0 {
		t.Errorf("%d devices that are gone, %v", len(left), err)
	}
}

func TestF35_WeChatOnlyInsideItsWindowAndItsLedger(t *testing.T) {
	mention := func(t *testing.T, change func(*callbackd.Account), before func(*stage, *follower)) (*stage, *follower) {
		s := newStageOf(t, change)
		author, reader := s.person("林小满"), s.bound("王大锤", nil)
		s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
		before(s, reader)
		s.say(author, "@王大锤 在吗")
		s.after(40 * time.Second)
		return s, reader
	}
	t.Run("outside the window", func(t *testing.T) {
		s, reader := mention(t, nil, func(s *stage, _ *follower) { s.clock.Advance(49 * time.Hour) })
		s.endsWith(reader, notify.KeyInbox)
		if s.weChat.count() != 0 {
			t.Error("sent 49 hours after their last word")
		}
	})
	t.Run("outside the window with a template", func(t *testing.T) {
		s, reader := mention(t, func(a *callbackd.Account) {
			a.Notices.Template = &callbackd.NoticeTemplate{ID: "tm", TitleKey: "thing1", BodyKey: "thing2"}
		},
			func(s *stage, _ *follower) { s.clock.Advance(49 * time.Hour) })
		s.endsWith(reader, notify.KeyWeChat)
		if s.weChat.count() != 1 || !strings.HasPrefix(s.weChat.texts[0], "tm|") {
			t.Errorf("WeChat: %q", s.weChat.texts)
		}
	})
	t.Run("the platform refuses", func(t *testing.T) {
		s, reader := mention(t, nil, func(s *stage, _ *follower) { s.weChat.err = errors.New("token expired") })
		s.endsWith(reader, notify.KeyInbox)
		if s.weChat.count() != 1 {
			t.Errorf("tried %d times", s.weChat.count())
		}
	})
	t.Run("they switched notices off", func(t *testing.T) {
		s, reader := mention(t, nil, func(s *stage, f *follower) { s.push(f, "通知 关", nil) })
		s.endsWith(reader, notify.KeyInbox)
		if s.weChat.count() != 0 {
			t.Error("sent without consent")
		}
	})
	t.Run("unfollowed on the way", func(t *testing.T) {
		s := newStageOf(t, nil)
		author, reader := s.person("林小满"), s.bound("王大锤", nil)
		s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
		s.say(author, "@王大锤 在吗")
		no := false
		s.push(reader, "", func(cb *store.Callback) {
			cb.Message, cb.MsgType, cb.Event, cb.Following = nil, "event", "unsubscribe", &no
		})
		s.after(40 * time.Second)
		s.endsWith(reader, notify.KeyUnfollowed)
		if s.weChat.count() != 0 {
			t.Error("sent to somebody who left")
		}
	})
}

func TestF37_AStormBecomesACountAndMentionsStaySingle(t *testing.T) {
	s := newStageOf(t, nil)
	reader := s.bound("王大锤", receives)
	d := s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
	var authors []*follower
	for range 10 {
		authors = append(authors, s.person(""))
	}
	s.clock.Advance(2 * time.Minute)
	s.settle()
	earlier := map[callbackd.NoticeID]bool{} // of what the authors said when they came
	for _, f := range s.channel.of(d, "notify") {
		earlier[f.Notice] = true
	}
	for second := range 10 {
		for i := range 100 {
			s.push(authors[i%10], fmt.Sprint("热闹 ", second, " ", i), nil)
		}
		s.push(authors[second], "@王大锤 看这里", nil)
		s.settle()
		s.service.Presence.Heard(d.ID)
		s.clock.Advance(time.Second)
	}
	s.after(25 * time.Second)
	told := map[callbackd.NoticeID]string{} // by how they may replace each other
	for _, f := range s.channel.of(d, "notify") {
		if !earlier[f.Notice] {
			told[f.Notice] = f.Tag
		}
	}
	var plain, mentions, counts int
	for nid, tag := range told {
		if tag == "gala" {
			plain++
		} else if tag == string(nid) {
			mentions++
		}
	}
	for before := callbackd.NoticeID(""); ; {
		in, err := s.service.Inbox(ctx, reader.viewer, before, 200)
		s.must(err)
		for _, n := range in.Notices {
			before = n.Notice
			if n.Why.Key == notify.KeyMany {
				counts++
			}
		}
		if len(in.Notices) == 0 {
			break
		}
	}
	if counts < 1 || counts > 2 {
		t.Errorf("%d counts", counts)
	}
	if plain > 6+counts {
		t.Errorf("%d alerts for 1,000 messages", plain)
	}
	if mentions != 10 {
		t.Errorf("%d of 10 mentions stand by themselves", mentions)
	}
	if got := s.inbox(reader).Unread; got != 1000 {
		t.Errorf("%d unread", got)
	}
}

func TestF38_AVendorThatIsDownForAnHourIsNotFloodedWhenItIsBack(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person(""), s.bound("", receives)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.vendors.answer = func(callbackd.Device) push.Result { return push.Result{Outcome: push.Retry, Status: 503} }
	for range 6 {
		s.clock.Advance(time.Minute)
		s.say(author, "大家好")
	}
	for range 12 * 60 {
		s.clock.Advance(5 * time.Second)
		s.settle()
	}
	tried := s.vendors.count()
	if tried > 6*20 {
		t.Errorf("%d tries for 6 notices in an hour", tried)
	}
	for _, n := range s.inbox(reader).Notices {
		if last := n.Trail[len(n.Trail)-1].Key; last != notify.KeyExpired {
			t.Errorf("ended as %s", last)
		}
	}
	s.vendors.answer = nil
	for range 60 {
		s.clock.Advance(time.Minute)
		s.settle()
	}
	if s.vendors.count() != tried {
		t.Errorf("%d old notices when it was back", s.vendors.count()-tried)
	}
	s.say(author, "又好了")
	if s.vendors.count() != tried+1 {
		t.Error("a new one does not go out")
	}
}

// A walk through everything that may happen, and then: each notice says why it
// came, or why not, and what became of it.
func TestF40_EveryTrailSaysInWordsWhatBecameOfIt(t *testing.T) {
	for seed := range uint64(3) {
		s := newStageOf(t, nil)
		r := rand.New(rand.NewPCG(seed, 40))
		author := s.person("林小满")
		var readers []*follower
		var devices []callbackd.Device
		for i := range 3 {
			f := s.bound(fmt.Sprint("读者", i), func(p *callbackd.Preferences) { p.Receive, p.PhoneToo = i != 1, i == 2 })
			readers = append(readers, f)
			devices = append(devices, s.device(f, callbackd.ClassComputer, "", r.IntN(2) == 0), s.device(f, callbackd.ClassPhone, callbackd.ProviderFCM, r.IntN(2) == 0))
		}
		answers := []push.Outcome{push.Accepted, push.Accepted, push.Retry, push.Refused, push.TooLarge, push.OurFault}
		s.vendors.answer = func(callbackd.Device) push.Result { return push.Result{Outcome: answers[r.IntN(len(answers))]} }
		for range 150 {
			n := r.IntN(3)
			f, computer := readers[n], devices[2*n]
			switch r.IntN(9) {
			case 0, 1:
				id := s.say(author, []string{"大家好", "@读者0 在吗", "@读者2 @读者1 看"}[r.IntN(3)])
				if r.IntN(4) == 0 {
					s.must(s.db.Moderate(ctx, s.account.ID, id, callbackd.DecisionRemove, "test"))
				}
			case 2:
				s.sits(f, computer)
			case 3:
				s.leaves(f, computer)
			case 4:
				s.disconnect(devices[2*n+r.IntN(2)])
			case 5:
				s.connect(f, devices[2*n+r.IntN(2)])
			case 6, 7:
				if in := s.inbox(f).Notices; len(in) > 0 {
					s.must(s.service.Acknowledge(ctx, f.viewer, in[r.IntN(len(in))].Notice, callbackd.HowPrompt))
				}
			case 8:
				if in := s.inbox(f).Notices; len(in) > 0 {
					s.must(s.service.Read(ctx, f.viewer, in[0].Notice))
				}
			}
			s.clock.Advance(time.Duration(r.IntN(8000)) * time.Millisecond)
			s.settle()
		}
		for range 120 { // until everything is too old
			s.clock.Advance(4 * time.Minute)
			s.settle()
		}
		for _, f := range readers {
			for _, n := range s.inbox(f).Notices {
				if n.Why.ZH == "" || n.Why.EN == "" {
					t.Errorf("seed %d: %s came for no reason in words", seed, n.Why.Key)
				}
				ended := n.Why.Key == notify.KeyCollapsed || n.Why.Key == notify.KeyLimited
				for _, e := range n.Trail {
					if e.ZH == "" || e.EN == "" || e.At == "" {
						t.Errorf("seed %d: a line without words: %+v", seed, e)
					}
					ended = ended || endKeys[e.Key]
				}
				if !ended {
					t.Errorf("seed %d: nobody can tell what became of it: %+v", seed, n.Trail)
				}
			}
		}
		if next, waits, err := s.db.NextDeliveryDue(ctx); err != nil || waits {
			t.Errorf("seed %d: something is still waited for, at %v, %v", seed, next, err)
		}
	}
}

var endKeys = map[notify.Key]bool{notify.KeyAcked: true, notify.KeyRead: true, notify.KeyUnconfirmed: true, notify.KeyWeChat: true, notify.KeyInbox: true,
	notify.KeyNoDevice: true, notify.KeyExpired: true, notify.KeyRemoved: true, notify.KeySwitchedOff: true, notify.KeyUnfollowed: true}
