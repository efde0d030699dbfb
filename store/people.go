package store

import (
	"context"
	"slices"
	"unicode/utf8"

	"callbackd"
)

// How many names, and how many of the newest messages, the chooser looks at for
// one answer.
const (
	peopleNames    = 200
	peopleMessages = 300
)

// ListPeople returns whom the chooser of an account offers for the beginning of a
// folded name: of each follower with such a name the newest shown message, the
// names in their order. For an empty beginning: those who spoke last.
func (db *DB) ListPeople(ctx context.Context, account callbackd.AccountID, prefix string, limit int) ([]Row, error) {
	var ids []callbackd.MessageID
	var err error
	if prefix == "" {
		err = db.sel(ctx, &ids, `SELECT MAX(x.id) FROM (SELECT id, sender_id FROM messages WHERE account_id = ? AND state = 'shown' ORDER BY id DESC LIMIT ?) x
			JOIN senders s ON s.id = x.sender_id WHERE s.following AND EXISTS (SELECT 1 FROM names n WHERE n.sender_id = x.sender_id)
			GROUP BY x.sender_id ORDER BY 1 DESC LIMIT ?`, account, peopleMessages, limit)
	} else {
		err = db.sel(ctx, &ids, `SELECT newest FROM (SELECT MIN(n.name_key) AS first_key,
				(SELECT MAX(m.id) FROM messages m WHERE m.sender_id = n.sender_id AND m.state = 'shown') AS newest
				FROM (SELECT name_key, sender_id FROM names WHERE account_id = ? AND name_key >= ? AND name_key < ? ORDER BY name_key, sender_id LIMIT ?) n
				JOIN senders s ON s.id = n.sender_id WHERE s.following GROUP BY n.sender_id) x
			WHERE newest IS NOT NULL ORDER BY first_key, newest DESC LIMIT ?`, account, prefix, prefix+string(utf8.MaxRune), peopleNames, limit)
	}
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := db.ListRowsByID(ctx, ids)
	slices.SortFunc(rows, func(a, b Row) int { return slices.Index(ids, a.Message.ID) - slices.Index(ids, b.Message.ID) })
	return rows, err
}

// MentionToken returns what stands for a person in what a viewer writes. It is
// the same for the same pair as long as it is used.
func (db *DB) MentionToken(ctx context.Context, viewer callbackd.ViewerID, sender callbackd.SenderID) (string, error) {
	tokens, err := db.MentionTokens(ctx, viewer, []callbackd.SenderID{sender})
	return tokens[sender], err
}

// MentionTokens is MentionToken for many at once. Tokens that are there and live
// for half of their time yet cost no transaction.
func (db *DB) MentionTokens(ctx context.Context, viewer callbackd.ViewerID, senders []callbackd.SenderID) (map[callbackd.SenderID]string, error) {
	tokens := map[callbackd.SenderID]string{}
	err := chunks(slices.Compact(slices.Sorted(slices.Values(senders))), func(part []callbackd.SenderID) error {
		var fresh []mentionToken
		if err := db.sel(ctx, &fresh, `SELECT token, sender_id FROM mention_tokens WHERE viewer_id = ? AND created_at > ? AND sender_id IN (`+
			placeholders(len(part))+`)`, args(part, any(viewer), ms(db.now().Add(-MentionTokenLife/2)))...); err != nil {
			return err
		}
		for _, f := range fresh {
			tokens[f.SenderID] = f.Token
		}
		missing := slices.DeleteFunc(part, func(id callbackd.SenderID) bool { return tokens[id] != "" })
		return db.giveMentionTokens(ctx, viewer, missing, tokens)
	})
	return tokens, err
}

type mentionToken struct {
	Token    string
	SenderID callbackd.SenderID `db:"sender_id"`
}

func (db *DB) giveMentionTokens(ctx context.Context, viewer callbackd.ViewerID, senders []callbackd.SenderID, tokens map[callbackd.SenderID]string) error {
	if len(senders) == 0 {
		return nil
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, wallOfViewer, viewer); err != nil {
			return err
		}
		for _, id := range senders {
			var token string
			if err := tx.get(ctx, &token, `INSERT INTO mention_tokens (token, viewer_id, sender_id, created_at) VALUES (?, ?, ?, ?)
				ON CONFLICT (viewer_id, sender_id) DO UPDATE SET created_at = excluded.created_at RETURNING token`,
				callbackd.NewPublicID(), viewer, id, ms(tx.db.now())); err != nil {
				return err
			}
			tokens[id] = token
		}
		return nil
	})
}

// ListMentionTokens tells whom tokens stand for that a viewer was given. Those of
// another viewer, and those that are too old, are not among them.
func (db *DB) ListMentionTokens(ctx context.Context, viewer callbackd.ViewerID, tokens []string) (map[string]callbackd.SenderID, error) {
	out := map[string]callbackd.SenderID{}
	err := chunks(tokens, func(part []string) error {
		var some []mentionToken
		if err := db.sel(ctx, &some, `SELECT token, sender_id FROM mention_tokens WHERE viewer_id = ? AND created_at > ? AND token IN (`+
			placeholders(len(part))+`)`, args(part, any(viewer), ms(db.now().Add(-MentionTokenLife)))...); err != nil {
			return err
		}
		for _, s := range some {
			out[s.Token] = s.SenderID
		}
		return nil
	})
	return out, err
}
