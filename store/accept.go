package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"callbackd"
)

// How long things of a callback are needed.
const (
	// RequestLife covers the window in which a timestamp is accepted, on both sides.
	RequestLife = 31 * time.Minute
	// RepeatLife is how long a repeat of a callback is recognised.
	RepeatLife = 30 * 24 * time.Hour
	// MediaDeadline is how long the platform keeps a file (wechat-protocol 3.6).
	MediaDeadline = 72 * time.Hour
)

// Outcome is what a stored callback turned out to be.
type Outcome string

const (
	OutcomeAccepted    Outcome = "accepted"
	OutcomeMisdirected Outcome = "misdirected" // ToUserName is another account's: kept, never shown
	OutcomeUnreadable  Outcome = "unreadable"  // genuine, but it cannot be parsed: kept
)

// Callback is a genuine push with everything that is stored because of it.
type Callback struct {
	Account *callbackd.Account
	// Key is the repeat key within the account (design, trap of MsgId). Keys of
	// one moment best begin alike, in their first eight bytes: they then stand
	// on one page of the database, and a commit writes that page once.
	Key     string
	Request []byte // digest of (timestamp, nonce, signature); nil: not checked
	Body    []byte // digest of the body as it came
	// Sealed says that the signature covers all that Key is made of: one
	// Request has one Key.
	Sealed     bool
	ReceivedAt time.Time
	CreateTime time.Time
	Outcome    Outcome
	MsgType    string
	Event      string
	From       callbackd.OpenID // empty: no sender
	Following  *bool            // set by subscribe, unsubscribe and SCAN
	Search     bool             // the sender's profile is wanted: messages, subscribe, SCAN
	Raw        []byte
	Answer     string             // text of the passive reply; empty: success
	Message    *callbackd.Message // nil: an event, or no message. Its PublicID is drawn where it has none
	Media      *callbackd.Media   // with Message only
	Found      callbackd.Findings // of the filters, in Message
	// Mentions are whom the author chose, in the order of the text; names in the
	// text itself are looked at later.
	Mentions []callbackd.SenderID
	// Command is what the text, or the scanned scene, may ask for; nil: nothing.
	// Where the rows say that it does, there is no message, and Reply, which looks
	// at nothing else, makes the answer.
	Command *callbackd.Command
	Reply   func(callbackd.CommandResult) string
}

// Accepted is what became of a callback.
type Accepted struct {
	Repeat bool               // it was stored before; nothing happened again
	Answer string             // of the first time
	State  callbackd.State    // of the message; empty without one, and for a repeat
	Public callbackd.PublicID // of the message, like State

	Sender  callbackd.SenderID      // who sent it; 0 for a repeat, and where there is no sender
	Command callbackd.CommandResult // what a command did now; for a repeat nothing
	Freed   []callbackd.ViewerID    // viewers that a command unbound
}

// Accept stores a callback with its message, sender, media, wall position and
// follow-up jobs in one transaction that is on disk when it returns. Many
// callers share a commit. A repeat gets the first one's answer. A used request
// with another body is callbackd.ErrForbidden.
func (db *DB) Accept(ctx context.Context, cb *Callback) (Accepted, error) {
	return db.accepts.call(ctx, cb)
}

