package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"callbackd"
)

type flatAccount struct {
	ID                  callbackd.AccountID
	Slug                callbackd.Slug
	Name                string
	OriginalID          string `db:"original_id"`
	AppID               string `db:"app_id"`
	AppSecret           []byte `db:"app_secret"`
	Token               []byte
	AESKey              []byte `db:"aes_key"`
	PreviousAESKey      []byte `db:"previous_aes_key"`
	PreviousAESKeyUntil int64  `db:"previous_aes_key_until"`
	Mode                callbackd.Mode
	Moderation          callbackd.Moderation
	JoinURL             string `db:"join_url"`
	Welcome             string
	Owner               string
	MPWebUsername       string            `db:"mpweb_username"`
	MPWebPassword       []byte            `db:"mpweb_password"`
	MPWebDialect        callbackd.Dialect `db:"mpweb_dialect"`
	Resolve             string
	Notices             string
	MPVerify            string `db:"mp_verify"`
	Filters             string
	CheckerSecret       []byte `db:"checker_secret"`
	CreatedAt           int64  `db:"created_at"`

	// of its wall
	WallEvent  callbackd.EventID    `db:"wall_event"`
	EventState callbackd.EventState `db:"event_state"`
	EventModer callbackd.Moderation `db:"event_moderation"`
}

const accountColumns = `id, slug, name, original_id, app_id, app_secret, token, aes_key, previous_aes_key, previous_aes_key_until,
	mode, moderation, join_url, welcome, owner, mpweb_username, mpweb_password, mpweb_dialect, resolve, notices, mp_verify, filters, checker_secret, created_at`

// sqlAccounts reads accounts with what of their walls is asked for each message
// that comes; a WHERE or ORDER clause follows.
const sqlAccounts = `SELECT a.*, w.event_id AS wall_event, w.event_state, w.moderation AS event_moderation
	FROM (SELECT ` + accountColumns + ` FROM accounts) a JOIN walls w ON w.account_id = a.id `

// sealContext binds a sealed secret to its place, so that it opens nowhere else.
func sealContext(account callbackd.AccountID, column string) string {
	return fmt.Sprintf("accounts/%d/%s", account, column)
}

func (db *DB) sealSecret(account callbackd.AccountID, column string, s callbackd.Secret) []byte {
	return db.seal(s, sealContext(account, column))
}

func (db *DB) seal(s callbackd.Secret, place string) []byte {
	if s == "" {
		return nil
	}
	return db.key.Seal([]byte(s.Reveal()), place)
}

func (db *DB) openSecret(account callbackd.AccountID, column string, sealed []byte) (callbackd.Secret, error) {
	return db.unseal(sealed, sealContext(account, column))
}

func (db *DB) unseal(sealed []byte, place string) (callbackd.Secret, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	b, err := db.key.Open(sealed, place)
	if err != nil {
		return "", notOurKey(err)
	}
	return callbackd.Secret(b), nil
}

func notOurKey(err error) error {
	return callbackd.Public(callbackd.ErrForbidden, "the secrets in the database do not open with this key: give --secret-key-file the file that belongs to it", err)
}

func (db *DB) account(f flatAccount) (*callbackd.Account, error) {
	a := &callbackd.Account{ID: f.ID, Slug: f.Slug, Name: f.Name, OriginalID: f.OriginalID, AppID: f.AppID, Mode: f.Mode,
		Moderation: f.Moderation, JoinURL: f.JoinURL, Welcome: f.Welcome, Owner: f.Owner, PreviousAESKeyUntil: fromMS(f.PreviousAESKeyUntil), MPVerify: f.MPVerify, CreatedAt: fromMS(f.CreatedAt),
		Event: callbackd.Stage{Event: f.WallEvent, EventState: f.EventState}.Belongs(), EventModeration: f.EventModer}
	if f.MPWebUsername != "" {
		a.MPWeb = &callbackd.MPWebLogin{Username: f.MPWebUsername, Dialect: f.MPWebDialect}
	}
	for _, s := range strings.Split(f.Resolve, ",") {
		if s != "" {
			a.Resolve = append(a.Resolve, callbackd.Strategy(s))
		}
	}
	var err error
	if f.Notices != "" {
		if err = json.Unmarshal([]byte(f.Notices), &a.Notices); err != nil {
			err = fmt.Errorf("read the notice options of account %s: %w", f.Slug, err)
		}
	}
	if f.Filters != "" && err == nil {
		if err = json.Unmarshal([]byte(f.Filters), &a.Filters); err != nil {
			err = fmt.Errorf("read the filter options of account %s: %w", f.Slug, err)
		}
	}
	open := func(dst *callbackd.Secret, column string, sealed []byte) {
		if err == nil {
			*dst, err = db.openSecret(f.ID, column, sealed)
		}
	}
	open(&a.AppSecret, "app_secret", f.AppSecret)
	open(&a.Token, "token", f.Token)
	open(&a.AESKey, "aes_key", f.AESKey)
	open(&a.PreviousAESKey, "previous_aes_key", f.PreviousAESKey)
	open(&a.CheckerSecret, "checker_secret", f.CheckerSecret)
	if a.MPWeb != nil {
		open(&a.MPWeb.Password, "mpweb_password", f.MPWebPassword)
	}
	return a, err
}

