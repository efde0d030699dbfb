package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
)

func TestF4_AnAcknowledgementCountsOnceAndOnlyForWhoseNoticeItIs(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "王大锤", nil, true)
	other := s.bound("", nil)
	stranger, err := s.db.InsertViewer(ctx, s.account.ID, []byte("nobody's"))
	s.must(err)
	s.say(author, "@王大锤 在吗")
	nid := s.newest(reader).Notice
	for name, try := range map[string]struct {
		by  callbackd.Viewer
		nid callbackd.NoticeID
	}{"another follower": {other.viewer, nid}, "nobody bound": {stranger, nid}, "unknown": {reader.viewer, "nosuchnotice"}, "empty": {reader.viewer, ""}} {
		if err := s.service.Acknowledge(ctx, try.by, try.nid, callbackd.HowPrompt); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("%s: acknowledged: %v", name, err)
		}
		if err := s.service.Read(ctx, try.by, try.nid); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("%s: read: %v", name, err)
		}
	}
	if err := s.service.Report(ctx, other.viewer, d.PublicID, callbackd.DeviceState{Active: true}); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("another's device reports: %v", err)
	}
	if err := s.service.OpenDevice(ctx, other.viewer.ID, d.PublicID); !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("another's device is listened to: %v", err)
	}
	s.after(3 * time.Second)
	if len(s.pushes(d)) != 1 {
		t.Fatal("what was refused ended the wait all the same")
	}
	for range 3 {
		s.acks(reader, callbackd.HowPrompt)
	}
	lines := 0
	for _, k := range s.trail(reader) {
		if k == notify.KeyAcked {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("three acknowledgements are %d lines", lines)
	}
	s.afterLong(10 * time.Minute) // an old one
	s.must(s.service.Acknowledge(ctx, reader.viewer, nid, callbackd.HowPrompt))
	s.clock.Advance(store.NoticesLife + time.Hour)
	_, err = s.db.Prune(ctx, store.RepeatLife)
	s.must(err)
	if err := s.service.Acknowledge(ctx, reader.viewer, nid, callbackd.HowPrompt); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("one that is kept no longer: %v", err)
	}
}

// told says why the newest notice of somebody came; empty: there is none of this text.
func (s *stage) told(f *follower, text string) notify.Key {
	s.Helper()
	for _, n := range s.inbox(f).Notices {
		if n.Body == text {
			return n.Why.Key
		}
	}
	return ""
}

func TestF26_WhoIsToldOfWhichMention(t *testing.T) {
	for name, c := range map[string]struct {
		options callbackd.GroupOptions
		receive bool
		text    string
		want    notify.Key
	}{
		"receiving off, mentioned":                      {callbackd.GroupOptions{}, false, "@王大锤 在吗", notify.KeyMentioned},
		"receiving on, mentioned":                       {callbackd.GroupOptions{}, true, "@王大锤 在吗", notify.KeyMentioned},
		"receiving on, another is mentioned":            {callbackd.GroupOptions{}, true, "@李雷 在吗", notify.KeyReceiving},
		"receiving off, another is mentioned":           {callbackd.GroupOptions{}, false, "@李雷 在吗", ""},
		"another is mentioned, exclusively":             {callbackd.GroupOptions{MentionExclusive: true}, true, "@李雷 在吗", ""},
		"mentioned, exclusively":                        {callbackd.GroupOptions{MentionExclusive: true}, false, "@王大锤 在吗", notify.KeyMentioned},
		"a stranger is mentioned, exclusively":          {callbackd.GroupOptions{MentionExclusive: true}, true, "@路人甲 在吗", notify.KeyReceiving},
		"a name that two have":                          {callbackd.GroupOptions{}, false, "@韩梅梅 在吗", ""},
		"a name that two have, and receiving":           {callbackd.GroupOptions{}, true, "@韩梅梅 在吗", notify.KeyReceiving},
		"who left is mentioned":                         {callbackd.GroupOptions{}, true, "@走了的人 在吗", notify.KeyReceiving},
		"mentions mean nothing":                         {callbackd.GroupOptions{IgnoreMentions: true}, false, "@王大锤 在吗", ""},
		"mentions mean nothing, everybody is to know":   {callbackd.GroupOptions{IgnoreMentions: true, NoReceiveSwitch: true}, false, "@王大锤 在吗", notify.KeyEveryone},
		"everybody is to know, and this one by mention": {callbackd.GroupOptions{NoReceiveSwitch: true}, false, "@王大锤 在吗", notify.KeyMentioned},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStageOf(t, func(a *callbackd.Account) { a.Notices.Group = c.options })
			author, reader := s.person("林小满"), s.bound("王大锤", func(p *callbackd.Preferences) { p.Receive = c.receive })
			s.bound("李雷", nil)
			namesakes := []*follower{s.bound("韩梅梅", nil), s.bound("韩梅梅", nil)}
			gone := s.bound("走了的人", receives)
			s.unfollows(gone)
			s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
			s.say(author, c.text)
			if got := s.told(reader, c.text); got != c.want {
				t.Errorf("told because of %q, want %q", got, c.want)
			}
			if n, want := s.vendors.count(), map[bool]int{true: 1}[c.want != ""]; n != want {
				t.Errorf("%d alerts, want %d", n, want)
			}
			for _, f := range namesakes {
				if got := s.told(f, c.text); got == notify.KeyMentioned {
					t.Error("somebody is mentioned by a name that two have")
				}
			}
			if n := s.inbox(gone).Notices; len(n) > 0 && n[0].Body == c.text {
				t.Error("who left has a notice")
			}
		})
	}
}

