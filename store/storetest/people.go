package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// named gives a sender folded names, in the place of what there was.
func (w *world) named(sender callbackd.SenderID, keys ...string) {
	w.Helper()
	w.must(w.db.SetNames(ctx, w.acc.ID, []store.Names{{NameDue: store.NameDue{Sender: sender}, Keys: keys}}))
}

func exercisePeople(t *testing.T, h Harness) {
	t.Run("ByTheBeginningOfAName", func(t *testing.T) { peopleByName(t, h) })
	t.Run("WithoutOneThoseWhoSpokeLast", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		for i := range 5 {
			w.named(w.sender(callbackd.OpenID(fmt.Sprint("o", i))), fmt.Sprint("n", i))
		}
		w.sender("oNameless")
		w.sender("o1")
		if got := w.people("", 3); got != "[o1 o4 o3]" {
			t.Errorf("%s", got)
		}
		if got := w.people("", 10); got != "[o1 o4 o3 o2 o0]" {
			t.Errorf("%s", got)
		}
	})
	t.Run("TokensAreOfTheirViewerAlone", func(t *testing.T) { mentionTokens(t, h) })
}

// people asks the chooser, and returns whose messages it gives.
func (w *world) people(prefix string, limit int) string {
	w.Helper()
	rows, err := w.db.ListPeople(ctx, w.acc.ID, prefix, limit)
	w.must(err)
	ids := []callbackd.OpenID{}
	for _, r := range rows {
		newest, err := w.db.ListRowsOfSender(ctx, r.Sender.ID, 1)
		if err != nil || len(newest) != 1 || newest[0].Message.ID != r.Message.ID {
			w.Errorf("not the newest shown message of its sender: %+v, %v", newest, err)
		}
		ids = append(ids, r.Sender.OpenID)
	}
	return fmt.Sprint(ids)
}

func peopleByName(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	for _, p := range []struct {
		open callbackd.OpenID
		keys []string
	}{
		{"oTom", []string{"tom"}}, {"oTomorrow", []string{"tomorrow"}}, {"oTommy", []string{"tommy", "tom tom"}}, {"oUpper", []string{"Tom"}},
		{"oTo", []string{"to"}}, {"oTon", []string{"ton"}}, {"oZhang", []string{"张三"}}, {"oZhangFeng", []string{"张三丰", "tom4"}},
		{"oPercent", []string{"t%"}}, {"oGone", []string{"tom gone"}}, {"oHeld", []string{"tom held"}}, {"oTaken", []string{"tom taken"}},
	} {
		w.named(w.sender(p.open), p.keys...)
	}
	unsubscribe, no := w.text("oGone", ""), false
	unsubscribe.MsgType, unsubscribe.Event, unsubscribe.Message, unsubscribe.Following = "event", "unsubscribe", nil, &no
	w.accept(unsubscribe)
	for _, row := range w.wall() {
		if row.Sender.OpenID == "oTaken" {
			w.decide(row, callbackd.DecisionRemove)
		}
	}
	held := *w.acc
	held.Moderation = callbackd.ModerationHold
	waiting, another := w.text("oHeldOnly", "x"), w.text("oTom", "held, and not the newest shown")
	waiting.Account, another.Account = &held, &held
	w.accept(waiting)
	w.named(w.messages("held")[0].Sender.ID, "tom held only")
	w.accept(another)
	w.sender("oTomorrow")

	here := w.acc
	w.acc = w.account("autumn", callbackd.ModerationOpen)
	w.named(w.sender("oElsewhere"), "tom", "张三")
	w.acc = here
	for _, c := range []struct {
		prefix string
		limit  int
		want   string
	}{
		{"tom", 20, "[oTom oHeld oTommy oZhangFeng oTomorrow]"}, // of each the first name: tom, tom held, tom tom, tom4, tomorrow
		{"tom", 2, "[oTom oHeld]"},
		{"tomo", 20, "[oTomorrow]"},
		{"Tom", 20, "[oUpper]"},
		{"张三", 20, "[oZhang oZhangFeng]"},
		{"张三丰", 20, "[oZhangFeng]"},
		{"t%", 20, "[oPercent]"},
		{"t_", 20, "[]"},
		{"tomz", 20, "[]"},
	} {
		if got := w.people(c.prefix, c.limit); got != c.want {
			t.Errorf("%q, %d: %s, want %s", c.prefix, c.limit, got, c.want)
		}
	}
}

