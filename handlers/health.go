package handlers

import (
	"context"
	"io"
	"net/http"
	"time"

	"callbackd"
)

// showHealth says that the process lives.
func (h *Handlers) showHealth(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, "ok\n")
	return err
}

// showReady says that this node can serve: it takes part, and its database answers.
func (h *Handlers) showReady(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var err error
	if !h.Ready() {
		err = callbackd.ErrUnavailable
	} else {
		err = h.DB.Ping(ctx)
	}
	if err != nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return nil
	}
	_, err = io.WriteString(w, "ready\n")
	return err
}
