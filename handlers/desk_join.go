package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/web"
)

// OperatorLinkLife is how long a link lives that makes an operator.
const OperatorLinkLife = time.Hour

// errLinkOver says nothing of whether there ever was such a link.
var errLinkOver = callbackd.Public(callbackd.ErrGone, "error.link_over", nil)

// NewLinkToken draws what a one-time link shows and the digest that is stored of it.
func NewLinkToken() (token string, digest []byte) { return newToken() }

// OperatorLinkPath is where a link leads that makes an operator.
func OperatorLinkPath(token string) string { return "/desk/join/" + token }

// linkDigest reads the token of a path.
func linkDigest(r *http.Request) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(chi.URLParam(r, "token"))
	if err != nil || len(raw) != tokenBytes {
		return nil, errLinkOver
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// takeLink finds what a link's token leads to; guesses are throttled.
func takeLink[T any](h *Handlers, r *http.Request, get func(digest []byte) (T, error)) (T, []byte, error) {
	var none T
	if wait := h.throttle.take(ofAddress(h.clientAddr(r)), "link", allowLoginAddress); wait > 0 {
		return none, nil, &throttledError{wait}
	}
	digest, err := linkDigest(r)
	if err != nil {
		return none, nil, err
	}
	found, err := get(digest)
	if errors.Is(err, callbackd.ErrNotFound) {
		return none, nil, errLinkOver
	}
	return found, digest, err
}

// showDeskJoin is where a link leads that makes an operator.
func (h *Handlers) showDeskJoin(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if _, _, err := takeLink(h, r, func(d []byte) (callbackd.Grant, error) { return h.DB.GetOperatorLink(r.Context(), d) }); err != nil {
		return err
	}
	return h.renderJoin(w, r, c, http.StatusOK, "", "")
}

func (h *Handlers) renderJoin(w http.ResponseWriter, r *http.Request, c *deskCall, code int, name, wrong string) error {
	return h.renderDesk(w, r, c, code, func(s web.DeskShell) web.Page {
		return web.DeskJoinPage{DeskShell: s, Name: name, Wrong: wrong, PasswordLeast: PasswordLeast}
	})
}

// doDeskJoin makes the operator whom a link is for, and logs in.
func (h *Handlers) doDeskJoin(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	_, digest, err := takeLink(h, r, func(d []byte) (callbackd.Grant, error) { return h.DB.GetOperatorLink(r.Context(), d) })
	if err != nil {
		return err
	}
	name, password := r.PostFormValue("name"), r.PostFormValue("password")
	if !callbackd.ValidOperatorName(name) {
		return h.renderJoin(w, r, c, http.StatusUnprocessableEntity, name, "error.operator_name")
	}
	if err := CheckPassword(name, password); err != nil {
		return h.renderJoin(w, r, c, http.StatusUnprocessableEntity, name, "error.password")
	}
	hash, err := HashPassword(r.Context(), password)
	if err != nil {
		return err
	}
	o, err := h.DB.UseOperatorLink(r.Context(), digest, name, hash)
	switch {
	case errors.Is(err, callbackd.ErrNotFound):
		return errLinkOver
	case errors.Is(err, callbackd.ErrConflict):
		return h.renderJoin(w, r, c, http.StatusUnprocessableEntity, name, "error.operator_taken")
	case err != nil:
		return err
	}
	if err := h.login(r.Context(), o); err != nil {
		return err
	}
	return h.goOn(w, r, "/desk")
}
