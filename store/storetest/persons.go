package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

func exercisePersons(t *testing.T, h Harness) {
	res := func(fake callbackd.FakeID, open callbackd.OpenID, name string, at time.Time) store.Resolution {
		return store.Resolution{FakeID: fake, OpenID: open, Profile: callbackd.Profile{Nickname: name}, ReadAt: at}
	}
	t.Run("FakeIDOpenIDAndProfileAreStoredTogether", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		r := res("844735403", "oA", "小明", w.clock.Now())
		r.Profile.City, r.Profile.Gender = "武汉", callbackd.GenderMale
		r.Avatar = &store.NewAvatar{Blob: "a/1", Type: "image/jpeg", Size: 9, Digest: []byte("one")}
		w.must(w.db.SetPerson(ctx, w.acc.ID, r))
		p, err := w.db.GetPersonByOpenID(ctx, w.acc.ID, "oA")
		w.must(err)
		if p.FakeID != "844735403" || p.Profile != r.Profile || p.Avatar == "" {
			t.Fatalf("%+v", p)
		}
		row := w.wall()[0]
		if row.Person == nil || row.Person.Profile.Nickname != "小明" || row.Message.Rev != w.rev() {
			t.Fatalf("the message did not get its face: %+v", row.Person)
		}
		if a, err := w.db.GetAvatar(ctx, p.Avatar); err != nil || a.Blob != "a/1" {
			t.Fatalf("%+v, %v", a, err)
		}
		w.must(w.db.SetPerson(ctx, w.acc.ID, r)) // the same picture again is the same picture
		if again, _ := w.db.GetPersonByOpenID(ctx, w.acc.ID, "oA"); again.Avatar != p.Avatar {
			t.Fatal("the same picture became another one")
		}
	})
	t.Run("NobodyIsShownAsSomebodyElse", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		w.accept(w.text("oB", "y"))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		if err := w.db.SetPerson(ctx, w.acc.ID, res("1", "oB", "小红", w.clock.Now())); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("one FakeID for two openIDs: %v", err)
		}
		if err := w.db.SetPerson(ctx, w.acc.ID, res("2", "oA", "小红", w.clock.Now())); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("one openID for two FakeIDs: %v", err)
		}
		if p, err := w.db.GetPersonByOpenID(ctx, w.acc.ID, "oA"); err != nil || p.Profile.Nickname != "小明" {
			t.Fatalf("%+v, %v", p, err)
		}
	})
	t.Run("EmptyNeverOverwrites", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "  ", w.clock.Now())))
		if p, _ := w.db.GetPersonByOpenID(ctx, w.acc.ID, "oA"); p.Profile.Nickname != "小明" {
			t.Fatalf("name is %q", p.Profile.Nickname)
		}
	})
	t.Run("UnresolvedListAndResolvedList", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		people := []callbackd.Person{{FakeID: "1", ListedAt: w.clock.Now()}, {FakeID: "2", ListedAt: w.clock.Now().Add(time.Second)}}
		w.must(w.db.ListContacts(ctx, w.acc.ID, people))
		w.must(w.db.ListContacts(ctx, w.acc.ID, people))
		open, err := w.db.ListPersons(ctx, w.acc.ID, false, 10)
		w.must(err)
		if len(open) != 2 || open[0].FakeID != "2" {
			t.Fatalf("unresolved, newest first: %+v", open)
		}
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("2", "oA", "小明", w.clock.Now())))
		if open, _ = w.db.ListPersons(ctx, w.acc.ID, false, 10); len(open) != 1 || open[0].FakeID != "1" {
			t.Fatalf("after the move: %+v", open)
		}
		if known, _ := w.db.ListPersons(ctx, w.acc.ID, true, 10); len(known) != 1 || known[0].OpenID != "oA" {
			t.Fatalf("resolved: %+v", known)
		}
	})
	t.Run("KnownBeforeTheFirstWord", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		w.accept(w.text("oA", "x"))
		if row := w.wall()[0]; row.Person == nil || row.Person.Profile.Nickname != "小明" {
			t.Fatalf("the first word has no face: %+v", row.Person)
		}
		if seekers, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(seekers) != 0 {
			t.Fatalf("a known person is searched for: %+v", seekers)
		}
	})
	t.Run("APushMakesTheSearchDueAtOnce", func(t *testing.T) { searchDue(t, h) })
	t.Run("WhoIsHeardOfDuringASearchStaysDue", func(t *testing.T) { heardMeanwhile(t, h) })
	t.Run("WhatSearchesHaveLookedAtIsNotListedAgain", func(t *testing.T) { searchedTo(t, h) })
	t.Run("TheIdentityAloneLeavesTheCardToBeRead", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
		w.must(w.db.SetSearches(ctx, []store.Search{{Sender: s[0].ID, Seen: s[0].DueAt}}))
		w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "小明"}}))
		if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 1 || s[0].Person == 0 {
			t.Fatalf("%+v", s)
		}
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 0 {
			t.Fatalf("the card was read, and still: %+v", s)
		}
	})
	t.Run("WhoIsNotKnownComesBeforeOldCards", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		w.clock.Advance(store.ProfileLife + time.Hour)
		w.accept(w.text("oA", "y"))
		w.clock.Advance(time.Second)
		w.accept(w.text("oB", "z"))
		s, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
		w.must(err)
		if len(s) != 2 || s[0].OpenID != "oB" || s[1].Person == 0 {
			t.Fatalf("%+v", s)
		}
	})
	t.Run("AWrongPersonIsTakenBack", func(t *testing.T) { takenBack(t, h) })
	t.Run("OwnersOfFakeIDs", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("2", "oB", "小红", w.clock.Now())))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("3", "", "小刚", w.clock.Now())))
		ids := []callbackd.FakeID{"1", "2", "3", "4"}
		for n := range 1200 { // more than one query takes
			ids = append(ids, callbackd.FakeID(fmt.Sprint(1000+n)))
		}
		owners, err := w.db.ListOwners(ctx, w.acc.ID, ids)
		w.must(err)
		of := map[callbackd.FakeID]store.Owner{}
		for _, o := range owners {
			of[o.FakeID] = o
		}
		if len(of) != 2 || of["1"].OpenID != "oA" || of["1"].Sender == 0 || of["2"].OpenID != "oB" || of["2"].Sender != 0 {
			t.Fatalf("%+v", owners)
		}
		other := w.account("other", callbackd.ModerationOpen)
		if owners, err := w.db.ListOwners(ctx, other.ID, ids); err != nil || len(owners) != 0 {
			t.Fatalf("another account owns %+v, %v", owners, err)
		}
	})
	t.Run("OldProfilesAreReadAgainWhenTheirPersonSpeaks", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		w.must(w.db.SetPerson(ctx, w.acc.ID, res("1", "oA", "小明", w.clock.Now())))
		w.accept(w.text("oA", "y"))
		if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 0 {
			t.Fatalf("a fresh profile is read again: %+v", s)
		}
		w.clock.Advance(store.ProfileLife + time.Hour)
		w.accept(w.text("oA", "z"))
		if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 1 || s[0].Person == 0 {
			t.Fatalf("an old profile is not read again: %+v", s)
		}
	})
	t.Run("OwnersShareWhatTheyKnow", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		other := w.account("other", callbackd.ModerationOpen)
		other.Owner = "acme"
		w.must(w.db.SetAccount(ctx, other, "test"))
		w.must(w.db.SetPerson(ctx, other.ID, res("77", "oX", "小明", w.clock.Now())))
		if got, err := w.db.ListPersonsElsewhere(ctx, w.acc.ID, "acme", "77"); err != nil || len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, owner := range []string{"", "others"} {
			if got, _ := w.db.ListPersonsElsewhere(ctx, w.acc.ID, owner, "77"); len(got) != 0 {
				t.Fatalf("owner %q learns of a stranger's people", owner)
			}
		}
	})
}

