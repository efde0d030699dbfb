package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"callbackd"
	"callbackd/internal/seal"
)

type flatOperator struct {
	ID         callbackd.OperatorID
	Name       string
	Password   string
	Everything bool
	TwoFactor  bool  `db:"two_factor"`
	SessionRev int64 `db:"session_rev"`
	CreatedAt  int64 `db:"created_at"`
	SeenAt     int64 `db:"seen_at"`
}

const operatorColumns = `id, name, password, everything, totp IS NOT NULL AS two_factor, session_rev, created_at, seen_at`

func (f flatOperator) operator() *callbackd.Operator {
	return &callbackd.Operator{ID: f.ID, Name: f.Name, Password: f.Password, Everything: f.Everything, Roles: map[callbackd.AccountID]callbackd.Role{},
		TwoFactor: f.TwoFactor, SessionRev: f.SessionRev, CreatedAt: fromMS(f.CreatedAt), SeenAt: fromMS(f.SeenAt)}
}

// InsertOperator adds an operator with what is granted. password is the hash. A
// name that is taken is callbackd.ErrConflict.
func (db *DB) InsertOperator(ctx context.Context, name, password string, g callbackd.Grant, actor string) (*callbackd.Operator, error) {
	var o *callbackd.Operator
	err := db.Write(ctx, func(tx *Tx) (err error) {
		o, err = tx.insertOperator(ctx, name, password, g, actor)
		return err
	})
	return o, err
}

func (tx *Tx) insertOperator(ctx context.Context, name, password string, g callbackd.Grant, actor string) (*callbackd.Operator, error) {
	f := flatOperator{ID: callbackd.OperatorID(tx.db.ids.next()), Name: name, Password: password, Everything: g.Everything, SessionRev: 1, CreatedAt: ms(tx.db.now())}
	n, err := tx.exec(ctx, `INSERT INTO operators (id, name, name_key, password, everything, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (name_key) DO NOTHING`, f.ID, f.Name, callbackd.FoldOperatorName(name), f.Password, f.Everything, f.CreatedAt)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, callbackd.Public(callbackd.ErrConflict, fmt.Sprintf("there is an operator %s already", name), nil)
	}
	o := f.operator()
	what := "everything"
	if !g.Everything {
		what = string(g.Role)
		if err := tx.setRole(ctx, f.ID, g.Account, g.Role); err != nil {
			return nil, err
		}
		o.Roles[g.Account] = g.Role
	}
	return o, tx.auditOperator(ctx, g.Account, actor, "operator-add", name+": "+what)
}

// auditOperator notes a step about operators: sessions and caches look again.
func (tx *Tx) auditOperator(ctx context.Context, account callbackd.AccountID, actor, action, detail string) error {
	tx.ring.config = true
	return tx.audit(ctx, account, actor, action, 0, detail)
}

func (tx *Tx) setRole(ctx context.Context, o callbackd.OperatorID, account callbackd.AccountID, role callbackd.Role) error {
	if role == "" {
		_, err := tx.exec(ctx, `DELETE FROM operator_roles WHERE operator_id = ? AND account_id = ?`, o, account)
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO operator_roles (operator_id, account_id, role) VALUES (?, ?, ?)
		ON CONFLICT (operator_id, account_id) DO UPDATE SET role = excluded.role`, o, account, role)
	return err
}

// GetOperator returns an operator with the roles.
func (db *DB) GetOperator(ctx context.Context, id callbackd.OperatorID) (*callbackd.Operator, error) {
	return db.getOperator(ctx, `id = ?`, id)
}

// GetOperatorByName returns the operator of a name, however it is written.
func (db *DB) GetOperatorByName(ctx context.Context, name string) (*callbackd.Operator, error) {
	return db.getOperator(ctx, `name_key = ?`, callbackd.FoldOperatorName(name))
}

func (db *DB) getOperator(ctx context.Context, where string, arg any) (*callbackd.Operator, error) {
	var f flatOperator
	if err := db.get(ctx, &f, `SELECT `+operatorColumns+` FROM operators WHERE `+where, arg); err != nil {
		return nil, err
	}
	o := f.operator()
	return o, db.readRoles(ctx, map[callbackd.OperatorID]*callbackd.Operator{o.ID: o}, ` WHERE operator_id = ?`, o.ID)
}

func (db *DB) readRoles(ctx context.Context, of map[callbackd.OperatorID]*callbackd.Operator, where string, args ...any) error {
	var roles []struct {
		OperatorID callbackd.OperatorID `db:"operator_id"`
		AccountID  callbackd.AccountID  `db:"account_id"`
		Role       callbackd.Role
	}
	if err := db.sel(ctx, &roles, `SELECT operator_id, account_id, role FROM operator_roles`+where, args...); err != nil {
		return err
	}
	for _, r := range roles {
		if o := of[r.OperatorID]; o != nil {
			o.Roles[r.AccountID] = r.Role
		}
	}
	return nil
}

// ListOperators returns all operators by name.
func (db *DB) ListOperators(ctx context.Context) ([]*callbackd.Operator, error) {
	var flat []flatOperator
	if err := db.sel(ctx, &flat, `SELECT `+operatorColumns+` FROM operators ORDER BY name_key`); err != nil {
		return nil, err
	}
	all, byID := make([]*callbackd.Operator, len(flat)), map[callbackd.OperatorID]*callbackd.Operator{}
	for i, f := range flat {
		all[i] = f.operator()
		byID[f.ID] = all[i]
	}
	return all, db.readRoles(ctx, byID, "")
}

// CountOperators tells how many operators there are.
func (db *DB) CountOperators(ctx context.Context) (n int, err error) {
	return n, db.get(ctx, &n, `SELECT COUNT(*) FROM operators`)
}

// SetOperatorPassword replaces a password's hash. All sessions of the operator end.
func (db *DB) SetOperatorPassword(ctx context.Context, id callbackd.OperatorID, password, actor string) error {
	return db.changeOperator(ctx, id, actor, "operator-passwd", `password = ?, session_rev = session_rev + 1`, password)
}

// SetTwoFactor switches the second factor on, or with an empty secret off. codes
// are digests of the recovery codes. All sessions of the operator end.
func (db *DB) SetTwoFactor(ctx context.Context, id callbackd.OperatorID, secret callbackd.Secret, codes [][]byte, actor string) error {
	action, sealed := "operator-2fa-off", []byte(nil)
	if secret != "" {
		action, sealed = "operator-2fa-on", db.key.Seal([]byte(secret), totpContext(id))
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.changeOperator(ctx, id, actor, action, `totp = ?, totp_step = 0, session_rev = session_rev + 1`, sealed); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE operator_id = ?`, id); err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := tx.exec(ctx, `INSERT INTO recovery_codes (operator_id, digest) VALUES (?, ?)`, id, code); err != nil {
				return err
			}
		}
		return nil
	})
}

