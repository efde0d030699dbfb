package handlers

import (
	"net/http"

	"callbackd/web"
)

// showMe is "my notices" of an account. It is the same for everybody: what is
// somebody's own is read by its scripts.
func (h *Handlers) showMe(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return web.Render(w, web.MePage{Lang: web.LangOf(r), Slug: string(a.Slug), Name: a.Name})
}
