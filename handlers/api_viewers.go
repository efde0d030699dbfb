package handlers

import (
	"fmt"
	"net/http"

	"callbackd"
)

// doViewer makes a viewer for an account's wall: a browser or app that is not
// bound to anybody yet.
func (h *Handlers) doViewer(w http.ResponseWriter, r *http.Request) error {
	if h.isForeign(r) {
		return errForeignPage // it would take the place of the cookie that is there
	}
	if wait := h.throttle.take(ofAddress(h.clientAddr(r)), "viewers", allowViewers); wait > 0 {
		return &throttledError{wait}
	}
	var in struct {
		Account callbackd.Slug `json:"account"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Account == "" {
		return refuse(callbackd.ErrInvalid, `请用 {"account":"…"} 说明是哪面墙`, `say whose wall by {"account":"…"}`)
	}
	a, err := h.accounts.get(r.Context(), in.Account)
	if err != nil {
		return err
	}
	token, digest := newToken()
	v, err := h.DB.InsertViewer(r.Context(), a.ID, digest)
	if err != nil {
		return fmt.Errorf("make a viewer: %w", err)
	}
	h.setCookie(w, r, a.Slug, token, cookieLife)
	writeJSON(w, http.StatusCreated, struct {
		Token  string             `json:"token"`
		Viewer callbackd.PublicID `json:"viewer"`
	}{token, v.PublicID})
	return nil
}
