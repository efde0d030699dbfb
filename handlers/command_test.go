package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wall"
)

const question = "有浏览器请求以你的名义接收和发言，回复 1 确认"

// stage is an account with its platform, on which followers command.
type stage struct {
	*site
	sim *rehearsal.Account
	acc *callbackd.Account
}

func newStage(s *site, mode callbackd.Mode) *stage {
	s.Helper()
	sim, a := s.account(callbackd.Slug("command-"+mode), mode, callbackd.ModerationOpen)
	return &stage{site: s, sim: sim, acc: a}
}

// inModes runs a story in every mode of callbacks.
func inModes(t *testing.T, story func(s *stage)) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) { story(newStage(newSite(t), mode)) })
	}
}

// starts lets a new viewer ask to be bound for some minutes, and returns the code.
func (s *stage) starts(minutes time.Duration) (callbackd.Viewer, string) {
	s.Helper()
	v, err := s.db.InsertViewer(context.Background(), s.acc.ID, []byte(callbackd.NewPublicID()))
	s.must(err)
	code := notify.NewCode()
	s.must(s.db.StartBinding(context.Background(), v, code, time.Now().Add(minutes*time.Minute)))
	return v, code
}

// answered wants a reply that holds these words; none: success.
func (s *stage) answered(v rehearsal.Verdict, words ...string) {
	s.Helper()
	if len(words) == 0 {
		if v.Outcome != rehearsal.OutcomeSuccess {
			s.Fatalf("%s %s %+v, want success", v.Outcome, v.Why, v.Reply)
		}
		return
	}
	if v.Outcome != rehearsal.OutcomeReply || v.Reply.Encrypted != s.acc.Mode.Encrypted() {
		s.Fatalf("%s %s %+v, want a reply", v.Outcome, v.Why, v.Reply)
	}
	for _, w := range words {
		if !strings.Contains(v.Reply.Content, w) {
			s.Fatalf("%q does not say %q", v.Reply.Content, w)
		}
	}
}

// says sends a text of the nth follower and wants an answer.
func (s *stage) says(n int, text string, words ...string) {
	s.Helper()
	s.answered(s.say(s.sim, n, text, rehearsal.SendOptions{Attempts: 1}), words...)
}

func (s *stage) scans(e rehearsal.Event, words ...string) {
	s.Helper()
	v, err := s.sim.PushEvent(context.Background(), e, rehearsal.SendOptions{Attempts: 1})
	s.must(err)
	s.answered(v, words...)
}

func (s *stage) binding(v callbackd.Viewer, want callbackd.BindingState) callbackd.Binding {
	s.Helper()
	b, err := s.db.GetBinding(context.Background(), v.ID)
	if err != nil || b.State != want {
		s.Fatalf("binding %+v, %v, want %s", b, err, want)
	}
	return b
}

// shows wants these texts on the wall, in every feed, and nothing else stored:
// commands took no seq and no rev.
func (s *stage) shows(texts ...string) {
	s.Helper()
	feed, rows := s.feed(string(s.acc.Slug)), s.rows(s.acc)
	if len(feed.Messages) != len(texts) || len(rows) != len(texts) || feed.Rev != int64(len(texts)) {
		s.Fatalf("%d on the wall, %d stored, rev %d, want %d", len(feed.Messages), len(rows), feed.Rev, len(texts))
	}
	changes, err := wall.ChangesAfter(context.Background(), s.db, s.acc.ID, 0, 100)
	s.must(err)
	for i, text := range texts {
		if m := feed.Messages[i]; m.Text != text || m.Seq != int64(i+1) {
			s.Errorf("message %d is %q with seq %d, want %q", i, m.Text, m.Seq, text)
		}
		if len(changes.Changes) != len(texts) || changes.Changes[i].Message == nil || changes.Changes[i].Message.Text != text {
			s.Errorf("change %d of %d is not %q", i, len(changes.Changes), text)
		}
	}
}

