package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/notify"
	"callbackd/store"
	"callbackd/web"
)

// historyMost is how many of a sender's messages lie at hand.
const historyMost = 60

// nameKey folds what is looked for as the index of names does.
func nameKey(s string) string { return notify.FoldName(s) }

// showSender shows what one sender sent, with the steps on all of it.
func (h *Handlers) showSender(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	id := callbackd.PublicID(chi.URLParam(r, "sender"))
	at := h.DB.Now()
	rows, err := h.DB.ListHistory(r.Context(), c.account.ID, id, historyMost)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return callbackd.ErrNotFound
	}
	standing, err := h.DB.GetStanding(r.Context(), c.account.ID, id)
	if err != nil {
		return err
	}
	stage, _, err := h.DB.GetStage(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	items := h.queueItems(c, rows, stage, "sender/"+string(id))
	first := rows[0]
	page := web.SenderPage{Sender: items[0].Row.Sender, ID: id, At: at.UnixMilli(), Seen: markOf(first), Before: faceBefore(deskPath(c.account), first),
		Held: standing.Held, Shown: standing.Shown, Refused: standing.Refused, Removed: standing.Removed,
		Trusted: first.Sender.Trusted, Blocked: first.Sender.Blocked, Messages: items}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// doSender takes a step on everything of one sender, or on the sender.
func (h *Handlers) doSender(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	public := callbackd.PublicID(chi.URLParam(r, "sender"))
	rows, err := h.DB.ListHistory(r.Context(), c.account.ID, public, 1)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return callbackd.ErrNotFound
	}
	id, do := rows[0].Sender.ID, r.PostFormValue("do")
	switch do {
	case "block", "unblock":
		err = h.DB.SetBlocked(r.Context(), c.account.ID, id, do == "block", c.actor())
	case "trust", "untrust":
		err = h.DB.SetTrusted(r.Context(), c.account.ID, id, do == "trust", c.actor())
	case "approve", "refuse", "remove":
		return h.doDecideSender(w, r, c, store.SenderVerdict{Sender: public, Decision: callbackd.Decision(do)})
	default:
		return badValue("do")
	}
	if err != nil {
		return err
	}
	if do == "block" { // what waits of somebody who is blocked waits for nobody
		by := store.By{Actor: c.actor()}
		if _, err := h.DB.DecideSender(r.Context(), c.account.ID, by, store.SenderVerdict{Sender: public, Decision: callbackd.DecisionRefuse}); err != nil {
			return err
		}
	}
	return h.goOn(w, r, h.backOf(r, c))
}

func (h *Handlers) doDecideSender(w http.ResponseWriter, r *http.Request, c *deskCall, v store.SenderVerdict) error {
	by, err := h.by(r, c)
	if err != nil {
		return err
	}
	if v.LookedAt, err = h.lookedAt(r); err != nil {
		return err
	}
	if _, v.Seen, err = readMark(r.PostFormValue("seen")); err != nil {
		return err
	}
	out, err := h.DB.DecideSender(r.Context(), c.account.ID, by, v)
	if err != nil {
		return err
	}
	return h.decided(w, r, c, out, errDecided)
}
