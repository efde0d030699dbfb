package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// reply says what the outcome was, as the words of a real one do.
func reply(r callbackd.CommandResult) string {
	return fmt.Sprintf("%s receive=%v detail=%d viewers=%d", r.Outcome, r.Preferences.Receive, r.Preferences.Detail, r.Viewers)
}

// asks is a text callback that may be a command.
func (w *world) asks(from callbackd.OpenID, c callbackd.Command) *store.Callback {
	cb := w.text(from, fmt.Sprint(c))
	cb.Command, cb.Reply = &c, reply
	return cb
}

// scans is the scan of a QR with a code by somebody who follows.
func (w *world) scans(from callbackd.OpenID, code string) *store.Callback {
	cb := w.asks(from, callbackd.Command{Kind: callbackd.CommandBind, Code: code})
	yes := true
	cb.MsgType, cb.Event, cb.Message, cb.Following, cb.Answer = "event", "SCAN", nil, &yes, "welcome"
	return cb
}

// command sends a command and wants an outcome and the answer that tells of it,
// and that the text is a message where, and only where, it was none.
func (w *world) command(from callbackd.OpenID, kind callbackd.CommandKind, code string, want callbackd.CommandOutcome) store.Accepted {
	w.Helper()
	return w.commanded(w.asks(from, callbackd.Command{Kind: kind, Code: code}), want)
}

func (w *world) commanded(cb *store.Callback, want callbackd.CommandOutcome) store.Accepted {
	w.Helper()
	answer, before := cb.Answer, len(w.messages(""))
	out := w.accept(cb)
	if want != callbackd.CommandNone {
		answer = reply(out.Command)
	}
	if out.Command.Outcome != want || out.Answer != answer || out.Sender == 0 {
		w.Fatalf("%+v, want outcome %q", out, want)
	}
	became := want == callbackd.CommandNone && cb.Message != nil
	if got := len(w.messages("")) - before; (got == 1) != became || (out.State != "") != became {
		w.Fatalf("outcome %q: %d more messages, %+v", want, got, out)
	}
	return out
}

// start lets a new viewer ask to be bound by a code, for five minutes.
func (w *world) start(code string) callbackd.Viewer {
	w.Helper()
	v := w.viewer()
	w.must(w.db.StartBinding(ctx, v, code, w.clock.Now().Add(callbackd.BindingMinutes*time.Minute)))
	return v
}

// bind binds a viewer to a follower, with the word of both.
func (w *world) bind(v callbackd.Viewer, to callbackd.OpenID) callbackd.Viewer {
	w.Helper()
	w.accept(w.text(to, "x")) // who speaks is looked at by CheckInvariants
	code := fmt.Sprintf("CODE%04d", w.n)
	w.must(w.db.StartBinding(ctx, v, code, w.clock.Now().Add(callbackd.BindingMinutes*time.Minute)))
	w.command(to, callbackd.CommandBind, code, callbackd.CommandAsk)
	w.command(to, callbackd.CommandYes, "", callbackd.CommandAgreed)
	if _, err := w.db.ConfirmBinding(ctx, v.ID); err != nil {
		w.Fatal(err)
	}
	return w.reread(v)
}

func (w *world) reread(v callbackd.Viewer) callbackd.Viewer {
	w.Helper()
	v, err := w.db.GetViewer(ctx, v.ID)
	w.must(err)
	return v
}

// stands checks how far a viewer's binding has come; empty: there is none.
func (w *world) stands(v callbackd.Viewer, want callbackd.BindingState, with callbackd.SenderID) {
	w.Helper()
	b, err := w.db.GetBinding(ctx, v.ID)
	if want == "" && errors.Is(err, callbackd.ErrNotFound) {
		return
	}
	if err != nil || b.State != want || b.Sender != with {
		w.Fatalf("binding %+v, %v, want %q with %d", b, err, want, with)
	}
}

