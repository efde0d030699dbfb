package handlers

import (
	"errors"
	"net/http"
	"strings"

	"callbackd"
	"callbackd/web"
)

// showSettings is the form with what an account is set to.
func (h *Handlers) showSettings(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	return h.renderSettings(w, r, c, http.StatusOK, *c.account, "")
}

func (h *Handlers) renderSettings(w http.ResponseWriter, r *http.Request, c *deskCall, code int, a callbackd.Account, wrong string) error {
	return h.renderDesk(w, r, c, code, func(s web.DeskShell) web.Page {
		return web.SettingsPage{DeskShell: s, Wrong: wrong, Name: a.Name, OriginalID: a.OriginalID, AppID: a.AppID, HasSecret: a.AppSecret != "", Mode: a.Mode,
			Moderation: a.Moderation, JoinURL: a.JoinURL, Welcome: a.Welcome, MPVerify: a.MPVerify, Owned: a.Owner}
	})
}

// doSettings changes an account. Only an owner replaces the app secret; an empty
// one stays as it is.
func (h *Handlers) doSettings(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	was, err := h.DB.GetAccountByID(r.Context(), c.account.ID) // what others just set stays as it is
	if err != nil {
		return err
	}
	a := *was
	a.Name, a.OriginalID, a.AppID = word(r, "name"), word(r, "original_id"), word(r, "app_id")
	a.Mode, a.Moderation = callbackd.Mode(word(r, "mode")), callbackd.Moderation(word(r, "moderation"))
	a.JoinURL, a.Welcome, a.MPVerify = word(r, "join_url"), strings.ReplaceAll(word(r, "welcome"), "\r\n", "\n"), word(r, "mp_verify")
	action := "account-set"
	if secret := word(r, "app_secret"); secret != "" {
		if !c.role.Allows(callbackd.RoleOwner) {
			return errNotYourRole
		}
		a.AppSecret, action = callbackd.Secret(secret), "secrets-replace"
	}
	if a.AppID == "" {
		a.AppSecret = ""
	}
	var wrong *callbackd.SettingError
	if err := a.Check(); errors.As(err, &wrong) {
		return h.renderSettings(w, r, c, http.StatusUnprocessableEntity, a, wrongSetting(wrong))
	}
	if err := h.DB.SetAccountBy(r.Context(), &a, c.actor(), action, strings.Join(changed(was, &a), " ")); err != nil {
		return err
	}
	h.say(r, "settings.done")
	return h.goOn(w, r, deskPath(&a, "settings"))
}

// changed names the settings in which two accounts differ, for the audit: no values.
func changed(was, is *callbackd.Account) (names []string) {
	for _, s := range []struct {
		name   string
		differ bool
	}{
		{"name", was.Name != is.Name}, {"original_id", was.OriginalID != is.OriginalID}, {"app_id", was.AppID != is.AppID}, {"app_secret", was.AppSecret != is.AppSecret},
		{"mode", was.Mode != is.Mode}, {"moderation", was.Moderation != is.Moderation}, {"join_url", was.JoinURL != is.JoinURL}, {"welcome", was.Welcome != is.Welcome},
		{"mp_verify", was.MPVerify != is.MPVerify},
	} {
		if s.differ {
			names = append(names, s.name)
		}
	}
	return names
}

// doRemoveAccount removes an account with all that it has, when its slug was typed.
func (h *Handlers) doRemoveAccount(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if word(r, "slug") != string(c.account.Slug) {
		return h.renderSettings(w, r, c, http.StatusUnprocessableEntity, *c.account, "settings.remove.wrong")
	}
	blobs, err := h.DB.DeleteAccount(r.Context(), c.account.ID, c.actor())
	if err != nil {
		return err
	}
	for _, key := range blobs {
		if err := h.Blobs.Delete(r.Context(), key); err != nil {
			h.Log.Warn("a file of a removed account stays; nothing names it", "err", err)
		}
	}
	h.say(r, "settings.removed")
	return h.goOn(w, r, "/desk")
}
