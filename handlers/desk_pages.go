package handlers

import (
	"context"
	"errors"
	"net/http"

	"callbackd"
	"callbackd/web"
)

// showPages is the switch of the operator pages, with what they risk.
func (h *Handlers) showPages(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	return h.renderPages(w, r, c, http.StatusOK, "")
}

func (h *Handlers) renderPages(w http.ResponseWriter, r *http.Request, c *deskCall, code int, wrong string) error {
	link, err := h.DB.GetConnection(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	page := web.PagesPage{On: c.account.MPWeb != nil, Wrong: wrong, HasLogin: h.PagesLogin != nil, State: h.connectOf(c, link)}
	if c.account.MPWeb != nil {
		page.Username, page.Dialect = c.account.MPWeb.Username, c.account.MPWeb.Dialect
	}
	return h.renderDesk(w, r, c, code, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// doPages switches the operator pages on, when an owner has said in so many words
// that the risk is taken, or off.
func (h *Handlers) doPages(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	a := *c.account
	if r.PostFormValue("off") != "" {
		a.MPWeb, a.Resolve = nil, nil
		if err := h.DB.SetAccountBy(r.Context(), &a, c.actor(), "mpweb-off", ""); err != nil {
			return err
		}
		h.say(r, "pages.off.done")
		return h.goOn(w, r, deskPath(&a, "pages"))
	}
	if r.PostFormValue("risk") != "taken" {
		return h.renderPages(w, r, c, http.StatusUnprocessableEntity, "pages.risk.missing")
	}
	login := callbackd.MPWebLogin{Username: word(r, "username"), Password: callbackd.Secret(r.PostFormValue("password")), Dialect: callbackd.Dialect(word(r, "dialect"))}
	if old := a.MPWeb; old != nil && login.Password == "" && old.Username == login.Username {
		login.Password = old.Password
	}
	a.MPWeb = &login
	if login.Dialect != callbackd.Dialect2014 && login.Dialect != callbackd.Dialect2016 || c.account.MPWeb != nil && c.account.MPWeb.Dialect != login.Dialect {
		a.Resolve = nil // the strategies of the other dialect
	}
	var wrong *callbackd.SettingError
	if err := a.Check(); errors.As(err, &wrong) {
		return h.renderPages(w, r, c, http.StatusUnprocessableEntity, wrongSetting(wrong))
	}
	if err := h.DB.SetAccountBy(r.Context(), &a, c.actor(), "mpweb-on", "the risk of the platform's terms and of a ban was taken"); err != nil {
		return err
	}
	h.say(r, "pages.on.done")
	return h.goOn(w, r, deskPath(&a, "pages"))
}

// doPagesLogin begins a login that somebody finishes with a phone.
func (h *Handlers) doPagesLogin(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if h.PagesLogin == nil || c.account.MPWeb == nil {
		return errNoSuchPage
	}
	a, actor := c.account, c.actor()
	h.errands.logIn(h.closing, h.PagesLogin, a, func(ctx context.Context) error {
		if err := h.DB.Audit(ctx, a.ID, actor, "mpweb-login", ""); err != nil {
			return err
		}
		return h.DB.WakeAccount(ctx, a)
	}, func(err error) { h.Log.Warn("a login to the operator pages failed", "account", a.Slug, "err", err) })
	return h.goOn(w, r, deskPath(a, "pages"))
}

// showPagesQR is the picture that somebody has to scan now.
func (h *Handlers) showPagesQR(w http.ResponseWriter, _ *http.Request, c *deskCall) error {
	run := h.errands.loginOf(c.account.ID)
	if run == nil || len(run.picture) == 0 {
		return errNoSuchPage
	}
	w.Header().Set("Content-Type", http.DetectContentType(run.picture))
	_, err := w.Write(run.picture)
	return err
}
