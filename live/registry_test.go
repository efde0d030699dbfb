package live_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"callbackd"
	"callbackd/live"
)

// Codes of the protocol.
const (
	unknownChannel   = 102
	permissionDenied = 103
	methodNotFound   = 104
	badRequest       = 107
	internal         = 100
)

// registry stands for the rows: which device is whose, and what was told of it.
type registry struct {
	mu     sync.Mutex
	owner  map[callbackd.PublicID]callbackd.ViewerID
	turns  map[callbackd.PublicID][]string
	calls  []string
	asked  int
	onOpen func(context.Context) error         // before the answer
	onUp   func(callbackd.PublicID)            // in DeviceUp
	onCall func(context.Context, string) error // in Call
	onDown func(callbackd.PublicID)            // in DeviceDown
}

func (r *registry) OpenDevice(ctx context.Context, v callbackd.ViewerID, device callbackd.PublicID) error {
	r.mu.Lock()
	r.asked++
	hook := r.onOpen
	owner, ok := r.owner[device]
	r.mu.Unlock()
	if hook != nil {
		if err := hook(ctx); err != nil {
			return err
		}
	}
	switch {
	case !ok:
		return fmt.Errorf("device: %w", callbackd.ErrNotFound)
	case owner != v:
		return fmt.Errorf("device of another viewer: %w", callbackd.ErrForbidden)
	}
	return nil
}

func (r *registry) DeviceUp(device callbackd.PublicID) {
	r.told(device, "up")
	if r.onUp != nil {
		r.onUp(device)
	}
}

func (r *registry) DeviceDown(device callbackd.PublicID) {
	r.told(device, "down")
	if r.onDown != nil {
		r.onDown(device)
	}
}

func (r *registry) told(device callbackd.PublicID, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turns[device] = append(r.turns[device], what)
}

func (r *registry) Call(ctx context.Context, v callbackd.ViewerID, method string, data []byte) error {
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	if r.onCall != nil {
		if err := r.onCall(ctx, string(data)); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprintf("%d %s %s", v, method, data))
	return nil
}

func (r *registry) give(device callbackd.PublicID, v callbackd.ViewerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owner[device] = v
}

func (r *registry) story(device callbackd.PublicID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.turns[device], " ")
}

// times is how often OpenDevice and Call were asked.
func (r *registry) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *registry) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// newRegistry has devices of two viewers.
func newRegistry() *registry {
	return &registry{
		owner: map[callbackd.PublicID]callbackd.ViewerID{"one": 1, "two": 1, "other": 2},
		turns: map[callbackd.PublicID][]string{},
	}
}

// startDevices runs a hub with the devices of newRegistry. Viewers say who they
// are as apps do.
func startDevices(t *testing.T, set func(*live.Config, *registry)) (*live.Hub, *httptest.Server, *registry) {
	t.Helper()
	r := newRegistry()
	hub, srv := startHub(t, func(c *live.Config) {
		c.Devices, c.Identify = r, bearer
		if set != nil {
			set(c, r)
		}
	})
	return hub, srv, r
}

func bearer(req *http.Request) callbackd.ViewerID {
	id, _ := strconv.ParseInt(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), 10, 64)
	return callbackd.ViewerID(id)
}

func listen(t *testing.T, v *viewer, device callbackd.PublicID) {
	t.Helper()
	if f := v.subscribe("device:" + string(device)); f.Error != nil {
		t.Fatalf("subscribe to %s: error %d", device, f.code())
	}
}

func send(t *testing.T, hub *live.Hub, device callbackd.PublicID, frame string) {
	t.Helper()
	if !hub.SendToDevice(device, []byte(frame)) {
		t.Fatalf("nobody listens to %s", device)
	}
}