func (s *stage) unfollows(f *follower) {
	s.Helper()
	no := false
	s.push(f, "", func(cb *store.Callback) {
		cb.MsgType, cb.Event, cb.Message, cb.Following, cb.Command = "event", "unsubscribe", nil, &no, nil
	})
	s.settle()
}

func TestF26_OneselfIsNotMentionedAndOfFiftyFiveAre(t *testing.T) {
	s := newStageOf(t, nil)
	author := s.bound("王大锤", receives)
	s.say(author, "@王大锤 自言自语")
	if n := len(s.inbox(author).Notices); n != 0 {
		t.Errorf("%d notices of one's own message", n)
	}
	var all []*follower
	var text strings.Builder
	for i := range 50 {
		name := fmt.Sprintf("路人%c", '一'+i)
		all = append(all, s.bound(name, nil))
		text.WriteString("@" + name + "\u2005")
	}
	s.say(author, text.String())
	for i, f := range all {
		got := s.inbox(f).Notices
		if mentioned := len(got) == 1 && got[0].Why.Key == notify.KeyMentioned; mentioned != (i < notify.MaxMentions) {
			t.Errorf("number %d: %+v", i, got)
		}
	}
}

// A message is decided about once: a change of it, or of somebody's name, mentions nobody anew.
func TestF26_AMentionThatFitsLaterTellsNobody(t *testing.T) {
	s, author, reader, _ := onPhoneOf(t, "", nil, false)
	const text = "@新名字 在吗"
	voice := s.push(author, text, func(cb *store.Callback) {
		cb.MsgType, cb.Message.Kind, cb.Media = "voice", callbackd.KindVoice, &callbackd.Media{Kind: callbackd.KindVoice, WeChatID: "m"}
	})
	s.settle()
	s.must(s.db.SetPerson(ctx, s.account.ID, store.Resolution{FakeID: "4711", OpenID: reader.openID, Profile: callbackd.Profile{Nickname: "新名字"}, ReadAt: s.clock.Now()}))
	row, err := s.db.GetMessage(ctx, s.account.ID, voice)
	s.must(err)
	s.must(s.db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: "b", Type: "audio/mpeg", Size: 1}}))
	s.settle() // the message has changed
	s.after(time.Minute)
	if n := s.vendors.count(); n != 0 || s.told(reader, text) != "" {
		t.Errorf("%d alerts of a name that was nobody's then", n)
	}
	id := s.say(author, text+"在吗")
	if s.told(reader, text+"在吗") != notify.KeyMentioned {
		t.Error("the new name does not hold for what comes after")
	}
	before := s.vendors.count()
	for _, d := range []callbackd.Decision{callbackd.DecisionRemove, callbackd.DecisionApprove} {
		s.must(s.db.Moderate(ctx, s.account.ID, id, d, "test"))
		s.settle()
	}
	s.after(time.Minute)
	if n := s.vendors.count() - before; n != 0 {
		t.Errorf("%d more alerts when it was taken down and let through again", n)
	}
}

func TestF27_WhatIsReadIsTakenBackEverywhere(t *testing.T) {
	wait := map[string]func(*stage){
		"T1":           func(s *stage) { s.pass(time.Second) },
		"for a worker": func(s *stage) { s.clock.Advance(3 * time.Second); s.must(s.service.StepDue(ctx)) },
		"T2":           func(s *stage) { s.after(4 * time.Second) },
		"back-off": func(s *stage) {
			s.vendors.answer = func(callbackd.Device) push.Result {
				return push.Result{Outcome: push.Retry, Status: 503, RetryAfter: time.Minute}
			}
			s.after(4 * time.Second)
			s.vendors.answer = nil
		},
	}
	for name, waits := range wait {
		for _, text := range []string{"大家好", "@王大锤 在吗"} {
			s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
			second := s.device(reader, callbackd.ClassComputer, "", true)
			s.say(author, text)
			waits(s)
			before, inWeChat := s.vendors.count(), s.weChat.count()
			s.must(s.service.Read(ctx, s.bind(reader), s.newest(reader).Notice)) // in another browser
			s.afterLong(2 * time.Hour)
			if s.vendors.count() != before || s.frames(d) != 1 || s.frames(second) != 0 || s.weChat.count() != inWeChat {
				t.Errorf("%s, %s: told again after it was read", text, name)
			}
			for _, d := range []callbackd.Device{d, second} {
				if c := s.channel.of(d, "cancel"); len(c) == 0 || c[0].Notice != s.newest(reader).Notice {
					t.Errorf("%s, %s: %s was not told that it is read", text, name, d.Name)
				}
			}
			if in := s.inbox(reader); in.Unread != 0 || !in.Notices[0].Read {
				t.Errorf("%s, %s: %d unread", text, name, in.Unread)
			}
			s.endsWith(reader, notify.KeyRead)
		}
	}
}

