package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

func noticeID(r *http.Request) callbackd.NoticeID { return callbackd.NoticeID(chi.URLParam(r, "nid")) }

// doAcknowledge takes a device's word that it shows a notice.
func (h *Handlers) doAcknowledge(w http.ResponseWriter, r *http.Request, c caller) error {
	var in struct {
		How callbackd.How `json:"how"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if !in.How.Valid() {
		return refuse(callbackd.ErrInvalid, "how 是 inline、prompt 或 silent", "how is inline, prompt or silent")
	}
	if err := h.Notices.Acknowledge(r.Context(), c.Viewer, noticeID(r), in.How); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

// doRead takes a follower's word that a notice is read.
func (h *Handlers) doRead(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := h.Notices.Read(r.Context(), c.Viewer, noticeID(r)); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

// showNotices is a page of the inbox, newest first.
func (h *Handlers) showNotices(w http.ResponseWriter, r *http.Request, c caller) error {
	limit, err := queryLimit(r)
	if err != nil {
		return refuse(callbackd.ErrInvalid, "limit 是 1 到 200", "limit is 1 to 200")
	}
	inbox, err := h.Notices.Inbox(r.Context(), c.Viewer, callbackd.NoticeID(r.URL.Query().Get("before")), limit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, inbox)
	return nil
}
