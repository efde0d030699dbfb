package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"callbackd"
	"callbackd/wall/filter"
)

// By is who decides.
type By struct {
	Actor string // for the audit
	// Batch names one tap, also one that decides many messages: the handle of
	// Undo. The same one again does nothing again. Empty: one is drawn.
	Batch string
	// Holder, where one is named, gets the messages that an undo puts back into the queue.
	Holder string
}

// Seen is what a moderator looked at. An approval passes that and nothing else:
// what came between the look and the tap waits for a decision of its own.
type Seen struct {
	Turn   int64              // Message.Turn: where it has moved on, somebody else decided first
	Media  callbackd.PublicID // of the file that could be played; empty: none could
	Name   string             // NameMark of the name
	Avatar callbackd.PublicID // of the person's picture; empty: there was none
}

// SeenOf is what there is to see of a row.
func SeenOf(row Row) Seen {
	s := Seen{Turn: row.Message.Turn, Name: NameMark(row.OwnName())}
	if row.Media != nil && row.Media.State == callbackd.MediaReady && row.Media.Main != nil {
		s.Media = row.Media.Main.ID
	}
	if row.Person != nil {
		s.Avatar = row.Person.Avatar
	}
	return s
}

// NameMark stands for a name in what a page sends back: short, and without the
// letters that a form may change on its way.
func NameMark(name string) string {
	if name == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// Moderate takes a moderator's decision on one message: its state, what passes
// with it, the wall's rev and the audit in one transaction. Approving a shown
// message passes the media, name and avatar that it has now. A step that does
// not exist is callbackd.ErrConflict.
func (db *DB) Moderate(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID, d callbackd.Decision, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		// the wall's lock first: decisions on one wall come one after the other
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		row, err := tx.getMessage(ctx, account, id)
		if err != nil {
			return err
		}
		to, ok := callbackd.Decide(row.Message.State, d)
		if !ok {
			return callbackd.Public(callbackd.ErrConflict, fmt.Sprintf("message %s is %s: it cannot be decided as %s", id, row.Message.State, d), nil)
		}
		if err := tx.decide(ctx, row, to, d, SeenOf(row), By{Actor: actor, Batch: newBatch()}, walls); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

func newBatch() string { return string(callbackd.NewPublicID()) }

func (tx *Tx) getMessage(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID) (Row, error) {
	var flat flatRow
	err := tx.get(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.public_id = ?`, account, id)
	return flat.row(), err
}

// decide takes a step that exists, under the wall's lock, and notes what it
// changed, so that it can be taken back.
func (tx *Tx) decide(ctx context.Context, row Row, to callbackd.State, d callbackd.Decision, seen Seen, by By, walls *wallCounters) error {
	m := row.Message
	if d == callbackd.DecisionApprove && row.OwnName() != row.Sender.PassedName {
		var err error // somebody else may have got the name since it was looked at
		if row.Sender.RefusedName, err = tx.judgeName(ctx, m.Sender); err != nil {
			return err
		}
	}
	if err := tx.audit(ctx, m.Account, by.Actor, string(d), m.ID, string(m.State)+" → "+string(to)); err != nil {
		return err
	}
	p := passes(row, d, seen)
	if m.State == to && !p.changes(row) {
		return nil // and nothing stands on it
	}
	if _, err := tx.exec(ctx, `INSERT INTO decisions (id, account_id, message_id, sender_id, batch, at, actor, action, state_before, state_after,
		approved_before, passed_media, name, name_before, avatar, avatar_before)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT approved FROM messages WHERE id = ?), ?, ?, ?, ?, ?)`,
		tx.db.ids.next(), m.Account, m.ID, m.Sender, by.Batch, ms(tx.db.now()), by.Actor, d, m.State, to,
		m.ID, p.media, p.coveredName(row), row.Sender.PassedName, p.coveredAvatar(row), row.Sender.PassedAvatar); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE messages SET state = ?, approved = (approved OR ?), turn = turn + 1 WHERE id = ?`,
		to, d == callbackd.DecisionApprove, m.ID); err != nil {
		return err
	}
	if err := tx.pass(ctx, row, p, walls); err != nil {
		return err
	}
	return tx.settle(ctx, row, to, walls)
}

// settle brings what hangs on a message's state up to date after a step: the
// sender's counts, the place on the wall, and who is wanted for it.
func (tx *Tx) settle(ctx context.Context, row Row, to callbackd.State, walls *wallCounters) error {
	m := row.Message
	if _, err := tx.exec(ctx, `UPDATE senders SET
		approved = (SELECT COUNT(*) FROM messages WHERE sender_id = ? AND approved AND state = 'shown'),
		removed = (SELECT COUNT(*) FROM messages WHERE sender_id = ? AND state = 'removed') WHERE id = ?`, m.Sender, m.Sender, m.Sender); err != nil {
		return err
	}
	if m.State == callbackd.StateShown || to == callbackd.StateShown || m.Seq != 0 { // else the wall never showed it and does not now
		if err := tx.placeOnWall(ctx, m, to, walls); err != nil {
			return err
		}
	}
	if err := tx.queueMessage(ctx, m.ID); err != nil {
		return err
	}
	if row.Person == nil && row.Sender.ChosenName == "" {
		return nil
	}
	return tx.queueFace(ctx, m.Sender)
}

