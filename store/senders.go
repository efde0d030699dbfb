package store

import (
	"context"
	"strings"
	"time"

	"callbackd"
)

// GetSenderByAvatar returns the sender whose drawn avatar has this id.
func (db *DB) GetSenderByAvatar(ctx context.Context, id callbackd.PublicID) (callbackd.SenderID, int64, error) {
	var row struct {
		ID         callbackd.SenderID
		AvatarSeed int64 `db:"avatar_seed"`
	}
	err := db.get(ctx, &row, `SELECT id, avatar_seed FROM senders WHERE avatar_id = ?`, id)
	return row.ID, row.AvatarSeed, err
}

// GetSenderByPerson returns the sender of a person.
func (db *DB) GetSenderByPerson(ctx context.Context, id callbackd.PersonID) (s callbackd.SenderID, err error) {
	return s, db.get(ctx, &s, `SELECT id FROM senders WHERE person_id = ?`, id)
}

// Face is a sender with the person that the sender is, where that is known.
type Face struct {
	Sender callbackd.Sender
	Person *callbackd.Person // nil: not known
}

const sqlFaces = `SELECT s.account_id, s.id AS sender_id, s.open_id, s.public_id AS sender_public_id, s.avatar_id, s.avatar_seed,
	s.approved AS sender_approved, s.removed AS sender_removed, s.following, s.chosen_name, s.passed_name, s.passed_avatar, s.trusted, s.blocked, s.refused_name, s.refused_why,
	p.id AS person_id, p.fake_id, p.nickname, p.gender, p.country, p.province, p.city, p.signature, p.avatar, p.read_at
	FROM senders s LEFT JOIN persons p ON p.id = s.person_id `

type flatFace struct {
	AccountID callbackd.AccountID `db:"account_id"`
	flatSender
	flatPerson
}

func (f *flatFace) face() Face {
	return Face{f.flatSender.sender(f.AccountID, f.flatPerson), f.flatPerson.person(f.AccountID, f.OpenID)}
}

// GetSender returns a sender.
func (db *DB) GetSender(ctx context.Context, id callbackd.SenderID) (callbackd.Sender, error) {
	face, err := db.GetFace(ctx, id)
	return face.Sender, err
}

// GetFace returns a sender with the person.
func (db *DB) GetFace(ctx context.Context, id callbackd.SenderID) (Face, error) {
	var f flatFace
	if err := db.get(ctx, &f, sqlFaces+`WHERE s.id = ?`, id); err != nil {
		return Face{}, err
	}
	return f.face(), nil
}

// ListFaces returns senders with their persons; who is not there is left out.
func (db *DB) ListFaces(ctx context.Context, ids []callbackd.SenderID) (map[callbackd.SenderID]Face, error) {
	faces := map[callbackd.SenderID]Face{}
	err := chunks(ids, func(part []callbackd.SenderID) error {
		var flat []flatFace
		if err := db.sel(ctx, &flat, sqlFaces+`WHERE s.id IN (`+placeholders(len(part))+`)`, args(part)...); err != nil {
			return err
		}
		for i := range flat {
			face := flat[i].face()
			faces[face.Sender.ID] = face
		}
		return nil
	})
	return faces, err
}

// Seeker is a sender whose person is searched for.
type Seeker struct {
	ID        callbackd.SenderID
	OpenID    callbackd.OpenID
	Person    callbackd.PersonID // not 0: known; the card is to be read (again)
	Attempts  int                // tries since the sender was heard of
	DueAt     time.Time          // when the search is due
	FirstSeen time.Time
	Following bool

	// What earlier searches left: messages up to SearchedTo were looked at, and
	// the sender's FakeID is one of Candidates (none: nothing is known).
	SearchedTo callbackd.MessageID
	Candidates []callbackd.FakeID
}