func totpContext(id callbackd.OperatorID) string {
	return seal.Context("operators", "totp", strconv.FormatInt(int64(id), 10))
}

// GetTwoFactor returns the secret of an operator's second factor; empty: it is off.
func (db *DB) GetTwoFactor(ctx context.Context, id callbackd.OperatorID) (callbackd.Secret, error) {
	var sealed []byte
	if err := db.get(ctx, &sealed, `SELECT totp FROM operators WHERE id = ?`, id); err != nil || sealed == nil {
		return "", err
	}
	secret, err := db.key.Open(sealed, totpContext(id))
	if err != nil {
		return "", notOurKey(err)
	}
	return callbackd.Secret(secret), nil
}

// UseTwoFactorStep takes a step of the second factor, once: false where it, or a
// later one, was taken before.
func (db *DB) UseTwoFactorStep(ctx context.Context, id callbackd.OperatorID, step int64) (ok bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE operators SET totp_step = ? WHERE id = ? AND totp_step < ?`, step, id, step)
		ok = n > 0
		return err
	})
	return ok, err
}

// UseRecoveryCode takes a recovery code by its digest, once.
func (db *DB) UseRecoveryCode(ctx context.Context, o *callbackd.Operator, digest []byte) (ok bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE operator_id = ? AND digest = ?`, o.ID, digest)
		if ok = n > 0; !ok || err != nil {
			return err
		}
		return tx.audit(ctx, 0, o.Actor(), "operator-recovery-code", 0, o.Name)
	})
	return ok, err
}

// SetOperatorRole gives an operator a role on an account, or with an empty role
// takes it away.
func (db *DB) SetOperatorRole(ctx context.Context, id callbackd.OperatorID, account callbackd.AccountID, role callbackd.Role, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		var name string
		if err := tx.get(ctx, &name, `SELECT name FROM operators WHERE id = ?`, id); err != nil {
			return err
		}
		if err := tx.setRole(ctx, id, account, role); err != nil {
			return err
		}
		if role == "" {
			return tx.auditOperator(ctx, account, actor, "operator-role", name+": none")
		}
		return tx.auditOperator(ctx, account, actor, "operator-role", name+": "+string(role))
	})
}

// TouchOperator notes that an operator was seen just now.
func (db *DB) TouchOperator(ctx context.Context, id callbackd.OperatorID) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE operators SET seen_at = ? WHERE id = ?`, ms(tx.db.now()), id)
		return err
	})
}

// DeleteOperator removes an operator; the sessions end. So do all links that make
// operators and wait: the operator may have made one to come back by.
func (db *DB) DeleteOperator(ctx context.Context, id callbackd.OperatorID, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		var name string
		if err := tx.get(ctx, &name, `DELETE FROM operators WHERE id = ? RETURNING name`, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM operator_links`); err != nil {
			return err
		}
		return tx.auditOperator(ctx, 0, actor, "operator-remove", name)
	})
}

func (db *DB) changeOperator(ctx context.Context, id callbackd.OperatorID, actor, action, set string, args ...any) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.changeOperator(ctx, id, actor, action, set, args...) })
}

func (tx *Tx) changeOperator(ctx context.Context, id callbackd.OperatorID, actor, action, set string, args ...any) error {
	var name string
	err := tx.get(ctx, &name, `UPDATE operators SET `+set+` WHERE id = ? RETURNING name`, append(args, id)...)
	if errors.Is(err, sql.ErrNoRows) {
		return callbackd.ErrNotFound
	}
	if err != nil {
		return err
	}
	return tx.auditOperator(ctx, 0, actor, action, name)
}
