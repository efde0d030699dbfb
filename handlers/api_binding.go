package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/skip2/go-qrcode"

	"callbackd"
	"callbackd/notify"
	"callbackd/wall"
	"callbackd/wechat"
)

// sceneQRLimit is how long the answer waits for the platform to make a QR.
const sceneQRLimit = 5 * time.Second

// bindingStatus is how far a viewer is with being bound.
type bindingStatus struct {
	State string `json:"state"`
	Name  string `json:"name,omitempty"` // the follower's public name, once the follower said yes
}

func (h *Handlers) showBinding(w http.ResponseWriter, r *http.Request, c caller) error {
	out := bindingStatus{State: "none"}
	who := c.Sender
	b, err := h.DB.GetBinding(r.Context(), c.ID)
	switch {
	case err == nil && b.State == callbackd.BindingAgreed:
		out.State, who = "confirm", b.Sender
	case err == nil:
		out.State, who = "waiting", 0
	case !errors.Is(err, callbackd.ErrNotFound):
		return fmt.Errorf("read binding: %w", err)
	case c.Sender != 0:
		out.State = "bound"
	}
	if who != 0 {
		face, err := h.DB.GetFace(r.Context(), who)
		if err != nil {
			return fmt.Errorf("read follower: %w", err)
		}
		out.Name = wall.PublicName(face, c.account.ModerationNow())
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// doBinding starts to bind a viewer: its follower sends the code to the account,
// or scans the QR that says the same.
func (h *Handlers) doBinding(w http.ResponseWriter, r *http.Request, c caller) error {
	code, expires := notify.NewCode(), h.Now().Add(callbackd.BindingMinutes*time.Minute)
	if err := h.DB.StartBinding(r.Context(), c.Viewer, code, expires); err != nil {
		return fmt.Errorf("start binding: %w", err)
	}
	qr := h.sceneQR(r.Context(), c.account, code)
	if qr != "" {
		if err := h.DB.SetBindingQR(r.Context(), c.ID, expires, callbackd.Secret(qr)); err != nil {
			return fmt.Errorf("keep the QR of a binding: %w", err)
		}
	}
	writeJSON(w, http.StatusOK, struct {
		Code      string `json:"code"`
		ExpiresAt string `json:"expires_at"`
		QR        string `json:"qr,omitempty"`
	}{code, expires.UTC().Format(time.RFC3339), qr})
	return nil
}

// sceneQR asks the platform for a QR that binds like a code; empty where there
// is none to be had: the code is enough.
func (h *Handlers) sceneQR(ctx context.Context, a *callbackd.Account, code string) string {
	if h.CreateQR == nil || !a.HasAPI() {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, sceneQRLimit)
	defer cancel()
	qr, err := h.CreateQR(ctx, a, callbackd.SceneOfCode(code), callbackd.BindingMinutes*time.Minute)
	if err == nil {
		return qr.URL
	}
	if wechat.IsNoPermission(err) {
		return "" // an account that is not verified; doctor tells its operator
	}
	var answer *wechat.APIError
	if errors.As(err, &answer) { // its text is the platform's, and might repeat the code
		h.Log.Warn("no QR for a binding", "account", a.Slug, "errcode", answer.Code)
	} else {
		h.Log.Warn("no QR for a binding", "account", a.Slug, "err", err)
	}
	return ""
}

// showBindingQR draws the QR of the binding in progress.
func (h *Handlers) showBindingQR(w http.ResponseWriter, r *http.Request, c caller) error {
	text, err := h.DB.GetBindingQR(r.Context(), c.ID)
	if err != nil {
		return err
	}
	qr, err := qrcode.New(text.Reveal(), qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the QR of a binding: %w", err)
	}
	return writeQRCode(w, qr, "no-store")
}

// doConfirmBinding is the browser's yes, the second of the two.
func (h *Handlers) doConfirmBinding(w http.ResponseWriter, r *http.Request, c caller) error {
	ctx := r.Context()
	old, err := h.devicesHere(ctx, c)
	if err != nil {
		return err
	}
	who, err := h.DB.ConfirmBinding(ctx, c.ID)
	if errors.Is(err, callbackd.ErrConflict) || errors.Is(err, callbackd.ErrNotFound) {
		return refuse(callbackd.ErrConflict, "微信里还没有确认，或验证码已过期；GET /api/v1/me/binding 看状态",
			"not agreed to in WeChat yet, or over: GET /api/v1/me/binding tells which")
	}
	if err != nil {
		return fmt.Errorf("confirm binding: %w", err)
	}
	if c.Sender != 0 && c.Sender != who {
		h.dropDevices(old)
		h.Live.DropViewer(c.ID)
		h.Notices.Changed(ctx, c.Sender)
	}
	h.Notices.Changed(ctx, who)
	c.Sender = who
	return h.showBinding(w, r, c)
}

// devicesHere are the devices that live in the caller's browser or app.
func (h *Handlers) devicesHere(ctx context.Context, c caller) ([]callbackd.Device, error) {
	if c.Sender == 0 {
		return nil, nil
	}
	all, err := h.DB.ListDevices(ctx, c.Sender)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	var here []callbackd.Device
	for _, d := range all {
		if d.Viewer == c.ID {
			here = append(here, d)
		}
	}
	return here, nil
}

// doUnbind frees a viewer, or ends its wish to be bound.
func (h *Handlers) doUnbind(w http.ResponseWriter, r *http.Request, c caller) error {
	devices, err := h.DB.UnbindViewer(r.Context(), c.ID)
	if err != nil {
		return fmt.Errorf("unbind: %w", err)
	}
	h.dropDevices(devices)
	if c.Sender != 0 {
		h.Live.DropViewer(c.ID)
		h.Notices.Changed(r.Context(), c.Sender)
	}
	writeNothing(w)
	return nil
}

// dropDevices ends the live channels of devices that are gone.
func (h *Handlers) dropDevices(devices []callbackd.Device) {
	for _, d := range devices {
		h.Live.DropDevice(d.PublicID)
	}
}
