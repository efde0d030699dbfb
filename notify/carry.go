package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/wechat"
)

// act does what stored steps ask for. The channel is told at once; vendors and
// WeChat are called by the workers of Run, and their answer is the next event.
func (s *Service) act(ctx context.Context, v *scene, done []outcome) error {
	rows, err := s.rows(ctx, done)
	if err != nil {
		return err
	}
	var failed error
	for _, o := range done {
		for _, a := range o.actions {
			switch a.Kind {
			case ActionSend:
				failed = errors.Join(failed, s.send(ctx, v, o, a.Step, rows[o.delivery.Message]))
			case ActionCancel:
				if d, ok := v.byID[a.Device]; ok {
					s.Channel.SendToDevice(d.PublicID, CancelFrame(o.delivery.NID))
				}
			case ActionNote:
				s.note(o, a)
			}
		}
	}
	return failed
}

// note counts, and tells Presences of a channel that did not answer.
func (s *Service) note(o outcome, a Action) {
	if a.Key == KeyMissed {
		s.Presence.Missed(a.Device)
		s.metrics.count(string(callbackd.TransportChannel), string(KeyMissed))
	}
	if o.chain.Ended() && a.Key == o.chain.Over {
		s.metrics.count("end", string(a.Key))
	}
}

// rows reads the messages that are about to be told, as they are now.
func (s *Service) rows(ctx context.Context, done []outcome) (map[callbackd.MessageID]store.Row, error) {
	var ids []callbackd.MessageID
	rows := map[callbackd.MessageID]store.Row{}
	for _, o := range done {
		for _, a := range o.actions {
			if _, known := rows[o.delivery.Message]; a.Kind == ActionSend && o.delivery.Message != 0 && !known {
				rows[o.delivery.Message] = store.Row{}
				ids = append(ids, o.delivery.Message)
			}
		}
	}
	all, err := s.DB.ListRowsByID(ctx, ids)
	for _, r := range all {
		rows[r.Message.ID] = r
	}
	return rows, err
}

// alert is what a notice could say now; false: the gate lets nothing of it through.
func (s *Service) alert(ctx context.Context, v *scene, d store.Delivery, row store.Row) (Alert, bool, error) {
	a := Alert{Notice: d.NID, Account: v.accounts[d.Account].Slug, Reason: d.Reason, Silent: Silent(v.chosen(d.Sender), d.Reason, v.now)}
	switch d.Sort {
	case store.NoticeMessage:
		m, ok := wall.View(row)
		if !ok {
			return a, false, nil
		}
		a.Seq, a.Name, a.Words = m.Seq, m.Sender.Name, m.Text
		if a.Words == "" {
			a.Words = Label(m.Kind).ZH
		}
	case store.NoticeCount:
		n, err := s.DB.CountCollapsed(ctx, d.Sender, time.UnixMilli(d.CreatedMS).Add(-time.Second))
		a.Count = max(n, 1)
		return a, true, err
	}
	return a, true, nil
}

// send hands one send over.
func (s *Service) send(ctx context.Context, v *scene, o outcome, step Step, row store.Row) error {
	d := o.delivery
	a, ok, err := s.alert(ctx, v, d, row)
	if err != nil || !ok {
		return err // taken down since the step was stored: its change wakes the chain
	}
	level := What(v.chosen(d.Sender))
	switch device := v.byID[step.Device]; step.Transport {
	case callbackd.TransportChannel:
		frame, err := Render(a, level, BudgetChannel)
		if err != nil {
			return err
		}
		if !s.Channel.SendToDevice(device.PublicID, frame.JSON()) {
			s.metrics.count(string(step.Transport), "down")
			return s.hear(ctx, d.Notice, d.Scope, Event{Kind: EventRefused, Step: step}, nil, nil)
		}
		s.metrics.count(string(step.Transport), "sent")
	case callbackd.TransportVendor:
		s.sends.add(func(ctx context.Context) { s.sendByVendor(ctx, d, step, device, a, level, o.chain.Expires) })
	case callbackd.TransportWeChat:
		account := v.accounts[d.Account]
		s.sends.add(func(ctx context.Context) { s.sendInWeChat(ctx, d, step, account, a, level, o.way) })
	}
	return nil
}