// values are the columns of an account after id, slug and before created_at.
func (db *DB) accountValues(a *callbackd.Account) []any {
	mp := callbackd.MPWebLogin{}
	if a.MPWeb != nil {
		mp = *a.MPWeb
	}
	resolve := make([]string, len(a.Resolve))
	for i, s := range a.Resolve {
		resolve[i] = string(s)
	}
	return []any{a.Name, a.OriginalID, a.AppID, db.sealSecret(a.ID, "app_secret", a.AppSecret), db.sealSecret(a.ID, "token", a.Token),
		db.sealSecret(a.ID, "aes_key", a.AESKey), db.sealSecret(a.ID, "previous_aes_key", a.PreviousAESKey), ms(a.PreviousAESKeyUntil),
		a.Mode, a.Moderation, a.JoinURL, a.Welcome, a.Owner, mp.Username, db.sealSecret(a.ID, "mpweb_password", mp.Password), mp.Dialect,
		strings.Join(resolve, ","), optionsJSON(a.Notices), a.MPVerify, optionsJSON(a.Filters), db.sealSecret(a.ID, "checker_secret", a.CheckerSecret)}
}

// optionsJSON are options of an account as JSON; empty: the defaults.
func optionsJSON[T comparable](o T) string {
	if o == *new(T) {
		return ""
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic("options hold nothing that JSON cannot: " + err.Error())
	}
	return string(b)
}

// InsertAccount adds an account with its wall and sets its ID. A slug that is
// taken is callbackd.ErrConflict.
func (db *DB) InsertAccount(ctx context.Context, a *callbackd.Account, actor string) error {
	a.ID, a.CreatedAt = callbackd.AccountID(db.ids.next()), db.now()
	return db.Write(ctx, func(tx *Tx) error {
		args := append(append([]any{a.ID, a.Slug}, db.accountValues(a)...), ms(a.CreatedAt))
		if _, err := tx.exec(ctx, `INSERT INTO accounts (`+accountColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, orderAccount(args)...); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO walls (account_id) VALUES (?)`, a.ID); err != nil {
			return err
		}
		if err := tx.accountChanged(ctx, a); err != nil {
			return err
		}
		return tx.audit(ctx, a.ID, actor, "account-add", 0, string(a.Slug))
	})
}

// accountChanged makes due what other settings may have made possible: the join
// code, and the search for those who are not known.
func (tx *Tx) accountChanged(ctx context.Context, a *callbackd.Account) error {
	tx.ring.config, tx.ring.walls = true, true
	if err := tx.lockWall(ctx, "?", a.ID); err != nil {
		return err
	}
	now := tx.db.now()
	if err := tx.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobJoinQR, Key: strconv.FormatInt(int64(a.ID), 10), Serial: MPWebSerial(a.ID), Account: a.ID, DueAt: now}); err != nil {
		return err
	}
	if len(a.Strategies()) == 0 {
		return nil
	}
	if _, err := tx.exec(ctx, `UPDATE senders SET search_due = ?, search_attempts = 0 WHERE account_id = ? AND person_id IS NULL AND open_id <> ?`,
		ms(now), a.ID, HostOpenID); err != nil {
		return err
	}
	return tx.EnqueueResolve(ctx, a.ID, now)
}

// WakeAccount makes an account's search and join code due at once: what they
// waited for (a login by a human) has happened.
func (db *DB) WakeAccount(ctx context.Context, a *callbackd.Account) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.accountChanged(ctx, a) })
}

// orderAccount exists so that accountColumns and accountValues are compared by
// count in one place.
func orderAccount(args []any) []any {
	if want := strings.Count(accountColumns, ",") + 1; len(args) != want {
		panic(fmt.Sprintf("account has %d columns, %d values", want, len(args)))
	}
	return args
}

// SetAccount replaces an account's settings; ID and slug stay.
func (db *DB) SetAccount(ctx context.Context, a *callbackd.Account, actor string) error {
	return db.SetAccountBy(ctx, a, actor, "account-set", "")
}

// SetAccountBy is SetAccount under another name in the audit, where the change is
// of a kind that people look for there.
func (db *DB) SetAccountBy(ctx context.Context, a *callbackd.Account, actor, action, detail string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", a.ID); err != nil {
			return err
		}
		if err := tx.connectAnew(ctx, a); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE accounts SET name = ?, original_id = ?, app_id = ?, app_secret = ?, token = ?, aes_key = ?,
			previous_aes_key = ?, previous_aes_key_until = ?, mode = ?, moderation = ?, join_url = ?, welcome = ?, owner = ?, mpweb_username = ?,
			mpweb_password = ?, mpweb_dialect = ?, resolve = ?, notices = ?, mp_verify = ?, filters = ?, checker_secret = ?, config_rev = config_rev + 1 WHERE id = ?`, append(db.accountValues(a), a.ID)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return callbackd.ErrNotFound
		}
		if err := tx.accountChanged(ctx, a); err != nil {
			return err
		}
		return tx.audit(ctx, a.ID, actor, action, 0, detail)
	})
}

