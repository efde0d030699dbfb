package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
)

func receives(p *callbackd.Preferences) { p.Receive, p.Detail = true, callbackd.LevelWords }

// rows is the trail of a follower's newest notice without why it came.
func (s *stage) rows(f *follower) []notify.Key {
	s.Helper()
	return s.trail(f)[1:]
}

func TestService_WhoReceivesIsToldOnTheirPhoneAndTheAckEndsIt(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("王大锤", receives)
	d := s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
	s.say(author, "大家好")
	got := s.channel.of(d, "notify")
	if len(got) != 1 || got[0].Title != "林小满" || got[0].Body != "大家好" || got[0].Level != callbackd.LevelWords || got[0].Account != "gala" {
		t.Fatalf("frames %+v", got)
	}
	s.after(2 * time.Second)
	s.must(s.service.Acknowledge(ctx, reader.viewer, got[0].Notice, callbackd.HowPrompt))
	s.after(time.Minute)
	if n := s.vendors.count(); n != 0 {
		t.Errorf("%d pushes after the acknowledgement", n)
	}
	if keys := s.rows(reader); !slices.Equal(keys, []notify.Key{notify.KeySent, notify.KeyAcked}) {
		t.Errorf("trail %v", keys)
	}
	if len(s.channel.of(d, "notify")) != 1 || s.inbox(reader).Unread != 1 {
		t.Error("told twice, or an acknowledgement counts as read")
	}
}

func TestService_WithoutAckThePhoneIsPushedToAfterThreeSecondsAndAskedOnceMore(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("", receives)
	d := s.device(reader, callbackd.ClassPhone, callbackd.ProviderAPNs, true)
	s.say(author, "大家好")
	s.clock.Advance(3*time.Second - time.Millisecond)
	s.settle()
	if s.vendors.count() != 0 {
		t.Fatal("pushed before T1 was over")
	}
	s.clock.Advance(time.Millisecond)
	s.settle()
	if s.vendors.count() != 1 {
		t.Fatal("not pushed when T1 was over")
	}
	s.after(9 * time.Second)
	if n := len(s.channel.of(d, "notify")); n != 1 {
		t.Fatalf("%d frames before T2 was over", n)
	}
	s.after(time.Second)
	if n := len(s.channel.of(d, "notify")); n != 2 {
		t.Fatalf("%d frames after T2", n)
	}
	s.after(time.Minute)
	s.endsWith(reader, notify.KeyUnconfirmed)
	if s.vendors.count() != 1 || len(s.channel.of(d, "notify")) != 2 || s.weChat.count() != 0 {
		t.Error("sent more than the table allows")
	}
}

func TestService_AnActiveComputerKeepsThePhoneQuiet(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("", receives)
	desk := s.device(reader, callbackd.ClassComputer, "", true)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.sits(reader, desk)
	s.say(author, "大家好")
	frames := s.channel.of(desk, "notify")
	if len(frames) != 1 {
		t.Fatalf("the computer got %d", len(frames))
	}
	s.must(s.service.Acknowledge(ctx, reader.viewer, frames[0].Notice, callbackd.HowInline))
	s.after(5 * time.Minute)
	if s.vendors.count() != 0 {
		t.Error("the phone was alerted")
	}
	s.leaves(reader, desk)
	s.say(author, "还有")
	if s.vendors.count() != 1 || len(s.channel.of(desk, "notify")) != 1 {
		t.Error("an inactive computer was alerted, or the phone was not")
	}
}

func TestService_AMentionNobodyAnswersEndsInWeChat(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("王大锤", nil)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.say(author, "@王大锤 你在吗")
	if s.vendors.count() != 1 {
		t.Fatal("the phone was not pushed to")
	}
	s.after(40 * time.Second)
	if s.weChat.count() != 1 || !strings.Contains(s.weChat.texts[0], "林小满") || strings.Contains(s.weChat.texts[0], "你在吗") ||
		!strings.Contains(s.weChat.texts[0], "https://wall.example/wall/gala?notice=") {
		t.Fatalf("WeChat: %q", s.weChat.texts)
	}
	s.endsWith(reader, notify.KeyWeChat)
	s.say(author, "@王大锤 再问一次")
	s.after(40 * time.Second)
	if s.weChat.count() != 1 {
		t.Error("two WeChat messages in ten minutes")
	}
	s.endsWith(reader, notify.KeyInbox)
	s.after(10 * time.Minute)
	for range 3 {
		s.say(author, "@王大锤 在吗")
		s.after(11 * time.Minute)
	}
	if s.weChat.count() != store.WeChatMost {
		t.Errorf("%d WeChat messages: two of five are the operator's", s.weChat.count())
	}
}

