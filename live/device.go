package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/centrifugal/centrifuge"

	"callbackd"
)

// Devices decides about the devices of viewers and hears from them. OpenDevice
// and Call may take a while, at most until their ctx ends; those of one
// connection come one after the other. The other two must return soon.
type Devices interface {
	// OpenDevice says whether a viewer may listen to a device: nil; ErrNotFound:
	// there is no such device; ErrForbidden, ErrConflict: it is not this viewer's,
	// or the viewer is bound to nobody.
	OpenDevice(ctx context.Context, v callbackd.ViewerID, device callbackd.PublicID) error

	// DeviceUp says that frames to a device reach somebody from now on, DeviceDown
	// that they reach nobody any more. For one device they come in turns.
	DeviceUp(device callbackd.PublicID)
	DeviceDown(device callbackd.PublicID)

	// Call is a call of a viewer: state, ack or read, with its JSON. The text of a
	// callbackd.PublicError of kind ErrInvalid is for the caller.
	Call(ctx context.Context, v callbackd.ViewerID, method string, data []byte) error
}

// devicePrefix starts the name of every device's channel; its public id follows.
const devicePrefix = "device:"

const (
	openWithin  = 4 * time.Second  // for an answer of OpenDevice; the library waits 5 s for a subscription
	callWithin  = 10 * time.Second // for a call
	maxCallData = 1 << 10          // bytes of a call
)

// limits are the times that a command may take from its arrival, and the end of
// the Hub.
type limits struct{ open, call, stop time.Duration }

// isSubscribed asks the library.
func isSubscribed(g *guest, device callbackd.PublicID) bool {
	return g.client.IsSubscribed(devicePrefix + string(device))
}

// SetDevices gives the Hub its Config.Devices after New. Not once it runs.
func (h *Hub) SetDevices(d Devices) { h.cfg.Devices = d }

// SendToDevice hands a frame, one JSON value, to the connections that listen to
// a device. It is kept nowhere. False: nobody listens, or the frame is no JSON.
func (h *Hub) SendToDevice(device callbackd.PublicID, frame []byte) bool {
	if !h.running.Load() || !h.listeners.heard(device) {
		return false
	}
	var line bytes.Buffer // its own copy, without the line ends that part messages
	if err := json.Compact(&line, frame); err != nil {
		h.cfg.Log.Error("live: a frame to a device is no JSON")
		return false
	}
	if _, err := h.node.Publish(devicePrefix+string(device), line.Bytes()); err != nil {
		h.cfg.Log.Error("live: a frame to a device was not sent", "err", err)
		return false
	}
	return true
}

// DropViewer ends the connections of a viewer. They come back, and what they may
// then is asked anew.
func (h *Hub) DropViewer(v callbackd.ViewerID) {
	if v == 0 || !h.running.Load() { // nobody in particular is not a viewer
		return
	}
	if err := h.node.Disconnect(userOf(v), centrifuge.WithCustomDisconnect(centrifuge.DisconnectForceReconnect)); err != nil {
		h.cfg.Log.Error("live: a viewer was not disconnected", "err", err)
	}
}

// DropDevice unsubscribes everybody from a device, for good: they do not come
// back by themselves. Whoever is on the way in is asked for again.
func (h *Hub) DropDevice(device callbackd.PublicID) {
	for _, g := range h.listeners.drop(device) {
		g.client.Unsubscribe(devicePrefix + string(device))
	}
}

// subscribeDevice answers a guest that wants to listen to a device.
func (h *Hub) subscribeDevice(g *guest, device callbackd.PublicID, done centrifuge.SubscribeCallback) {
	if h.cfg.Devices == nil || device == "" {
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorUnknownChannel)
		return
	}
	if g.viewer == 0 {
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
		return
	}
	until := time.Now().Add(h.limits.open)
	if !h.crew.do(&g.lane, func(ctx context.Context) {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		h.openDevice(ctx, g, device, done)
	}) {
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorTooManyRequests)
	}
}

// openDevice subscribes a guest to a device when it may. Up is told after that:
// a frame that follows it is behind the subscription's reply on the connection.
func (h *Hub) openDevice(ctx context.Context, g *guest, device callbackd.PublicID, done centrifuge.SubscribeCallback) {
	h.listeners.enter(g, device)
	if err := h.mayOpen(ctx, g, device); err != nil {
		h.listeners.refuse(g, device)
		done(centrifuge.SubscribeReply{}, h.refusal("subscribe", err))
		return
	}
	done(centrifuge.SubscribeReply{}, nil) // neither history nor recovery
	h.listeners.settle(g, device)
	h.tell(device)
}

func (h *Hub) mayOpen(ctx context.Context, g *guest, device callbackd.PublicID) error {
	for {
		if ctx.Err() != nil {
			return errLate
		}
		err := h.cfg.Devices.OpenDevice(ctx, g.viewer, device)
		if errors.Is(err, callbackd.ErrNotFound) || errors.Is(err, callbackd.ErrInvalid) {
			return centrifuge.ErrorUnknownChannel
		}
		if err != nil || h.listeners.admit(g, device) {
			return err
		}
	}
}

// leftDevice follows the end of a subscription.
func (h *Hub) leftDevice(g *guest, device callbackd.PublicID) {
	h.listeners.leave(g, device)
	h.tell(device)
}

func (h *Hub) tell(device callbackd.PublicID) {
	h.listeners.tell(device, h.cfg.Devices.DeviceUp, h.cfg.Devices.DeviceDown)
}

// called answers a call of a guest.
func (h *Hub) called(g *guest, e centrifuge.RPCEvent, done centrifuge.RPCCallback) {
	switch {
	case g.viewer == 0:
		done(centrifuge.RPCReply{}, centrifuge.ErrorPermissionDenied)
		return
	case e.Method != "state" && e.Method != "ack" && e.Method != "read":
		done(centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound)
		return
	case len(e.Data) > maxCallData:
		done(centrifuge.RPCReply{}, centrifuge.ErrorBadRequest)
		return
	}
	until := time.Now().Add(h.limits.call)
	if !h.crew.do(&g.lane, func(ctx context.Context) {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		err := errLate
		if ctx.Err() == nil {
			err = h.cfg.Devices.Call(ctx, g.viewer, e.Method, e.Data)
		}
		done(centrifuge.RPCReply{}, h.refusal(e.Method, err))
	}) {
		done(centrifuge.RPCReply{}, centrifuge.ErrorTooManyRequests)
	}
}

// errLate answers what waited behind others until its time was over. It is not
// logged: that those others were slow is.
var errLate error = centrifuge.ErrorInternal

// refusal is what a client is told about an error, by its kind.
func (h *Hub) refusal(what string, err error) error {
	var known *centrifuge.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, callbackd.ErrInvalid):
		var public *callbackd.PublicError
		if errors.As(err, &public) {
			return &centrifuge.Error{Code: centrifuge.ErrorBadRequest.Code, Message: public.Plain()}
		}
		return centrifuge.ErrorBadRequest
	case errors.Is(err, callbackd.ErrNotFound), errors.Is(err, callbackd.ErrForbidden), errors.Is(err, callbackd.ErrConflict):
		return centrifuge.ErrorPermissionDenied
	}
	h.cfg.Log.Error("live: a command failed", "what", what, "err", err)
	return centrifuge.ErrorInternal // temporary: clients try again
}
