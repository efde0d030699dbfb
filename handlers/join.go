package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/skip2/go-qrcode"

	"callbackd"
)

// joinText is what an account's join QR says; empty where nothing is known.
// A scene code of the API comes first, then the operator's own address, then
// the code that the operator pages show.
func (h *Handlers) joinText(ctx context.Context, a *callbackd.Account) (string, error) {
	code, err := h.DB.GetJoinCode(ctx, a.ID)
	if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
		return "", err
	}
	alive := err == nil && (code.ExpiresAt.IsZero() || code.ExpiresAt.After(h.Now()))
	if alive && code.Source == "api" {
		return code.URL, nil
	}
	if a.JoinURL != "" {
		return a.JoinURL, nil
	}
	if alive {
		return code.URL, nil
	}
	return "", nil
}

func (h *Handlers) joinQR(r *http.Request) (*qrcode.QRCode, error) {
	a, err := h.account(r)
	if err != nil {
		return nil, err
	}
	text, err := h.joinText(r.Context(), a)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, callbackd.ErrNotFound
	}
	return qrcode.New(text, qrcode.Medium)
}

func (h *Handlers) showJoinPNG(w http.ResponseWriter, r *http.Request) error {
	qr, err := h.joinQR(r)
	if err != nil {
		return err
	}
	png, err := qr.PNG(768)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(png)
	return err
}

func (h *Handlers) showJoinSVG(w http.ResponseWriter, r *http.Request) error {
	qr, err := h.joinQR(r)
	if err != nil {
		return err
	}
	return writeQRCode(w, qr, "no-cache")
}