func mentionTokens(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	a, b, c := w.sender("oA"), w.sender("oB"), w.sender("oC")
	v, other := w.viewer(), w.viewer()
	token, err := w.db.MentionToken(ctx, v.ID, a)
	w.must(err)
	all, err := w.db.MentionTokens(ctx, v.ID, []callbackd.SenderID{c, a, b, c})
	w.must(err)
	others, err := w.db.MentionToken(ctx, other.ID, a)
	w.must(err)
	if len(token) != 20 || all[a] != token || len(all) != 3 || all[b] == all[c] || others == token {
		t.Fatalf("%s, %v, %s", token, all, others)
	}
	means := func(v callbackd.Viewer, want map[string]callbackd.SenderID, tokens ...string) {
		t.Helper()
		who, err := w.db.ListMentionTokens(ctx, v.ID, tokens)
		if err != nil || len(who) != len(want) {
			t.Fatalf("%v, %v, want %v", who, err, want)
		}
		for token, id := range want {
			if who[token] != id {
				t.Fatalf("%v, want %v", who, want)
			}
		}
	}
	means(v, map[string]callbackd.SenderID{token: a, all[b]: b}, token, all[b], others, "unknown")
	means(other, map[string]callbackd.SenderID{others: a}, token, all[b], others)
	means(v, nil)
	var many []string
	for i := range 1200 { // more than one query takes
		many = append(many, fmt.Sprint(i))
	}
	means(v, map[string]callbackd.SenderID{all[c]: c}, append(many, all[c])...)

	w.clock.Advance(store.MentionTokenLife * 3 / 4)
	if again, err := w.db.MentionToken(ctx, v.ID, a); err != nil || again != token {
		t.Fatalf("%s, %v, want the same as long as it is used", again, err)
	}
	w.must(w.db.TouchViewer(ctx, v.ID))
	w.clock.Advance(store.MentionTokenLife/2 - time.Millisecond)
	if _, err := w.db.Prune(ctx, store.RepeatLife); err != nil {
		t.Fatal(err)
	}
	means(v, map[string]callbackd.SenderID{token: a}, token, all[b], all[c])
	before := w.db.Statements()
	if again, err := w.db.MentionTokens(ctx, v.ID, []callbackd.SenderID{a}); err != nil || again[a] != token {
		t.Fatalf("%v, %v", again, err)
	}
	if n := w.db.Statements() - before; n > 2 {
		t.Errorf("%d statements for a token that is there", n)
	}

	fresh, err := w.db.MentionToken(ctx, v.ID, c)
	w.must(err)
	w.must(w.db.TouchViewer(ctx, v.ID))
	w.clock.Advance(store.MentionTokenLife - time.Millisecond)
	w.prune()
	means(v, map[string]callbackd.SenderID{fresh: c}, fresh)
	w.clock.Advance(time.Millisecond)
	means(v, nil, fresh)
	w.must(w.db.TouchViewer(ctx, v.ID))
	if n := w.prune(); n != 0 {
		t.Errorf("%d rows too early", n)
	}
	w.clock.Advance(time.Millisecond)
	if n := w.prune(); n != 1 {
		t.Errorf("%d tokens forgotten, want 1", n)
	}
}

