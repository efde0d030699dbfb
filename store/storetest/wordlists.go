package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"callbackd"
	"callbackd/store"
)

func exerciseWordLists(t *testing.T, h Harness) {
	t.Run("AreKeptByNameAndEachChangeIsSeen", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationAuto)
		rings, stop := w.db.Listen()
		defer stop()
		rev := func() int64 {
			n, err := w.db.GetWordsRev(ctx, w.acc.ID)
			w.must(err)
			return n
		}
		before := rev()
		w.must(w.db.SetWordList(ctx, w.acc.ID, "b", []string{"eins", "zwei"}, "test"))
		w.must(w.db.SetWordList(ctx, w.acc.ID, "a", []string{"x"}, "test"))
		w.must(w.db.SetWordList(ctx, w.acc.ID, "b", []string{"drei"}, "test"))
		if ring := <-rings; !ring.Config || rev() != before+3 {
			t.Errorf("%+v, rev %d after %d", ring, rev(), before)
		}
		lists, err := w.db.ListWordLists(ctx, w.acc.ID)
		w.must(err)
		if len(lists) != 2 || lists[0].Name != "a" || lists[1] != (store.WordList{Name: "b", Count: 1, ImportedAt: lists[0].ImportedAt}) || !lists[1].ImportedAt.Equal(w.clock.Now()) {
			t.Errorf("%+v", lists)
		}
		w.must(w.db.DeleteWordList(ctx, w.acc.ID, "a", "test"))
		if words, err := w.db.GetWords(ctx, w.acc.ID); err != nil || fmt.Sprint(words) != "map[b:[drei]]" || rev() != before+4 {
			t.Errorf("%v, %v", words, err)
		}
		if err := w.db.DeleteWordList(ctx, w.acc.ID, "a", "test"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Error(err)
		}
	})
	t.Run("WhatIsNoListIsRefused", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationAuto)
		one := []string{"x"}
		for name, err := range map[string]error{
			"no name":    w.db.SetWordList(ctx, w.acc.ID, "", one, "test"),
			"a bar":      w.db.SetWordList(ctx, w.acc.ID, "a|b", one, "test"),
			"a long one": w.db.SetWordList(ctx, w.acc.ID, strings.Repeat("名", store.MaxWordListName+1), one, "test"),
			"no word":    w.db.SetWordList(ctx, w.acc.ID, "a", nil, "test"),
			"too much":   w.db.SetWordList(ctx, w.acc.ID, "a", []string{strings.Repeat("x", store.MaxWordList+1)}, "test"),
		} {
			if !errors.Is(err, callbackd.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range store.MaxWordLists {
			w.must(w.db.SetWordList(ctx, w.acc.ID, fmt.Sprint(i), one, "test"))
		}
		if err := w.db.SetWordList(ctx, w.acc.ID, "one more", one, "test"); !errors.Is(err, callbackd.ErrInvalid) {
			t.Error(err)
		}
		w.must(w.db.SetWordList(ctx, w.acc.ID, "0", one, "test"))
	})
}
