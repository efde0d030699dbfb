package notify_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store/storetest"
)

// onBoth runs a test on each database.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, storetest.SQLite(t, filepath.Join(t.TempDir(), "c.db"))) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, testkit.PostgresReused(t)) })
}

// nodes is a stage with a second node on its database. What devices say of
// themselves both know.
type nodes struct {
	*stage
	second *notify.Service
}

func newNodes(t *testing.T, dsn string) *nodes {
	t.Helper()
	n := &nodes{stage: newStageOn(t, dsn, nil)}
	presence := notify.NewMemoryPresences(n.clock.Now)
	n.set = func(c *notify.Config) { c.Presence = presence }
	n.start()
	first, db := n.service, n.open(dsn)
	n.set = func(c *notify.Config) { c.Presence, c.DB = presence, db }
	n.start()
	n.second, n.service = n.service, first
	return n
}

// together lets both nodes do something at the same time.
func (n *nodes) together(do func(*notify.Service) error) {
	n.Helper()
	var both sync.WaitGroup
	for _, s := range []*notify.Service{n.service, n.second} {
		both.Go(func() {
			if err := do(s); err != nil {
				n.Error(err)
			}
		})
	}
	both.Wait()
}

// steps steps what is due, and calls whom that wants to have called.
func steps(s *notify.Service) error {
	if err := s.StepDue(ctx); err != nil {
		return err
	}
	for s.CarryOne(ctx) {
	}
	return nil
}

func TestF3_AnAcknowledgementOnAnotherNodeEndsTheChain(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		n := newNodes(t, dsn)
		author, reader := n.person("林小满"), n.bound("王大锤", nil)
		d := n.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
		n.say(author, "@王大锤 在吗")
		n.clock.Advance(3*time.Second - time.Millisecond)
		n.must(n.second.Acknowledge(ctx, reader.viewer, n.newest(reader).Notice, callbackd.HowPrompt))
		n.after(time.Minute)
		if len(n.pushes(d)) != 0 || n.frames(d) != 1 || n.weChat.count() != 0 {
			t.Error("told again by the node that did not hear of it")
		}
		n.endsWith(reader, notify.KeyAcked)
	})
}

func TestF3_TimerAndAcknowledgementOnTwoNodesInTheSameMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		n := newNodes(t, dsn)
		author, reader := n.person("林小满"), n.bound("王大锤", nil)
		d := n.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
		for i := range 20 {
			n.service.Presence.Heard(d.ID)
			n.say(author, fmt.Sprint("@王大锤 ", i))
			nid, before := n.newest(reader).Notice, len(n.pushes(d))
			n.clock.Advance(3 * time.Second)
			n.together(func(s *notify.Service) error {
				if s == n.service {
					return steps(s)
				}
				return s.Acknowledge(ctx, reader.viewer, nid, callbackd.HowPrompt)
			})
			n.pass(20 * time.Second)
			keys, pushes := n.trail(reader), len(n.pushes(d))-before
			timer := slices.Contains(keys, notify.KeyMissed)
			if !slices.Contains(keys, notify.KeyAcked) || pushes > 1 || pushes == 1 && !timer || n.frames(d) != i+1 || n.weChat.count() != 0 {
				t.Fatalf("round %d: %d pushes, trail %v", i, pushes, keys)
			}
			n.clock.Advance(time.Hour)
		}
	})
}