func exerciseCommands(t *testing.T, h Harness) {
	t.Run("BoundWithTheWordOfBoth", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		a := w.sender("oA")
		v := w.start("ABCD2345")
		w.stands(v, callbackd.BindingWaiting, 0)
		w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk)
		w.stands(v, callbackd.BindingAsked, a)
		if _, err := w.db.ConfirmBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("confirmed before the follower said yes: %v", err)
		}
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
		w.stands(v, callbackd.BindingAgreed, a)
		if got := w.reread(v); got.Sender != 0 {
			t.Fatalf("bound without the browser's word: %+v", got)
		}
		if sender, err := w.db.ConfirmBinding(ctx, v.ID); err != nil || sender != a || w.reread(v).Sender != a {
			t.Fatalf("%d, %v, want %d", sender, err, a)
		}
		w.stands(v, "", 0)
		if _, err := w.db.ConfirmBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("confirmed twice: %v", err)
		}
	})
	t.Run("ByAScannedQR", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.start("ABCD2345")
		w.commanded(w.scans("oNew", "WXYZ2345"), callbackd.CommandNone) // the normal welcome
		out := w.commanded(w.scans("oNew", "ABCD2345"), callbackd.CommandAsk)
		w.stands(v, callbackd.BindingAsked, out.Sender)
	})
	t.Run("RepeatsGetTheSameAnswerAndActOnce", func(t *testing.T) { commandRepeats(t, h) })
	t.Run("ACodeIsUsedOnce", func(t *testing.T) { codeOnce(t, h) })
	t.Run("CodeAndQuestionAndYesAreEachGoodForFiveMinutes", func(t *testing.T) { commandTimes(t, h) })
	t.Run("AYesThatNobodyAskedForIsAWord", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.start("ABCD2345")
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandNone)
		w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk)
		w.command("oB", callbackd.CommandYes, "", callbackd.CommandNone)
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandNone)
		w.stands(v, callbackd.BindingAgreed, w.sender("oA"))
	})
	t.Run("TheNewestQuestionIsAnswered", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first, second := w.start("AAAA2222"), w.start("BBBB2222")
		w.command("oA", callbackd.CommandBind, "BBBB2222", callbackd.CommandAsk)
		w.clock.Advance(time.Second)
		a := w.command("oA", callbackd.CommandBind, "AAAA2222", callbackd.CommandAsk).Sender
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
		w.stands(first, callbackd.BindingAgreed, a)
		w.stands(second, callbackd.BindingAsked, a)
		w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
		w.stands(second, callbackd.BindingAgreed, a)
	})
	t.Run("FiveWrongCodesLockTheSixth", func(t *testing.T) { wrongCodes(t, h) })
	t.Run("CodesOfOtherAccountsAreNone", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.start("ABCD2345")
		here := w.acc
		w.acc = w.account("autumn", callbackd.ModerationOpen)
		w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandNone)
		w.acc = here
		w.stands(v, callbackd.BindingWaiting, 0)
	})
	t.Run("SwitchesSetWhatTheySay", func(t *testing.T) { switches(t, h) })
	t.Run("ConsentIsGivenAndEnds", func(t *testing.T) { consents(t, h) })
	t.Run("OrdinaryMessagesPayNothingForThem", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.sender("oA")
		cost := func(cb *store.Callback) int64 {
			before := w.db.Statements()
			w.accept(cb)
			return w.db.Statements() - before
		}
		plain := cost(w.text("oA", "大家好"))
		if one := cost(w.asks("oA", callbackd.Command{Kind: callbackd.CommandYes})); one != plain+1 {
			t.Errorf("a 1 that nobody asked for takes %d statements, other words %d", one, plain)
		}
		if again := cost(w.text("oA", "大家好")); again != plain {
			t.Errorf("%d statements, then %d", plain, again)
		}
	})
	t.Run("UnbindFreesEveryViewer", func(t *testing.T) { unbindAll(t, h) })
	t.Run("AmongManyAtOnce", func(t *testing.T) { commandsAmongMany(t, h) })
	t.Run("UnsubscribeEndsFollowingAndLeavesTheBinding", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.bind(w.viewer(), "oA")
		cb, no := w.text("oA", ""), false
		cb.MsgType, cb.Event, cb.Message, cb.Following = "event", "unsubscribe", nil, &no
		w.accept(cb)
		if s, err := w.db.GetSender(ctx, v.Sender); err != nil || s.Following || w.reread(v).Sender != v.Sender {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

func commandRepeats(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v := w.start("ABCD2345")
	code := w.asks("oA", callbackd.Command{Kind: callbackd.CommandBind, Code: "ABCD2345"})
	for _, step := range []struct {
		cb    *store.Callback
		want  callbackd.CommandOutcome
		state callbackd.BindingState
	}{
		{code, callbackd.CommandAsk, callbackd.BindingAsked},
		{w.asks("oA", callbackd.Command{Kind: callbackd.CommandYes}), callbackd.CommandAgreed, callbackd.BindingAgreed},
		{code, callbackd.CommandAsk, callbackd.BindingAgreed}, // late, and answered as the first time
	} {
		want, again := reply(callbackd.CommandResult{Outcome: step.want}), 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 8 {
			cb := *step.cb
			cb.Request = fmt.Appendf(nil, "%s of %s again %d", step.want, step.state, i)
			wg.Go(func() {
				out, err := w.db.Accept(ctx, &cb)
				if err != nil || out.Answer != want {
					t.Errorf("%q, %v, want %q", out.Answer, err, want)
				}
				mu.Lock()
				defer mu.Unlock()
				if out.Repeat {
					again++
				}
			})
		}
		wg.Wait()
		if again < 7 {
			t.Errorf("%s: acted %d times", step.want, 8-again)
		}
		b, err := w.db.GetBinding(ctx, v.ID)
		if err != nil || b.State != step.state {
			t.Errorf("%+v, %v, want %s", b, err, step.state)
		}
	}
	if n := len(w.messages("")); n != 0 || w.rev() != 0 {
		t.Errorf("%d messages, rev %d", n, w.rev())
	}
}

func codeOnce(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v := w.start("ABCD2345")
	a := w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk).Sender
	w.command("oB", callbackd.CommandBind, "ABCD2345", callbackd.CommandExpired)
	w.commanded(w.scans("oB", "ABCD2345"), callbackd.CommandExpired)
	w.stands(v, callbackd.BindingAsked, a)
	w.commanded(w.scans("oA", "ABCD2345"), callbackd.CommandAsk) // the same question
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
	for _, from := range []callbackd.OpenID{"oA", "oB"} {
		w.command(from, callbackd.CommandBind, "ABCD2345", callbackd.CommandExpired)
	}
	w.stands(v, callbackd.BindingAgreed, a)
	if _, err := w.db.ConfirmBinding(ctx, v.ID); err != nil {
		t.Fatal(err)
	}
	w.command("oB", callbackd.CommandBind, "ABCD2345", callbackd.CommandExpired)
	if w.reread(v).Sender != a {
		t.Fatal("a used code moved the viewer")
	}
	// another follower's question is not this one's to answer
	w.command("oB", callbackd.CommandYes, "", callbackd.CommandNone)
}

func commandTimes(t *testing.T, h Harness) {
	const almost = callbackd.BindingMinutes*time.Minute - time.Millisecond
	w := newWorld(t, h, callbackd.ModerationOpen)
	v := w.start("ABCD2345")
	w.clock.Advance(almost)
	w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk)
	w.clock.Advance(almost)
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
	w.clock.Advance(almost)
	if _, err := w.db.ConfirmBinding(ctx, v.ID); err != nil {
		t.Fatal(err)
	}

	late := w.start("EFGH2345")
	w.clock.Advance(almost + time.Millisecond)
	w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandExpired)
	w.must(w.db.StartBinding(ctx, late, "JKLM2345", w.clock.Now().Add(almost)))
	w.command("oA", callbackd.CommandBind, "JKLM2345", callbackd.CommandAsk)
	w.clock.Advance(almost)
	w.command("oA", callbackd.CommandBind, "JKLM2345", callbackd.CommandAsk) // asked again, for no longer
	w.clock.Advance(time.Millisecond)
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandNone)
	w.must(w.db.StartBinding(ctx, late, "NPQR2345", w.clock.Now().Add(almost)))
	w.command("oA", callbackd.CommandBind, "NPQR2345", callbackd.CommandAsk)
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
	w.clock.Advance(almost + time.Millisecond)
	if _, err := w.db.ConfirmBinding(ctx, late.ID); !errors.Is(err, callbackd.ErrConflict) || w.reread(late).Sender != 0 {
		t.Fatalf("confirmed too late: %v", err)
	}
}

