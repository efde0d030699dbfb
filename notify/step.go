package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	stepPage = 200             // chains of one transaction
	pollDue  = 5 * time.Second // how late a chain can be that another node made, at most
	tries    = 8               // at a chain that others step at the same time
)

// runChains steps what is due, and what somebody woke.
func (s *Service) runChains(ctx context.Context) {
	timer := time.NewTimer(s.Grace)
	defer timer.Stop()
	select { // devices come back first
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	s.early.Store(false)
	for {
		wait, err := s.stepDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("telling followers failed; it is tried again", "err", err)
			wait = time.Second
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wakes.bell:
		}
	}
}

// stepDue steps everything that is due or was woken, and returns how long nothing
// will be.
func (s *Service) stepDue(ctx context.Context) (time.Duration, error) {
	if woken := s.wakes.take(); len(woken) > 0 {
		all, err := s.DB.ListDeliveriesTo(ctx, woken)
		if err == nil {
			err = s.stepAll(ctx, all)
		}
		if err != nil {
			for _, id := range woken {
				s.wakes.add(id)
			}
			return 0, err
		}
	}
	if err := s.stepAhead(ctx); err != nil {
		return 0, err
	}
	for {
		due, err := s.DB.ListDueDeliveries(ctx, s.Now(), stepPage)
		if err != nil {
			return 0, err
		}
		if err := s.stepAll(ctx, due); err != nil {
			return 0, err
		}
		if len(due) < stepPage {
			break
		}
		s.sends.awaitRoom(ctx)
	}
	next, any, err := s.DB.NextDeliveryDue(ctx)
	if err != nil || !any {
		return s.poll, err
	}
	return min(max(next.Sub(s.Now()), time.Millisecond), s.poll), nil
}

// stepAhead looks, at the start and whenever the clock was set back, at what waits
// for a time that no wait of ours leads to: else it is told when that hour comes
// round again.
func (s *Service) stepAhead(ctx context.Context) error {
	now := s.Now().Round(0) // the wall's clock alone: the other one is never set
	before := s.stepped
	s.stepped = now
	if !before.IsZero() && !now.Before(before.Add(-ClockSlack)) {
		return nil
	}
	longest := max(s.Timing.Ack, s.Timing.VendorAck) + ReconnectGrace + countAfter + ClockSlack
	for after := int64(0); ; {
		ahead, err := s.DB.ListDeliveriesAhead(ctx, now.Add(longest), after, stepPage)
		if err == nil {
			err = s.stepAll(ctx, ahead)
		}
		if err != nil {
			s.stepped = before
			return err
		}
		if len(ahead) < stepPage {
			return nil
		}
		after = ahead[len(ahead)-1].Notice
	}
}

// stepAll wakes chains, some hundreds at once, and does what they ask for.
func (s *Service) stepAll(ctx context.Context, all []store.Delivery) error {
	for len(all) > 0 {
		part := all[:min(stepPage, len(all))]
		all = all[len(part):]
		if err := s.stepPart(ctx, part, func(store.Delivery) Event { return Event{Kind: EventWake} }); err != nil {
			return err
		}
	}
	return nil
}

// outcome is a step that is to be stored, and what is to be done after that.
type outcome struct {
	delivery store.Delivery
	chain    Chain
	actions  []Action
}

// stepPart steps chains by an event each: it reads their scene, stores what comes
// of it in one transaction, and then acts. A chain that somebody else stepped
// meanwhile is left to them.
func (s *Service) stepPart(ctx context.Context, part []store.Delivery, event func(store.Delivery) Event) error {
	v, err := s.look(ctx, part)
	if err != nil {
		return err
	}
	outcomes := make([]outcome, len(part))
	steps := make([]store.DeliveryStep, len(part))
	for i, d := range part {
		if outcomes[i], steps[i], err = s.step(v, d, event(d)); err != nil {
			return err
		}
	}
	_, err = s.keep(ctx, v, outcomes, steps)
	return err
}

// keep stores steps and does what those ask for that were stored.
func (s *Service) keep(ctx context.Context, v *scene, outcomes []outcome, steps []store.DeliveryStep) (kept []bool, err error) {
	if kept, err = s.DB.SaveDeliveries(ctx, steps); err != nil {
		return kept, err
	}
	var done []outcome
	for i, ok := range kept {
		if ok {
			done = append(done, outcomes[i])
		}
	}
	return kept, s.act(ctx, v, done)
}

