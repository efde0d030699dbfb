package handlers

import (
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// showMPVerify is the file by which the platform sees that this host belongs to
// an account, before it lets the account's web authorisation lead here.
func (h *Handlers) showMPVerify(w http.ResponseWriter, r *http.Request) error {
	code := chi.URLParam(r, "code")
	known, err := h.DB.HasMPVerify(r.Context(), code)
	if err != nil {
		return err
	}
	if !known {
		return errNoSuchPage
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err = io.WriteString(w, code)
	return err
}