func TestCommand_CodeByTextAndYes(t *testing.T) {
	inModes(t, func(s *stage) {
		v, code := s.starts(5)
		s.says(0, " "+strings.ToLower(code)+"\n", question)
		asked := s.binding(v, callbackd.BindingAsked)
		s.says(1, "1") // not the one who was asked
		s.says(0, "１", "浏览器")
		if b := s.binding(v, callbackd.BindingAgreed); b.Sender != asked.Sender || b.Sender == 0 {
			t.Fatalf("%+v, asked %+v", b, asked)
		}
		sender, err := s.db.ConfirmBinding(context.Background(), v.ID)
		s.must(err)
		who, err := s.db.GetSender(context.Background(), sender)
		s.must(err)
		if who.OpenID != s.sim.Contacts()[0].OpenID {
			t.Error("bound to another follower")
		}
		s.says(0, "1") // nobody asks any more
		s.says(0, "大家好")
		s.shows("1", "1", "大家好")
	})
}

func TestCommand_CodeByScan(t *testing.T) {
	inModes(t, func(s *stage) {
		fresh, old := s.sim.Contacts()[0].Number, s.sim.Contacts()[1].Number
		v, code := s.starts(5)
		s.scans(rehearsal.SubscribeByScene(fresh, callbackd.SceneOfCode(code), "ticket"), question)
		s.binding(v, callbackd.BindingAsked)
		s.says(0, "1", "浏览器")
		s.binding(v, callbackd.BindingAgreed)

		v, code = s.starts(5)
		s.scans(rehearsal.ScanScene(old, callbackd.SceneOfCode(code), "ticket"), question)
		s.binding(v, callbackd.BindingAsked)
		s.scans(rehearsal.ScanScene(fresh, callbackd.SceneOfCode(code), "ticket"), "已经用过")
		s.says(1, "1", "浏览器")
		s.binding(v, callbackd.BindingAgreed)

		welcome := "/wall/" + string(s.acc.Slug)
		for _, scene := range []string{"wall", callbackd.SceneOfCode("WXYZ2345"), callbackd.SceneOfCode("1"), callbackd.SceneOfCode("通知开"), callbackd.SceneOfCode("解绑")} {
			s.scans(rehearsal.ScanScene(old, scene, "ticket"), welcome)
			s.scans(rehearsal.SubscribeByScene(fresh, scene, "ticket"), welcome)
		}
		s.shows()
	})
}

func TestCommand_CodesThatAreOver(t *testing.T) {
	s := newStage(newSite(t), callbackd.ModeSafe)
	_, late := s.starts(-1)
	s.says(0, late, "已过期")
	v, code := s.starts(5)
	s.says(0, code, question)
	s.says(1, code, "已经用过") // somebody read it over the shoulder
	s.says(0, "1", "浏览器")
	s.says(1, code, "已经用过")
	sender, err := s.db.ConfirmBinding(context.Background(), v.ID)
	s.must(err)
	s.says(1, code, "已经用过")
	if got, err := s.db.GetViewer(context.Background(), v.ID); err != nil || got.Sender != sender {
		t.Fatalf("%+v, %v", got, err)
	}
	s.shows()
}

func TestCommand_WrongCodesLock(t *testing.T) {
	s := newStage(newSite(t), callbackd.ModeSafe)
	v, code := s.starts(5)
	var words []string
	for range callbackd.WrongCodes {
		words = append(words, notify.NewCode())
		s.says(0, words[len(words)-1])
	}
	s.says(0, code, "太多")
	s.says(0, "通知 开", "通知：开") // only codes are locked
	s.binding(v, callbackd.BindingWaiting)
	s.says(1, code, question)
	s.shows(words...) // what was no code is a word
}

