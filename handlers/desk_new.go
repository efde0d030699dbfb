package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"callbackd"
	"callbackd/wall/filter"
	"callbackd/web"
)

// secretLetters are what the platform takes in a Token and an EncodingAESKey.
const secretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const (
	tokenLetters  = 32 // the most that the platform takes
	aesKeyLetters = 43
)

// newSecret draws a secret that the platform takes.
func newSecret(letters int) callbackd.Secret {
	b := make([]byte, letters)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(secretLetters))))
		if err != nil {
			panic(err) // it never fails
		}
		b[i] = secretLetters[n.Int64()]
	}
	return callbackd.Secret(b)
}

// showNewAccount is the form that makes an account. A script asks it for a slug
// that goes with a name.
func (h *Handlers) showNewAccount(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string]string{"slug": proposeSlug(r.URL.Query().Get("name"))})
		return nil
	}
	return h.renderNew(w, r, c, http.StatusOK, web.AccountForm{}, "")
}

func (h *Handlers) renderNew(w http.ResponseWriter, r *http.Request, c *deskCall, code int, f web.AccountForm, wrong string) error {
	return h.renderDesk(w, r, c, code, func(s web.DeskShell) web.Page {
		return web.NewAccountPage{DeskShell: s, Form: f, Wrong: wrong, Wall: h.PublicURL.JoinPath("wall").String() + "/"}
	})
}

// proposeSlug makes a slug of a name, Chinese by its reading; where nothing is left
// of it, one that is drawn.
func proposeSlug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(filter.Latin(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.Trim(b.String(), "-")
	if len(slug) > 40 {
		slug = strings.Trim(slug[:40], "-")
	}
	if s := callbackd.Slug(slug); s.Valid() && !s.Reserved() {
		return slug
	}
	return "wall-" + strings.ToLower(string(newSecret(5).Reveal()))
}

// doNewAccount makes an account. Token and EncodingAESKey are drawn here; they
// are shown on the page that follows, while it waits for the platform's check.
func (h *Handlers) doNewAccount(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	f := web.AccountForm{Name: word(r, "name"), Slug: word(r, "slug"), OriginalID: word(r, "original_id"), AppID: word(r, "app_id")}
	if f.Slug == "" {
		f.Slug = proposeSlug(f.Name)
	}
	a := &callbackd.Account{Slug: callbackd.Slug(f.Slug), Name: f.Name, OriginalID: f.OriginalID, AppID: f.AppID, AppSecret: callbackd.Secret(word(r, "app_secret")),
		Token: newSecret(tokenLetters), AESKey: newSecret(aesKeyLetters), Mode: callbackd.ModeSafe, Moderation: callbackd.ModerationHold}
	if a.AppID == "" {
		a.Mode = callbackd.ModePlain // the AppID stands inside whatever is encrypted
	}
	err := a.Check()
	if err == nil {
		err = h.DB.InsertAccount(r.Context(), a, c.actor())
	}
	var wrong *callbackd.SettingError
	switch {
	case errors.As(err, &wrong):
		return h.renderNew(w, r, c, http.StatusUnprocessableEntity, f, wrongSetting(wrong))
	case errors.Is(err, callbackd.ErrConflict):
		return h.renderNew(w, r, c, http.StatusUnprocessableEntity, f, "setting.taken")
	case err != nil:
		return fmt.Errorf("make an account: %w", err)
	}
	h.reveal(r, a)
	return h.goOn(w, r, deskPath(a, "connect"))
}

// word is a field of a form without the space that pasting brings.
func word(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// wrongSetting is the key of the text for a setting that is not as it must be.
// texts: setting.slug setting.name setting.original_id setting.app_id setting.app_secret setting.mode setting.join_url setting.mp_verify setting.mpweb setting.filters setting.other
func wrongSetting(e *callbackd.SettingError) string {
	switch e.Setting {
	case "slug", "name", "original_id", "app_id", "app_secret", "mode", "join_url", "mp_verify", "mpweb", "filters":
		return "setting." + e.Setting
	}
	return "setting.other"
}
