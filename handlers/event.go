package handlers

import (
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/wall"
	"callbackd/web"
)

// showPicture serves a logo or background of an event that a wall shows.
func (h *Handlers) showPicture(w http.ResponseWriter, r *http.Request) error {
	id := callbackd.PublicID(chi.URLParam(r, "id"))
	p, err := h.DB.GetEventPicture(r.Context(), id)
	if err != nil {
		return err
	}
	return h.serveBlob(w, r, id, p.Blob, p.Type)
}

// showStyle is the stylesheet with the colours and the background of an event that a
// wall shows. It sets tokens alone.
func (h *Handlers) showStyle(w http.ResponseWriter, r *http.Request) error {
	e, err := h.DB.GetShownEvent(r.Context(), callbackd.PublicID(chi.URLParam(r, "event")))
	if err != nil {
		return err
	}
	theme, err := e.Settings.Colours.Theme()
	if err != nil {
		return err // checked when it was stored
	}
	background := ""
	if e.Settings.Background != "" {
		background = wall.PicturePath(e.Settings.Background)
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = io.WriteString(w, web.ThemeCSS(theme, background))
	return err
}
