package store

import (
	"context"
	"time"

	"callbackd"
)

// Delivery is one chain that tells a follower of a notice, with what stands about
// it in other rows at this moment.
type Delivery struct {
	Notice    int64  `db:"notice_id"`
	Scope     string // tells two chains of one notice apart
	Chain     string `db:"state"` // JSON, as its owner wrote it
	Ended     string // key of the trail; empty: it runs
	Rev       int64  // of the chain
	DueMS     int64  `db:"due_at"`
	NID       callbackd.NoticeID
	Account   callbackd.AccountID `db:"account_id"`
	Sender    callbackd.SenderID  `db:"sender_id"`
	Message   callbackd.MessageID `db:"message_id"` // 0: about none
	Sort      NoticeSort
	Reason    callbackd.Reason
	CreatedMS int64           `db:"created_at"`
	ReadMS    int64           `db:"read_at"`
	State     callbackd.State `db:"message_state"` // of the message; empty without one
	Following bool

	EventID callbackd.EventID `db:"event_id"` // of the message
	Seq     int64             // of the message
	flatWall
}

// About is what the gate must know of the message and its wall.
func (d Delivery) About() (callbackd.Stage, callbackd.Message) {
	return d.flatWall.stage(), callbackd.Message{ID: d.Message, State: d.State, Event: d.EventID, Seq: d.Seq}
}

const sqlDeliveries = `SELECT d.notice_id, d.scope, d.state, d.ended, d.rev, d.due_at, n.nid, n.account_id, n.sender_id,
	COALESCE(n.message_id, 0) AS message_id, n.sort, n.reason, n.created_at, n.read_at, COALESCE(m.state, '') AS message_state, s.following,
	COALESCE(m.event_id, 0) AS event_id, COALESCE(m.seq, 0) AS seq,
	w.event_id AS wall_event, w.event_state AS wall_event_state, w.stage AS wall_stage, w.cleared_seq AS wall_cleared
	FROM deliveries d JOIN notices n ON n.id = d.notice_id JOIN senders s ON s.id = n.sender_id
	JOIN walls w ON w.account_id = n.account_id LEFT JOIN messages m ON m.id = n.message_id `

// ListDueDeliveries returns the chains that must be stepped by now, the longest
// due first.
func (db *DB) ListDueDeliveries(ctx context.Context, now time.Time, limit int) (all []Delivery, err error) {
	return all, db.sel(ctx, &all, sqlDeliveries+`WHERE d.due_at > 0 AND d.due_at <= ? ORDER BY d.due_at, d.notice_id LIMIT ?`, ms(now), limit)
}

// ListDeliveriesAhead returns running chains that are to be stepped only after a
// time, by the id of their notice after one.
func (db *DB) ListDeliveriesAhead(ctx context.Context, due time.Time, after int64, limit int) (all []Delivery, err error) {
	return all, db.sel(ctx, &all, sqlDeliveries+`WHERE d.due_at > ? AND d.ended = '' AND d.notice_id > ? ORDER BY d.notice_id, d.scope LIMIT ?`, ms(due), after, limit)
}

// NextDeliveryDue returns when the next chain must be stepped; false: none waits.
func (db *DB) NextDeliveryDue(ctx context.Context) (time.Time, bool, error) {
	var due int64
	err := db.get(ctx, &due, `SELECT COALESCE(MIN(due_at), 0) FROM deliveries WHERE due_at > 0`)
	return fromMS(due), due > 0, err
}

// ListDeliveriesTo returns the chains of followers that wait for something.
func (db *DB) ListDeliveriesTo(ctx context.Context, who []callbackd.SenderID) ([]Delivery, error) {
	var all []Delivery
	err := chunks(who, func(part []callbackd.SenderID) error {
		var some []Delivery
		err := db.sel(ctx, &some, sqlDeliveries+`WHERE d.due_at > 0 AND d.sender_id IN (`+placeholders(len(part))+`)`, args(part)...)
		all = append(all, some...)
		return err
	})
	return all, err
}

// ListDeliveriesOf returns the chains of a notice, ended ones too.
func (db *DB) ListDeliveriesOf(ctx context.Context, notice int64) (all []Delivery, err error) {
	return all, db.sel(ctx, &all, sqlDeliveries+`WHERE d.notice_id = ? ORDER BY d.scope`, notice)
}

// ListDeliveriesAbout returns the chains of messages that wait for something.
func (db *DB) ListDeliveriesAbout(ctx context.Context, messages []callbackd.MessageID) ([]Delivery, error) {
	var all []Delivery
	err := chunks(messages, func(part []callbackd.MessageID) error {
		var some []Delivery
		err := db.sel(ctx, &some, sqlDeliveries+`WHERE d.due_at > 0 AND n.message_id IN (`+placeholders(len(part))+`)`, args(part)...)
		all = append(all, some...)
		return err
	})
	return all, err
}

// AdoptDeliveries makes the running chains that dead nodes stepped last those of a
// node which starts; previous is the one that had its data folder before ("":
// none). On SQLite everybody else is dead: whoever has the file is alone.
func (db *DB) AdoptDeliveries(ctx context.Context, node, previous string) error {
	if db.dialect == postgres && previous == "" {
		return nil
	}
	return db.Write(ctx, func(tx *Tx) error {
		if db.dialect == sqlite { // dialect: see above
			_, err := tx.exec(ctx, `UPDATE deliveries SET node = ? WHERE due_at > 0 AND ended = '' AND node <> '' AND node <> ?`, node, node)
			return err
		}
		// dialect: a commit that the dead node had sent may still be under way in the
		// database, steps with it. The lock waits for it.
		if _, err := tx.exec(ctx, `LOCK TABLE deliveries IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE deliveries SET node = ? WHERE due_at > 0 AND ended = '' AND node = ?`, node, previous)
		return err
	})
}