const (
	sqlInsertRequest = `INSERT INTO requests (account_id, digest, body, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account_id, digest) DO NOTHING`
	sqlGetRequest     = `SELECT body FROM requests WHERE account_id = ? AND digest = ?`
	sqlInsertCallback = `INSERT INTO callbacks (id, account_id, repeat_key, request, body, received_at, create_time, outcome, msg_type, event,
		answer, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, repeat_key) DO NOTHING`
	sqlGetFirst      = `SELECT answer, request, body FROM callbacks WHERE account_id = ? AND repeat_key = ?`
	sqlInsertMessage = `INSERT INTO messages (id, public_id, account_id, sender_id, kind, text, sent_at, msg_id, state, reason, moderation,
		seq, rev, shown_rev, place_label, place_lat, place_lon, link_title, link_description, link_url, received_at, web, queued_at, event_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, COALESCE(
		(SELECT CASE WHEN event_id = 0 OR event_state = 'live' THEN event_id ELSE -1 END FROM walls WHERE account_id = ?), 0))`
	sqlInsertMedia = `INSERT INTO media (id, account_id, message_id, kind, state, wechat_id, highres_id, thumb_id, pic_url, format)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlFindSender = `SELECT id, person_id, profile_due, following, blocked FROM senders WHERE account_id = ? AND open_id = ?`
	// who is known before the first word (a card that was read for subscribe) gets the person at once
	sqlAddSender = `INSERT INTO senders (id, account_id, open_id, public_id, avatar_id, avatar_seed, following, first_seen, blocked, person_id, profile_due)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?,
		EXISTS (SELECT 1 FROM blocks WHERE account_id = ? AND who = ?), (SELECT id FROM persons WHERE account_id = ? AND open_id = ?),
		COALESCE((SELECT CASE WHEN read_at > 0 THEN read_at + ? ELSE 0 END FROM persons WHERE account_id = ? AND open_id = ?), 0))
		ON CONFLICT (account_id, open_id) DO NOTHING`
	sqlSearchNow = `UPDATE senders SET search_due = ?, search_attempts = 0 WHERE id = ?`
)

// hotStatements are those that nearly every callback needs.
var hotStatements = []string{sqlInsertRequest, sqlInsertCallback, sqlInsertMessage, sqlInsertMedia, sqlSearchNow, sqlEnqueue, sqlSaveWall}

// digest16 shortens a key to what a unique index needs.
func digest16(key []byte) []byte {
	sum := sha256.Sum256(key)
	return sum[:16]
}

// repeatKey is a key as callbacks keep it: eight bytes as they are, for their
// order, and a digest of the whole.
func repeatKey(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return append([]byte(key[:min(8, len(key))]), sum[:16]...)
}

func (tx *Tx) accept(ctx context.Context, c *acceptCall, b *batch) (Accepted, error) {
	cb := c.in
	var request, body []byte
	if cb.Sealed && cb.Request != nil {
		// What was used before has this Key too, and is met there.
		request, body = digest16(cb.Request), digest16(cb.Body)
	} else if refused, err := tx.useRequest(ctx, cb); err != nil || refused {
		return Accepted{}, c.refuse(refused, err)
	}
	key := repeatKey(cb.Key)
	n, err := tx.exec(ctx, sqlInsertCallback, tx.db.ids.next(), cb.Account.ID, key, request, body, ms(cb.ReceivedAt), ms(cb.CreateTime),
		cb.Outcome, cb.MsgType, cb.Event, cb.Answer, cb.Raw)
	if err != nil {
		return Accepted{}, err
	}
	if n == 0 {
		return tx.acceptRepeat(ctx, c, key, request, body)
	}
	out := Accepted{Answer: cb.Answer}
	if cb.From == "" || cb.Outcome != OutcomeAccepted {
		return out, nil
	}
	s, err := tx.acceptSender(ctx, cb, b)
	if err != nil {
		return out, err
	}
	c.known = &s
	out.Sender = s.id
	if cb.Command != nil {
		done, err := tx.command(ctx, cb, key, s.id, b.walls)
		if err != nil {
			return out, err
		}
		if done.result.Outcome != callbackd.CommandNone {
			out.Answer, out.Command, out.Freed = done.answer, done.result, done.freed
			return out, nil
		}
	}
	if cb.Message != nil {
		out.Public = cmp.Or(cb.Message.PublicID, callbackd.NewMessageID(cb.ReceivedAt))
		out.State, err = tx.acceptMessage(ctx, cb, s, out.Public, b.walls)
	}
	return out, err
}

// acceptRepeat answers as the first time, unless the request of the first time
// or of an earlier repeat comes with another body now.
func (tx *Tx) acceptRepeat(ctx context.Context, c *acceptCall, key, request, body []byte) (Accepted, error) {
	var first struct {
		Answer        string
		Request, Body []byte
	}
	if err := tx.get(ctx, &first, sqlGetFirst, c.in.Account.ID, key); err != nil {
		return Accepted{}, err
	}
	if request != nil {
		refused, err := !bytes.Equal(first.Body, body), error(nil)
		if !bytes.Equal(first.Request, request) {
			refused, err = tx.useRequest(ctx, c.in)
		}
		if err != nil || refused {
			return Accepted{}, c.refuse(refused, err)
		}
	}
	return Accepted{Repeat: true, Answer: first.Answer}, nil
}

// refuse answers one call with forbidden; its neighbours go on. An error of
// the database ends the batch instead.
func (c *acceptCall) refuse(refused bool, err error) error {
	if err == nil && refused {
		c.err = callbackd.ErrForbidden
	}
	return err
}

// useRequest notes (timestamp, nonce, signature); it reports true where they
// were used before with another body.
func (tx *Tx) useRequest(ctx context.Context, cb *Callback) (refused bool, err error) {
	if cb.Request == nil {
		return false, nil
	}
	d, body := digest16(cb.Request), digest16(cb.Body)
	n, err := tx.exec(ctx, sqlInsertRequest, cb.Account.ID, d, body, ms(cb.ReceivedAt.Add(RequestLife)))
	if err != nil || n == 1 {
		return false, err
	}
	var first []byte
	if err := tx.get(ctx, &first, sqlGetRequest, cb.Account.ID, d); err != nil {
		return false, err
	}
	return !bytes.Equal(first, body), nil
}

// acceptSender finds or makes the sender's row, and makes the search for the
// person due where one is wanted.
func (tx *Tx) acceptSender(ctx context.Context, cb *Callback, b *batch) (cachedSender, error) {
	people, err := b.peopleRev(ctx, tx, cb.Account.ID)
	if err != nil {
		return cachedSender{}, err
	}
	s, ok := tx.db.senders.get(cb.Account.ID, cb.From)
	if !ok || s.peopleRev != people {
		if s, err = tx.findOrAddSender(ctx, cb); err != nil {
			return s, err
		}
		s.peopleRev = people
	}
	now := ms(cb.ReceivedAt)
	if cb.Following != nil && *cb.Following != s.following {
		if _, err := tx.exec(ctx, `UPDATE senders SET following = ? WHERE id = ?`, *cb.Following, s.id); err != nil {
			return s, err
		}
		s.following = *cb.Following
	}
	fresh := s.resolved && s.profileDue > now
	if !cb.Search || fresh || len(cb.Account.Strategies()) == 0 {
		return s, nil
	}
	if _, err := tx.exec(ctx, sqlSearchNow, now, s.id); err != nil {
		return s, err
	}
	b.search(cb.Account.ID, cb.ReceivedAt)
	return s, nil
}

func (tx *Tx) findOrAddSender(ctx context.Context, cb *Callback) (cachedSender, error) {
	var row struct {
		ID         int64
		PersonID   sql.NullInt64 `db:"person_id"`
		ProfileDue int64         `db:"profile_due"`
		Following  bool
		Blocked    bool
	}
	err := tx.get(ctx, &row, sqlFindSender, cb.Account.ID, cb.From)
	if errors.Is(err, sql.ErrNoRows) {
		following := cb.Following == nil || *cb.Following
		if _, err := tx.exec(ctx, sqlAddSender, tx.db.ids.next(), cb.Account.ID, cb.From, callbackd.NewPublicID(),
			callbackd.NewPublicID(), rand.Int64(), following, ms(cb.ReceivedAt), cb.Account.ID, tx.db.whoIs(cb.Account.ID, cb.From), cb.Account.ID, cb.From,
			ProfileLife.Milliseconds(), cb.Account.ID, cb.From); err != nil {
			return cachedSender{}, err
		}
		// asked again: on PostgreSQL another node may have been faster
		err = tx.get(ctx, &row, sqlFindSender, cb.Account.ID, cb.From)
		if err == nil && row.PersonID.Valid {
			_, err = tx.judgeName(ctx, callbackd.SenderID(row.ID))
		}
	}
	return cachedSender{id: callbackd.SenderID(row.ID), resolved: row.PersonID.Valid, profileDue: row.ProfileDue, following: row.Following, blocked: row.Blocked}, err
}

func (tx *Tx) acceptMessage(ctx context.Context, cb *Callback, sender cachedSender, public callbackd.PublicID, walls *wallCounters) (callbackd.State, error) {
	m := cb.Message
	state, reason, moderation, err := tx.firstState(ctx, cb, sender, walls)
	if err != nil {
		return "", err
	}
	var seq, rev sql.NullInt64 // null, not 0, until the gate: the unique indexes leave nulls alone
	if state == callbackd.StateShown {
		seq.Valid, rev.Valid = true, true
		if seq.Int64, err = walls.nextSeq(ctx, cb.Account.ID); err != nil {
			return "", err
		}
		if rev.Int64, err = walls.nextRev(ctx, cb.Account.ID); err != nil {
			return "", err
		}
	}
	place, link := callbackd.Place{}, callbackd.Link{}
	if m.Place != nil {
		place = *m.Place
	}
	if m.Link != nil {
		link = *m.Link
	}
	id, queued := tx.db.ids.next(), int64(0)
	if state == callbackd.StateHeld {
		queued, tx.ring.queue = ms(cb.ReceivedAt), true
	}
	if _, err := tx.exec(ctx, sqlInsertMessage, id, public, cb.Account.ID, sender.id, m.Kind, m.Text, ms(m.SentAt),
		int64(m.MsgID), state, reason, moderation, seq, rev, rev, place.Label, place.Lat, place.Lon,
		link.Title, link.Description, link.URL, ms(cb.ReceivedAt), m.Web, queued, cb.Account.ID); err != nil {
		return "", err
	}
	if state == callbackd.StateShown && moderation != callbackd.ModerationOpen {
		if err := tx.queueFace(ctx, sender.id); err != nil { // shown by a rule, under a name that nobody looked at
			return "", err
		}
	}
	if err := tx.addMentions(ctx, callbackd.MessageID(id), cb.Mentions); err != nil {
		return "", err
	}
	if reason.Code() == callbackd.HeldWaits {
		if err := tx.enqueueCheck(ctx, cb.Account.ID, id, cb.ReceivedAt); err != nil {
			return "", err
		}
	}
	if cb.Media == nil {
		return state, nil
	}
	return state, tx.acceptMedia(ctx, cb, id)
}

func (tx *Tx) acceptMedia(ctx context.Context, cb *Callback, message int64) error {
	md := cb.Media
	id := tx.db.ids.next()
	if _, err := tx.exec(ctx, sqlInsertMedia, id, cb.Account.ID, message, cb.Message.Kind, callbackd.MediaPending,
		md.WeChatID, md.HighResID, md.ThumbID, md.PicURL, md.Format); err != nil {
		return err
	}
	return tx.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobMediaFetch, Key: strconv.FormatInt(id, 10), Account: cb.Account.ID,
		DueAt: cb.ReceivedAt, Deadline: cb.ReceivedAt.Add(MediaDeadline)})
}
