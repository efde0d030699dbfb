package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/notify"
)

// Notices is what the API asks of whoever tells followers of messages.
type Notices interface {
	// Acknowledge, Read: callbackd.ErrNotFound for a notice that is not the
	// viewer's follower's. The same again is no error.
	Acknowledge(ctx context.Context, v callbackd.Viewer, nid callbackd.NoticeID, how callbackd.How) error
	Read(ctx context.Context, v callbackd.Viewer, nid callbackd.NoticeID) error
	// Report: callbackd.ErrNotFound for a device of another viewer. Test: for one of
	// another follower.
	Report(ctx context.Context, v callbackd.Viewer, device callbackd.PublicID, state callbackd.DeviceState) error
	Test(ctx context.Context, v callbackd.Viewer, device callbackd.PublicID) (callbackd.NoticeID, error)
	// Inbox returns notices before one of them, or the newest.
	Inbox(ctx context.Context, v callbackd.Viewer, before callbackd.NoticeID, limit int) (notify.Inbox, error)
	// Changed says that a follower's preferences, devices or viewers did.
	Changed(ctx context.Context, follower callbackd.SenderID)
}

// maxAPIBody is the largest body that the API reads.
const maxAPIBody = 16 << 10

// routeAPI sets the routes of docs/api.md.
func (h *Handlers) routeAPI(r chi.Router) {
	r.NotFound(h.api(func(http.ResponseWriter, *http.Request) error { return callbackd.ErrNotFound }))
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusMethodNotAllowed, apiProblem{both("这个地址不接受这种方法，见 docs/api.md", "this address does not take this method: see docs/api.md")})
	})
	r.Post("/viewers", h.api(h.doViewer))
	r.Get("/push/key", h.api(h.showPushKey))

	r.Get("/me/binding", h.viewer("", allowRest, h.showBinding))
	r.Post("/me/binding", h.viewer("binding", allowBindings, h.doBinding))
	r.Delete("/me/binding", h.viewer("", allowRest, h.doUnbind))
	r.Post("/me/binding/confirm", h.viewer("", allowRest, h.doConfirmBinding))
	r.Get("/me/binding/qr.svg", h.viewer("", allowRest, h.showBindingQR))

	r.Get("/me/preferences", h.follower("", allowRest, h.showPreferences))
	r.Patch("/me/preferences", h.follower("", allowRest, h.doPreferences))
	r.Get("/me/devices", h.follower("", allowRest, h.showDevices))
	r.Post("/me/devices", h.follower("", allowRest, h.doDevice))
	r.Delete("/me/devices/{id}", h.follower("", allowRest, h.doDeleteDevice))
	r.Post("/me/devices/{id}/test", h.follower("test", allowTests, h.doTestDevice))
	r.Post("/me/devices/{id}/state", h.follower("", allowRest, h.doDeviceState))
	r.Get("/me/notices", h.follower("", allowRest, h.showNotices))
	r.Post("/notices/{nid}/ack", h.follower("", allowRest, h.doAcknowledge))
	r.Post("/notices/{nid}/read", h.follower("", allowRest, h.doRead))
	r.Get("/me/people", h.follower("people", allowPeople, h.showPeople))
	r.Post("/me/messages", h.follower("", allowRest, h.doMessage))
}

// viewerEndpoint is a handler for somebody who is known.
type viewerEndpoint func(w http.ResponseWriter, r *http.Request, c caller) error

// viewer lets viewers in, bound or not; each has its own allowance.
func (h *Handlers) viewer(what string, allowed []allowance, fn viewerEndpoint) http.HandlerFunc {
	return h.api(func(w http.ResponseWriter, r *http.Request) error {
		c, err := h.authenticate(w, r)
		if err != nil {
			return err
		}
		if wait := h.throttle.take(c.name(), what, allowed); wait > 0 {
			return &throttledError{wait}
		}
		return fn(w, r, c)
	})
}

// follower lets viewers in that are bound.
func (h *Handlers) follower(what string, allowed []allowance, fn viewerEndpoint) http.HandlerFunc {
	return h.viewer(what, allowed, func(w http.ResponseWriter, r *http.Request, c caller) error {
		if c.Sender == 0 {
			return errUnbound
		}
		return fn(w, r, c)
	})
}

// readJSON reads a request's body, a JSON object. Fields that nobody knows are
// left alone.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAPIBody))
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return parseJSON(raw, into)
}

func parseJSON(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return refuse(callbackd.ErrInvalid, "字段 "+wrong.Field+" 的类型不对，见 docs/api.md", "the field "+wrong.Field+" has a wrong type: see docs/api.md")
	}
	if err != nil {
		return errNoObject
	}
	return nil
}

func writeNothing(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}