// sendByVendor calls a vendor and tells the chain what it said.
func (s *Service) sendByVendor(ctx context.Context, d store.Delivery, step Step, device callbackd.Device, a Alert, level callbackd.Level, expires time.Time) {
	open, err := s.DB.OpenDevice(ctx, device.ID)
	if err != nil {
		if !errors.Is(err, callbackd.ErrNotFound) {
			s.Log.Error("a device cannot be read", "err", err)
		}
		s.answer(ctx, d, Event{Kind: EventRefused, Step: step}, nil, nil)
		return
	}
	r := s.Vendors.Send(ctx, open, a, level, expires.Sub(s.Now()))
	if ctx.Err() != nil && r.Reason == push.ReasonCancelled {
		return // the server ends; the chain goes on after the next start
	}
	s.metrics.count(string(open.Provider), string(r.Outcome))
	line := &store.NoticeEvent{Event: string(KeyVendor), Step: int(step.Row), Device: open.ID, DeviceName: open.Name, Transport: step.Transport,
		VendorStatus: r.Status, VendorReason: r.Reason, VendorID: r.VendorID}
	e := Event{Kind: EventRefused, Step: step}
	var change func(*Chain, time.Time)
	switch r.Outcome {
	case push.Accepted:
		e.Kind = EventAccepted
	case push.Gone:
		if _, err := s.DB.DropGoneDevice(ctx, open, r.GoneAt); err != nil {
			s.Log.Warn("a device that is gone was not dropped", "err", err)
		}
	case push.Retry:
		change = func(c *Chain, now time.Time) { c.Postpone(r.RetryAfter, now) }
	case push.OurFault:
		s.Log.Error("a vendor refuses this server: check its key and the clock", "provider", open.Provider, "status", r.Status, "reason", r.Reason)
	}
	s.answer(ctx, d, e, change, line)
}

// sendInWeChat writes to a follower.
func (s *Service) sendInWeChat(ctx context.Context, d store.Delivery, step Step, account *callbackd.Account, a Alert, level callbackd.Level, way store.WeChatWay) {
	err := s.write(ctx, d, account, a, level, way)
	if ctx.Err() != nil && err != nil {
		return // the server ends; the chain goes on after the next start
	}
	e, line := Event{Kind: EventAccepted, Step: step}, store.NoticeEvent{Event: string(KeyVendor), Step: int(step.Row), Transport: step.Transport}
	if err != nil {
		e.Kind = EventRefused
		var api *wechat.APIError
		if errors.As(err, &api) {
			line.VendorStatus = api.Code
		}
		s.Log.Info("a notice in WeChat was not taken", "account", account.Slug, "err", err)
	}
	s.metrics.count(string(callbackd.TransportWeChat), map[bool]string{true: string(push.Accepted), false: string(push.Refused)}[err == nil])
	s.answer(ctx, d, e, nil, &line)
}

func (s *Service) write(ctx context.Context, d store.Delivery, account *callbackd.Account, a Alert, level callbackd.Level, way store.WeChatWay) error {
	to, err := s.DB.GetSender(ctx, d.Sender)
	if err != nil {
		return err
	}
	base := s.PublicURL.String()
	switch way {
	case store.WeChatCustom:
		text, err := RenderText(a, level, base, BudgetWeChat)
		if err != nil {
			return err
		}
		return s.WeChat.SendText(ctx, account, to.OpenID, text)
	case store.WeChatTemplate:
		f, err := Render(a, level, BudgetWeChat)
		if err != nil {
			return err
		}
		_, err = s.WeChat.SendTemplate(ctx, account, to.OpenID, *account.Notices.Template, base+f.URL, f.Title, f.Body)
		return err
	}
	return fmt.Errorf("%w: no way to write to a follower is left", callbackd.ErrUnavailable)
}

// answer tells a chain what became of its send. A database that does not take it
// is no reason to send again: the chain's own timer goes on.
func (s *Service) answer(ctx context.Context, d store.Delivery, e Event, change func(*Chain, time.Time), line *store.NoticeEvent) {
	ctx = context.WithoutCancel(ctx) // what a vendor took must not be forgotten because the server ends
	if err := s.hear(ctx, d.Notice, d.Scope, e, change, line); err != nil {
		s.Log.Warn("the outcome of a notice was not kept", "err", err)
	}
}