func TestF18_OfTwoNodesOneStepsAChain(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		n := newNodes(t, dsn)
		author := n.person("林小满")
		const people = 12
		readers, phones := make([]*follower, people), make([]callbackd.Device, people)
		for i := range people {
			readers[i] = n.bound(fmt.Sprint("路人", i), receives)
			phones[i] = n.device(readers[i], callbackd.ClassPhone, callbackd.ProviderFCM, false)
		}
		n.afterLong(time.Hour)
		for round, text := range []string{"大家好", "@路人1 在吗"} {
			pushes, frames, inWeChat := n.vendors.count(), n.channel.count(), n.weChat.count()
			n.push(author, text, nil)
			n.together(func(s *notify.Service) error { return s.Tell(ctx) })
			n.together(steps)
			if got := n.vendors.count() - pushes; got != people {
				t.Fatalf("%s: %d pushes to %d people", text, got, people)
			}
			for i, f := range readers {
				n.connect(f, phones[i]) // T2 ends, the channel is there
			}
			for range 3 {
				n.clock.Advance(10 * time.Second)
				n.together(steps)
			}
			if got := n.channel.count() - frames; got != people {
				t.Errorf("%s: %d frames to %d people", text, got, people)
			}
			if got := n.weChat.count() - inWeChat; got != round {
				t.Errorf("%s: %d messages in WeChat", text, got)
			}
			for i, f := range readers {
				about := 0
				for _, notice := range n.inbox(f).Notices {
					if notice.Body == text {
						about++
					}
				}
				if about != 1 {
					t.Errorf("%s: %d notices for one person", text, about)
				}
				n.disconnect(phones[i])
			}
			n.afterLong(time.Hour)
		}
	})
}

// killed is how a node ends in the middle of something.
type killed struct{}

// mortal counts what leaves the process, and ends it before or after one of these.
type mortal struct {
	at    int // which; -1: never
	after bool
	calls int
	dead  bool
}

func (m *mortal) call(do func()) {
	n := m.calls
	m.calls++
	if m.dead || n == m.at && !m.after {
		m.dead = true
		panic(killed{})
	}
	do()
	if n == m.at {
		m.dead = true
		panic(killed{})
	}
}

type mortalChannel struct {
	*mortal
	to notify.Channel
}

// SendToDevice implements notify.Channel.
func (c mortalChannel) SendToDevice(d callbackd.PublicID, frame []byte) (ok bool) {
	c.call(func() { ok = c.to.SendToDevice(d, frame) })
	return ok
}

type mortalCarrier struct {
	*mortal
	notify.Carrier
}

// Send implements notify.Carrier.
func (c mortalCarrier) Send(ctx context.Context, d callbackd.Device, a notify.Alert, level callbackd.Level, ttl time.Duration) (r push.Result) {
	c.call(func() { r = c.Carrier.Send(ctx, d, a, level, ttl) })
	return r
}

type mortalMessenger struct {
	*mortal
	notify.Messenger
}

// SendText implements notify.Messenger.
func (w mortalMessenger) SendText(ctx context.Context, a *callbackd.Account, to callbackd.OpenID, text string) (err error) {
	w.call(func() { err = w.Messenger.SendText(ctx, a, to, text) })
	return err
}

// life is a server that is killed once and started again.
type life struct {
	*stage
	kills int
	back  func() // devices come back
}

// lives does something; where the server is killed in it, it is started again.
func (l *life) lives(do func()) {
	l.Helper()
	defer func() {
		l.Helper()
		switch why := recover(); why.(type) {
		case nil:
		case killed:
			l.kills++
			l.clock.Advance(2 * time.Second)
			l.set = nil
			l.start()
			l.must(l.service.Resume(ctx))
			l.back()
			for l.service.CarryOne(ctx) { // workers begin at once, chains after the grace
			}
			l.clock.Advance(notify.ReconnectGrace)
		default:
			panic(why)
		}
	}()
	do()
}

