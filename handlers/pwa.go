package handlers

import (
	"fmt"
	"net/http"

	"callbackd/web"
)

// showManifest is what makes an account's wall an app that can be installed.
func (h *Handlers) showManifest(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	body, err := web.Manifest(string(a.Slug), a.Name)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(body)
	return err
}