func TestService_ATakenDownMessageIsTakenBackAndNobodyIsTold(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("", receives)
	d := s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
	id := s.say(author, "坏话")
	s.must(s.db.Moderate(ctx, s.account.ID, id, callbackd.DecisionRemove, "test"))
	s.settle()
	if len(s.channel.of(d, "cancel")) != 1 {
		t.Error("not taken back")
	}
	s.after(time.Minute)
	if s.vendors.count() != 0 {
		t.Error("pushed although it was taken down")
	}
	s.endsWith(reader, notify.KeyRemoved)
	if e := s.inbox(reader).Notices[0]; e.Body != "" || e.Message != "" || strings.Contains(e.Title, "林小满") {
		t.Errorf("the inbox shows it: %+v", e)
	}
}

func TestService_TestGoesToItsDeviceAndIsAcknowledged(t *testing.T) {
	s := newStageOf(t, nil)
	reader := s.bound("", nil)
	desk := s.device(reader, callbackd.ClassComputer, "", true)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
	nid, err := s.service.Test(ctx, reader.viewer, desk.PublicID)
	s.must(err)
	s.settle()
	frames := s.channel.of(desk, "notify")
	if len(frames) != 1 || frames[0].Notice != nid || frames[0].Level != callbackd.LevelHint {
		t.Fatalf("frames %+v", frames)
	}
	s.must(s.service.Acknowledge(ctx, reader.viewer, nid, callbackd.HowInline))
	s.endsWith(reader, notify.KeyAcked)
	if s.inbox(reader).Unread != 0 {
		t.Error("a test counts as unread")
	}
}

func TestService_AVendorThatIsAwayForAWhileGetsItLater(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person(""), s.bound("", receives)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.vendors.answer = func(callbackd.Device) push.Result {
		return push.Result{Outcome: push.Retry, RetryAfter: 30 * time.Second, Status: 503}
	}
	s.say(author, "大家好")
	s.endsWith(reader, notify.KeyInbox)
	s.vendors.answer = nil
	s.after(29 * time.Second)
	if s.vendors.count() != 1 {
		t.Fatalf("%d pushes before the vendor's time", s.vendors.count())
	}
	s.after(2 * time.Second)
	if s.vendors.count() != 2 {
		t.Fatalf("%d pushes after it", s.vendors.count())
	}
	s.after(time.Minute)
	s.endsWith(reader, notify.KeyUnconfirmed)
}

// What a server left half done goes on once, with the same id.
func TestF16_AfterAKillNothingIsLostAndAtMostOneSendIsExtra(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person(""), s.bound("", receives)
	d := s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.push(author, "大家好", nil)
	s.must(s.service.Tell(ctx))
	s.must(s.service.StepDue(ctx)) // stored, and killed before the vendor was called
	s.start()
	s.must(s.service.Resume(ctx))
	s.settle()
	if s.vendors.count() != 1 {
		t.Fatalf("%d pushes after the start", s.vendors.count())
	}
	s.start() // killed after the vendor took it and its answer was stored
	s.must(s.service.Resume(ctx))
	s.settle()
	if s.vendors.count() != 1 {
		t.Fatal("a push that was answered went out again")
	}
	s.connect(reader, d)
	s.after(15 * time.Second)
	if n := len(s.channel.of(d, "notify")); n != 1 {
		t.Errorf("%d frames: the channel once more after a silent push", n)
	}
}

func TestService_WhoIsNotToldAndWhyIsInTheTrail(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("王大锤", receives)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, true)
	s.say(reader, "自己说的 @王大锤")
	if len(s.inbox(reader).Notices) != 0 {
		t.Error("told of their own message")
	}
	for i := range 30 {
		s.say(author, "热闹 "+strings.Repeat("啊", i+1))
	}
	in := s.inbox(reader)
	collapsed := 0
	for _, n := range in.Notices {
		if n.Why.Key == notify.KeyCollapsed {
			collapsed++
		}
	}
	if collapsed != 24 {
		t.Errorf("%d of 30 are told together", collapsed)
	}
	s.after(30 * time.Second)
	var counts []string
	for _, n := range s.inbox(reader).Notices {
		if n.Why.Key == notify.KeyMany {
			counts = append(counts, n.Title)
		}
	}
	if len(counts) != 1 || !strings.HasPrefix(counts[0], "24 条新消息") {
		t.Errorf("counts %q", counts)
	}
}