func wrongCodes(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	guess := func() {
		t.Helper()
		w.n++
		w.command("oA", callbackd.CommandBind, fmt.Sprintf("WRNG%04d", w.n), callbackd.CommandNone)
	}
	for range 3 * callbackd.WrongCodes {
		w.commanded(w.scans("oA", "WRNG2345"), callbackd.CommandNone) // an old QR is no guess
	}
	for range callbackd.WrongCodes - 1 {
		guess()
		w.clock.Advance(time.Minute)
	}
	v, dead := w.start("ABCD2345"), w.start("DEAD2345")
	_, err := w.db.UnbindViewer(ctx, dead.ID)
	w.must(err)
	w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk) // four are forgiven
	for range 3 {
		guess() // the fifth, and two that count no more
	}
	w.must(w.db.StartBinding(ctx, v, "EFGH2345", w.clock.Now().Add(3*time.Hour)))
	w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandLocked)
	w.commanded(w.scans("oA", "EFGH2345"), callbackd.CommandLocked)
	w.command("oA", callbackd.CommandBind, "DEAD2345", callbackd.CommandExpired)
	w.stands(v, callbackd.BindingWaiting, 0)
	w.clock.Advance(time.Hour - (callbackd.WrongCodes-1)*time.Minute - time.Millisecond) // since the first one
	w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandLocked)
	w.clock.Advance(time.Millisecond)
	w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandAsk)
	w.must(w.db.StartBinding(ctx, v, "JKLM2345", w.clock.Now().Add(time.Minute)))
	w.command("oB", callbackd.CommandBind, "JKLM2345", callbackd.CommandAsk) // never locked
}

