package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

func exerciseAccept(t *testing.T, h Harness) {
	t.Run("RepeatGetsTheFirstAnswerAndActsOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first := w.text("oA", "你好")
		first.Answer = "欢迎"
		if out := w.accept(first); out.Repeat || out.Answer != "欢迎" || out.State != callbackd.StateShown {
			t.Fatalf("first: %+v", out)
		}
		again := *first
		again.Request, again.Answer = []byte("another request"), "something else"
		if out := w.accept(&again); !out.Repeat || out.Answer != "欢迎" {
			t.Fatalf("repeat: %+v", out)
		}
		if n := len(w.wall()); n != 1 {
			t.Fatalf("%d messages, want 1", n)
		}
	})
	t.Run("RepeatsAtOnceBecomeOneMessage", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first := w.text("oA", "你好")
		first.Answer = "欢迎"
		var wg sync.WaitGroup
		for i := range 30 {
			again := *first
			again.Request = fmt.Appendf(nil, "r%d", i)
			wg.Go(func() {
				if out, err := w.db.Accept(ctx, &again); err != nil || out.Answer != "欢迎" {
					t.Errorf("%+v, %v", out, err)
				}
			})
		}
		wg.Wait()
		if n := len(w.wall()); n != 1 {
			t.Fatalf("%d messages, want 1", n)
		}
	})
	t.Run("SameMsgIDOfTwoPeopleIsTwoMessages", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		a, b := w.voice("oA"), w.voice("oB")
		a.Message.MsgID, b.Message.MsgID = 7<<32, 7<<32
		w.accept(a)
		w.accept(b)
		if n := len(w.wall()); n != 2 {
			t.Fatalf("%d messages, want 2", n)
		}
	})
	t.Run("UsedRequestWithAnotherBodyIsRefused", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first := w.text("oA", "你好")
		w.accept(first)
		forged := w.text("oA", "伪造")
		forged.Request = first.Request
		if _, err := w.db.Accept(ctx, forged); !errors.Is(err, callbackd.ErrForbidden) {
			t.Fatalf("err = %v, want forbidden", err)
		}
		if n := len(w.wall()); n != 1 {
			t.Fatalf("%d messages, want 1", n)
		}
	})
	t.Run("UsedSealedRequestWithAnotherBodyIsRefused", func(t *testing.T) { acceptSealed(t, h) })
	t.Run("KeysThatBeginAlikeAreNotAlike", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		for i, key := range []string{"12345678", "12345678a", "12345678b", "1234567", ""} {
			cb := w.text("oA", "x")
			cb.Key = key
			if out := w.accept(cb); out.Repeat {
				t.Errorf("key %d passed for one before it", i)
			}
			again := *cb
			again.Request = nil
			if out := w.accept(&again); !out.Repeat {
				t.Errorf("key %d is not known again", i)
			}
		}
	})
	t.Run("OneBadRowDoesNotFailItsNeighbours", func(t *testing.T) { acceptBadRow(t, h) })
	t.Run("MisdirectedAndUnreadableAreKeptWithoutSenders", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		for _, o := range []store.Outcome{store.OutcomeMisdirected, store.OutcomeUnreadable} {
			cb := w.text("oA", "x")
			cb.Outcome = o
			w.accept(cb)
		}
		if n := len(w.messages("")); n != 0 {
			t.Fatalf("%d messages, want none", n)
		}
		if counts, err := w.db.CountSenders(ctx); err != nil || len(counts) != 0 {
			t.Fatalf("senders: %+v, %v", counts, err)
		}
	})
	t.Run("FollowUpJobsAreCommittedWithTheMessage", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		for _, kind := range []callbackd.JobKind{callbackd.JobResolve, callbackd.JobJoinQR} { // of the new account
			j, err := w.db.ClaimJob(ctx, kind, "node-1", time.Minute)
			w.must(err)
			w.finish(j, callbackd.JobDone, w.clock.Now())
		}
		w.accept(w.voice("oA"))
		w.accept(w.voice("oB"))
		for kind, want := range map[callbackd.JobKind]int{callbackd.JobMediaFetch: 2, callbackd.JobResolve: 1} {
			jobs, err := w.db.ListJobs(ctx, callbackd.JobReady, 100)
			w.must(err)
			n := 0
			for _, j := range jobs {
				if j.Kind == kind {
					n++
				}
			}
			if n != want {
				t.Errorf("%d jobs of kind %s, want %d", n, kind, want)
			}
		}
	})
	t.Run("FollowingFollowsTheEvents", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		yes, no := true, false
		for i, step := range []*bool{&yes, &no, &yes} {
			cb := w.text("oA", "")
			cb.MsgType, cb.Message, cb.Following = "event", nil, step
			w.accept(cb)
			seekers, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
			w.must(err)
			if len(seekers) != 1 || seekers[0].Following != *step {
				t.Fatalf("step %d: %+v", i, seekers)
			}
		}
	})
	t.Run("AutoLetsTrustedPeoplesFilesThrough", func(t *testing.T) { acceptTrusted(t, h) })
	t.Run("AutoLetsKnownPeoplesPlainWordsThrough", func(t *testing.T) { acceptAuto(t, h) })
	t.Run("WhatWasWrittenOnThePageIsNoEvidence", func(t *testing.T) { acceptWeb(t, h) })
	t.Run("ManyAtOnceAreAllThereOnce", func(t *testing.T) { acceptMany(t, h) })
}

