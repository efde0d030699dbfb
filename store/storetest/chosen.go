package storetest

import (
	"errors"
	"slices"
	"testing"

	"callbackd"
	"callbackd/store"
)

// exerciseChosen is what the page of a wall needs beside WeChat: messages with
// an id and mentions that were chosen, and the faces of senders.
func exerciseChosen(t *testing.T, h Harness) {
	t.Run("MentionsAndIDAreStoredWithTheMessage", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		a, b := w.sender("oA"), w.sender("oB")
		cb := w.text("oC", "@b @a")
		cb.Message.PublicID, cb.Mentions = callbackd.NewMessageID(w.clock.Now()), []callbackd.SenderID{b, a, b}
		out := w.accept(cb)
		if out.Public != cb.Message.PublicID || out.State != callbackd.StateHeld {
			t.Fatalf("%+v", out)
		}
		row := w.messages("held")[0]
		if row.Message.PublicID != out.Public {
			t.Errorf("stored as %s, said %s", row.Message.PublicID, out.Public)
		}
		who, err := w.db.ListMentions(ctx, row.Message.ID)
		if err != nil || !slices.Equal(who, []callbackd.SenderID{b, a}) {
			t.Errorf("mentions %v, %v: want %v", who, err, []callbackd.SenderID{b, a})
		}
		if again := w.accept(cb); !again.Repeat || again.Public != "" {
			t.Errorf("again: %+v", again)
		}
		plain := w.accept(w.text("oC", "x"))
		if plain.Public == "" || plain.Public != w.messages("held")[0].Message.PublicID {
			t.Errorf("a message without an id of its own: %+v", plain)
		}
	})
	t.Run("FacesAreThoseOfTheSenders", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		a, b := w.sender("oA"), w.sender("oB")
		w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: w.clock.Now()}))
		faces, err := w.db.ListFaces(ctx, []callbackd.SenderID{a, b, 12345})
		w.must(err)
		if len(faces) != 2 || faces[a].Person == nil || faces[a].Person.Profile.Nickname != "小明" || faces[b].Person != nil {
			t.Fatalf("%+v", faces)
		}
		rows := w.wall()
		for _, row := range rows {
			if got := faces[row.Sender.ID]; got.Sender != row.Sender {
				t.Errorf("%+v is not %+v", got.Sender, row.Sender)
			}
		}
		if s, err := w.db.GetSender(ctx, a); err != nil || s != faces[a].Sender || s.OpenID != "oA" || !s.Following {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := w.db.GetSender(ctx, 12345); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// sender returns a person who has said something.
func (w *world) sender(open callbackd.OpenID) callbackd.SenderID {
	w.Helper()
	w.accept(w.text(open, "x"))
	return w.messages("")[0].Sender.ID
}