func switches(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	for _, step := range []struct {
		kind    callbackd.CommandKind
		receive bool
		detail  callbackd.Level
	}{
		{callbackd.CommandDetailOff, false, callbackd.LevelHint},
		{callbackd.CommandReceiveOn, true, callbackd.LevelHint},
		{callbackd.CommandDetailOn, true, callbackd.LevelName},
		{callbackd.CommandDetailOn, true, callbackd.LevelName},
		{callbackd.CommandReceiveOff, false, callbackd.LevelName},
		{callbackd.CommandReceiveOff, false, callbackd.LevelName},
	} {
		out := w.command("oNew", step.kind, "", callbackd.CommandSet)
		w.reaches(out.Sender, step.receive, w.clock.Now())
		p, err := w.db.GetPreferences(ctx, out.Sender)
		if err != nil || p != out.Command.Preferences || p.Receive != step.receive || p.Detail != step.detail {
			t.Fatalf("%s: %+v, %v; answered %+v", step.kind, p, err, out.Command.Preferences)
		}
	}
	a := w.sender("oA")
	quiet := &callbackd.Quiet{From: "22:00", To: "08:00", Zone: "Asia/Shanghai"}
	w.must(w.db.SetPreferences(ctx, w.acc.ID, a, callbackd.Preferences{Detail: callbackd.LevelWords, IdleAfterS: 60, PhoneToo: true, Quiet: quiet}))
	w.command("oA", callbackd.CommandDetailOn, "", callbackd.CommandSet)
	w.command("oA", callbackd.CommandReceiveOn, "", callbackd.CommandSet)
	p, err := w.db.GetPreferences(ctx, a)
	if err != nil || !p.Receive || p.Detail != callbackd.LevelWords || p.IdleAfterS != 60 || !p.PhoneToo || p.Quiet == nil || *p.Quiet != *quiet {
		t.Fatalf("%+v, %v", p, err)
	}
	w.command("oA", callbackd.CommandKind("of tomorrow"), "", callbackd.CommandNone)
}

// reaches wants the consent of a follower to messages in WeChat, and when they
// were heard.
func (w *world) reaches(sender callbackd.SenderID, consent bool, heard time.Time) {
	w.Helper()
	reach, err := w.db.ListWeChatReach(ctx, []callbackd.SenderID{sender}, w.clock.Now())
	if got := reach[sender]; err != nil || got.Consent != consent || got.HeardMS != heard.UnixMilli() {
		w.Fatalf("%+v, %v, want consent %v, heard %v", got, err, consent, heard)
	}
}