// step is what an event makes of one chain in a scene.
func (s *Service) step(v *scene, d store.Delivery, e Event) (outcome, store.DeliveryStep, error) {
	out := outcome{delivery: d}
	if err := json.Unmarshal([]byte(d.Chain), &out.chain); err != nil {
		return out, store.DeliveryStep{}, fmt.Errorf("read the chain of notice %s: %w", d.NID, err)
	}
	f := v.facts(d)
	st := store.DeliveryStep{Notice: d.Notice, Scope: d.Scope, Sender: d.Sender, Rev: d.Rev, Node: s.Node}
	c := out.chain
	if fresh := c.Sends == 0 && len(c.Ends) == 0 && !c.Ended() && d.Scope == "" && c.Scope == ScopeAll; fresh {
		if scopes := Scopes(v.chosen(d.Sender), f); len(scopes) == 2 {
			second := c
			c.Scope, second.Scope = scopes[0], scopes[1]
			st.Second, st.Begin = string(scopes[1]), second.encode()
		}
	}
	out.chain, out.actions = s.next(c, e, f, v.now)
	for _, a := range out.actions {
		if a.Kind == ActionSend && a.Step.Transport == callbackd.TransportWeChat {
			st.WeChat = &store.WeChatSpend{Sender: d.Sender, Way: v.way(d)}
		}
	}
	st.Chain, st.Ended = out.chain.encode(), string(out.chain.Over)
	st.DueAt = s.due(out.chain, v, d)
	st.Events = v.trail(out.actions, e)
	return out, st, nil
}

// next steps a chain: by the table while it runs, by the ways back into it after
// its end.
func (s *Service) next(c Chain, e Event, f Facts, now time.Time) (Chain, []Action) {
	if c.Ended() && e.Kind == EventWake {
		if again, actions, ok := s.machine.HandOver(c, f, now); ok {
			return again, actions
		}
		if again, actions, ok := s.machine.Retry(c, f, now); ok {
			return again, actions
		}
		return c, nil
	}
	return s.machine.Step(c, e, f, now)
}

// due is when the chain must be looked at again without a reason from outside.
func (s *Service) due(c Chain, v *scene, d store.Delivery) time.Time {
	switch {
	case c.Ended():
	case v.early && !c.try(c.Out).pending(v.now):
		return v.now // it has stayed where it is, and goes on when that is over
	default:
		return c.Due()
	}
	if at := c.RetryDue(); !at.IsZero() {
		return at
	}
	idle := v.idleAt(d.Sender)
	if idle.IsZero() { // nobody is active now: what could be handed over has been
		return time.Time{}
	}
	return c.HandOverDue(idle, v.now)
}

// trail is what a step tells its follower.
func (v *scene) trail(actions []Action, e Event) []store.NoticeEvent {
	var lines []store.NoticeEvent
	for _, a := range actions {
		if a.Key == "" {
			continue
		}
		line := store.NoticeEvent{Event: string(a.Key), Step: int(a.Step.Row), Device: a.Device, DeviceName: v.byID[a.Device].Name, Transport: a.Step.Transport}
		if a.Key == KeyAcked {
			line.Device, line.DeviceName, line.How = e.Device, v.byID[e.Device].Name, e.How
		}
		lines = append(lines, line)
	}
	return lines
}

// hear tells a chain of an event from outside, as often as others step it at the
// same time. change may write into the chain before that.
func (s *Service) hear(ctx context.Context, notice int64, scope string, e Event, change func(*Chain, time.Time), line *store.NoticeEvent) error {
	for range tries {
		all, err := s.DB.ListDeliveriesOf(ctx, notice)
		if err != nil {
			return err
		}
		for _, d := range all {
			if d.Scope != scope {
				continue
			}
			kept, err := s.hearOnce(ctx, d, e, change, line)
			if err != nil || kept {
				return err
			}
		}
		if len(all) == 0 {
			return nil // its notice is gone
		}
	}
	return fmt.Errorf("notice %d: its chain is stepped by too many at once: %w", notice, callbackd.ErrUnavailable)
}

func (s *Service) hearOnce(ctx context.Context, d store.Delivery, e Event, change func(*Chain, time.Time), line *store.NoticeEvent) (bool, error) {
	v, err := s.look(ctx, []store.Delivery{d})
	if err != nil {
		return false, err
	}
	if change != nil {
		var c Chain
		if err := json.Unmarshal([]byte(d.Chain), &c); err != nil {
			return false, fmt.Errorf("read the chain of notice %s: %w", d.NID, err)
		}
		change(&c, v.now)
		d.Chain = c.encode()
	}
	out, st, err := s.step(v, d, e)
	if err != nil {
		return false, err
	}
	if line != nil {
		st.Events = append([]store.NoticeEvent{*line}, st.Events...)
	}
	kept, err := s.keep(ctx, v, []outcome{out}, []store.DeliveryStep{st})
	if !st.DueAt.IsZero() && st.DueAt.Before(v.now.Add(s.poll)) {
		s.wakes.ring() // who waits for what is due next may wait for something later
	}
	return len(kept) == 1 && kept[0], err
}
