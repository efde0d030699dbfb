// Package storetest is the specification of package store: a suite that runs on
// every database, and the invariants that hold after any scenario.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// Harness opens databases for the suite.
type Harness struct {
	// Open returns an empty database with the clock.
	Open func(t *testing.T, now func() time.Time) *store.DB
	// Again opens the database that was opened last once more, as another process would.
	Again func(t *testing.T) *store.DB
}

// Clock is a clock that tests set.
type Clock struct {
	mu sync.Mutex // guards t
	t  time.Time
}

// NewClock starts at a fixed instant.
func NewClock() *Clock { return &Clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a database with one account.
type world struct {
	*testing.T
	h     Harness
	db    *store.DB
	clock *Clock
	acc   *callbackd.Account
	n     int
}

var ctx = context.Background()

func newWorld(t *testing.T, h Harness, m callbackd.Moderation) *world {
	w := &world{T: t, h: h, clock: NewClock()}
	w.db = h.Open(t, w.clock.Now)
	w.acc = w.account("spring", m)
	t.Cleanup(func() { CheckInvariants(t, w.db) })
	return w
}

func (w *world) account(slug callbackd.Slug, m callbackd.Moderation) *callbackd.Account {
	w.Helper()
	a := &callbackd.Account{Slug: slug, Name: "春晚现场", OriginalID: "gh_0123456789ab", Token: "token", Mode: callbackd.ModePlain, Moderation: m,
		MPWeb: &callbackd.MPWebLogin{Username: "operator", Password: "password", Dialect: callbackd.Dialect2014}}
	w.must(w.db.InsertAccount(ctx, a, "test"))
	return a
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// text is a text callback of a person, each one new.
func (w *world) text(from callbackd.OpenID, words string) *store.Callback {
	w.n++
	now := w.clock.Now()
	return &store.Callback{Account: w.acc, Key: fmt.Sprintf("key-%d", w.n), Request: fmt.Appendf(nil, "request-%d", w.n), Body: []byte(words),
		ReceivedAt: now, CreateTime: now, Outcome: store.OutcomeAccepted, MsgType: "text", From: from, Search: true, Raw: []byte("<xml/>"),
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: now, MsgID: uint64(w.n)}}
}

func (w *world) voice(from callbackd.OpenID) *store.Callback {
	cb := w.text(from, "")
	cb.MsgType, cb.Message.Kind = "voice", callbackd.KindVoice
	cb.Media = &callbackd.Media{WeChatID: "media-id", Format: "amr"}
	return cb
}

func (w *world) accept(cb *store.Callback) store.Accepted {
	w.Helper()
	out, err := w.db.Accept(ctx, cb)
	w.must(err)
	return out
}

// messages returns the account's messages in a state, newest first.
func (w *world) messages(s callbackd.State) []store.Row {
	w.Helper()
	rows, err := w.db.ListMessages(ctx, w.acc.ID, store.MessageFilter{State: s, Limit: 1000})
	w.must(err)
	return rows
}

func (w *world) wall() []store.Row {
	w.Helper()
	_, rows, err := w.db.ListShown(ctx, w.acc.ID, store.Span{Limit: 200})
	w.must(err)
	return rows
}

func (w *world) rev() int64 {
	w.Helper()
	rev, err := w.db.GetRev(ctx, w.acc.ID)
	w.must(err)
	return rev
}

func (w *world) decide(row store.Row, d callbackd.Decision) {
	w.Helper()
	w.must(w.db.Moderate(ctx, row.Message.Account, row.Message.PublicID, d, "test"))
}

// Exercise runs the suite.
func Exercise(t *testing.T, h Harness) {
	for name, run := range map[string]func(*testing.T, Harness){
		"Accept": exerciseAccept, "Wall": exerciseWall, "Moderate": exerciseModerate, "Queue": exerciseQueue, "Undo": exerciseUndo, "Search": exerciseSearch, "Room": exerciseRoom, "Persons": exercisePersons,
		"Media": exerciseMedia, "Jobs": exerciseJobs, "Accounts": exerciseAccounts, "Keeping": exerciseKeeping, "Watch": exerciseWatch,
		"Together": exerciseTogether, "Chosen": exerciseChosen, "Blocks": exerciseBlocks, "WordLists": exerciseWordLists, "NameRules": exerciseNameRules, "CallMe": exerciseCallMe, "Events": exerciseEvents, "Operators": exerciseOperators,
		"Keys": exerciseKeys, "Connection": exerciseConnection, "Viewers": exerciseViewers,
		"Commands": exerciseCommands, "Devices": exerciseDevices, "People": exercisePeople, "Forgetting": exerciseForgetting, "Deliveries": exerciseDeliveries,
	} {
		t.Run(name, func(t *testing.T) { run(t, h) })
	}
}

// CheckInvariants holds after every scenario: seq and rev are given once and
// never beyond the wall's counters, what passed the gate has both, what never
// passed has neither, a moderator is wanted for what waits and for nothing else,
// nobody is two people, and a device belongs to the follower to whom its viewer
// is bound.
func CheckInvariants(t testing.TB, db *store.DB) {
	t.Helper()
	walls, err := db.ListWalls(ctx)
	if err != nil {
		t.Errorf("invariants: %v", err)
		return
	}
	for _, w := range walls {
		senders := checkWall(t, db, w)
		checkPersons(t, db, w)
		checkDevices(t, db, w, senders)
	}
}

// checkWall returns whose messages they are.
func checkWall(t testing.TB, db *store.DB, w store.Wall) (senders []callbackd.SenderID) {
	t.Helper()
	seqs, revs := map[int64]bool{}, map[int64]bool{}
	faces := faces{}
	defer func() { faces.check(t) }()
	for before := callbackd.MessageID(0); ; {
		rows, err := db.ListMessages(ctx, w.Account, store.MessageFilter{Before: before, Limit: 500})
		if err != nil {
			t.Errorf("invariants: %v", err)
			return senders
		}
		if len(rows) == 0 {
			return senders
		}
		for _, r := range rows {
			m := r.Message
			senders = append(senders, m.Sender)
			// an approval that was taken back leaves a held message its place
			was := m.State == callbackd.StateShown || m.State == callbackd.StateRemoved || m.State == callbackd.StateErased || m.Turn > 1 && m.Seq > 0
			switch {
			case was != (m.Seq > 0) || was != (m.Rev > 0) || was != (m.ShownRev > 0):
				t.Errorf("invariants: message is %s with seq %d rev %d shown_rev %d", m.State, m.Seq, m.Rev, m.ShownRev)
			case was && (seqs[m.Seq] || revs[m.Rev]):
				t.Errorf("invariants: seq %d or rev %d stands twice", m.Seq, m.Rev)
			case m.Rev > w.Rev || m.ShownRev > m.Rev:
				t.Errorf("invariants: rev %d, shown_rev %d on a wall at %d", m.Rev, m.ShownRev, w.Rev)
			}
			seqs[m.Seq], revs[m.Rev] = true, true
			checkQueued(t, r, faces)
			if m.Kind.HasMedia() != (r.Media != nil) {
				t.Errorf("invariants: a %s has media: %v", m.Kind, r.Media != nil)
			}
		}
		before = rows[len(rows)-1].Message.ID
	}
}

func checkPersons(t testing.TB, db *store.DB, w store.Wall) {
	t.Helper()
	known := map[callbackd.OpenID]callbackd.FakeID{}
	people, err := db.ListPersons(ctx, w.Account, true, 100000)
	if err != nil {
		t.Errorf("invariants: %v", err)
	}
	for _, p := range people {
		if other, ok := known[p.OpenID]; ok {
			t.Errorf("invariants: one openID is two people: %v", other == p.FakeID)
		}
		known[p.OpenID] = p.FakeID
	}
}

// checkDevices looks at the devices of everybody who has said something.
func checkDevices(t testing.TB, db *store.DB, w store.Wall, senders []callbackd.SenderID) {
	t.Helper()
	slices.Sort(senders)
	devices, err := db.ListDevicesOf(ctx, slices.Compact(senders))
	if err != nil {
		t.Errorf("invariants: %v", err)
	}
	of := map[callbackd.SenderID]int{}
	for _, d := range devices {
		v, err := db.GetViewer(ctx, d.Viewer)
		if err != nil || v.Sender != d.Sender || v.Account != d.Account || d.Account != w.Account {
			t.Errorf("invariants: a device of follower %d is in a viewer of %d (accounts %d, %d, wall %d): %v", d.Sender, v.Sender, d.Account, v.Account, w.Account, err)
		}
		if of[d.Sender]++; of[d.Sender] > store.MaxDevices {
			t.Errorf("invariants: %d devices of one follower", of[d.Sender])
		}
	}
}