// consents follows the consent of a follower: bound devices and 通知 开 give it,
// 通知 关 and 解绑 end it, and what a page does by itself changes nothing.
func consents(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v := w.start("ABCD2345")
	a := w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk).Sender
	w.reaches(a, false, w.clock.Now())
	w.clock.Advance(time.Minute)
	w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk)
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
	heard := w.clock.Now()
	w.reaches(a, false, heard)
	w.clock.Advance(time.Minute)
	if _, err := w.db.ConfirmBinding(ctx, v.ID); err != nil {
		t.Fatal(err)
	}
	v = w.reread(v)
	w.reaches(a, false, heard) // bound, and no device yet
	w.register(v, "t1")
	w.reaches(a, true, heard)
	w.command("oA", callbackd.CommandDetailOff, "", callbackd.CommandSet)
	w.reaches(a, true, w.clock.Now())
	w.command("oA", callbackd.CommandReceiveOff, "", callbackd.CommandSet)
	w.register(v, "t1") // the page registers what it has with each visit
	w.must(w.db.SetPreferences(ctx, w.acc.ID, a, callbackd.Preferences{Receive: true, IdleAfterS: 60}))
	w.reaches(a, false, w.clock.Now())
	w.command("oA", callbackd.CommandReceiveOn, "", callbackd.CommandSet)
	w.must(w.db.SetPreferences(ctx, w.acc.ID, a, callbackd.DefaultPreferences()))
	w.reaches(a, true, w.clock.Now())
	w.command("oA", callbackd.CommandUnbind, "", callbackd.CommandUnbound)
	w.reaches(a, false, w.clock.Now())
	w.command("oA", callbackd.CommandReceiveOn, "", callbackd.CommandSet)
	if _, err := w.db.UnbindFollower(ctx, a); err != nil {
		t.Fatal(err)
	}
	w.reaches(a, false, w.clock.Now())
}

func unbindAll(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	w.command("oNew", callbackd.CommandUnbind, "", callbackd.CommandUnbound)
	first, second, others := w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oB")
	for _, v := range []callbackd.Viewer{first, second, others} {
		w.register(v, "")
	}
	asked, agreed := w.start("ABCD2345"), w.start("EFGH2345")
	w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandAsk)
	w.command("oA", callbackd.CommandYes, "", callbackd.CommandAgreed)
	w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandAsk)
	out := w.command("oA", callbackd.CommandUnbind, "", callbackd.CommandUnbound)
	if out.Command.Viewers != 2 || !slices.Equal(out.Freed, []callbackd.ViewerID{first.ID, second.ID}) {
		t.Fatalf("%+v", out)
	}
	for _, v := range []callbackd.Viewer{first, second} {
		if w.reread(v).Sender != 0 || len(w.devices(first.Sender)) != 0 {
			t.Fatalf("%+v, %d devices", w.reread(v), len(w.devices(first.Sender)))
		}
	}
	for _, v := range []callbackd.Viewer{asked, agreed} {
		w.stands(v, "", 0)
		if _, err := w.db.ConfirmBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("what was agreed before is still good: %v", err)
		}
	}
	if w.reread(others).Sender != others.Sender || len(w.devices(others.Sender)) != 1 {
		t.Fatal("another follower's viewer was unbound")
	}
	freed, err := w.db.UnbindFollower(ctx, others.Sender)
	if err != nil || !slices.Equal(freed, []callbackd.ViewerID{others.ID}) || len(w.devices(others.Sender)) != 0 {
		t.Fatalf("%v, %v", freed, err)
	}
}

// commandsAmongMany: commands and messages that share commits do not get into
// each other's way, and the wall has no gaps.
func commandsAmongMany(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	const people, each = 12, 8
	var wg sync.WaitGroup
	for i := range people {
		from := callbackd.OpenID(fmt.Sprint("o", i))
		code := fmt.Sprintf("CODE%04d", i)
		v := w.start(code)
		all := []*store.Callback{w.asks(from, callbackd.Command{Kind: callbackd.CommandBind, Code: code}), w.asks(from, callbackd.Command{Kind: callbackd.CommandYes}),
			w.asks(from, callbackd.Command{Kind: callbackd.CommandReceiveOn})}
		var words []*store.Callback
		for range each {
			words = append(words, w.text(from, "x"))
		}
		send := func(list []*store.Callback) {
			for _, cb := range list {
				if _, err := w.db.Accept(ctx, cb); err != nil {
					t.Error(err)
				}
			}
		}
		wg.Go(func() {
			send(all)
			if _, err := w.db.ConfirmBinding(ctx, v.ID); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() { send(words) })
	}
	wg.Wait()
	if n := len(w.messages("shown")); n != people*each || w.rev() != people*each {
		t.Fatalf("%d messages, rev %d, want %d", n, w.rev(), people*each)
	}
}