func searchDue(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	w.accept(w.text("oA", "x"))
	s, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
	w.must(err)
	if len(s) != 1 {
		t.Fatalf("%d seekers", len(s))
	}
	later := w.clock.Now().Add(time.Hour)
	put := store.Search{Sender: s[0].ID, Seen: s[0].DueAt, Due: later, Attempts: 3}
	w.must(w.db.SetSearches(ctx, []store.Search{put}))
	if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 0 {
		t.Fatal("put off, and still due")
	}
	if due, ok, err := w.db.NextSearchDue(ctx, w.acc.ID); err != nil || !ok || !due.Equal(later) {
		t.Fatalf("%v %v %v", due, ok, err)
	}
	w.clock.Advance(time.Second)
	w.accept(w.text("oA", "y"))
	if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 1 || s[0].Attempts != 0 {
		t.Fatalf("a push did not make the search due: %+v", s)
	}
}

func heardMeanwhile(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	w.accept(w.text("oA", "x"))
	s, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
	w.must(err)
	w.clock.Advance(time.Second)
	w.accept(w.text("oA", "y"))
	w.must(w.db.SetSearches(ctx, []store.Search{{Sender: s[0].ID, Seen: s[0].DueAt, Attempts: 7, SearchedTo: 5, Candidates: []callbackd.FakeID{"1", "2"}}}))
	again, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
	w.must(err)
	if len(again) != 1 || again[0].Attempts != 0 {
		t.Fatalf("the push that came meanwhile is forgotten: %+v", again)
	}
	if k := again[0]; k.SearchedTo != 5 || len(k.Candidates) != 2 || k.Candidates[1] != "2" {
		t.Fatalf("what the search found out is forgotten: %+v", k)
	}
}

