package handlers

import (
	"net/http"

	"callbackd"
	"callbackd/web"
)

// auditRows is how many steps a page of the trail shows.
const auditRows = 100

// showAudit is the trail of an account: who did what, newest first.
func (h *Handlers) showAudit(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	return h.renderAudit(w, r, c, c.account.ID)
}

// showInstallationAudit is the trail of what is about no account.
func (h *Handlers) showInstallationAudit(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	return h.renderAudit(w, r, c, 0)
}

func (h *Handlers) renderAudit(w http.ResponseWriter, r *http.Request, c *deskCall, account callbackd.AccountID) error {
	before, _, err := queryInt(r, "before", 1, maxSeq)
	if err != nil {
		return err
	}
	entries, err := h.DB.ListAudit(r.Context(), account, before, auditRows)
	if err != nil {
		return err
	}
	var page web.AuditPage
	for _, e := range entries {
		page.Entries = append(page.Entries, web.AuditEntry{At: e.At, Actor: e.Actor, Action: e.Action, Message: e.Public, Detail: e.Detail})
	}
	if len(entries) == auditRows {
		page.Before = entries[len(entries)-1].ID
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}
