package store

import (
	"context"
	"encoding/json"
	"fmt"

	"callbackd"
)

// ListPreferencesOf returns what followers chose; who chose nothing is absent.
func (db *DB) ListPreferencesOf(ctx context.Context, who []callbackd.SenderID) (map[callbackd.SenderID]callbackd.Preferences, error) {
	all := map[callbackd.SenderID]callbackd.Preferences{}
	err := chunks(who, func(part []callbackd.SenderID) error {
		var rows []struct {
			SenderID   callbackd.SenderID `db:"sender_id"`
			Receive    bool
			Detail     callbackd.Level
			Quiet      string
			IdleAfterS int  `db:"idle_after_s"`
			PhoneToo   bool `db:"phone_too"`
		}
		if err := db.sel(ctx, &rows, `SELECT sender_id, receive, detail, quiet, idle_after_s, phone_too FROM preferences
			WHERE sender_id IN (`+placeholders(len(part))+`)`, args(part)...); err != nil {
			return err
		}
		for _, r := range rows {
			p := callbackd.Preferences{Receive: r.Receive, Detail: r.Detail, IdleAfterS: r.IdleAfterS, PhoneToo: r.PhoneToo}
			if r.Quiet != "" {
				if err := json.Unmarshal([]byte(r.Quiet), &p.Quiet); err != nil {
					return fmt.Errorf("read quiet hours: %w", err)
				}
			}
			all[r.SenderID] = p
		}
		return nil
	})
	return all, err
}