// ListSeekers returns the senders of an account whose search is due at a time:
// those who are not known first, then those whose card is to be read, the
// longest waiting first.
func (db *DB) ListSeekers(ctx context.Context, account callbackd.AccountID, now time.Time, limit int) ([]Seeker, error) {
	var flat []struct {
		ID         callbackd.SenderID
		OpenID     callbackd.OpenID `db:"open_id"`
		Person     callbackd.PersonID
		Attempts   int   `db:"search_attempts"`
		Due        int64 `db:"search_due"`
		FirstSeen  int64 `db:"first_seen"`
		Following  bool
		SearchedTo callbackd.MessageID `db:"searched_to"`
		Candidates string
	}
	err := db.sel(ctx, &flat, `SELECT id, open_id, COALESCE(person_id, 0) AS person, search_attempts, search_due, first_seen, following,
		searched_to, candidates FROM senders WHERE account_id = ? AND search_due > 0 AND search_due <= ? ORDER BY `+seekerOrder+` LIMIT ?`,
		account, ms(now), limit)
	out := make([]Seeker, len(flat))
	for i, f := range flat {
		out[i] = Seeker{ID: f.ID, OpenID: f.OpenID, Person: f.Person, Attempts: f.Attempts, DueAt: fromMS(f.Due), FirstSeen: fromMS(f.FirstSeen),
			Following: f.Following, SearchedTo: f.SearchedTo, Candidates: splitFakeIDs(f.Candidates)}
	}
	return out, err
}

const seekerOrder = `CASE WHEN person_id IS NULL THEN 0 ELSE 1 END, search_due, id`

// FakeIDs are joined by a space, which is in none of them.
func splitFakeIDs(s string) []callbackd.FakeID {
	var out []callbackd.FakeID
	for _, f := range strings.Fields(s) {
		out = append(out, callbackd.FakeID(f))
	}
	return out
}

func joinFakeIDs(ids []callbackd.FakeID) string {
	var b strings.Builder
	for i, f := range ids {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(f))
	}
	return b.String()
}

// Search is how far the search for a sender's person got.
type Search struct {
	Sender   callbackd.SenderID
	Seen     time.Time // Seeker.DueAt: whoever was heard of since then stays due
	Due      time.Time // next try; zero: when the sender is heard of again
	Attempts int

	SearchedTo callbackd.MessageID
	Candidates []callbackd.FakeID
}

