package store

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"callbackd"
)

// MaxCaption bounds a caption, in characters; a voice lasts a minute.
const MaxCaption = 600

// SetCaption writes the words of a voice: they stand in the place of the
// recognised ones, also where they are empty; nil gives those back. Where the wall
// shows the message, it is a change of the wall. A message that is no voice is
// callbackd.ErrInvalid.
func (db *DB) SetCaption(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID, words *string, actor string) error {
	if words != nil && (utf8.RuneCountInString(*words) > MaxCaption || !utf8.ValidString(*words) || strings.ContainsRune(*words, 0)) {
		return callbackd.Public(callbackd.ErrInvalid, fmt.Sprintf("a caption has at most %d characters", MaxCaption), nil)
	}
	return db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		row, err := tx.getMessage(ctx, account, id)
		if err != nil {
			return err
		}
		m := row.Message
		if m.Kind != callbackd.KindVoice {
			return callbackd.Public(callbackd.ErrInvalid, "only the words of a voice can be written", nil)
		}
		if (words == nil) == (m.Caption == nil) && (words == nil || *words == *m.Caption) {
			return nil
		}
		if _, err := tx.exec(ctx, `UPDATE messages SET caption = ? WHERE id = ?`, words, m.ID); err != nil {
			return err
		}
		// how much, not what: the trail is kept when the words are gone
		detail := "recognised words"
		if words != nil {
			detail = fmt.Sprintf("%d characters", utf8.RuneCountInString(*words))
		}
		if err := tx.audit(ctx, account, actor, "caption", m.ID, detail); err != nil {
			return err
		}
		if m.State == callbackd.StateShown {
			if err := tx.placeOnWall(ctx, m, callbackd.StateShown, walls); err != nil {
				return err
			}
		}
		tx.ring.queue = true
		return walls.save(ctx)
	})
}
