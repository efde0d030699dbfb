package store

import (
	"context"
	"strings"

	"callbackd"
)

// NameDue is a sender whose names are not in the index yet.
type NameDue struct {
	Sender     callbackd.SenderID `db:"id"`
	AvatarSeed int64              `db:"avatar_seed"`
	Own        string             // the name that the sender has now; empty: not known
	Passed     string             `db:"passed_name"` // the name that a moderator let through; empty: none
}

// ListNamesDue returns senders of an account whose names changed since they were
// put into the index.
func (db *DB) ListNamesDue(ctx context.Context, account callbackd.AccountID, limit int) (due []NameDue, err error) {
	return due, db.sel(ctx, &due, `SELECT s.id, s.avatar_seed, `+sqlOwnName+` AS own, s.passed_name FROM senders s
		LEFT JOIN persons p ON p.id = s.person_id WHERE s.account_id = ? AND s.name_due ORDER BY s.id LIMIT ?`, account, limit)
}

// ListAccountsWithNamesDue returns the accounts for which ListNamesDue has some.
func (db *DB) ListAccountsWithNamesDue(ctx context.Context) (all []callbackd.AccountID, err error) {
	return all, db.sel(ctx, &all, `SELECT a.id FROM accounts a WHERE EXISTS (SELECT 1 FROM senders s WHERE s.account_id = a.id AND s.name_due) ORDER BY a.id`)
}

// Names are the folded names of a sender, made from what ListNamesDue told.
type Names struct {
	NameDue
	Keys []string
}

// SetNames puts names into the index in the place of what stood there. A sender
// whose name has changed meanwhile stays due.
func (db *DB) SetNames(ctx context.Context, account callbackd.AccountID, all []Names) error {
	if len(all) == 0 {
		return nil
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		for _, n := range all {
			if _, err := tx.exec(ctx, `DELETE FROM names WHERE sender_id = ?`, n.Sender); err != nil {
				return err
			}
			for _, key := range n.Keys {
				if _, err := tx.exec(ctx, `INSERT INTO names (account_id, name_key, sender_id) SELECT account_id, ?, id FROM senders WHERE id = ?
					ON CONFLICT (account_id, name_key, sender_id) DO NOTHING`, key, n.Sender); err != nil {
					return err
				}
			}
			if _, err := tx.exec(ctx, `UPDATE senders SET name_due = FALSE WHERE id = ? AND passed_name = ? AND
				(SELECT `+sqlOwnName+` FROM senders s LEFT JOIN persons p ON p.id = s.person_id WHERE s.id = senders.id) = ?`, n.Sender, n.Passed, n.Own); err != nil {
				return err
			}
		}
		return nil
	})
}

// parametersAtOnce bounds the parameters of one query.
const parametersAtOnce = 500

// chunks calls fn with parts of a list that fit into one query.
func chunks[T any](all []T, fn func(part []T) error) error {
	for len(all) > 0 {
		part := all[:min(parametersAtOnce, len(all))]
		all = all[len(part):]
		if err := fn(part); err != nil {
			return err
		}
	}
	return nil
}

// placeholders is "?, ?, ?" for a list.
func placeholders(n int) string { return "?" + strings.Repeat(", ?", n-1) }

// args are parameters out of a list, behind others.
func args[T any](list []T, before ...any) []any {
	out := append(make([]any, 0, len(before)+len(list)), before...)
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

// ListNamed returns who of an account's followers has one of these folded names:
// at most two for each, which is enough to know that it is nobody's alone.
func (db *DB) ListNamed(ctx context.Context, account callbackd.AccountID, keys []string) (map[string][]callbackd.SenderID, error) {
	named := map[string][]callbackd.SenderID{}
	err := chunks(keys, func(part []string) error {
		var known []string // few of the keys are anybody's
		q := `SELECT k.name_key FROM (SELECT CAST(? AS TEXT) AS name_key` + strings.Repeat(` UNION ALL SELECT CAST(? AS TEXT)`, len(part)-1) +
			`) k WHERE EXISTS (SELECT 1 FROM names n WHERE n.account_id = ? AND n.name_key = k.name_key)`
		if err := db.sel(ctx, &known, q, append(args(part), account)...); err != nil {
			return err
		}
		for _, key := range known {
			var who []callbackd.SenderID
			if err := db.sel(ctx, &who, `SELECT n.sender_id FROM names n JOIN senders s ON s.id = n.sender_id
				WHERE n.account_id = ? AND n.name_key = ? AND s.following LIMIT 2`, account, key); err != nil {
				return err
			}
			if len(who) > 0 {
				named[key] = who
			}
		}
		return nil
	})
	return named, err
}
