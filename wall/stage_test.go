package wall_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/store"
	"callbackd/store/storetest"
)

// patience bounds waits that only end early; no test passes because of it.
const patience = 30 * time.Second

var ctx = context.Background()

// stage is a database on a file.
type stage struct {
	*testing.T
	db   *store.DB
	path string
	n    int
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, path: filepath.Join(t.TempDir(), "c.db")}
	s.db = s.again()
	t.Cleanup(func() { storetest.CheckInvariants(t, s.db) })
	return s
}

// again opens the file once more, as another process would.
func (s *stage) again() *store.DB {
	s.Helper()
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	s.must(err)
	db, err := store.Open(ctx, store.Config{DSN: storetest.SQLite(s, s.path), Key: key})
	s.must(err)
	s.Cleanup(func() { db.Close() })
	return db
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) account(slug callbackd.Slug, m callbackd.Moderation) *callbackd.Account {
	s.Helper()
	a := &callbackd.Account{Slug: slug, Name: "春晚现场", OriginalID: "gh_0123456789ab", Token: "token", Mode: callbackd.ModePlain, Moderation: m}
	s.must(s.db.InsertAccount(ctx, a, "test"))
	return a
}

// say lets a person of the account send words, and returns the message's id.
func (s *stage) say(a *callbackd.Account, from callbackd.OpenID, words string) callbackd.PublicID {
	s.Helper()
	s.n++
	now := s.db.Now()
	_, err := s.db.Accept(ctx, &store.Callback{Account: a, Key: fmt.Sprint("key", s.n), Request: fmt.Append(nil, "request", s.n), ReceivedAt: now, CreateTime: now,
		Outcome: store.OutcomeAccepted, MsgType: "text", From: from, Raw: []byte("<xml/>"),
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: now, MsgID: uint64(s.n)}})
	s.must(err)
	rows, err := s.db.ListMessages(ctx, a.ID, store.MessageFilter{Limit: 1})
	s.must(err)
	return rows[0].Message.PublicID
}

func (s *stage) decide(a *callbackd.Account, d callbackd.Decision, ids ...callbackd.PublicID) {
	s.Helper()
	for _, id := range ids {
		s.must(s.db.Moderate(ctx, a.ID, id, d, "test"))
	}
}

// name makes a sender a person.
func (s *stage) name(a *callbackd.Account, from callbackd.OpenID, name string) {
	s.Helper()
	s.must(s.db.SetPerson(ctx, a.ID, store.Resolution{FakeID: callbackd.FakeID("84" + from), OpenID: from,
		Profile: callbackd.Profile{Nickname: name}, ReadAt: s.db.Now()}))
}
