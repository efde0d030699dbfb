package store

import (
	"context"
	"time"

	"callbackd"
)

// NoticeSort is what a notice is about.
type NoticeSort string

const (
	NoticeMessage NoticeSort = "message"
	NoticeTest    NoticeSort = "test"  // of one device, asked for by its follower
	NoticeCount   NoticeSort = "count" // so many messages more than are told one by one
)

// NoticesLife is how long notices and their trails are kept.
const NoticesLife = 30 * 24 * time.Hour

// NewNotice is what a follower is to be told, or why they are not.
type NewNotice struct {
	ID     callbackd.NoticeID
	Sender callbackd.SenderID // who is told
	Reason callbackd.Reason
	Why    string // key of the trail
	// Chain is the chain that tells them, before its first step; empty: nobody is
	// alerted, and Why says why.
	Chain string
	DueAt time.Time // of the chain
}

// Matter is what notices of one insertion are about.
type Matter struct {
	Account callbackd.AccountID
	Sort    NoticeSort
	Message callbackd.MessageID // of NoticeMessage
	Author  callbackd.SenderID  // of the message
}

// NoticeCursor tells how far the changes of a wall were looked at for notices.
type NoticeCursor struct {
	Account callbackd.AccountID `db:"account_id"`
	Slug    callbackd.Slug
	Rev     int64 // of the wall
	Seen    int64 // up to which it was looked at
}

// ListNoticeCursors returns the walls with changes that nobody has looked at.
func (db *DB) ListNoticeCursors(ctx context.Context) (all []NoticeCursor, err error) {
	return all, db.sel(ctx, &all, `SELECT w.account_id, a.slug, w.rev, COALESCE(c.rev, 0) AS seen FROM walls w
		JOIN accounts a ON a.id = w.account_id LEFT JOIN notice_cursors c ON c.account_id = w.account_id
		WHERE w.rev > COALESCE(c.rev, 0) ORDER BY w.account_id`)
}

// MoveNoticeCursor says that the changes up to a rev were looked at. It never
// goes back.
func (db *DB) MoveNoticeCursor(ctx context.Context, account callbackd.AccountID, rev int64) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO notice_cursors (account_id, rev) SELECT id, ? FROM accounts WHERE id = ?
			ON CONFLICT (account_id) DO UPDATE SET rev = excluded.rev WHERE excluded.rev > notice_cursors.rev`, rev, account)
		return err
	})
}

const sqlInsertNotice = `INSERT INTO notices (id, nid, account_id, sender_id, message_id, author_id, sort, reason, why, alerted, created_at)
	SELECT ?, ?, s.account_id, s.id, NULLIF(CAST(? AS BIGINT), 0), NULLIF(CAST(? AS BIGINT), 0), ?, ?, ?, ?, ? FROM senders s WHERE s.id = ?
	ON CONFLICT (sender_id, message_id) DO NOTHING`

// InsertNotices stores notices with their chains. Whoever has one of this message
// already gets no second one: nobody is told twice, however often it is tried.
func (db *DB) InsertNotices(ctx context.Context, m Matter, all []NewNotice) error {
	return db.Write(ctx, func(tx *Tx) error {
		now := ms(db.now())
		for _, n := range all {
			id := db.ids.next()
			inserted, err := tx.exec(ctx, sqlInsertNotice, id, n.ID, m.Message, m.Author, m.Sort, n.Reason, n.Why, n.Chain != "", now, n.Sender)
			if err != nil {
				return err
			}
			if inserted == 0 || n.Chain == "" {
				continue
			}
			if err := tx.insertDelivery(ctx, id, "", n.Sender, n.Chain, n.DueAt); err != nil {
				return err
			}
			tx.ring.notices = true
		}
		return nil
	})
}

// Told counts what somebody was told lately.
type Told struct {
	Sender  callbackd.SenderID `db:"sender_id"`
	Plain   int                // alerts without a mention
	Waiting bool               // a NoticeCount stands and has not ended
}

// ListTold counts the alerts of followers since a time.
func (db *DB) ListTold(ctx context.Context, who []callbackd.SenderID, since time.Time) (map[callbackd.SenderID]Told, error) {
	told := map[callbackd.SenderID]Told{}
	err := chunks(who, func(part []callbackd.SenderID) error {
		var rows []Told
		if err := db.sel(ctx, &rows, `SELECT sender_id, COUNT(*) AS plain, FALSE AS waiting FROM notices
			WHERE created_at > ? AND alerted AND reason = 'receive' AND sort = 'message' AND sender_id IN (`+placeholders(len(part))+`) GROUP BY sender_id`,
			args(part, ms(since))...); err != nil {
			return err
		}
		for _, r := range rows {
			told[r.Sender] = r
		}
		var waiting []callbackd.SenderID
		if err := db.sel(ctx, &waiting, `SELECT d.sender_id FROM deliveries d JOIN notices n ON n.id = d.notice_id
			WHERE d.due_at > 0 AND n.sort = 'count' AND d.ended = '' AND d.sender_id IN (`+placeholders(len(part))+`)`, args(part)...); err != nil {
			return err
		}
		for _, id := range waiting {
			t := told[id]
			t.Sender, t.Waiting = id, true
			told[id] = t
		}
		return nil
	})
	return told, err
}

// CountMentionsBy counts whom a sender's messages alerted by mentioning them
// since a time.
func (db *DB) CountMentionsBy(ctx context.Context, author callbackd.SenderID, since time.Time) (n int, err error) {
	return n, db.get(ctx, &n, `SELECT COUNT(*) FROM notices WHERE author_id = ? AND created_at > ? AND reason = 'mention' AND alerted`, author, ms(since))
}

// CountCollapsed counts the unread messages that a follower was not told one by
// one since a time.
func (db *DB) CountCollapsed(ctx context.Context, who callbackd.SenderID, since time.Time) (n int, err error) {
	return n, db.get(ctx, &n, `SELECT COUNT(*) FROM notices WHERE sender_id = ? AND created_at >= ? AND why = 'collapsed' AND read_at = 0`, who, ms(since))
}

// MadeNotices are how many notices an account made in a time.
type MadeNotices struct {
	Account callbackd.AccountID `db:"account_id"`
	N       int
}

// CountNotices counts the notices that were made after one time and until another,
// by account.
func (db *DB) CountNotices(ctx context.Context, after, until time.Time) (out []MadeNotices, err error) {
	return out, db.sel(ctx, &out, `SELECT account_id, COUNT(*) AS n FROM notices WHERE created_at > ? AND created_at <= ? AND sort <> 'test' GROUP BY account_id`, ms(after), ms(until))
}

// Notice is a row of somebody's inbox.
type Notice struct {
	ID        int64
	NID       callbackd.NoticeID
	Account   callbackd.AccountID `db:"account_id"`
	Sender    callbackd.SenderID  `db:"sender_id"`
	Message   callbackd.MessageID `db:"message_id"` // 0: about none
	Sort      NoticeSort
	Reason    callbackd.Reason
	Why       string
	CreatedMS int64 `db:"created_at"`
	ReadMS    int64 `db:"read_at"`
}

// CreatedAt is when it was decided.
func (n Notice) CreatedAt() time.Time { return fromMS(n.CreatedMS) }

// Read reports whether its follower has read it.
func (n Notice) Read() bool { return n.ReadMS != 0 }

const noticeColumns = `id, nid, account_id, sender_id, COALESCE(message_id, 0) AS message_id, sort, reason, why, created_at, read_at`

// GetNotice returns a follower's notice; callbackd.ErrNotFound for anybody else's.
func (db *DB) GetNotice(ctx context.Context, sender callbackd.SenderID, nid callbackd.NoticeID) (n Notice, err error) {
	return n, db.get(ctx, &n, `SELECT `+noticeColumns+` FROM notices WHERE nid = ? AND sender_id = ?`, nid, sender)
}

// ListNotices returns a follower's notices, newest first; before is the row id of
// one of them, 0 for the newest.
func (db *DB) ListNotices(ctx context.Context, sender callbackd.SenderID, before int64, limit int) (all []Notice, err error) {
	if before == 0 {
		return all, db.sel(ctx, &all, `SELECT `+noticeColumns+` FROM notices WHERE sender_id = ? ORDER BY id DESC LIMIT ?`, sender, limit)
	}
	return all, db.sel(ctx, &all, `SELECT `+noticeColumns+` FROM notices WHERE sender_id = ? AND id < ? ORDER BY id DESC LIMIT ?`, sender, before, limit)
}

// maxUnread bounds counting; a follower with more has "so many or more".
const maxUnread = 1000

// CountUnread counts a follower's unread notices, at most 1,000.
func (db *DB) CountUnread(ctx context.Context, sender callbackd.SenderID) (n int, err error) {
	return n, db.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT id FROM notices WHERE sender_id = ? AND read_at = 0 AND sort <> 'test' LIMIT ?) u`, sender, maxUnread)
}