// ListDeliveriesLeft returns the running chains of a node that has just started:
// what those whose chains it adopted may have left half done.
func (db *DB) ListDeliveriesLeft(ctx context.Context, node string) (all []Delivery, err error) {
	return all, db.sel(ctx, &all, sqlDeliveries+`WHERE d.due_at > 0 AND d.ended = '' AND d.node = ?`, node)
}

// NoticeEvent is a line of a trail.
type NoticeEvent struct {
	Notice       int64 `db:"notice_id"`
	AtMS         int64 `db:"at"`
	Event        string
	Step         int                // row of the table; 0: none
	Device       callbackd.DeviceID `db:"device_id"`
	DeviceName   string             `db:"device_name"` // as it was called then
	Transport    callbackd.Transport
	How          callbackd.How
	VendorStatus int    `db:"vendor_status"` // HTTP; 0: none
	VendorReason string `db:"vendor_reason"` // a word of ours or the vendor's, never free text
	VendorID     string `db:"vendor_id"`
}

// At is when it happened.
func (e NoticeEvent) At() time.Time { return fromMS(e.AtMS) }

// DeliveryStep is what a step made of a chain.
type DeliveryStep struct {
	Notice int64
	Scope  string
	Sender callbackd.SenderID
	Rev    int64 // that the step began from
	Chain  string
	Ended  string
	DueAt  time.Time // zero: nothing is waited for
	Node   string
	Events []NoticeEvent
	Second string       // scope of a second chain that begins now; empty: none
	Begin  string       // that chain
	WeChat *WeChatSpend // a message in WeChat that this step hands over
}

// SaveDeliveries stores steps. One whose chain has been stepped by somebody else
// meanwhile, or whose WeChat message is not allowed any more, changes nothing and
// is reported as false: its caller looks again and does nothing of it.
func (db *DB) SaveDeliveries(ctx context.Context, steps []DeliveryStep) (saved []bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		saved = make([]bool, len(steps))
		for i, s := range steps {
			var err error
			if saved[i], err = tx.saveDelivery(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	return saved, err
}

func (tx *Tx) saveDelivery(ctx context.Context, s DeliveryStep) (bool, error) {
	if s.WeChat != nil {
		if ok, err := tx.mayWeChat(ctx, *s.WeChat); err != nil || !ok {
			return false, err
		}
	}
	n, err := tx.exec(ctx, `UPDATE deliveries SET state = ?, ended = ?, rev = rev + 1, due_at = ?, node = ? WHERE notice_id = ? AND scope = ? AND rev = ?`,
		s.Chain, s.Ended, ms(s.DueAt), s.Node, s.Notice, s.Scope, s.Rev)
	if err != nil || n == 0 {
		return false, err
	}
	if s.WeChat != nil {
		if err := tx.spendWeChat(ctx, *s.WeChat); err != nil {
			return false, err
		}
	}
	if s.Second != "" {
		if err := tx.insertDelivery(ctx, s.Notice, s.Second, s.Sender, s.Begin, tx.db.now()); err != nil {
			return false, err
		}
	}
	for _, e := range s.Events {
		if err := tx.insertEvent(ctx, s.Notice, e); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (tx *Tx) insertDelivery(ctx context.Context, notice int64, scope string, sender callbackd.SenderID, chain string, due time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO deliveries (notice_id, scope, sender_id, state, ended, rev, due_at, node) VALUES (?, ?, ?, ?, '', 1, ?, '')
		ON CONFLICT (notice_id, scope) DO NOTHING`, notice, scope, sender, chain, ms(due))
	return err
}

func (tx *Tx) insertEvent(ctx context.Context, notice int64, e NoticeEvent) error {
	_, err := tx.exec(ctx, `INSERT INTO notice_events (id, notice_id, at, event, step, device_id, device_name, transport, how, vendor_status, vendor_reason, vendor_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.db.ids.next(), notice, ms(tx.db.now()), e.Event, e.Step, e.Device, e.DeviceName,
		e.Transport, e.How, e.VendorStatus, e.VendorReason, e.VendorID)
	return err
}

// AddNoticeEvent adds a line to a trail.
func (db *DB) AddNoticeEvent(ctx context.Context, notice int64, e NoticeEvent) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.insertEvent(ctx, notice, e) })
}

// ListNoticeEvents returns the trails of notices, each in order.
func (db *DB) ListNoticeEvents(ctx context.Context, notices []int64) (map[int64][]NoticeEvent, error) {
	trails := map[int64][]NoticeEvent{}
	err := chunks(notices, func(part []int64) error {
		var some []NoticeEvent
		err := db.sel(ctx, &some, `SELECT notice_id, at, event, step, device_id, device_name, transport, how, vendor_status, vendor_reason, vendor_id
			FROM notice_events WHERE notice_id IN (`+placeholders(len(part))+`) ORDER BY notice_id, id`, args(part)...)
		for _, e := range some {
			trails[e.Notice] = append(trails[e.Notice], e)
		}
		return err
	})
	return trails, err
}
