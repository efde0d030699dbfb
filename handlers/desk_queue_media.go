package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// showDeskMedia serves a file of a message of this account to its own people,
// before it was let through, and after it was taken down.
func (h *Handlers) showDeskMedia(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	id := callbackd.PublicID(chi.URLParam(r, "id"))
	row, err := h.DB.GetRowByFile(r.Context(), id)
	if err != nil {
		return err
	}
	if row.Message.Account != c.account.ID || row.Message.State == callbackd.StateErased {
		return callbackd.ErrNotFound
	}
	for _, v := range []*callbackd.Variant{row.Media.Main, row.Media.Poster, row.Media.Thumb} {
		if v != nil && v.ID == id {
			return h.serveBlob(w, r, id, v.Blob, v.Type)
		}
	}
	return callbackd.ErrNotFound
}

// showDeskAvatar serves a picture of a person of this account, passed or not.
func (h *Handlers) showDeskAvatar(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	id := callbackd.PublicID(chi.URLParam(r, "id"))
	a, err := h.DB.GetAvatarOf(r.Context(), c.account.ID, id)
	if err != nil {
		return err
	}
	return h.serveBlob(w, r, id, a.Blob, a.Type)
}
