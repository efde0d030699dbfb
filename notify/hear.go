package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"callbackd"
	"callbackd/store"
)

// What devices and followers say: acknowledgements, reads, reports of state.

// Acknowledge takes a device's word that it shows a notice. It may come late, and
// as often as it likes. Whose notice it is not gets callbackd.ErrNotFound.
func (s *Service) Acknowledge(ctx context.Context, v callbackd.Viewer, nid callbackd.NoticeID, how callbackd.How) error {
	if !how.Valid() {
		return callbackd.Public(callbackd.ErrInvalid, "how is inline, prompt or silent", nil)
	}
	n, err := s.noticeOf(ctx, v, nid)
	if err != nil {
		return err
	}
	chains, err := s.DB.ListDeliveriesOf(ctx, n.ID)
	if err != nil {
		return err
	}
	device, err := s.deviceOf(ctx, v, chains)
	if err != nil {
		return err
	}
	s.Presence.Heard(device)
	s.metrics.count("ack", string(how))
	return s.hearAll(ctx, n.ID, chains, Event{Kind: EventAck, Device: device, How: how})
}

func (s *Service) hearAll(ctx context.Context, notice int64, chains []store.Delivery, e Event) error {
	for _, c := range chains {
		if err := s.hear(ctx, notice, c.Scope, e, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// Read takes a follower's word that they have read a notice: the one final end.
// It is taken back from every device that is up.
func (s *Service) Read(ctx context.Context, v callbackd.Viewer, nid callbackd.NoticeID) error {
	n, err := s.noticeOf(ctx, v, nid)
	if err != nil {
		return err
	}
	first, err := s.DB.ReadNotice(ctx, n)
	if err != nil || !first {
		return err
	}
	chains, err := s.DB.ListDeliveriesOf(ctx, n.ID)
	if err != nil {
		return err
	}
	if err := s.hearAll(ctx, n.ID, chains, Event{Kind: EventRead}); err != nil {
		return err
	}
	devices, err := s.DB.ListDevicesOf(ctx, []callbackd.SenderID{v.Sender})
	for _, d := range devices {
		s.Channel.SendToDevice(d.PublicID, CancelFrame(nid))
	}
	return err
}

// noticeOf is a notice of the follower whom a viewer is bound to.
func (s *Service) noticeOf(ctx context.Context, v callbackd.Viewer, nid callbackd.NoticeID) (store.Notice, error) {
	if v.Sender == 0 {
		return store.Notice{}, callbackd.ErrNotFound
	}
	return s.DB.GetNotice(ctx, v.Sender, nid)
}

// deviceOf is the device of a viewer that speaks: the one that was sent to last,
// else any of the viewer's.
func (s *Service) deviceOf(ctx context.Context, v callbackd.Viewer, chains []store.Delivery) (callbackd.DeviceID, error) {
	all, err := s.DB.ListDevicesOf(ctx, []callbackd.SenderID{v.Sender})
	if err != nil {
		return 0, err
	}
	own := map[callbackd.DeviceID]bool{}
	var any callbackd.DeviceID
	for _, d := range all {
		if d.Viewer == v.ID {
			own[d.ID], any = true, d.ID
		}
	}
	var best End
	for _, row := range chains {
		var c Chain
		if err := json.Unmarshal([]byte(row.Chain), &c); err != nil {
			return 0, fmt.Errorf("read the chain of notice %s: %w", row.NID, err)
		}
		for _, e := range c.Ends {
			if own[e.Device] && e.used() && !e.last().Before(best.last()) {
				best, any = e, e.Device
			}
		}
	}
	return any, nil
}

// Report takes a device's word about its own state. Only its viewer may.
func (s *Service) Report(ctx context.Context, v callbackd.Viewer, device callbackd.PublicID, state callbackd.DeviceState) error {
	d, err := s.own(ctx, v.ID, device)
	if err != nil {
		return err
	}
	p, err := s.DB.GetPreferences(ctx, d.Sender)
	if err != nil {
		return err
	}
	now := s.Now()
	before := s.Presence.Get([]callbackd.DeviceID{d.ID})[0].Report
	after := Report{State: state, At: now}
	s.Presence.Report(d.ID, after)
	if d.Class == callbackd.ClassComputer && Active(before, p.IdleAfter(), now) != Active(after, p.IdleAfter(), now) {
		s.wakes.add(d.Sender)
	}
	return nil
}

// own returns a viewer's device; callbackd.ErrNotFound for anybody else's.
func (s *Service) own(ctx context.Context, v callbackd.ViewerID, device callbackd.PublicID) (callbackd.Device, error) {
	if d, open := s.ends.get(device); open && d.Viewer == v {
		return d, nil
	}
	d, err := s.DB.GetDevice(ctx, device)
	if err != nil {
		return d, err
	}
	if v == 0 || d.Viewer != v {
		return callbackd.Device{}, callbackd.ErrNotFound
	}
	return d, nil
}

// ends are the devices that listen on this node.
type ends struct {
	mu   sync.Mutex // guards open
	open map[callbackd.PublicID]callbackd.Device
}

func (e *ends) get(id callbackd.PublicID) (callbackd.Device, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, ok := e.open[id]
	return d, ok
}

func (e *ends) put(d callbackd.Device) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[d.PublicID] = d
}

func (e *ends) drop(id callbackd.PublicID) (callbackd.Device, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, ok := e.open[id]
	delete(e.open, id)
	return d, ok
}

// OpenDevice lets a viewer listen to its own device, and nobody else.
func (s *Service) OpenDevice(ctx context.Context, v callbackd.ViewerID, device callbackd.PublicID) error {
	d, err := s.DB.GetDevice(ctx, device)
	if err != nil {
		return err
	}
	if v == 0 || d.Viewer != v {
		return callbackd.ErrForbidden
	}
	return s.DB.TouchDevice(ctx, d.ID)
}

// DeviceUp says that a device listens now.
func (s *Service) DeviceUp(device callbackd.PublicID) {
	d, err := s.DB.GetDevice(context.Background(), device)
	if err != nil { // removed since it was opened, or it is told by its vendor
		s.Log.Debug("a device that listens cannot be read", "err", err)
		return
	}
	s.ends.put(d)
	s.Presence.Up(d.ID)
	s.sends.add(func(ctx context.Context) {
		if err := s.back(ctx, d); err != nil {
			s.Log.Warn("a device that came back was not told what it missed; it reads its inbox", "err", err)
		}
	})
}

// DeviceDown says that nobody listens for a device any more.
func (s *Service) DeviceDown(device callbackd.PublicID) {
	if d, ok := s.ends.drop(device); ok {
		s.Presence.Down(d.ID)
	}
}

// Call takes a call on a live connection: state, ack or read.
func (s *Service) Call(ctx context.Context, v callbackd.ViewerID, method string, data []byte) error {
	var in struct {
		Device callbackd.PublicID `json:"device"`
		Notice callbackd.NoticeID `json:"nid"`
		How    callbackd.How      `json:"how"`
		callbackd.DeviceState
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return callbackd.Public(callbackd.ErrInvalid, "write a JSON object", err)
	}
	viewer, err := s.DB.GetViewer(ctx, v)
	if err != nil {
		return err
	}
	switch method {
	case "state":
		return s.Report(ctx, viewer, in.Device, in.DeviceState)
	case "ack":
		return s.Acknowledge(ctx, viewer, in.Notice, in.How)
	case "read":
		return s.Read(ctx, viewer, in.Notice)
	}
	return callbackd.Public(callbackd.ErrInvalid, "calls are state, ack and read", nil)
}
