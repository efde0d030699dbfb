package storetest

import (
	"errors"
	"strings"
	"testing"

	"callbackd"
	"callbackd/store"
)

func exerciseSearch(t *testing.T, h Harness) {
	t.Run("WordsAndNames", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "Hello 春晚 100%"))
		w.accept(w.text("oB", "100 times"))
		w.accept(w.voice("oC"))
		voice := w.messages("held")[0]
		w.must(w.db.SetCaption(ctx, w.acc.ID, voice.Message.PublicID, ptr("祝大家新年快乐"), "test"))
		w.carded("oA", "Élodie_小明")
		w.named(w.messages("held")[1].Sender.ID, "害羞的海豚")
		for _, c := range []struct{ words, key, want string }{
			{"hello", "", "[Hello 春晚 100%]"},
			{"春晚", "", "[Hello 春晚 100%]"},
			{"100%", "", "[Hello 春晚 100%]"}, // what LIKE would take for a sign
			{"d_e", "", "[]"},
			{"e_小", "", "[Hello 春晚 100%]"},
			{"新年快乐", "", "[]"}, // by the caption, whose message has no text
			{"海豚", "海豚", "[100 times]"},
			{"nobody", "nobody", "[]"},
		} {
			rows, err := w.db.SearchMessages(ctx, w.acc.ID, store.MessageSearch{Words: c.words, NameKey: c.key, Limit: 10})
			w.must(err)
			if c.words == "新年快乐" {
				if len(rows) != 1 || rows[0].Message.ID != voice.Message.ID {
					t.Errorf("by caption: %d", len(rows))
				}
				continue
			}
			if got := texts(rows); got != c.want {
				t.Errorf("%q: %s, want %s", c.words, got, c.want)
			}
		}
		rows, err := w.db.SearchMessages(ctx, w.acc.ID, store.MessageSearch{Words: "", Before: voice.Message.ID, Limit: 1})
		if w.must(err); texts(rows) != "[100 times]" {
			t.Errorf("the next page: %s", texts(rows))
		}
		other := w.account("other", callbackd.ModerationHold)
		if rows, err := w.db.SearchMessages(ctx, other.ID, store.MessageSearch{Limit: 10}); err != nil || len(rows) != 0 {
			t.Errorf("another account's: %d, %v", len(rows), err)
		}
		if rows, err := w.db.ListHistory(ctx, other.ID, voice.Sender.PublicID, 10); err != nil || len(rows) != 0 {
			t.Errorf("another account's sender: %d, %v", len(rows), err)
		}
	})
	t.Run("HistoryOfASender", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		for _, words := range []string{"one", "two", "three"} {
			w.accept(w.text("oA", words))
		}
		w.accept(w.text("oB", "other"))
		held := w.messages("held")
		w.decide(held[1], callbackd.DecisionRefuse)
		w.decide(held[2], callbackd.DecisionApprove)
		sender := held[1].Sender.PublicID
		rows, err := w.db.ListHistory(ctx, w.acc.ID, sender, 2)
		if w.must(err); texts(rows) != "[three two]" {
			t.Errorf("%s", texts(rows))
		}
		if s, err := w.db.GetStanding(ctx, w.acc.ID, sender); err != nil || s != (store.Standing{Held: 1, Shown: 1, Refused: 1}) {
			t.Errorf("%+v, %v", s, err)
		}
	})
	t.Run("CaptionIsAChangeOfTheWall", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.voice("oA"))
		w.accept(w.text("oA", "no voice"))
		id := w.messages("held")[1].Message.PublicID
		set := func(words *string) error { return w.db.SetCaption(ctx, w.acc.ID, id, words, "operator:a") }
		w.must(set(ptr("你好")))
		if w.rev() != 0 {
			t.Error("a held message changed the wall")
		}
		w.decide(w.message(id), callbackd.DecisionApprove)
		rev := w.rev()
		w.must(set(ptr("")))
		if m := w.message(id).Message; m.Caption == nil || *m.Caption != "" || m.Rev != rev+1 {
			t.Errorf("%v, rev %d after %d", m.Caption, m.Rev, rev)
		}
		w.must(set(ptr("")))
		if w.rev() != rev+1 {
			t.Error("the same words again are no change")
		}
		w.must(set(nil))
		if m := w.message(id).Message; m.Caption != nil || m.Rev != rev+2 {
			t.Errorf("%v", m.Caption)
		}
		entries, err := w.db.ListAudit(ctx, w.acc.ID, 0, 2)
		if w.must(err); entries[1].Action != "caption" || entries[1].Detail != "0 characters" || entries[0].Detail != "recognised words" {
			t.Errorf("%+v", entries)
		}
		for name, err := range map[string]error{
			"too long": set(ptr(strings.Repeat("长", store.MaxCaption+1))),
			"bytes":    set(ptr("\xff")),
			"zero":     set(ptr("a\x00b")),
			"no voice": w.db.SetCaption(ctx, w.acc.ID, w.messages("held")[0].Message.PublicID, ptr("x"), "test"),
		} {
			if !errors.Is(err, callbackd.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func ptr[T any](v T) *T { return &v }