// acceptSealed uses requests whose signature covers the key: that of the first
// time, and those of repeats.
func acceptSealed(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	first := w.text("oA", "你好")
	first.Sealed, first.Answer = true, "欢迎"
	w.accept(first)
	for i, step := range []struct {
		request, body string
		refused       bool
	}{
		{string(first.Request), string(first.Body), false},
		{string(first.Request), "another body", true},
		{"of a repeat", "body of a repeat", false},
		{"of a repeat", "body of a repeat", false},
		{"of a repeat", "another body", true},
		{"of a repeat", string(first.Body), true},
		{"of another repeat", string(first.Body), false},
		{string(first.Request), "body of a repeat", true},
	} {
		cb := *first
		cb.Request, cb.Body, cb.Answer = []byte(step.request), []byte(step.body), "something else"
		out, err := w.db.Accept(ctx, &cb)
		if step.refused != errors.Is(err, callbackd.ErrForbidden) || !step.refused && (err != nil || !out.Repeat || out.Answer != "欢迎") {
			t.Errorf("step %d: %+v, %v", i, out, err)
		}
	}
	if n := len(w.wall()); n != 1 {
		t.Fatalf("%d messages, want 1", n)
	}
	w.clock.Advance(store.RequestLife + time.Second)
	if n, err := w.db.Prune(ctx, store.RepeatLife); err != nil || n != 2 { // those of the repeats alone cost a row
		t.Fatalf("%d rows pruned, %v", n, err)
	}
}

