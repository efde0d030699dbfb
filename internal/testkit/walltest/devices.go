package walltest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"callbackd"
	"callbackd/live"
)

// The hub asks and tells these.

// Identify says whose a connection is.
func (a *API) Identify(r *http.Request) callbackd.ViewerID {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v := a.who(r); v != nil {
		return v.id
	}
	return 0
}

// OpenDevice lets a bound viewer listen to a device that is there.
func (a *API) OpenDevice(_ context.Context, v callbackd.ViewerID, device callbackd.PublicID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, known := range a.viewers {
		if known.id == v && known.state == "bound" && slices.ContainsFunc(a.devices, func(d *Device) bool { return d.ID == device }) {
			return nil
		}
	}
	return callbackd.ErrForbidden
}

// DeviceUp notes that somebody listens.
func (a *API) DeviceUp(device callbackd.PublicID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.up[device] = true
}

// DeviceDown notes that nobody does.
func (a *API) DeviceDown(device callbackd.PublicID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.up, device)
}

// Call takes what a device says.
func (a *API) Call(_ context.Context, _ callbackd.ViewerID, method string, data []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch method {
	case "state":
		var s State
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		a.states = append(a.states, s)
	case "ack":
		var k Ack
		if err := json.Unmarshal(data, &k); err != nil {
			return err
		}
		a.acks = append(a.acks, k)
	case "read":
		var k Ack
		if err := json.Unmarshal(data, &k); err != nil {
			return err
		}
		a.read(k.NID)
	}
	return nil
}

// attach makes frames go by a hub.
func (a *API) attach(hub *live.Hub) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hub = hub
}

// send hands a frame to every device.
func (a *API) send(f Frame) {
	frame, err := json.Marshal(f)
	if err != nil {
		panic("a frame of strings and numbers is always JSON: " + err.Error())
	}
	a.mu.Lock()
	hub, devices := a.hub, slices.Clone(a.devices)
	a.mu.Unlock()
	for _, d := range devices {
		hub.SendToDevice(d.ID, frame)
	}
}

// dropGone ends the channels of devices that were removed.
func (a *API) dropGone() {
	a.mu.Lock()
	hub, gone := a.hub, a.gone
	a.gone = nil
	a.mu.Unlock()
	for _, device := range gone {
		hub.DropDevice(device)
	}
}
