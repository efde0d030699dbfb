package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"callbackd"
	"callbackd/store"
)

// resume takes up the chains that the server before left: a send of which nobody
// knows whether it left goes out once more, with the same id.
func (s *Service) resume(ctx context.Context) error {
	left, err := s.DB.ListDeliveriesLeft(ctx, s.Node)
	if err != nil {
		return fmt.Errorf("take up notices: %w", err)
	}
	for len(left) > 0 {
		part := left[:min(stepPage, len(left))]
		left = left[len(part):]
		if err := s.resumePart(ctx, part); err != nil {
			return fmt.Errorf("take up notices: %w", err)
		}
	}
	return nil
}

func (s *Service) resumePart(ctx context.Context, part []store.Delivery) error {
	v, err := s.look(ctx, part)
	if err != nil {
		return err
	}
	var outcomes []outcome
	var steps []store.DeliveryStep
	for _, d := range part {
		var c Chain
		if err := json.Unmarshal([]byte(d.Chain), &c); err != nil {
			return fmt.Errorf("read the chain of notice %s: %w", d.NID, err)
		}
		c, actions := s.machine.Resume(c, v.now)
		if len(actions) == 0 {
			continue
		}
		outcomes = append(outcomes, outcome{delivery: d, chain: c, actions: actions})
		steps = append(steps, store.DeliveryStep{Notice: d.Notice, Scope: d.Scope, Sender: d.Sender, Rev: d.Rev, Node: s.Node,
			Chain: c.encode(), DueAt: c.Due(), Events: v.trail(actions, Event{})})
	}
	_, err = s.keep(ctx, v, outcomes, steps)
	return err
}

// back sends once more on the channel of a device that came back after the server
// was away.
func (s *Service) back(ctx context.Context, d callbackd.Device) error {
	waiting, err := s.DB.ListDeliveriesTo(ctx, []callbackd.SenderID{d.Sender})
	if err != nil || len(waiting) == 0 {
		return err
	}
	v, err := s.look(ctx, waiting)
	if err != nil {
		return err
	}
	var outcomes []outcome
	var steps []store.DeliveryStep
	for _, w := range waiting {
		var c Chain
		if err := json.Unmarshal([]byte(w.Chain), &c); err != nil {
			return fmt.Errorf("read the chain of notice %s: %w", w.NID, err)
		}
		c, actions, ok := c.Back(d.ID)
		if !ok || v.facts(w).Stop != "" {
			continue
		}
		outcomes = append(outcomes, outcome{delivery: w, chain: c, actions: actions})
		steps = append(steps, store.DeliveryStep{Notice: w.Notice, Scope: w.Scope, Sender: w.Sender, Rev: w.Rev, Node: s.Node,
			Chain: c.encode(), DueAt: c.Due(), Events: v.trail(actions, Event{})})
	}
	if len(steps) == 0 {
		return nil
	}
	_, err = s.keep(ctx, v, outcomes, steps)
	return err
}
