package store

import (
	"context"

	"callbackd"
)

// ListMentions returns whom a message mentions, in the order of its text.
func (db *DB) ListMentions(ctx context.Context, message callbackd.MessageID) (who []callbackd.SenderID, err error) {
	return who, db.sel(ctx, &who, `SELECT sender_id FROM mentions WHERE message_id = ? ORDER BY place`, message)
}

// AddMentions keeps whom a message mentions behind those that it has already.
func (db *DB) AddMentions(ctx context.Context, message callbackd.MessageID, who []callbackd.SenderID) error {
	if len(who) == 0 {
		return nil
	}
	return db.Write(ctx, func(tx *Tx) error { return tx.addMentions(ctx, message, who) })
}

func (tx *Tx) addMentions(ctx context.Context, message callbackd.MessageID, who []callbackd.SenderID) error {
	for _, id := range who {
		if _, err := tx.exec(ctx, `INSERT INTO mentions (message_id, sender_id, place)
			SELECT m.id, ?, (SELECT COUNT(*) FROM mentions WHERE message_id = ?) FROM messages m WHERE m.id = ?
			ON CONFLICT (message_id, sender_id) DO NOTHING`, id, message, message); err != nil {
			return err
		}
	}
	return nil
}