// placeOnWall gives the message its seq, where it has none, and the wall's next rev.
func (tx *Tx) placeOnWall(ctx context.Context, m callbackd.Message, to callbackd.State, walls *wallCounters) error {
	seq := m.Seq
	var err error
	if to == callbackd.StateShown && seq == 0 {
		if seq, err = walls.nextSeq(ctx, m.Account); err != nil {
			return err
		}
	}
	rev, err := walls.nextRev(ctx, m.Account)
	if err != nil {
		return err
	}
	shownRev := m.ShownRev
	if to == callbackd.StateShown && m.State != callbackd.StateShown {
		shownRev = rev
	}
	_, err = tx.exec(ctx, `UPDATE messages SET seq = ?, rev = ?, shown_rev = ? WHERE id = ?`, seq, rev, shownRev, m.ID)
	return err
}

// passing is what of a row a decision lets through.
type passing struct{ media, name, avatar bool }

// passes says what an approval lets through: what was seen and is still there.
// A name that had passed before is covered once more: it then stands on this
// decision, too.
func passes(row Row, d callbackd.Decision, seen Seen) (p passing) {
	if d != callbackd.DecisionApprove {
		return p
	}
	now := SeenOf(row)
	p.media = now.Media != "" && now.Media == seen.Media && !row.Media.Passed
	p.name = (row.Person != nil || row.Sender.ChosenName != "") && !nameRefused(row) && now.Name == seen.Name && (now.Name != "" || row.Sender.PassedName != "")
	p.avatar = row.Person != nil && now.Avatar == seen.Avatar && (now.Avatar != "" || row.Sender.PassedAvatar != "")
	return p
}

// nameRefused reports a name that nobody can let through.
func nameRefused(row Row) bool {
	return row.Sender.RefusedName != "" && row.Sender.RefusedName == row.OwnName()
}

// changes reports whether anything was not let through before.
func (p passing) changes(row Row) bool {
	return p.media || p.name && row.OwnName() != row.Sender.PassedName || p.avatar && row.Person.Avatar != row.Sender.PassedAvatar
}

func (p passing) coveredName(row Row) any {
	if !p.name {
		return nil
	}
	return row.OwnName()
}

func (p passing) coveredAvatar(row Row) any {
	if !p.avatar {
		return nil
	}
	return row.Person.Avatar
}

// pass lets the file of a message through, and the name and picture of its
// sender on every message that a moderator has to pass.
func (tx *Tx) pass(ctx context.Context, row Row, p passing, walls *wallCounters) error {
	if p.media {
		if _, err := tx.exec(ctx, `UPDATE media SET passed = ? WHERE id = ?`, true, row.Media.ID); err != nil {
			return err
		}
	}
	name, avatar := row.Sender.PassedName, row.Sender.PassedAvatar
	if p.name {
		name = row.OwnName()
	}
	if p.avatar {
		avatar = row.Person.Avatar
	}
	return tx.setPassed(ctx, row, name, avatar, walls)
}

// setPassed gives a sender the name and picture that may be seen, and a new rev
// to the sender's other messages that show them.
func (tx *Tx) setPassed(ctx context.Context, row Row, name string, avatar callbackd.PublicID, walls *wallCounters) error {
	if name == row.Sender.PassedName && avatar == row.Sender.PassedAvatar {
		return nil
	}
	if _, err := tx.exec(ctx, `UPDATE senders SET passed_name = ?, passed_avatar = ?, name_skeleton = ?, name_due = TRUE WHERE id = ?`,
		name, avatar, filter.Skeleton(name), row.Sender.ID); err != nil {
		return err
	}
	return tx.touchShown(ctx, row.Sender, row.Message.ID, callbackd.ModerationOpen, false, walls)
}

// touchShown gives a new rev to each shown message of a sender but one, because
// its public view changed: those that arrived in a moderation, or in any other.
func (tx *Tx) touchShown(ctx context.Context, s callbackd.Sender, but callbackd.MessageID, moderation callbackd.Moderation, equal bool, walls *wallCounters) error {
	q := `SELECT id FROM messages WHERE sender_id = ? AND state = 'shown' AND id <> ? AND moderation <> ? ORDER BY id`
	if equal {
		q = `SELECT id FROM messages WHERE sender_id = ? AND state = 'shown' AND id <> ? AND moderation = ? ORDER BY id`
	}
	var ids []int64
	if err := tx.sel(ctx, &ids, q, s.ID, but, moderation); err != nil {
		return err
	}
	for _, id := range ids {
		rev, err := walls.nextRev(ctx, s.Account)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE messages SET rev = ? WHERE id = ?`, rev, id); err != nil {
			return err
		}
	}
	return nil
}
