package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// rows reads the messages that are about to be told on the channel, as they are now.
func (s *Service) rows(ctx context.Context, done []outcome) (map[callbackd.MessageID]store.Row, error) {
	var ids []callbackd.MessageID
	rows := map[callbackd.MessageID]store.Row{}
	for _, o := range done {
		for _, a := range o.actions {
			if _, known := rows[o.delivery.Message]; a.Kind == ActionSend && a.Step.Transport == callbackd.TransportChannel && o.delivery.Message != 0 && !known {
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
	switch step.Transport {
	case callbackd.TransportVendor:
		s.sends.add(func(ctx context.Context) { s.sendByVendor(ctx, d, step) })
		return nil
	case callbackd.TransportWeChat:
		s.sends.add(func(ctx context.Context) { s.sendInWeChat(ctx, d, step) })
		return nil
	}
	a, ok, err := s.alert(ctx, v, d, row)
	if err != nil || !ok {
		return err // taken down since the step was stored: its change wakes the chain
	}
	frame, err := Render(a, What(v.chosen(d.Sender)), BudgetChannel)
	if err != nil {
		return err
	}
	if !s.Channel.SendToDevice(v.byID[step.Device].PublicID, frame.JSON()) {
		s.metrics.count(string(step.Transport), "down")
		return s.hear(ctx, d.Notice, d.Scope, Event{Kind: EventRefused, Step: step}, nil, nil)
	}
	s.metrics.count(string(step.Transport), "sent")
	return nil
}

// letter is a send that waited for a worker, with all that is true about it now.
type letter struct {
	store.Delivery
	scene *scene
	alert Alert
	level callbackd.Level
	life  time.Duration // left of the notice
}

// open looks again at a send whose turn has come: meanwhile it may have been
// answered, read, taken down or switched off, or be too old. false: it is not
// sent, and its chain knows.
func (s *Service) open(ctx context.Context, d store.Delivery, step Step) (letter, bool, error) {
	none := letter{}
	all, err := s.DB.ListDeliveriesOf(ctx, d.Notice)
	if err != nil {
		return none, false, err
	}
	at := slices.IndexFunc(all, func(now store.Delivery) bool { return now.Scope == d.Scope })
	if at < 0 {
		return none, false, nil // its notice is gone
	}
	d = all[at]
	var c Chain
	if err := json.Unmarshal([]byte(d.Chain), &c); err != nil {
		return none, false, fmt.Errorf("read the chain of notice %s: %w", d.NID, err)
	}
	switch {
	case c.Ended():
		return none, false, nil
	case c.Out != step: // given up before it left
		return none, false, s.hear(ctx, d.Notice, d.Scope, Event{Kind: EventRefused, Step: step}, nil, nil)
	}
	v, err := s.look(ctx, []store.Delivery{d})
	if err != nil {
		return none, false, err
	}
	row, err := s.rowOf(ctx, d)
	if err != nil {
		return none, false, err
	}
	a, ok, err := s.alert(ctx, v, d, row)
	if err != nil {
		return none, false, err
	}
	if !ok || s.machine.rules.stop(c, v.facts(d), v.now) != "" {
		return none, false, s.hear(ctx, d.Notice, d.Scope, Event{Kind: EventWake}, nil, nil)
	}
	return letter{Delivery: d, scene: v, alert: a, level: What(v.chosen(d.Sender)), life: c.Expires.Sub(v.now)}, true, nil
}

func (s *Service) rowOf(ctx context.Context, d store.Delivery) (store.Row, error) {
	if d.Message == 0 {
		return store.Row{}, nil
	}
	rows, err := s.DB.ListRowsByID(ctx, []callbackd.MessageID{d.Message})
	if err != nil || len(rows) == 0 {
		return store.Row{}, err
	}
	return rows[0], nil
}

// opened is open for a worker, which has nobody to tell of an error: what cannot
// be read now goes on by the chain's own timer.
func (s *Service) opened(ctx context.Context, d store.Delivery, step Step) (letter, bool) {
	l, ok, err := s.open(ctx, d, step)
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("a notice was not sent", "err", err)
	}
	return l, ok
}

// sendByVendor calls a vendor and tells the chain what it said.
func (s *Service) sendByVendor(ctx context.Context, d store.Delivery, step Step) {
	l, ok := s.opened(ctx, d, step)
	if !ok {
		return
	}
	open, err := s.DB.OpenDevice(ctx, step.Device)
	if err != nil {
		if !errors.Is(err, callbackd.ErrNotFound) {
			s.Log.Error("a device cannot be read", "err", err)
		}
		s.answer(ctx, d, Event{Kind: EventRefused, Step: step}, nil, nil)
		return
	}
	r := s.Vendors.Send(ctx, open, l.alert, l.level, l.life)
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
func (s *Service) sendInWeChat(ctx context.Context, d store.Delivery, step Step) {
	l, ok := s.opened(ctx, d, step)
	if !ok {
		return
	}
	account := l.scene.accounts[d.Account]
	err := s.write(ctx, l, account)
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

func (s *Service) write(ctx context.Context, l letter, account *callbackd.Account) error {
	to, err := s.DB.GetSender(ctx, l.Sender)
	if err != nil {
		return err
	}
	base := s.PublicURL.String()
	switch l.scene.spentWay(l.Delivery) {
	case store.WeChatCustom:
		text, err := RenderText(l.alert, l.level, base, BudgetWeChat)
		if err != nil {
			return err
		}
		return s.WeChat.SendText(ctx, account, to.OpenID, text)
	case store.WeChatTemplate:
		f, err := Render(l.alert, l.level, BudgetWeChat)
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
