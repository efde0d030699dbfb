package handlers

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/wall"
)

// showMedia serves a file of a message. The gate is asked on each request.
func (h *Handlers) showMedia(w http.ResponseWriter, r *http.Request) error {
	id := callbackd.PublicID(chi.URLParam(r, "id"))
	row, err := h.DB.GetRowByFile(r.Context(), id)
	if err != nil {
		return err
	}
	v, err := wall.MayServeFile(row, id)
	if err != nil {
		return err
	}
	return h.serveBlob(w, r, id, v.Blob, v.Type)
}

// serveBlob answers with ranges and validators. What a path names never
// changes, so its id is the ETag; it may vanish, so it is asked for each time.
func (h *Handlers) serveBlob(w http.ResponseWriter, r *http.Request, id callbackd.PublicID, key, typ string) error {
	f, _, err := h.Blobs.Open(r.Context(), key)
	if err != nil {
		return fmt.Errorf("open blob: %w", err)
	}
	defer f.Close()
	head := w.Header()
	head.Set("Content-Type", typ)
	head.Set("ETag", `"`+string(id)+`"`)
	head.Set("Content-Security-Policy", "sandbox")
	head.Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