// notice tells a follower of a message.
func (w *world) notice(to callbackd.SenderID, about callbackd.MessageID) {
	w.Helper()
	w.must(w.db.InsertNotices(ctx, store.Matter{Account: w.acc.ID, Sort: store.NoticeMessage, Message: about},
		[]store.NewNotice{{ID: callbackd.NewNoticeID(), Sender: to, Reason: callbackd.ReasonReceive, Why: "receive"}}))
}

func exerciseForgetting(t *testing.T, h Harness) {
	t.Run("ViewersThatCameNoMore", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		loose, bound, touched := w.viewer(), w.bind(w.viewer(), "oA"), w.viewer()
		w.register(bound, "t1")
		exists := func(want ...callbackd.Viewer) {
			t.Helper()
			w.prune()
			for _, v := range []callbackd.Viewer{loose, bound, touched} {
				_, err := w.db.GetViewer(ctx, v.ID)
				if there := slices.ContainsFunc(want, func(x callbackd.Viewer) bool { return x.ID == v.ID }); (err == nil) != there {
					t.Fatalf("viewer %d: %v, want it there: %v", v.ID, err, there)
				}
			}
		}
		w.clock.Advance(store.UnboundViewerLife)
		exists(loose, bound, touched)
		w.must(w.db.TouchViewer(ctx, touched.ID))
		w.clock.Advance(time.Millisecond)
		exists(bound, touched)
		w.clock.Advance(store.BoundViewerLife - store.UnboundViewerLife - time.Millisecond)
		exists(bound)
		w.clock.Advance(time.Millisecond)
		exists()
		if n := len(w.devices(bound.Sender)); n != 0 {
			t.Fatalf("%d devices of nobody", n)
		}
	})
	t.Run("DeadCodes", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.bind(w.start("ABCD2345"), "oA") // a viewer that is bound stays
		w.must(w.db.StartBinding(ctx, v, "EFGH2345", w.clock.Now()))
		w.clock.Advance(store.DeadBindingLife)
		w.prune()
		w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandExpired)
		w.clock.Advance(time.Millisecond)
		w.prune()
		w.command("oA", callbackd.CommandBind, "EFGH2345", callbackd.CommandNone)
	})
	t.Run("WrongCodesAndNotices", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		a := w.sender("oA")
		w.clock.Advance(time.Second)
		w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandNone)
		for i, row := range w.wall() {
			if i < 2 {
				w.notice(a, row.Message.ID)
			}
		}
		w.clock.Advance(store.CodeTryLife - time.Millisecond)
		w.prune() // the requests that brought them
		w.clock.Advance(time.Millisecond)
		if n := w.prune(); n != 0 {
			t.Fatalf("%d rows too early", n)
		}
		w.clock.Advance(time.Millisecond)
		if n := w.prune(); n != 1 {
			t.Fatalf("%d tries forgotten, want 1", n)
		}
		w.clock.Advance(store.NoticesLife - store.CodeTryLife - time.Millisecond)
		w.prune()
		if all, err := w.db.ListNotices(ctx, a, 0, 10); err != nil || len(all) != 2 {
			t.Fatalf("%d notices, %v", len(all), err)
		}
		w.clock.Advance(time.Millisecond)
		w.prune()
		if all, err := w.db.ListNotices(ctx, a, 0, 10); err != nil || len(all) != 0 {
			t.Fatalf("%d notices, %v", len(all), err)
		}
	})
	t.Run("MoreThanOneSliceOfManyAccounts", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		here, there := w.acc, w.account("autumn", callbackd.ModerationOpen)
		const many = 600
		for i := range many {
			if w.acc = here; i%3 == 0 {
				w.acc = there
			}
			w.viewer()
		}
		w.clock.Advance(store.UnboundViewerLife + time.Millisecond)
		if n := w.prune(); n != many {
			t.Fatalf("%d, want %d", n, many)
		}
	})
}

// prune forgets what is old, and keeps raw bytes.
func (w *world) prune() int64 {
	w.Helper()
	n, err := w.db.Prune(ctx, store.RepeatLife)
	w.must(err)
	return n
}
