package handlers

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/wall"
)

// avatarRows bounds how far back a picture is looked for on a sender's messages.
const avatarRows = 500

// showAvatar serves the picture of a sender: a copy of the platform's, which
// the gate must have let through, or the drawn one.
func (h *Handlers) showAvatar(w http.ResponseWriter, r *http.Request) error {
	id := callbackd.PublicID(chi.URLParam(r, "id"))
	ctx := r.Context()
	a, err := h.DB.GetAvatar(ctx, id)
	if errors.Is(err, callbackd.ErrNotFound) {
		return h.showDrawnAvatar(w, r, id)
	}
	if err != nil {
		return err
	}
	sender, err := h.DB.GetSenderByPerson(ctx, a.Person)
	if err != nil {
		return err
	}
	shown, err := h.DB.ListRowsOfSender(ctx, sender, avatarRows)
	if err != nil {
		return err
	}
	if !wall.MayServeAvatar(shown, id) {
		return callbackd.ErrNotFound
	}
	return h.serveBlob(w, r, id, a.Blob, a.Type)
}

// showDrawnAvatar draws a face from the sender's random value; it tells nothing.
func (h *Handlers) showDrawnAvatar(w http.ResponseWriter, r *http.Request, id callbackd.PublicID) error {
	_, seed, err := h.DB.GetSenderByAvatar(r.Context(), id)
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "image/svg+xml")
	head.Set("ETag", `"`+string(id)+`"`)
	head.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	head.Set("Cache-Control", "private, max-age=86400")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wall.DrawnAvatar(seed)))
	return nil
}
