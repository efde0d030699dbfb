package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/web"
)

// How long a moderator's link may live, and how long where nobody says.
const (
	linkLifeMost = 30 * 24 * time.Hour
	linkLife     = 24 * time.Hour
	labelMost    = 40 // characters
)

const onceLink = "link " // in front of the account's slug: keyOnce is the fresh link

// showModeratorLinks lists the links of an account.
func (h *Handlers) showModeratorLinks(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	links, err := h.DB.ListModeratorLinks(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	page := web.LinksPage{Now: h.Now()}
	for _, l := range links {
		page.Links = append(page.Links, *l)
	}
	if page.Fresh = h.takeOnce(r.Context(), onceLink+string(c.account.Slug)); page.Fresh != "" {
		if page.QR, err = qrPicture(page.Fresh); err != nil {
			return err
		}
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// doAddModeratorLink makes a link to this account's queue; it is shown once.
func (h *Handlers) doAddModeratorLink(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	label := strings.TrimSpace(r.PostFormValue("label"))
	if n := utf8.RuneCountInString(label); n < 1 || n > labelMost || !utf8.ValidString(label) {
		return callbackd.Public(callbackd.ErrInvalid, "links.label.wrong", nil)
	}
	life := linkLife
	if hours := r.PostFormValue("hours"); hours != "" {
		n, err := strconv.Atoi(hours)
		if life = time.Duration(n) * time.Hour; err != nil || n < 1 || life > linkLifeMost {
			return callbackd.Public(callbackd.ErrInvalid, "links.hours.wrong", nil)
		}
	}
	token, digest := newToken()
	if _, err := h.DB.InsertModeratorLink(r.Context(), c.account.ID, label, digest, h.Now().Add(life), c.actor()); err != nil {
		return err
	}
	h.leaveOnce(r.Context(), onceLink+string(c.account.Slug), h.PublicURL.JoinPath("desk", "moderate", token).String())
	return h.goOn(w, r, deskPath(c.account, "links"))
}

// doRevokeModeratorLink ends a link and whatever is open under it.
func (h *Handlers) doRevokeModeratorLink(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	err := h.DB.RevokeModeratorLink(r.Context(), c.account.ID, callbackd.PublicID(chi.URLParam(r, "link")), c.actor())
	if err != nil && !errors.Is(err, callbackd.ErrNotFound) { // revoked before: that is what was wanted
		return err
	}
	return h.goOn(w, r, deskPath(c.account, "links"))
}

// showModeratorLink is where a moderator's link leads. It spends nothing: a chat
// that looks at the page for a preview must not take the link from whom it is for.
func (h *Handlers) showModeratorLink(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	l, _, err := takeLink(h, r, func(d []byte) (*callbackd.ModeratorLink, error) { return h.DB.GetUnopenedLink(r.Context(), d) })
	if err != nil {
		return err
	}
	a, err := h.accounts.getByID(r.Context(), l.Account)
	if err != nil {
		return errLinkOver
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page {
		return web.ModeratePage{DeskShell: s, Name: a.Name, Label: l.Label, ExpiresAt: l.ExpiresAt}
	})
}

// doModeratorLink spends the link for a session on this device.
func (h *Handlers) doModeratorLink(w http.ResponseWriter, r *http.Request, _ *deskCall) error {
	l, _, err := takeLink(h, r, func(d []byte) (*callbackd.ModeratorLink, error) {
		return h.DB.OpenModeratorLink(r.Context(), d, deviceOf(r.UserAgent()))
	})
	if err != nil {
		return err
	}
	a, err := h.accounts.getByID(r.Context(), l.Account)
	if err != nil {
		return errLinkOver
	}
	ctx := r.Context()
	if err := h.begin(ctx, func() {
		h.sessions.Put(ctx, keyLink, int64(l.ID))
		h.sessions.Remove(ctx, keyNext)
	}); err != nil {
		return err
	}
	return h.goOn(w, r, deskPath(a))
}

// deviceOf says in a few words what a browser calls itself, for the list of links.
func deviceOf(agent string) string {
	find := func(names ...string) string {
		for i := 0; i+1 < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return "?"
	}
	return find("MicroMessenger", "WeChat", "Edg", "Edge", "Firefox", "Firefox", "Chrome", "Chrome", "Safari", "Safari") + " · " +
		find("iPhone", "iPhone", "iPad", "iPad", "HarmonyOS", "HarmonyOS", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
}

// deskPath is a page of an account's desk.
func deskPath(a *callbackd.Account, parts ...string) string {
	return "/desk/" + strings.Join(append([]string{string(a.Slug)}, parts...), "/")
}
