package handlers

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/pquerna/otp/totp"

	"callbackd"
	"callbackd/web"
)

const (
	recoveryCodes  = 10
	recoveryLength = 12         // characters of base32: 60 bits
	onceRecovery   = "recovery" // keyOnce is the codes
)

func equalCodes(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// showDeskMe is an operator's own page: password and second factor.
func (h *Handlers) showDeskMe(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	page := web.DeskMePage{TwoFactor: c.operator.TwoFactor, Codes: strings.Fields(h.takeOnce(r.Context(), onceRecovery))}
	var err error
	if page.Chiefs, err = h.chiefs(r, c); err != nil {
		return err
	}
	if !c.operator.TwoFactor {
		secret, err := h.newTwoFactor(r, c)
		if err != nil {
			return err
		}
		page.Secret = secret.Reveal()
		if page.QR, err = qrPicture(totpAddress(c.operator.Name, secret)); err != nil {
			return err
		}
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// totpAddress is what a QR says so that an authenticator takes the secret.
func totpAddress(name string, secret callbackd.Secret) string {
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/callbackd:" + name,
		RawQuery: url.Values{"secret": {secret.Reveal()}, "issuer": {"callbackd"}}.Encode()}).String()
}

// newTwoFactor returns the secret that is being set up in this session.
func (h *Handlers) newTwoFactor(r *http.Request, c *deskCall) (callbackd.Secret, error) {
	if s := h.sessions.GetString(r.Context(), keySecret); s != "" {
		return callbackd.Secret(s), nil
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "callbackd", AccountName: c.operator.Name})
	if err != nil {
		return "", err
	}
	h.sessions.Put(r.Context(), keySecret, key.Secret())
	return callbackd.Secret(key.Secret()), nil
}

// doDeskPassword replaces the operator's own password; every other session ends.
func (h *Handlers) doDeskPassword(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if err := h.confirmPassword(r, c); err != nil {
		return err
	}
	password := r.PostFormValue("new")
	if err := CheckPassword(c.operator.Name, password); err != nil {
		return err
	}
	hash, err := HashPassword(r.Context(), password)
	if err != nil {
		return err
	}
	if err := h.DB.SetOperatorPassword(r.Context(), c.operator.ID, hash, c.actor()); err != nil {
		return err
	}
	return h.stayLoggedIn(w, r, c, "me_desk.password.done")
}

// confirmPassword asks for the present password before what guards the account
// changes: an open desk is not enough.
func (h *Handlers) confirmPassword(r *http.Request, c *deskCall) error {
	if wait := h.throttle.take(c.operator.Name, "password", allowCode); wait > 0 {
		return &throttledError{wait}
	}
	ok, err := comparePassword(r.Context(), c.operator.Password, r.PostFormValue("password"))
	if err == nil && !ok {
		err = callbackd.Public(callbackd.ErrInvalid, "me_desk.password.wrong", nil)
	}
	return err
}

// stayLoggedIn begins this session anew after a step that ended all of them.
func (h *Handlers) stayLoggedIn(w http.ResponseWriter, r *http.Request, c *deskCall, said string) error {
	o, err := h.DB.GetOperator(r.Context(), c.operator.ID)
	if err != nil {
		return err
	}
	codes := h.takeOnce(r.Context(), onceRecovery)
	if err := h.login(r.Context(), o); err != nil {
		return err
	}
	if codes != "" {
		h.leaveOnce(r.Context(), onceRecovery, codes)
	}
	h.say(r, said)
	return h.goOn(w, r, "/desk/me")
}

// doTwoFactor switches the second factor on, with a code of it, or off.
func (h *Handlers) doTwoFactor(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if err := h.confirmPassword(r, c); err != nil {
		return err
	}
	if r.PostFormValue("off") != "" {
		if err := h.DB.SetTwoFactor(r.Context(), c.operator.ID, "", nil, c.actor()); err != nil {
			return err
		}
		return h.stayLoggedIn(w, r, c, "me_desk.two.off")
	}
	secret := callbackd.Secret(h.sessions.GetString(r.Context(), keySecret))
	step, ok := totpStep(secret, strings.TrimSpace(r.PostFormValue("code")), h.Now())
	if secret == "" || !ok {
		return errWrongCode
	}
	codes, digests := newRecoveryCodes()
	if err := h.DB.SetTwoFactor(r.Context(), c.operator.ID, secret, digests, c.actor()); err != nil {
		return err
	}
	if _, err := h.DB.UseTwoFactorStep(r.Context(), c.operator.ID, step); err != nil { // a code counts once, this one too
		return err
	}
	h.leaveOnce(r.Context(), onceRecovery, strings.Join(codes, " "))
	return h.stayLoggedIn(w, r, c, "me_desk.two.on")
}

// newRecoveryCodes draws codes, as people read them, and what is stored of them.
func newRecoveryCodes() (codes []string, digests [][]byte) {
	for range recoveryCodes {
		code := rand.Text()[:recoveryLength]
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:])
		digests = append(digests, codeDigest(code))
	}
	return codes, digests
}
