package handlers

import (
	"net/http"

	"callbackd/store"
	"callbackd/wall"
	"callbackd/web"
)

// wallPageRows is how many messages the page holds when it comes.
const wallPageRows = 50

// showWall is the page of an account.
func (h *Handlers) showWall(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	span := store.Span{Limit: wallPageRows}
	if before, ok, err := queryInt(r, "before", 1, maxSeq); err != nil {
		return err
	} else if ok {
		span.Before = before // older rows for readers without JavaScript
	}
	messages, err := wall.MessagesIn(r.Context(), h.DB, a, span)
	if err != nil {
		return err
	}
	text, err := h.joinText(r.Context(), a)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return web.Render(w, web.WallPage{Lang: web.LangOf(r), Slug: string(a.Slug), Name: a.Name, Rev: messages.Rev,
		Messages: messages.Messages, Control: messages.Control, JoinQR: text != "", Older: span.Before > 0})
}

// showIndex is the front page. It names no account.
func (h *Handlers) showIndex(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return web.Render(w, web.IndexPage{Lang: web.LangOf(r)})
}