// acceptBadRow sends rows that no database takes beside good ones.
func acceptBadRow(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	gone := *w.acc
	gone.ID += 1 << 40 // an account that is not there: the foreign key refuses it
	var wg sync.WaitGroup
	bad := 0
	for i := range 60 {
		cb := w.text(callbackd.OpenID(fmt.Sprintf("o%d", i%5)), "x")
		wantErr := i%6 == 3
		if wantErr {
			cb.Account = &gone
			bad++
		}
		wg.Go(func() {
			if _, err := w.db.Accept(ctx, cb); (err != nil) != wantErr {
				t.Errorf("row %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := len(w.wall()); n != 60-bad {
		t.Fatalf("%d messages, want %d", n, 60-bad)
	}
}

func acceptAuto(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationAuto)
	looked := func(cb *store.Callback) *store.Callback {
		cb.Found = callbackd.Findings{Lists: true, Link: strings.Contains(cb.Message.Text, "://")}
		return cb
	}
	state := func(words string) callbackd.State { return w.accept(looked(w.text("oA", words))).State }
	if s := state("第一句"); s != callbackd.StateHeld {
		t.Fatalf("stranger: %s", s)
	}
	w.decide(w.messages("held")[0], callbackd.DecisionApprove)
	if s := state("第二句"); s != callbackd.StateShown {
		t.Fatalf("known: %s", s)
	}
	if s := state("看 http://t.cn/x"); s != callbackd.StateHeld {
		t.Fatalf("link: %s", s)
	}
	if s := w.accept(looked(w.voice("oA"))).State; s != callbackd.StateHeld {
		t.Fatalf("voice: %s", s)
	}
	for range callbackd.DefaultPerMinute { // the minute has some already
		w.accept(looked(w.text("oA", "noch eins")))
	}
	if row := w.messages("held")[0]; row.Message.Reason != callbackd.NewHeldReason(callbackd.HeldRate, "6") {
		t.Fatalf("too many: %q", row.Message.Reason)
	}
	w.clock.Advance(time.Minute)
	if s := state("später"); s != callbackd.StateShown {
		t.Fatalf("a minute later: %s", s)
	}
	if s := w.accept(w.text("oA", "niemand sah es an")).State; s != callbackd.StateHeld {
		t.Fatalf("without filters: %s", s)
	}
	w.decide(w.messages("shown")[0], callbackd.DecisionRemove)
	if s := state("第三句"); s != callbackd.StateHeld {
		t.Fatalf("after a removal: %s", s)
	}
}

// acceptTrusted: what a trusted sender sends passes with its file; a listed word
// holds it all the same.
func acceptTrusted(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationAuto)
	voice := func(found callbackd.Findings) store.Row {
		cb := w.voice("oA")
		cb.Found = found
		public := w.accept(cb).Public
		row, err := w.db.GetMessage(ctx, w.acc.ID, public)
		w.must(err)
		w.must(w.db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: string(public), Type: "audio/mpeg", Size: 1}}))
		row, err = w.db.GetMessage(ctx, w.acc.ID, public)
		w.must(err)
		return row
	}
	if row := voice(callbackd.Findings{Lists: true}); row.Message.State != callbackd.StateHeld || row.Message.Reason != callbackd.HeldMedia {
		t.Fatalf("stranger: %s %s", row.Message.State, row.Message.Reason)
	}
	w.must(w.db.SetTrusted(ctx, w.acc.ID, w.whole("oA").ID, true, "test"))
	if row := voice(callbackd.Findings{Lists: true}); row.Message.State != callbackd.StateShown || !row.Media.Passed {
		t.Fatalf("trusted: %s %s, passed %v", row.Message.State, row.Message.Reason, row.Media.Passed)
	}
	if row := voice(callbackd.Findings{Lists: true, Word: "word|l|w|text"}); row.Message.State != callbackd.StateHeld || row.Media.Passed {
		t.Fatalf("a listed word: %s, passed %v", row.Message.State, row.Media.Passed)
	}
}

func acceptMany(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	const n = 400
	var wg sync.WaitGroup
	for i := range n {
		cb := w.text(callbackd.OpenID(fmt.Sprintf("o%d", i%17)), "x")
		wg.Go(func() {
			if _, err := w.db.Accept(ctx, cb); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(w.messages("shown")); got != n {
		t.Fatalf("%d messages, want %d", got, n)
	}
	if w.rev() != n {
		t.Fatalf("rev %d, want %d", w.rev(), n)
	}
	seekers, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now().Add(time.Second), 100)
	w.must(err)
	if len(seekers) != 17 {
		t.Fatalf("%d senders, want 17", len(seekers))
	}
}

// acceptWeb: a message of the wall's page is like any other on the wall, and the
// search for its sender does not see it.
func acceptWeb(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	first := w.text("oA", "in WeChat")
	w.accept(first)
	web := w.text("oA", "on the page")
	web.Message.Web = true
	w.accept(web)
	rows := w.wall()
	if len(rows) != 2 || rows[0].Message.Web || !rows[1].Message.Web || rows[1].Message.Text != "on the page" {
		t.Fatalf("%+v", rows)
	}
	evidence, err := w.db.ListMessagesOfSender(ctx, rows[0].Sender.ID, w.clock.Now().Add(-time.Hour), 10)
	if err != nil || len(evidence) != 1 || evidence[0].Web {
		t.Errorf("of the sender: %+v, %v", evidence, err)
	}
	pushed, err := w.db.ListPushed(ctx, w.acc.ID, 0, 10)
	if err != nil || len(pushed) != 1 || pushed[0].Message.Text != "in WeChat" {
		t.Errorf("of the account: %+v, %v", pushed, err)
	}
	unsearched, err := w.db.ListUnsearched(ctx, w.acc.ID, w.clock.Now(), 10, 10)
	if err != nil || len(unsearched) != 1 || unsearched[0].Message.Text != "in WeChat" {
		t.Errorf("unsearched: %+v, %v", unsearched, err)
	}
}
