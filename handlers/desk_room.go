package handlers

import (
	"bytes"
	"context"
	"net/http"

	"callbackd"
	"callbackd/web"
)

// renderDesk writes a page of the desk: the page's own struct around the shell that
// all of them share.
func (h *Handlers) renderDesk(w http.ResponseWriter, r *http.Request, c *deskCall, code int, page func(web.DeskShell) web.Page) error {
	shell := web.DeskShell{Lang: c.lang, CSRF: c.csrf, Path: r.URL.Path}
	if c.operator != nil {
		shell.Who, shell.Operator, shell.Everything = c.operator.Name, true, c.operator.Everything
	} else if c.link != nil {
		shell.Who = c.link.Label
	}
	if c.account != nil {
		shell.Slug, shell.Account, shell.Role = string(c.account.Slug), c.account.Name, c.role
	}
	if key := h.sessions.PopString(r.Context(), keySaid); key != "" {
		shell.Said = c.lang.TextOr(key)
	}
	var b bytes.Buffer // what was popped is kept in the session until the page is there
	if err := web.Render(&b, page(shell)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // a reader that has gone is no error of ours
	return nil
}

// showDeskAccounts lists the accounts on which whoever asks has a role. The bearer
// of a link has one, and is led there.
func (h *Handlers) showDeskAccounts(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	accounts, err := h.DB.ListAccounts(r.Context())
	if err != nil {
		return err
	}
	var page web.DeskAccountsPage
	for _, a := range accounts {
		role := c.roleOn(a.ID)
		if !role.Valid() {
			continue
		}
		if c.link != nil {
			return h.goOn(w, r, deskPath(a))
		}
		page.Accounts = append(page.Accounts, web.DeskAccount{ID: a.ID, Slug: string(a.Slug), Name: a.Name, Role: role})
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// showRoom is the first page of an account's desk: how the room is.
func (h *Handlers) showRoom(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	state, err := h.readRoom(r.Context(), c.account)
	if err != nil {
		return err
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.RoomPage{DeskShell: s, Room: state} })
}

func (h *Handlers) readRoom(ctx context.Context, a *callbackd.Account) (web.Room, error) {
	counts, err := h.DB.CountMessages(ctx, a.ID)
	if err != nil {
		return web.Room{}, err
	}
	stage, err := h.stageState(ctx, a)
	return web.Room{Held: counts[callbackd.StateHeld], Shown: counts[callbackd.StateShown], Stage: stage}, err
}

// roomState is the room as its page hears it.
func (h *Handlers) roomState(ctx context.Context, c *deskCall) (any, error) {
	return h.readRoom(ctx, c.account)
}