// everyRow plays a notice that nobody answers through every row of the table, with
// a kill somewhere, and returns what left.
func everyRow(t *testing.T, dsn, text string, m *mortal) (s *stage, reader *follower, desk, phone callbackd.Device) {
	s = newStageOn(t, dsn, nil)
	author, reader := s.person("林小满"), s.bound("王大锤", receives)
	desk = s.device(reader, callbackd.ClassComputer, callbackd.ProviderWebPush, false)
	phone = s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.set = func(c *notify.Config) {
		c.Channel, c.Vendors, c.WeChat = mortalChannel{m, c.Channel}, mortalCarrier{m, c.Vendors}, mortalMessenger{m, c.WeChat}
	}
	s.start()
	l := &life{stage: s, back: func() {
		for _, d := range []callbackd.Device{desk, phone} {
			s.connect(reader, d)
		}
		s.sits(reader, desk)
	}}
	l.back()
	s.push(author, text, nil)
	for i := range 60 {
		l.lives(s.settle)
		if i%20 == 19 {
			s.sits(reader, desk)
		}
		s.clock.Advance(time.Second)
	}
	if want := map[bool]int{true: 1}[m.at >= 0 && m.at < m.calls]; l.kills != want {
		t.Fatalf("killed %d times, want %d", l.kills, want)
	}
	return s, reader, desk, phone
}

func TestF16_KilledAtAnyStepNothingIsLostAndAtMostOneSendIsExtra(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		for at := range notify.MaxSends {
			for _, after := range []bool{false, true} {
				if at%2 == 0 == after && !strings.HasPrefix(dsn, "sqlite") {
					continue // each step once is enough there: SQL is what differs
				}
				survives(t, fresh(t, dsn), "@王大锤 在吗", notify.MaxSends, notify.KeyWeChat, &mortal{at: at, after: after})
			}
		}
	})
	for at := range notify.MaxSends - 1 { // a plain one does not come to WeChat
		survives(t, fresh(t, "sqlite"), "大家好", notify.MaxSends-1, notify.KeyUnconfirmed, &mortal{at: at, after: at%2 == 0})
	}
}

// survives kills a server once and looks at what left before and after.
func survives(t *testing.T, dsn, text string, sends int, end notify.Key, m *mortal) {
	t.Helper()
	s, reader, desk, phone := everyRow(t, dsn, text, m)
	name := fmt.Sprintf("%s, killed at send %d, after it %v", text, m.at+1, m.after)
	got := s.channel.count() + s.vendors.count() + s.weChat.count()
	if extra := got - sends; extra < 0 || extra > 1 || extra == 1 && !m.after {
		t.Errorf("%s: %d sends, %d without a kill; trail %v", name, got, sends, s.trail(reader))
	}
	if s.frames(desk) < 2 || len(s.pushes(desk)) < 1 || s.frames(phone) < 2 || len(s.pushes(phone)) < 1 || s.weChat.count() < sends-6 {
		t.Errorf("%s: a way was left out: %v", name, s.trail(reader))
	}
	nid := s.newest(reader).Notice
	for _, v := range s.vendors.sends {
		if v.alert.Notice != nid {
			t.Errorf("%s: a push of another notice", name)
		}
	}
	for _, f := range s.channel.frames {
		if f.frame.Notice != nid {
			t.Errorf("%s: a frame of another notice", name)
		}
	}
	s.endsWith(reader, end)
	if n := len(s.inbox(reader).Notices); n != 1 {
		t.Errorf("%s: %d notices", name, n)
	}
}

// fresh is another empty database of the same kind.
func fresh(t *testing.T, like string) string {
	t.Helper()
	if strings.HasPrefix(like, "sqlite") {
		return storetest.SQLite(t, filepath.Join(t.TempDir(), "c.db"))
	}
	return testkit.PostgresReused(t)
}

// Killed before anybody was told, and after, with the place in the wall not written down.
func TestF16_KilledBetweenDecidingAndStepping(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "", receives, false)
	s.push(author, "大家好", nil)
	s.must(s.service.TellOnly(ctx))
	s.start()
	s.must(s.service.Resume(ctx))
	s.settle() // looks at the same changes again
	if len(s.pushes(d)) != 1 || len(s.inbox(reader).Notices) != 1 {
		t.Errorf("%d pushes, %d notices", len(s.pushes(d)), len(s.inbox(reader).Notices))
	}
}
