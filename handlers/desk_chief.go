package handlers

import (
	"context"
	"net/http"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/web"
)

const onceChief = "chief " // in front of the account's slug: keyOnce is its code

// chiefs are the accounts that an operator owns, and whether they may be halted
// from the operator's WeChat.
func (h *Handlers) chiefs(r *http.Request, c *deskCall) ([]web.Chief, error) {
	accounts, err := h.DB.ListAccounts(r.Context())
	if err != nil {
		return nil, err
	}
	var all []web.Chief
	for _, a := range accounts {
		if !c.roleOn(a.ID).Allows(callbackd.RoleOwner) {
			continue
		}
		bound, err := h.DB.IsChief(r.Context(), c.operator.ID, a.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, web.Chief{Slug: string(a.Slug), Name: a.Name, Bound: bound, Sealed: a.Mode.Encrypted(),
			Code: h.takeOnce(r.Context(), onceChief+string(a.Slug))})
	}
	return all, nil
}

// doChief gives an owner the code that makes them known as a follower of an
// account, or forgets which one they are.
func (h *Handlers) doChief(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	a, err := h.accounts.get(r.Context(), callbackd.Slug(r.PostFormValue("account")))
	if err != nil || !c.roleOn(a.ID).Allows(callbackd.RoleOwner) {
		return errNoSuchAccount
	}
	if r.PostFormValue("off") != "" {
		err = h.DB.EndChief(r.Context(), c.operator.ID, a.ID, c.actor())
	} else {
		err = h.startChief(r.Context(), c, a)
	}
	if err != nil {
		return err
	}
	return h.goOn(w, r, "/desk/me")
}

func (h *Handlers) startChief(ctx context.Context, c *deskCall, a *callbackd.Account) error {
	code := notify.NewCode()
	if err := h.DB.StartChief(ctx, c.operator.ID, a.ID, code, h.Now().Add(callbackd.BindingMinutes*time.Minute)); err != nil {
		return err
	}
	h.leaveOnce(ctx, onceChief+string(a.Slug), code)
	return nil
}