// The server was killed between the read and the end of the chain.
func TestF27_AReadThatTheChainWasNotToldOfHolds(t *testing.T) {
	s, author, reader, d := onPhoneOf(t, "王大锤", nil, true)
	s.say(author, "@王大锤 在吗")
	n, err := s.db.GetNotice(ctx, reader.sender, s.newest(reader).Notice)
	s.must(err)
	_, err = s.db.ReadNotice(ctx, n)
	s.must(err)
	s.after(time.Minute)
	if len(s.pushes(d)) != 0 || s.frames(d) != 1 || s.weChat.count() != 0 {
		t.Error("told again after it was read")
	}
	s.endsWith(reader, notify.KeyRead)
}

func TestF27_AReadEndsBothChainsOfMyPhoneToo(t *testing.T) {
	s, author, reader, desk, phone := atDesk(t, callbackd.ProviderWebPush)
	s.chooses(reader, func(p *callbackd.Preferences) { p.PhoneToo = true })
	s.say(author, "@王大锤 在吗")
	if s.frames(desk) != 1 || len(s.pushes(phone)) != 1 {
		t.Fatalf("%d to the computer, %d to the phone", s.frames(desk), len(s.pushes(phone)))
	}
	s.must(s.service.Read(ctx, reader.viewer, s.newest(reader).Notice))
	s.afterLong(time.Hour)
	if s.frames(desk) != 1 || len(s.pushes(desk)) != 0 || len(s.pushes(phone)) != 1 || s.weChat.count() != 0 {
		t.Error("told again after it was read")
	}
}

// shares registers the one browser of these tests for somebody.
func (s *stage) shares(f *follower, d callbackd.Device) callbackd.Device {
	s.Helper()
	d, _, err := s.db.InsertDevice(ctx, store.NewDevice{Viewer: f.viewer, Class: d.Class, Provider: d.Provider, Name: "shared", Target: "target-of-both",
		TargetKey: []byte("shared"), Proof: []byte("proof")})
	s.must(err)
	return d
}

func TestF31_NothingMoreForWhoLeft(t *testing.T) {
	leave := map[string]func(s *stage, f, next *follower, d callbackd.Device){
		"unbound": func(s *stage, f, _ *follower, _ callbackd.Device) {
			_, err := s.db.UnbindViewer(ctx, f.viewer.ID)
			s.must(err)
		},
		"unbound in WeChat": func(s *stage, f, _ *follower, _ callbackd.Device) { s.push(f, "解绑", nil) },
		"device removed": func(s *stage, f, next *follower, d callbackd.Device) {
			_, err := s.db.DeleteDevice(ctx, f.sender, d.PublicID)
			s.must(err)
		},
		"another's browser now": func(s *stage, _, next *follower, d callbackd.Device) { s.shares(next, d) },
		"another account's browser now": func(s *stage, _, _ *follower, d callbackd.Device) {
			first := s.account
			s.account = &callbackd.Account{Slug: "other", Name: "别的", OriginalID: "gh_ba9876543210", Token: "token", Mode: callbackd.ModePlain, Moderation: callbackd.ModerationHold}
			s.must(s.db.InsertAccount(ctx, s.account, "test"))
			s.n++
			next := &follower{openID: callbackd.OpenID(fmt.Sprintf("o%027d", s.n))}
			s.push(next, "你好", nil)
			rows, err := s.db.ListMessages(ctx, s.account.ID, store.MessageFilter{Limit: 1})
			s.must(err)
			next.sender = rows[0].Sender.ID
			next.viewer = s.bind(next)
			s.account = first
			s.shares(next, d)
		},
	}
	for name, leaves := range leave {
		for _, queued := range []bool{true, false} {
			s := newStageOf(t, nil)
			author, reader, next := s.person("林小满"), s.bound("王大锤", nil), s.bound("", nil)
			d := s.shares(reader, callbackd.Device{Class: callbackd.ClassPhone, Provider: callbackd.ProviderWebPush})
			s.connect(reader, d)
			s.push(author, "@王大锤 在吗", nil)
			s.must(s.service.Tell(ctx))
			if queued { // the push is decided and waits for a worker
				s.disconnect(d)
				s.must(s.service.StepDue(ctx))
			}
			leaves(s, reader, next, d)
			s.disconnect(d)
			s.service.Changed(ctx, reader.sender)
			s.after(20 * time.Second)
			s.say(author, "@王大锤 还在吗")
			s.after(20 * time.Second)
			if n := s.vendors.count() + s.channel.count(); n != 0 {
				t.Errorf("%s, waits for a worker %v: %d alerts", name, queued, n)
			}
			if n := s.weChat.count(); name == "unbound in WeChat" && n != 0 {
				t.Errorf("%s: %d messages in WeChat after the consent ended", name, n)
			}
		}
	}
}