// ReadNotice notes that a follower has read a notice; false: they had already.
func (db *DB) ReadNotice(ctx context.Context, n Notice) (first bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		changed, err := tx.exec(ctx, `UPDATE notices SET read_at = ? WHERE id = ? AND read_at = 0`, ms(db.now()), n.ID)
		first = changed == 1
		return err
	})
	return first, err
}

// ListRowsByID returns messages with everything that a view of them needs.
func (db *DB) ListRowsByID(ctx context.Context, ids []callbackd.MessageID) ([]Row, error) {
	var rows []Row
	err := chunks(ids, func(part []callbackd.MessageID) error {
		var flat []flatRow
		err := db.sel(ctx, &flat, sqlRows+`WHERE m.id IN (`+placeholders(len(part))+`)`, args(part)...)
		rows = append(rows, toRows(flat)...)
		return err
	})
	return rows, err
}

// ListRowsByPublicID returns messages by their public ids.
func (db *DB) ListRowsByPublicID(ctx context.Context, ids []callbackd.PublicID) ([]Row, error) {
	var rows []Row
	err := chunks(ids, func(part []callbackd.PublicID) error {
		var flat []flatRow
		err := db.sel(ctx, &flat, sqlRows+`WHERE m.public_id IN (`+placeholders(len(part))+`)`, args(part)...)
		rows = append(rows, toRows(flat)...)
		return err
	})
	return rows, err
}

// ListReceivers returns followers who switched receiving on, by id after one.
func (db *DB) ListReceivers(ctx context.Context, account callbackd.AccountID, after callbackd.SenderID, limit int) (who []callbackd.SenderID, err error) {
	return who, db.sel(ctx, &who, `SELECT p.sender_id FROM preferences p JOIN senders s ON s.id = p.sender_id
		WHERE p.account_id = ? AND p.sender_id > ? AND p.receive AND s.following ORDER BY p.sender_id LIMIT ?`, account, after, limit)
}

// ListReachable returns the followers who have a device or allow WeChat messages,
// by id after one: everybody, where an account has no receive switch.
func (db *DB) ListReachable(ctx context.Context, account callbackd.AccountID, after callbackd.SenderID, limit int) (who []callbackd.SenderID, err error) {
	return who, db.sel(ctx, &who, `SELECT p.sender_id FROM preferences p JOIN senders s ON s.id = p.sender_id
		WHERE p.account_id = ? AND p.sender_id > ? AND s.following ORDER BY p.sender_id LIMIT ?`, account, after, limit)
}
