package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/web"
)

const onceOperator = "operator" // keyOnce is the fresh link

// showOperators lists who works on this installation.
func (h *Handlers) showOperators(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	all, err := h.DB.ListOperators(r.Context())
	if err != nil {
		return err
	}
	accounts, err := h.DB.ListAccounts(r.Context())
	if err != nil {
		return err
	}
	page := web.OperatorsPage{Me: c.operator.ID}
	for _, a := range accounts {
		page.Accounts = append(page.Accounts, web.DeskAccount{ID: a.ID, Slug: string(a.Slug), Name: a.Name})
	}
	for _, o := range all {
		page.Operators = append(page.Operators, *o)
	}
	page.Fresh = h.takeOnce(r.Context(), onceOperator)
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// grantOf reads what a form grants: everything, or a role on an account.
func (h *Handlers) grantOf(r *http.Request) (callbackd.Grant, error) {
	role := callbackd.Role(r.PostFormValue("role"))
	if role == "everything" {
		return callbackd.Grant{Everything: true}, nil
	}
	a, err := h.accounts.get(r.Context(), callbackd.Slug(r.PostFormValue("account")))
	if err != nil {
		return callbackd.Grant{}, callbackd.Public(callbackd.ErrInvalid, "operators.account.wrong", err)
	}
	if !role.Valid() {
		return callbackd.Grant{}, callbackd.Public(callbackd.ErrInvalid, "operators.role.wrong", nil)
	}
	return callbackd.Grant{Account: a.ID, Role: role}, nil
}

// doInviteOperator makes a link by which somebody becomes an operator; it is shown once.
func (h *Handlers) doInviteOperator(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	g, err := h.grantOf(r)
	if err != nil {
		return err
	}
	token, digest := newToken()
	if err := h.DB.InsertOperatorLink(r.Context(), digest, g, h.Now().Add(OperatorLinkLife), c.actor()); err != nil {
		return err
	}
	h.leaveOnce(r.Context(), onceOperator, h.PublicURL.JoinPath(OperatorLinkPath(token)).String())
	return h.goOn(w, r, "/desk/operators")
}

// operatorOf reads the operator that a path names.
func (h *Handlers) operatorOf(ctx context.Context, r *http.Request) (*callbackd.Operator, error) {
	id, err := strconv.ParseInt(chi.URLParam(r, "operator"), 10, 64)
	if err != nil {
		return nil, errNoSuchPage
	}
	o, err := h.DB.GetOperator(ctx, callbackd.OperatorID(id))
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, errNoSuchPage
	}
	return o, err
}

// doOperatorRole gives an operator a role on an account, or takes it away.
func (h *Handlers) doOperatorRole(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	o, err := h.operatorOf(r.Context(), r)
	if err != nil {
		return err
	}
	a, err := h.accounts.get(r.Context(), callbackd.Slug(r.PostFormValue("account")))
	if err != nil {
		return callbackd.Public(callbackd.ErrInvalid, "operators.account.wrong", err)
	}
	role := callbackd.Role(r.PostFormValue("role"))
	if role != "" && !role.Valid() {
		return callbackd.Public(callbackd.ErrInvalid, "operators.role.wrong", nil)
	}
	if err := h.DB.SetOperatorRole(r.Context(), o.ID, a.ID, role, c.actor()); err != nil {
		return err
	}
	return h.goOn(w, r, "/desk/operators")
}

// doRemoveOperator removes an operator. Nobody removes themselves: the last owner
// would be gone.
func (h *Handlers) doRemoveOperator(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	o, err := h.operatorOf(r.Context(), r)
	if err != nil {
		return err
	}
	if o.ID == c.operator.ID {
		return callbackd.Public(callbackd.ErrConflict, "operators.not_me", nil)
	}
	if err := h.DB.DeleteOperator(r.Context(), o.ID, c.actor()); err != nil && !errors.Is(err, callbackd.ErrNotFound) {
		return err
	}
	return h.goOn(w, r, "/desk/operators")
}