// GetAccount returns an account by its slug.
func (db *DB) GetAccount(ctx context.Context, slug callbackd.Slug) (*callbackd.Account, error) {
	var f flatAccount
	if err := db.get(ctx, &f, sqlAccounts+`WHERE a.slug = ?`, slug); err != nil {
		return nil, err
	}
	return db.account(f)
}

// GetAccountByID returns an account by its key.
func (db *DB) GetAccountByID(ctx context.Context, id callbackd.AccountID) (*callbackd.Account, error) {
	var f flatAccount
	if err := db.get(ctx, &f, sqlAccounts+`WHERE a.id = ?`, id); err != nil {
		return nil, err
	}
	return db.account(f)
}

// ListAccounts returns all accounts by slug.
func (db *DB) ListAccounts(ctx context.Context) ([]*callbackd.Account, error) {
	var flat []flatAccount
	if err := db.sel(ctx, &flat, sqlAccounts+`ORDER BY a.slug`); err != nil {
		return nil, err
	}
	out := make([]*callbackd.Account, len(flat))
	for i, f := range flat {
		var err error
		if out[i], err = db.account(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// DeleteAccount removes an account with everything that it has, and returns
// the blobs that nothing names any more.
func (db *DB) DeleteAccount(ctx context.Context, id callbackd.AccountID, actor string) (blobs []string, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", id); err != nil {
			return err
		}
		if err := tx.sel(ctx, &blobs, `SELECT f.blob FROM media_files f JOIN media m ON m.id = f.media_id WHERE m.account_id = ?
			UNION SELECT source FROM media WHERE account_id = ? AND source <> ''
			UNION SELECT blob FROM avatars WHERE account_id = ? UNION SELECT blob FROM event_pictures WHERE account_id = ?`, id, id, id, id); err != nil {
			return err
		}
		// children first: senders and persons are named by rows that do not cascade
		for _, q := range []string{`DELETE FROM messages WHERE account_id = ?`, `DELETE FROM senders WHERE account_id = ?`,
			`DELETE FROM persons WHERE account_id = ?`, `DELETE FROM accounts WHERE id = ?`} {
			if _, err := tx.exec(ctx, q, id); err != nil {
				return err
			}
		}
		tx.ring.config, tx.ring.walls = true, true
		return tx.audit(ctx, id, actor, "account-remove", 0, "")
	})
	db.senders.clear()
	return blobs, err
}

// HasMPVerify reports whether an account has this code for web authorisation.
func (db *DB) HasMPVerify(ctx context.Context, code string) (bool, error) {
	var n int
	err := db.get(ctx, &n, `SELECT COUNT(*) FROM accounts WHERE mp_verify = ? AND mp_verify <> ''`, code)
	return n > 0, err
}