// SetSearches puts searches of one account off and keeps what they found out.
func (db *DB) SetSearches(ctx context.Context, searches []Search) error {
	if len(searches) == 0 {
		return nil
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, `(SELECT account_id FROM senders WHERE id = ?)`, searches[0].Sender); err != nil {
			return err
		}
		for _, s := range searches {
			if _, err := tx.exec(ctx, `UPDATE senders SET searched_to = ?, candidates = ?,
				search_attempts = CASE WHEN search_due = ? THEN ? ELSE search_attempts END,
				search_due = CASE WHEN search_due = ? THEN ? ELSE search_due END WHERE id = ?`,
				s.SearchedTo, joinFakeIDs(s.Candidates), ms(s.Seen), s.Attempts, ms(s.Seen), ms(s.Due), s.Sender); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextSearchDue returns when the next search of an account is due; false when none is.
func (db *DB) NextSearchDue(ctx context.Context, account callbackd.AccountID) (time.Time, bool, error) {
	var due int64
	err := db.get(ctx, &due, `SELECT COALESCE(MIN(search_due), 0) FROM senders WHERE account_id = ? AND search_due > 0`, account)
	return fromMS(due), due > 0, err
}

// ListMessagesOfSender returns what a sender wrote in WeChat since a time, oldest
// first: the evidence of the search.
func (db *DB) ListMessagesOfSender(ctx context.Context, sender callbackd.SenderID, since time.Time, limit int) ([]callbackd.Message, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.sender_id = ? AND m.sent_at >= ? AND NOT m.web ORDER BY m.id DESC LIMIT ?`, sender, ms(since), limit)
	out := make([]callbackd.Message, len(flat))
	for i := range flat {
		out[len(flat)-1-i] = flat[i].row().Message
	}
	return out, err
}

// Pushed is a stored message as evidence of who its sender is.
type Pushed struct {
	Message callbackd.Message // without state, place, link and wall
	OpenID  callbackd.OpenID  // of the sender
	FakeID  callbackd.FakeID  // of the sender's person; empty: not known
}

const sqlPushed = `SELECT m.id, m.account_id, m.sender_id, m.kind, m.text, m.sent_at, m.msg_id, m.received_at, s.open_id,
	COALESCE(p.fake_id, '') AS fake_id FROM messages m JOIN senders s ON s.id = m.sender_id LEFT JOIN persons p ON p.id = s.person_id `

type flatPushed struct {
	ID         callbackd.MessageID
	AccountID  callbackd.AccountID `db:"account_id"`
	SenderID   callbackd.SenderID  `db:"sender_id"`
	Kind       callbackd.Kind
	Text       string
	SentAt     int64            `db:"sent_at"`
	MsgID      int64            `db:"msg_id"`
	ReceivedAt int64            `db:"received_at"`
	OpenID     callbackd.OpenID `db:"open_id"`
	FakeID     callbackd.FakeID `db:"fake_id"`
}

func toPushed(flat []flatPushed) []Pushed {
	out := make([]Pushed, len(flat))
	for i, f := range flat {
		out[i] = Pushed{OpenID: f.OpenID, FakeID: f.FakeID, Message: callbackd.Message{ID: f.ID, Account: f.AccountID, Sender: f.SenderID,
			Kind: f.Kind, Text: f.Text, SentAt: fromMS(f.SentAt), MsgID: uint64(f.MsgID), ReceivedAt: fromMS(f.ReceivedAt)}}
	}
	return out
}

// ListPushed returns an account's newest messages back to one, newest first, as
// far as they came from WeChat.
func (db *DB) ListPushed(ctx context.Context, account callbackd.AccountID, from callbackd.MessageID, limit int) ([]Pushed, error) {
	var flat []flatPushed
	err := db.sel(ctx, &flat, sqlPushed+`WHERE m.account_id = ? AND m.id >= ? AND NOT m.web ORDER BY m.id DESC LIMIT ?`, account, from, limit)
	return toPushed(flat), err
}

// ListUnsearched returns, oldest first, the messages from WeChat that no search
// has looked at of the senders whom ListSeekers returns and who are not known: of each the
// oldest few, so that one who talks a lot crowds out nobody.
func (db *DB) ListUnsearched(ctx context.Context, account callbackd.AccountID, now time.Time, seekers, each int) ([]Pushed, error) {
	var flat []flatPushed
	err := db.sel(ctx, &flat, sqlPushed+`WHERE m.id IN (SELECT n.id FROM (
			SELECT x.id, ROW_NUMBER() OVER (PARTITION BY x.sender_id ORDER BY x.id) AS place
			FROM messages x JOIN senders w ON w.id = x.sender_id WHERE x.id > w.searched_to AND NOT x.web AND w.id IN (
				SELECT id FROM senders WHERE account_id = ? AND search_due > 0 AND search_due <= ? AND person_id IS NULL
				ORDER BY search_due, id LIMIT ?)) n WHERE n.place <= ?) ORDER BY m.id`, account, ms(now), seekers, each)
	return toPushed(flat), err
}

// SenderCount counts the senders of an account.
type SenderCount struct {
	Account            callbackd.AccountID `db:"account_id"`
	Resolved, Searched int64
	All                int64 `db:"all_senders"`
}

// CountSenders counts senders by account for metrics.
func (db *DB) CountSenders(ctx context.Context) (out []SenderCount, err error) {
	return out, db.sel(ctx, &out, `SELECT account_id, COUNT(person_id) AS resolved, SUM(CASE WHEN search_due > 0 THEN 1 ELSE 0 END) AS searched,
		COUNT(*) AS all_senders FROM senders WHERE open_id <> ? GROUP BY account_id`, HostOpenID)
}
