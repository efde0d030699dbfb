package store

import (
	"context"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"callbackd"
)

// HostOpenID stands for the host of an account among its senders. No follower can
// have it: openIDs hold letters, figures, - and _ alone.
const HostOpenID callbackd.OpenID = "@host"

// MaxAnnouncement is how many characters an announcement of the host has at most.
const MaxAnnouncement = 300

// Announce puts the host's own words on the wall, as a message that is marked, in
// the account's name. Where nothing that comes belongs to an event it is
// callbackd.ErrConflict.
func (db *DB) Announce(ctx context.Context, a *callbackd.Account, text, actor string) (id callbackd.PublicID, err error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > MaxAnnouncement || !utf8.ValidString(text) {
		return "", callbackd.Told(callbackd.ErrInvalid, "error.announce_long", "an announcement has 1 to %d characters", MaxAnnouncement)
	}
	id = callbackd.NewMessageID(db.now())
	return id, db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		c, err := walls.of(ctx, a.ID)
		if err != nil {
			return err
		}
		if c.belongs() == callbackd.OutsideEvents {
			return callbackd.Told(callbackd.ErrConflict, "error.announce_outside", "no event is live: start one before you announce anything")
		}
		host, err := tx.host(ctx, a)
		if err != nil {
			return err
		}
		seq, err := walls.nextSeq(ctx, a.ID)
		if err != nil {
			return err
		}
		rev, err := walls.nextRev(ctx, a.ID)
		if err != nil {
			return err
		}
		key, now := callbackd.MessageID(tx.db.ids.next()), ms(tx.db.now())
		if _, err := tx.exec(ctx, `INSERT INTO messages (id, public_id, account_id, sender_id, kind, text, sent_at, msg_id, state, moderation,
			approved, seq, rev, shown_rev, received_at, web, event_id, host) VALUES (?, ?, ?, ?, 'text', ?, ?, 0, 'shown', 'hold', TRUE, ?, ?, ?, ?, TRUE, ?, TRUE)`,
			key, id, a.ID, host, text, now/1000*1000, seq, rev, rev, now, c.belongs()); err != nil {
			return err
		}
		if err := tx.audit(ctx, a.ID, actor, "announce", key, ""); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

// host finds or makes the sender of an account's own words, under its name of now.
// Nobody searches for this person, nor can anybody mention them.
func (tx *Tx) host(ctx context.Context, a *callbackd.Account) (id callbackd.SenderID, err error) {
	if _, err := tx.exec(ctx, `INSERT INTO senders (id, account_id, open_id, public_id, avatar_id, avatar_seed, following, first_seen, passed_name, name_due)
		VALUES (?, ?, ?, ?, ?, ?, FALSE, ?, ?, FALSE) ON CONFLICT (account_id, open_id) DO UPDATE SET passed_name = excluded.passed_name`,
		tx.db.ids.next(), a.ID, HostOpenID, callbackd.NewPublicID(), callbackd.NewPublicID(), rand.Int64(), ms(tx.db.now()), a.Name); err != nil {
		return 0, err
	}
	return id, tx.get(ctx, &id, `SELECT id FROM senders WHERE account_id = ? AND open_id = ?`, a.ID, HostOpenID)
}
