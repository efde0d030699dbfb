package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"callbackd"
)

// ProfileLife is how long a profile is believed before it is read again when
// its person speaks.
const ProfileLife = 30 * 24 * time.Hour

type flatPersonRow struct {
	ID        callbackd.PersonID
	AccountID callbackd.AccountID `db:"account_id"`
	FakeID    callbackd.FakeID    `db:"fake_id"`
	OpenID    sql.NullString      `db:"open_id"`
	Nickname  string
	Gender    callbackd.Gender
	Country   string
	Province  string
	City      string
	Signature string
	Avatar    callbackd.PublicID
	ReadAt    int64 `db:"read_at"`
	ListedAt  int64 `db:"listed_at"`
}

const personColumns = `id, account_id, fake_id, open_id, nickname, gender, country, province, city, signature, avatar, read_at, listed_at`

func (f flatPersonRow) person() callbackd.Person {
	return callbackd.Person{ID: f.ID, Account: f.AccountID, FakeID: f.FakeID, OpenID: callbackd.OpenID(f.OpenID.String),
		Profile: callbackd.Profile{Nickname: f.Nickname, Gender: f.Gender, Country: f.Country, Province: f.Province, City: f.City, Signature: f.Signature},
		Avatar:  f.Avatar, ReadAt: fromMS(f.ReadAt), ListedAt: fromMS(f.ListedAt)}
}

// GetPerson returns what is known of a FakeID on an account.
func (db *DB) GetPerson(ctx context.Context, account callbackd.AccountID, id callbackd.FakeID) (callbackd.Person, error) {
	var f flatPersonRow
	err := db.get(ctx, &f, `SELECT `+personColumns+` FROM persons WHERE account_id = ? AND fake_id = ?`, account, id)
	return f.person(), err
}

// GetPersonByOpenID returns who an openID is on an account.
func (db *DB) GetPersonByOpenID(ctx context.Context, account callbackd.AccountID, id callbackd.OpenID) (callbackd.Person, error) {
	var f flatPersonRow
	err := db.get(ctx, &f, `SELECT `+personColumns+` FROM persons WHERE account_id = ? AND open_id = ?`, account, id)
	return f.person(), err
}

// ListPersons returns the people of an account: those of the resolved list
// (their openID is known) or of the unresolved one, newest contacts first.
func (db *DB) ListPersons(ctx context.Context, account callbackd.AccountID, resolved bool, limit int) ([]callbackd.Person, error) {
	q := `SELECT ` + personColumns + ` FROM persons WHERE account_id = ? AND open_id IS NULL ORDER BY listed_at DESC, id DESC LIMIT ?`
	if resolved {
		q = `SELECT ` + personColumns + ` FROM persons WHERE account_id = ? AND open_id IS NOT NULL ORDER BY listed_at DESC, id DESC LIMIT ?`
	}
	var flat []flatPersonRow
	err := db.sel(ctx, &flat, q, account, limit)
	out := make([]callbackd.Person, len(flat))
	for i, f := range flat {
		out[i] = f.person()
	}
	return out, err
}

// Owner is whose a FakeID is.
type Owner struct {
	FakeID callbackd.FakeID   `db:"fake_id"`
	OpenID callbackd.OpenID   `db:"open_id"`
	Sender callbackd.SenderID // 0: has sent nothing yet
}