func searchedTo(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	w.accept(w.text("oA", "first"))
	w.accept(w.text("oB", "of another one"))
	w.accept(w.text("oA", "second"))
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "2", OpenID: "oB", Profile: callbackd.Profile{Nickname: "小红"}}))
	fresh, err := w.db.ListUnsearched(ctx, w.acc.ID, w.clock.Now(), 10, 10)
	w.must(err)
	if one, err := w.db.ListUnsearched(ctx, w.acc.ID, w.clock.Now(), 10, 1); err != nil || len(one) != 1 || one[0].Message.Text != "first" {
		t.Fatalf("one of each: %+v, %v", one, err)
	}
	if len(fresh) != 2 || fresh[0].Message.Text != "first" || fresh[1].Message.Text != "second" || fresh[0].OpenID != "oA" {
		t.Fatalf("%+v", fresh)
	}
	s, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10)
	w.must(err)
	w.must(w.db.SetSearches(ctx, []store.Search{{Sender: fresh[0].Message.Sender, Seen: s[0].DueAt, Due: s[0].DueAt, SearchedTo: fresh[0].Message.ID}}))
	if fresh, _ = w.db.ListUnsearched(ctx, w.acc.ID, w.clock.Now(), 10, 10); len(fresh) != 1 || fresh[0].Message.Text != "second" {
		t.Fatalf("%+v", fresh)
	}
	all, err := w.db.ListPushed(ctx, w.acc.ID, 0, 10)
	w.must(err)
	if len(all) != 3 || all[0].Message.Text != "second" || all[1].FakeID != "2" || all[0].FakeID != "" {
		t.Fatalf("newest first, with who is known: %+v", all)
	}
	if some, _ := w.db.ListPushed(ctx, w.acc.ID, all[1].Message.ID, 10); len(some) != 2 {
		t.Fatalf("back to the second: %+v", some)
	}
}

func takenBack(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	w.accept(w.text("oA", "x"))
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "别人"}, ReadAt: w.clock.Now()}))
	w.must(w.db.UnsetPerson(ctx, w.acc.ID, "1", "oB"))
	if row := w.wall()[0]; row.Person == nil {
		t.Fatal("a FakeID was taken from an openID that was not named")
	}
	rev := w.rev()
	w.must(w.db.UnsetPerson(ctx, w.acc.ID, "1", "oA"))
	row := w.wall()[0]
	if row.Person != nil || row.Message.Rev <= rev {
		t.Fatalf("the message keeps its wrong face: %+v, rev %d after %d", row.Person, row.Message.Rev, rev)
	}
	if open, _ := w.db.ListPersons(ctx, w.acc.ID, false, 10); len(open) != 1 || open[0].FakeID != "1" {
		t.Fatalf("unresolved: %+v", open)
	}
	if s, _ := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 10); len(s) != 1 || s[0].Person != 0 {
		t.Fatalf("the search does not go on: %+v", s)
	}
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oB", Profile: callbackd.Profile{Nickname: "别人"}, ReadAt: w.clock.Now()}))
}