func TestCommand_RepeatsActOnceAndGetTheSameAnswer(t *testing.T) {
	inModes(t, func(s *stage) {
		v, code := s.starts(5)
		repeats := rehearsal.SendOptions{Copies: 6, Attempts: 1}
		s.answered(s.say(s.sim, 0, code, repeats), question)
		s.binding(v, callbackd.BindingAsked)
		s.answered(s.say(s.sim, 0, "1", repeats), "浏览器")
		s.binding(v, callbackd.BindingAgreed)
		scanned, code := s.starts(5)
		e, err := s.sim.Act(rehearsal.ScanScene(s.sim.Contacts()[1].Number, callbackd.SceneOfCode(code), "ticket"))
		s.must(err)
		for range 2 {
			got, err := s.sim.Send(context.Background(), e, repeats)
			s.must(err)
			s.answered(got, question)
		}
		s.binding(scanned, callbackd.BindingAsked)
		out := s.say(s.sim, 2, "解绑", repeats)
		s.answered(out, "没有绑定")
		s.shows()
	})
}

func TestCommand_Switches(t *testing.T) {
	inModes(t, func(s *stage) {
		v, code := s.starts(5)
		s.says(0, code, question)
		s.says(0, "1", "浏览器")
		sender, err := s.db.ConfirmBinding(context.Background(), v.ID)
		s.must(err)
		viewer := v
		viewer.Sender = sender
		_, _, err = s.db.InsertDevice(context.Background(), store.NewDevice{Viewer: viewer, Class: callbackd.ClassPhone, Name: "手机"})
		s.must(err)
		for _, c := range []struct {
			text  string
			words []string
			want  callbackd.Preferences
		}{
			{"通知 开", []string{"通知：开", "详情：开", "Notices: on; details: on"}, callbackd.Preferences{Receive: true, Detail: callbackd.LevelName}},
			{"详情关", []string{"通知：开", "详情：关", "Notices: on; details: off"}, callbackd.Preferences{Receive: true}},
			{"通知關", []string{"通知：关", "详情：关", "Notices: off"}, callbackd.Preferences{}},
			{"详情　開", []string{"通知：关", "详情：开", "details: on"}, callbackd.Preferences{Detail: callbackd.LevelName}},
		} {
			s.says(0, c.text, c.words...)
			c.want.IdleAfterS = callbackd.IdleAfterDefault
			if p, err := s.db.GetPreferences(context.Background(), sender); err != nil || p != c.want {
				t.Errorf("%s: %+v, %v", c.text, p, err)
			}
		}
		s.says(0, "通知 开启")
		s.says(0, "解绑", "已解绑 1 个")
		got, err := s.db.GetViewer(context.Background(), v.ID)
		devices, listed := s.db.ListDevices(context.Background(), sender)
		if err != nil || listed != nil || got.Sender != 0 || len(devices) != 0 {
			t.Errorf("%+v, %d devices, %v, %v", got, len(devices), err, listed)
		}
		s.shows("通知 开启")
	})
}

// What is not a text is never a command, whatever words it comes with.
func TestCommand_OnlyTextsAre(t *testing.T) {
	s := newStage(newSite(t), callbackd.ModePlain)
	s.acc.Moderation = callbackd.ModerationHold
	s.must(s.db.SetAccount(context.Background(), s.acc, "test"))
	voice, words := sample(rehearsal.TypeVoice), "解绑"
	voice.Recognition = &words
	s.answered(s.send(s.sim, voice, 0, rehearsal.SendOptions{Attempts: 1}))
	link := sample(rehearsal.TypeLink)
	link.Link.Title = "解绑"
	s.answered(s.send(s.sim, link, 0, rehearsal.SendOptions{Attempts: 1}))
	rows := s.rows(s.acc)
	if len(rows) != 2 || rows[0].Message.Link.Title != words || rows[1].Message.Text != words {
		t.Fatalf("%+v", rows)
	}
}

// No code and no name of a follower is in what the server logs of all this.
func TestCommand_LogsHoldNoCodes(t *testing.T) {
	s := newStage(newSite(t), callbackd.ModeCompatible)
	_, code := s.starts(5)
	s.says(0, code, question)
	s.says(1, code, "已经用过")
	if logs := s.logs.String(); strings.Contains(logs, code) || strings.Contains(logs, string(s.sim.Contacts()[0].OpenID)) {
		t.Error("a code or an openID is in the log")
	}
}
