package notify

import (
	"context"
	"time"

	"callbackd"
)

// What tests of the service drive by hand, with a clock of theirs.

// Tell looks at the walls, once, and writes down how far.
func (s *Service) Tell(ctx context.Context) error {
	t := teller{Service: s, seen: map[callbackd.AccountID]int64{}, written: map[callbackd.AccountID]int64{}}
	defer t.write(ctx)
	return t.tellAll(ctx)
}

// TellOnly looks at the walls, once, and is killed before it writes down how far.
func (s *Service) TellOnly(ctx context.Context) error {
	t := teller{Service: s, seen: map[callbackd.AccountID]int64{}, written: map[callbackd.AccountID]int64{}}
	return t.tellAll(ctx)
}

// IndexNames puts the names of all followers into the index.
func (s *Service) IndexNames(ctx context.Context, account callbackd.AccountID) error {
	return s.indexNames(ctx, account)
}

// StepDue steps what is due and what was woken, once.
func (s *Service) StepDue(ctx context.Context) error {
	_, err := s.stepDue(ctx)
	return err
}

// Resume takes up what the server before left.
func (s *Service) Resume(ctx context.Context) error { return s.resume(ctx) }

// WaitLong gives Run no time to come back, and long waits: what is due before they
// are over the service must know by itself.
func (s *Service) WaitLong() {
	s.Grace, s.poll, s.Timing.VendorAck = time.Nanosecond, time.Hour, time.Hour
	s.machine = NewMachine(s.Timing)
}

// CarryOne makes one call that waits for a worker; false: none waits.
func (s *Service) CarryOne(ctx context.Context) bool {
	s.sends.mu.Lock()
	waiting := len(s.sends.calls)
	s.sends.mu.Unlock()
	if waiting == 0 {
		return false
	}
	call, ok := s.sends.take(ctx)
	if ok {
		call(ctx)
	}
	return ok
}

// Len is how many devices are remembered.
func (p *MemoryPresences) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.devices)
}
