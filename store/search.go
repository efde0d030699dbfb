package store

import (
	"context"
	"strings"

	"callbackd"
)

// searchDepth is how many of the newest messages a search looks through.
const searchDepth = 50_000

// MessageSearch is what is looked for in messages.
type MessageSearch struct {
	Words   string // in the text, the caption, a link's title or the sender's name
	NameKey string // the same, folded as the index of names is; empty: not looked for there
	Before  callbackd.MessageID
	Limit   int
}

// SearchMessages returns messages of an account, newest first and in any state,
// that hold some words or are of somebody who is called so.
func (db *DB) SearchMessages(ctx context.Context, account callbackd.AccountID, s MessageSearch) ([]Row, error) {
	words := likeContains(strings.ToLower(s.Words))
	q := sqlRows + `WHERE m.account_id = ? AND m.id >= COALESCE((SELECT MIN(id) FROM (SELECT id FROM messages WHERE account_id = ? ORDER BY id DESC LIMIT ?) x), 0)
		AND (LOWER(m.text) LIKE ? ESCAPE '!' OR LOWER(COALESCE(m.caption, '')) LIKE ? ESCAPE '!' OR LOWER(m.link_title) LIKE ? ESCAPE '!'
		OR LOWER(COALESCE(p.nickname, '')) LIKE ? ESCAPE '!' OR LOWER(s.chosen_name) LIKE ? ESCAPE '!'`
	args := []any{account, account, searchDepth, words, words, words, words, words}
	if s.NameKey != "" {
		q += ` OR m.sender_id IN (SELECT n.sender_id FROM names n WHERE n.account_id = ? AND n.name_key LIKE ? ESCAPE '!')`
		args = append(args, account, likeContains(s.NameKey))
	}
	q += `)`
	if s.Before != 0 {
		q, args = q+` AND m.id < ?`, append(args, s.Before)
	}
	var flat []flatRow
	err := db.sel(ctx, &flat, q+` ORDER BY m.id DESC LIMIT ?`, append(args, s.Limit)...)
	return toRows(flat), err
}

// likeContains is a pattern for what holds a text, whose own signs mean nothing.
func likeContains(s string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) + "%"
}

// ListHistory returns what a sender of an account sent, newest first, in any state.
func (db *DB) ListHistory(ctx context.Context, account callbackd.AccountID, sender callbackd.PublicID, limit int) ([]Row, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.sender_id = (SELECT id FROM senders WHERE public_id = ?) ORDER BY m.id DESC LIMIT ?`,
		account, sender, limit)
	return toRows(flat), err
}

// Standing is how many messages of a sender stand where.
type Standing struct{ Held, Shown, Refused, Removed int }

// GetStanding counts the messages of a sender of an account.
func (db *DB) GetStanding(ctx context.Context, account callbackd.AccountID, sender callbackd.PublicID) (s Standing, err error) {
	var flat []struct {
		State callbackd.State
		N     int
	}
	err = db.sel(ctx, &flat, `SELECT state, COUNT(*) AS n FROM messages WHERE account_id = ? AND sender_id = (SELECT id FROM senders WHERE public_id = ?)
		GROUP BY state`, account, sender)
	for _, f := range flat {
		switch f.State {
		case callbackd.StateHeld:
			s.Held = f.N
		case callbackd.StateShown:
			s.Shown = f.N
		case callbackd.StateRefused:
			s.Refused = f.N
		case callbackd.StateRemoved:
			s.Removed = f.N
		}
	}
	return s, err
}
