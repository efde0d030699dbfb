package store

import (
	"context"
	"encoding/json"
	"fmt"

	"callbackd"
)

type flatPreferences struct {
	Receive    bool
	Detail     callbackd.Level
	Quiet      string
	IdleAfterS int  `db:"idle_after_s"`
	PhoneToo   bool `db:"phone_too"`
}

const sqlGetPreferences = `SELECT receive, detail, quiet, idle_after_s, phone_too FROM preferences WHERE sender_id = ?`

func (f flatPreferences) preferences() (callbackd.Preferences, error) {
	p := callbackd.Preferences{Receive: f.Receive, Detail: f.Detail, IdleAfterS: f.IdleAfterS, PhoneToo: f.PhoneToo}
	if f.Quiet == "" {
		return p, nil
	}
	p.Quiet = &callbackd.Quiet{}
	if err := json.Unmarshal([]byte(f.Quiet), p.Quiet); err != nil {
		return p, fmt.Errorf("read quiet hours: %w", err)
	}
	return p, nil
}

// GetPreferences returns what a follower chose; the defaults where that is nothing.
func (db *DB) GetPreferences(ctx context.Context, sender callbackd.SenderID) (callbackd.Preferences, error) {
	var flat []flatPreferences
	if err := db.sel(ctx, &flat, sqlGetPreferences, sender); err != nil || len(flat) == 0 {
		return callbackd.DefaultPreferences(), err
	}
	return flat[0].preferences()
}

func (tx *Tx) getPreferences(ctx context.Context, sender callbackd.SenderID) (callbackd.Preferences, error) {
	var flat []flatPreferences
	if err := tx.sel(ctx, &flat, sqlGetPreferences, sender); err != nil || len(flat) == 0 {
		return callbackd.DefaultPreferences(), err
	}
	return flat[0].preferences()
}

// ChangePreferences lets change alter what a follower of an account chose, and
// returns the result. Two at once come one after the other; an error of change
// leaves everything as it was.
func (db *DB) ChangePreferences(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, change func(*callbackd.Preferences) error) (p callbackd.Preferences, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		if p, err = tx.getPreferences(ctx, sender); err != nil {
			return err
		}
		if err := change(&p); err != nil {
			return err
		}
		return tx.setPreferences(ctx, account, sender, p)
	})
	return p, err
}

// SetPreferences replaces what a follower of an account chose.
func (db *DB) SetPreferences(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, p callbackd.Preferences) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.setPreferences(ctx, account, sender, p) })
}

// setPreferences leaves alone what is no preference: consent, and when the
// follower was heard.
func (tx *Tx) setPreferences(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, p callbackd.Preferences) error {
	quiet := ""
	if p.Quiet != nil {
		b, err := json.Marshal(p.Quiet)
		if err != nil {
			return err
		}
		quiet = string(b)
	}
	_, err := tx.exec(ctx, `INSERT INTO preferences (sender_id, account_id, receive, detail, quiet, idle_after_s, phone_too, wechat)
		VALUES (?, ?, ?, ?, ?, ?, ?, FALSE) ON CONFLICT (sender_id) DO UPDATE SET receive = excluded.receive, detail = excluded.detail,
		quiet = excluded.quiet, idle_after_s = excluded.idle_after_s, phone_too = excluded.phone_too`,
		sender, account, p.Receive, p.Detail, quiet, p.IdleAfterS, p.PhoneToo)
	return err
}

// setConsent says whether a follower may be sent messages in WeChat.
func (tx *Tx) setConsent(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, yes bool) error {
	if err := tx.makePreferences(ctx, account, sender); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `UPDATE preferences SET wechat = ? WHERE sender_id = ?`, yes, sender)
	return err
}

// makePreferences makes the row of a follower who has none.
func (tx *Tx) makePreferences(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID) error {
	p := callbackd.DefaultPreferences()
	_, err := tx.exec(ctx, `INSERT INTO preferences (sender_id, account_id, receive, detail, quiet, idle_after_s, phone_too, wechat)
		VALUES (?, ?, ?, ?, '', ?, ?, FALSE) ON CONFLICT (sender_id) DO NOTHING`, sender, account, p.Receive, p.Detail, p.IdleAfterS, p.PhoneToo)
	return err
}
