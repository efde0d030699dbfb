package store

import (
	"context"
	"time"

	"callbackd"
)

// WeChatWay is how a follower is written to in WeChat.
type WeChatWay string

const (
	WeChatCustom   WeChatWay = "custom"   // customer-service message, inside the window that the follower opened
	WeChatTemplate WeChatWay = "template" // template message, at any time
)

// Bounds of notices in WeChat. The platform lets an account send five messages
// within 48 hours of a follower's last one (wechat-protocol 3.9); two of them
// are the operator's.
const (
	WeChatWindow   = 48 * time.Hour
	WeChatMost     = 3                // notices in a window
	WeChatInterval = 10 * time.Minute // between two notices
)

// WeChatReach is what decides whether a follower may be written to in WeChat.
type WeChatReach struct {
	Sender  callbackd.SenderID `db:"sender_id"`
	Consent bool               `db:"wechat"`
	HeardMS int64              `db:"heard_at"` // the last thing that they sent
	Sent    int                // notices since then, or in the last 48 hours
	LastMS  int64              `db:"last_at"` // the last notice
}

// ListWeChatReach returns what the ledger and the followers' own messages say.
func (db *DB) ListWeChatReach(ctx context.Context, who []callbackd.SenderID, now time.Time) (map[callbackd.SenderID]WeChatReach, error) {
	all := map[callbackd.SenderID]WeChatReach{}
	err := chunks(who, func(part []callbackd.SenderID) error {
		var rows []WeChatReach
		err := db.sel(ctx, &rows, sqlWeChatReach+`WHERE p.sender_id IN (`+placeholders(len(part))+`)`, args(part)...)
		for _, r := range rows {
			if r.Sent, err = db.countWeChat(ctx, r, now); err != nil {
				return err
			}
			all[r.Sender] = r
		}
		return err
	})
	return all, err
}

const sqlWeChatReach = `SELECT p.sender_id, p.wechat, COALESCE((SELECT MAX(w.sent_at) FROM wechat_sends w WHERE w.sender_id = p.sender_id), 0) AS last_at,
	CASE WHEN p.heard_at > COALESCE((SELECT m.received_at FROM messages m WHERE m.sender_id = p.sender_id AND NOT m.web ORDER BY m.id DESC LIMIT 1), 0)
	THEN p.heard_at ELSE COALESCE((SELECT m.received_at FROM messages m WHERE m.sender_id = p.sender_id AND NOT m.web ORDER BY m.id DESC LIMIT 1), 0) END AS heard_at
	FROM preferences p `

const sqlCountWeChat = `SELECT COUNT(*) FROM wechat_sends WHERE sender_id = ? AND sent_at > ?`

// since is from when on the ledger counts: the last word of the follower opened a
// new window, and nothing counts for longer than one.
func (r WeChatReach) since(now time.Time) int64 { return max(r.HeardMS, ms(now.Add(-WeChatWindow))) }

func (db *DB) countWeChat(ctx context.Context, r WeChatReach, now time.Time) (n int, err error) {
	return n, db.get(ctx, &n, sqlCountWeChat, r.Sender, r.since(now))
}

// Way tells how a follower may be written to now; empty: not at all.
func (r WeChatReach) Way(now time.Time, template bool) WeChatWay {
	switch {
	case !r.Consent, r.Sent >= WeChatMost, r.LastMS > 0 && now.Sub(fromMS(r.LastMS)) < WeChatInterval:
		return ""
	case r.HeardMS > 0 && now.Sub(fromMS(r.HeardMS)) < WeChatWindow:
		return WeChatCustom
	case template:
		return WeChatTemplate
	}
	return ""
}

// WeChatSpend is a message that is about to be sent.
type WeChatSpend struct {
	Sender callbackd.SenderID
	Way    WeChatWay
}

// mayWeChat asks the ledger once more, inside the transaction that spends.
func (tx *Tx) mayWeChat(ctx context.Context, s WeChatSpend) (bool, error) {
	// the row's lock: two nodes must not both spend the last one
	n, err := tx.exec(ctx, `UPDATE preferences SET wechat = wechat WHERE sender_id = ?`, s.Sender)
	if err != nil || n == 0 {
		return false, err
	}
	var r WeChatReach
	if err := tx.get(ctx, &r, sqlWeChatReach+`WHERE p.sender_id = ?`, s.Sender); err != nil {
		return false, err
	}
	now := tx.db.now()
	if err := tx.get(ctx, &r.Sent, sqlCountWeChat, s.Sender, r.since(now)); err != nil {
		return false, err
	}
	return r.Way(now, s.Way == WeChatTemplate) == s.Way, nil
}

func (tx *Tx) spendWeChat(ctx context.Context, s WeChatSpend) error {
	_, err := tx.exec(ctx, `INSERT INTO wechat_sends (id, sender_id, sent_at, way) VALUES (?, ?, ?, ?)`, tx.db.ids.next(), s.Sender, ms(tx.db.now()), s.Way)
	return err
}
