package store

import (
	"context"
	"fmt"

	"callbackd"
)

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
		var flat flatRow
		if err := tx.get(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.public_id = ?`, account, id); err != nil {
			return err
		}
		row := flat.row()
		to, ok := callbackd.Decide(row.Message.State, d)
		if !ok {
			return callbackd.Public(callbackd.ErrConflict, fmt.Sprintf("message %s is %s: it cannot be decided as %s", id, row.Message.State, d), nil)
		}
		if err := tx.applyDecision(ctx, row, to, d, walls); err != nil {
			return err
		}
		if err := tx.audit(ctx, account, actor, string(d), row.Message.ID, string(row.Message.State)+" → "+string(to)); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

func (tx *Tx) applyDecision(ctx context.Context, row Row, to callbackd.State, d callbackd.Decision, walls *wallCounters) error {
	m := row.Message
	if _, err := tx.exec(ctx, `UPDATE messages SET state = ?, approved = (approved OR ?) WHERE id = ?`, to, d == callbackd.DecisionApprove, m.ID); err != nil {
		return err
	}
	if d == callbackd.DecisionApprove {
		if err := tx.passMedia(ctx, row); err != nil {
			return err
		}
		if err := tx.passProfile(ctx, row, walls); err != nil {
			return err
		}
	}
	if _, err := tx.exec(ctx, `UPDATE senders SET
		approved = (SELECT COUNT(*) FROM messages WHERE sender_id = ? AND approved AND state = 'shown'),
		removed = (SELECT COUNT(*) FROM messages WHERE sender_id = ? AND state = 'removed') WHERE id = ?`, m.Sender, m.Sender, m.Sender); err != nil {
		return err
	}
	if m.State != callbackd.StateShown && to != callbackd.StateShown && m.Seq == 0 {
		return nil // the wall never showed it and does not now
	}
	return tx.placeOnWall(ctx, m, to, walls)
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

func (tx *Tx) passMedia(ctx context.Context, row Row) error {
	if row.Media == nil || row.Media.State != callbackd.MediaReady {
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE media SET passed = ? WHERE id = ?`, true, row.Media.ID)
	return err
}

// passProfile lets the name and picture that the sender has now through, on
// every message of the sender that a moderator has to pass.
func (tx *Tx) passProfile(ctx context.Context, row Row, walls *wallCounters) error {
	if row.Person == nil {
		return nil
	}
	name, avatar := row.Person.Profile.Nickname, row.Person.Avatar
	if name == row.Sender.PassedName && avatar == row.Sender.PassedAvatar {
		return nil
	}
	if _, err := tx.exec(ctx, `UPDATE senders SET passed_name = ?, passed_avatar = ? WHERE id = ?`, name, avatar, row.Sender.ID); err != nil {
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