// ListOwners tells which of these FakeIDs are on the resolved list of an
// account, and whose they are.
func (db *DB) ListOwners(ctx context.Context, account callbackd.AccountID, ids []callbackd.FakeID) ([]Owner, error) {
	const chunk = 500 // parameters of one query are limited
	var out []Owner
	for len(ids) > 0 {
		part := ids[:min(chunk, len(ids))]
		ids = ids[len(part):]
		args := []any{account}
		for _, id := range part {
			args = append(args, id)
		}
		var some []Owner
		if err := db.sel(ctx, &some, `SELECT p.fake_id, p.open_id, COALESCE(s.id, 0) AS sender FROM persons p LEFT JOIN senders s ON s.person_id = p.id
			WHERE p.account_id = ? AND p.open_id IS NOT NULL AND p.fake_id IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, args...); err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// ListPersonsElsewhere returns what other accounts of the same owner know of a
// FakeID, freshest profile first.
func (db *DB) ListPersonsElsewhere(ctx context.Context, account callbackd.AccountID, owner string, id callbackd.FakeID) ([]callbackd.Person, error) {
	if owner == "" {
		return nil, nil
	}
	var flat []flatPersonRow
	err := db.sel(ctx, &flat, `SELECT p.id, p.account_id, p.fake_id, p.open_id, p.nickname, p.gender, p.country, p.province, p.city,
		p.signature, p.avatar, p.read_at, p.listed_at FROM persons p JOIN accounts a ON a.id = p.account_id
		WHERE p.fake_id = ? AND p.account_id <> ? AND a.owner = ? AND a.mpweb_dialect = '2014' AND p.nickname <> '' ORDER BY p.read_at DESC LIMIT 20`, id, account, owner)
	out := make([]callbackd.Person, len(flat))
	for i, f := range flat {
		out[i] = f.person()
	}
	return out, err
}

// ListContacts notes people that the operator pages show, without an openID: the
// unresolved list. Who is known already keeps what is known.
func (db *DB) ListContacts(ctx context.Context, account callbackd.AccountID, people []callbackd.Person) error {
	return db.Write(ctx, func(tx *Tx) error {
		for _, p := range people {
			if _, err := tx.exec(ctx, `INSERT INTO persons (id, account_id, fake_id, nickname, listed_at) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (account_id, fake_id) DO NOTHING`, tx.db.ids.next(), account, p.FakeID, p.Profile.Nickname, ms(p.ListedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// NewAvatar is a picture that was put into the blob store for a person.
type NewAvatar struct {
	Blob   string
	Type   string
	Size   int64
	Digest []byte // of the bytes: the same picture is not a new one
}

// Resolution is what was found out about a person.
type Resolution struct {
	FakeID  callbackd.FakeID
	OpenID  callbackd.OpenID // empty: a card that was read for nobody yet; it stays on the unresolved list
	Profile callbackd.Profile
	Avatar  *NewAvatar // nil: as it was
	ReadAt  time.Time  // when the card was read; zero: only the identity is known
}

// SetPerson stores FakeID, openID and profile together (CN103501265A, claim 6)
// and gives every open row of that sender its new face. An empty field never
// overwrites a known one. A FakeID that belongs to another openID of the
// account, or the other way round, is callbackd.ErrConflict: nobody is shown as
// somebody else.
func (db *DB) SetPerson(ctx context.Context, account callbackd.AccountID, res Resolution) error {
	err := db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		p, err := tx.upsertPerson(ctx, account, res)
		if err != nil {
			return err
		}
		if err := tx.linkSender(ctx, account, p, walls); err != nil {
			return err
		}
		return walls.save(ctx)
	})
	db.senders.forget(account, res.OpenID)
	return err
}

// UnsetPerson takes a FakeID back from an openID that turned out not to be its
// own, and every open row of that sender its face. Where the two do not belong
// together it does nothing.
func (db *DB) UnsetPerson(ctx context.Context, account callbackd.AccountID, fake callbackd.FakeID, open callbackd.OpenID) error {
	err := db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE persons SET open_id = NULL WHERE account_id = ? AND fake_id = ? AND open_id = ?`, account, fake, open)
		if err != nil || n == 0 {
			return err
		}
		var id callbackd.SenderID
		err = tx.get(ctx, &id, `SELECT id FROM senders WHERE account_id = ? AND open_id = ?`, account, open)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE senders SET person_id = NULL, name_due = TRUE, profile_due = 0, candidates = '', search_attempts = 0, search_due = ?
			WHERE id = ?`, ms(tx.db.now()), id); err != nil {
			return err
		}
		if _, err := tx.judgeName(ctx, id); err != nil {
			return err
		}
		if err := tx.touchShown(ctx, callbackd.Sender{ID: id, Account: account}, 0, callbackd.ModerationOpen, true, walls); err != nil {
			return err
		}
		if err := tx.queueFace(ctx, id); err != nil {
			return err
		}
		return walls.save(ctx)
	})
	db.senders.forget(account, open)
	return err
}

func (tx *Tx) upsertPerson(ctx context.Context, account callbackd.AccountID, res Resolution) (callbackd.Person, error) {
	var f flatPersonRow
	err := tx.get(ctx, &f, `SELECT `+personColumns+` FROM persons WHERE account_id = ? AND fake_id = ?`, account, res.FakeID)
	if errors.Is(err, sql.ErrNoRows) {
		f = flatPersonRow{ID: callbackd.PersonID(tx.db.ids.next()), AccountID: account, FakeID: res.FakeID}
		_, err = tx.exec(ctx, `INSERT INTO persons (id, account_id, fake_id, nickname, listed_at) VALUES (?, ?, ?, '', ?)`,
			f.ID, account, res.FakeID, ms(tx.db.now()))
	}
	if err != nil {
		return callbackd.Person{}, err
	}
	p := f.person()
	if p.OpenID != "" && res.OpenID != "" && p.OpenID != res.OpenID {
		return p, callbackd.Public(callbackd.ErrConflict, "this FakeID belongs to another openID of the account", nil)
	}
	if res.OpenID != "" {
		p.OpenID = res.OpenID
	}
	p.Profile = p.Profile.Merge(res.Profile)
	if !res.ReadAt.IsZero() {
		p.ReadAt = res.ReadAt
	}
	if res.Avatar != nil {
		if p.Avatar, err = tx.setAvatar(ctx, p, *res.Avatar); err != nil {
			return p, err
		}
	}
	open := sql.NullString{String: string(p.OpenID), Valid: p.OpenID != ""}
	_, err = tx.exec(ctx, `UPDATE persons SET open_id = ?, nickname = ?, gender = ?, country = ?, province = ?, city = ?, signature = ?,
		avatar = ?, read_at = ? WHERE id = ?`, open, p.Profile.Nickname, p.Profile.Gender, p.Profile.Country, p.Profile.Province,
		p.Profile.City, p.Profile.Signature, p.Avatar, ms(p.ReadAt), p.ID)
	return p, err
}

// setAvatar adds a picture unless the person has the same one already.
func (tx *Tx) setAvatar(ctx context.Context, p callbackd.Person, a NewAvatar) (callbackd.PublicID, error) {
	var same callbackd.PublicID
	err := tx.get(ctx, &same, `SELECT id FROM avatars WHERE person_id = ? AND digest = ?`, p.ID, a.Digest)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return same, err
	}
	id := callbackd.NewPublicID()
	_, err = tx.exec(ctx, `INSERT INTO avatars (id, account_id, person_id, blob, type, size, digest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, p.Account, p.ID, a.Blob, a.Type, a.Size, a.Digest, ms(tx.db.now()))
	return id, err
}

// linkSender makes the sender with the person's openID known, and touches its
// messages that show what was just learned: those that arrived in open moderation.
func (tx *Tx) linkSender(ctx context.Context, account callbackd.AccountID, p callbackd.Person, walls *wallCounters) error {
	if p.OpenID == "" {
		return nil
	}
	var id callbackd.SenderID
	err := tx.get(ctx, &id, `SELECT id FROM senders WHERE account_id = ? AND open_id = ?`, account, p.OpenID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // known before the first word; the sender's row will find its person
	}
	if err != nil {
		return err
	}
	now := ms(tx.db.now())
	query := `UPDATE senders SET person_id = ?, name_due = TRUE, candidates = '', search_due = CASE WHEN search_due > 0 AND search_due < ? THEN search_due ELSE ? END
		WHERE id = ?` // the identity alone: the card is to be read next
	args := []any{p.ID, now, now, id}
	if !p.ReadAt.IsZero() { // with the card read, nothing is left to search for
		query = `UPDATE senders SET person_id = ?, name_due = TRUE, candidates = '', search_attempts = 0, search_due = 0, profile_due = ? WHERE id = ?`
		args = []any{p.ID, ms(p.ReadAt.Add(ProfileLife)), id}
	}
	if _, err := tx.exec(ctx, query, args...); err != nil {
		return err
	}
	if _, err := tx.judgeName(ctx, id); err != nil {
		return err
	}
	if err := tx.wakeMediaSearch(ctx, id); err != nil {
		return err
	}
	if err := tx.queueFace(ctx, id); err != nil {
		return err
	}
	return tx.touchShown(ctx, callbackd.Sender{ID: id, Account: account}, 0, callbackd.ModerationOpen, true, walls)
}

// wakeMediaSearch makes the searches due that waited for the sender's FakeID.
func (tx *Tx) wakeMediaSearch(ctx context.Context, sender callbackd.SenderID) error {
	n, err := tx.exec(ctx, `UPDATE jobs SET due_at = ? WHERE kind = 'media-search' AND state = 'ready' AND job_key IN
		(SELECT CAST(md.id AS TEXT) FROM media md JOIN messages m ON m.id = md.message_id WHERE m.sender_id = ? AND md.state = 'pending')`,
		ms(tx.db.now()), sender)
	tx.ring.jobs = tx.ring.jobs || n > 0
	return err
}

// Avatar is a stored picture of a person.
type Avatar struct {
	ID     callbackd.PublicID
	Blob   string
	Type   string
	Size   int64
	Person callbackd.PersonID `db:"person_id"`
}

// GetAvatarOf returns a picture of an account by its public id.
func (db *DB) GetAvatarOf(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID) (a Avatar, err error) {
	return a, db.get(ctx, &a, `SELECT id, blob, type, size, person_id FROM avatars WHERE account_id = ? AND id = ?`, account, id)
}

// GetAvatar returns a picture by its public id.
func (db *DB) GetAvatar(ctx context.Context, id callbackd.PublicID) (a Avatar, err error) {
	return a, db.get(ctx, &a, `SELECT id, blob, type, size, person_id FROM avatars WHERE id = ?`, id)
}
