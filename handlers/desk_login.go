package handlers

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"callbackd"
	"callbackd/web"
)

// What a stranger may try. A name's own limit is wide, so that nobody shuts an
// operator out by guessing.
var (
	allowLoginAddress = []allowance{{10, time.Minute}, {60, time.Hour}}
	allowLoginPair    = []allowance{{5, time.Minute}, {20, time.Hour}} // of one address for one name
	allowLoginName    = []allowance{{60, time.Hour}}
	allowCode         = []allowance{{5, 5 * time.Minute}, {20, time.Hour}} // of one operator
)

// pendingLife is how long the second factor is waited for after the password.
const pendingLife = 5 * time.Minute

var (
	errWrongLogin = callbackd.Public(callbackd.ErrInvalid, "login.wrong", nil)
	errWrongCode  = callbackd.Public(callbackd.ErrInvalid, "login.code.wrong", nil)
)

func (h *Handlers) showDeskLogin(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if next := r.URL.Query().Get("next"); next != "" {
		h.sessions.Put(r.Context(), keyNext, localPath(next))
	}
	if c.known() {
		return h.goOn(w, r, h.takeNext(r.Context()))
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.LoginPage{DeskShell: s} })
}

// takeNext returns where the login was asked for.
func (h *Handlers) takeNext(ctx context.Context) string {
	return localPath(h.sessions.PopString(ctx, keyNext))
}

func (h *Handlers) doDeskLogin(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	ctx, name := r.Context(), r.PostFormValue("name")
	o, err := h.checkLogin(r, name, r.PostFormValue("password"))
	if errors.Is(err, errWrongLogin) {
		return h.renderDesk(w, r, c, http.StatusUnprocessableEntity, func(s web.DeskShell) web.Page {
			return web.LoginPage{DeskShell: s, Name: name, Wrong: true}
		})
	}
	if err != nil {
		return err
	}
	if o.TwoFactor {
		if err := h.begin(ctx, func() {
			h.sessions.Put(ctx, keyPending, int64(o.ID))
			h.sessions.Put(ctx, keyPendedAt, h.Now().Unix())
			h.sessions.Put(ctx, keyRev, o.SessionRev)
			h.sessions.SetDeadline(ctx, time.Now().Add(strangerLife))
		}); err != nil {
			return err
		}
		return h.goOn(w, r, "/desk/login/code")
	}
	if err := h.login(ctx, o); err != nil {
		return err
	}
	return h.goOn(w, r, h.takeNext(ctx))
}

// checkLogin returns the operator of a name and password. Unknown names cost as
// much time as wrong passwords, and say the same.
func (h *Handlers) checkLogin(r *http.Request, name, password string) (*callbackd.Operator, error) {
	address, key := ofAddress(h.clientAddr(r)), callbackd.FoldOperatorName(name)
	if len(key) > 4*callbackd.OperatorNameLimit {
		return nil, errWrongLogin
	}
	for _, limit := range []struct {
		who  string
		what string
		all  []allowance
	}{{address, "login", allowLoginAddress}, {address + " " + key, "login pair", allowLoginPair}, {key, "login name", allowLoginName}} {
		if wait := h.throttle.take(limit.who, limit.what, limit.all); wait > 0 {
			return nil, &throttledError{wait}
		}
	}
	o, err := h.DB.GetOperatorByName(r.Context(), name)
	if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
		return nil, err
	}
	hash := ""
	if err == nil {
		hash = o.Password
	}
	ok, err := comparePassword(r.Context(), hash, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		h.Log.Warn("a login to the desk was refused", "address", address)
		return nil, errWrongLogin
	}
	return o, nil
}

// pending returns the operator whose password was right in this session.
func (h *Handlers) pending(ctx context.Context) (*callbackd.Operator, error) {
	id, ok := h.sessions.Get(ctx, keyPending).(int64)
	since := time.Unix(h.sessions.GetInt64(ctx, keyPendedAt), 0)
	if !ok || h.Now().Sub(since) > pendingLife {
		return nil, errLoginFirst
	}
	o, err := h.DB.GetOperator(ctx, callbackd.OperatorID(id))
	if errors.Is(err, callbackd.ErrNotFound) || err == nil && h.sessions.GetInt64(ctx, keyRev) != o.SessionRev {
		return nil, errLoginFirst // gone, or it has another password since
	}
	return o, err
}

func (h *Handlers) showDeskCode(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if _, err := h.pending(r.Context()); err != nil {
		return err
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.CodePage{DeskShell: s} })
}

func (h *Handlers) doDeskCode(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	o, err := h.pending(r.Context())
	if err != nil {
		return err
	}
	if wait := h.throttle.take(o.Name, "login code", allowCode); wait > 0 {
		return &throttledError{wait}
	}
	ok, err := h.checkCode(r.Context(), o, r.PostFormValue("code"))
	if err != nil {
		return err
	}
	if !ok {
		return h.renderDesk(w, r, c, http.StatusUnprocessableEntity, func(s web.DeskShell) web.Page { return web.CodePage{DeskShell: s, Wrong: true} })
	}
	if err := h.login(r.Context(), o); err != nil {
		return err
	}
	return h.goOn(w, r, h.takeNext(r.Context()))
}

// checkCode takes a code of the second factor, or a recovery code; each counts once.
func (h *Handlers) checkCode(ctx context.Context, o *callbackd.Operator, code string) (bool, error) {
	code = strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
	if len(code) == recoveryLength {
		return h.DB.UseRecoveryCode(ctx, o, codeDigest(code))
	}
	secret, err := h.DB.GetTwoFactor(ctx, o.ID)
	if err != nil || secret == "" {
		return false, err
	}
	step, ok := totpStep(secret, code, h.Now())
	if !ok {
		return false, nil
	}
	return h.DB.UseTwoFactorStep(ctx, o.ID, step)
}

const totpPeriod = 30 * time.Second

// totpStep returns which of the present step and its neighbours a code belongs to
// (RFC 6238, section 5.2: one step of drift on either side).
func totpStep(secret callbackd.Secret, code string, now time.Time) (step int64, ok bool) {
	for _, drift := range []time.Duration{0, -totpPeriod, totpPeriod} {
		at := now.Add(drift)
		if want, err := totp.GenerateCode(secret.Reveal(), at); err == nil && equalCodes(code, want) {
			return at.Unix() / int64(totpPeriod/time.Second), true
		}
	}
	return 0, false
}

func codeDigest(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

func (h *Handlers) doDeskLogout(w http.ResponseWriter, r *http.Request, _ *deskCall) error {
	if err := h.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	return h.goOn(w, r, "/desk/login")
}
