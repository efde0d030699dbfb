package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// measure runs all rounds: results[round][row]. One round more goes before
// them, in which programs and databases warm up.
func measure(ctx context.Context, p plan, rows []row, progress io.Writer) (results [][]sample, err error) {
	push, err := newPusher(p.senders)
	if err != nil {
		return nil, err
	}
	f, err := startFleet(ctx, p, rows, push)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	for n := range p.rounds + 1 {
		samples, err := f.round(ctx, p, push, n)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(progress, "round %d of %d:", n, p.rounds)
		for i, c := range f.children {
			fmt.Fprintf(progress, "  %s %.0f/s p99 %s", c.row.name, samples[i].perSecond, millis(samples[i].p99))
		}
		fmt.Fprintln(progress)
		if n > 0 {
			results = append(results, samples)
		}
	}
	return results, nil
}

// round loads each server once with the same pushes, each round beginning with
// another one.
func (f *fleet) round(ctx context.Context, p plan, push *pusher, n int) ([]sample, error) {
	requests, err := push.prepare(p.pushes)
	if err != nil {
		return nil, err
	}
	samples := make([]sample, len(f.children))
	for i := range f.children {
		i = (i + n) % len(f.children)
		c := f.children[i]
		profiled := n > 0 && p.profile != "" && c.row.name == p.profileRow
		if profiled && n == 1 {
			if _, err := c.ask(profileCommand + " " + p.profile); err != nil {
				return nil, err
			}
		}
		runtime.GC() // what preparing left behind is not this row's
		if samples[i], err = c.measureOnce(ctx, requests, p.connections); err != nil {
			return nil, err
		}
		if profiled && n == p.rounds {
			if _, err := c.ask(profileCommand); err != nil {
				return nil, err
			}
		}
	}
	return samples, nil
}
