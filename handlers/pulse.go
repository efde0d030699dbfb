package handlers

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"callbackd"
)

const (
	// pulseEvery is how often the health of the accounts is looked at.
	pulseEvery = 10 * time.Second
	// pulseSamples is how many looks are remembered: an hour.
	pulseSamples = int(time.Hour / pulseEvery)
	// pulseMinutes is how many points a chart has.
	pulseMinutes = 60
	// pulseRecent is of how long the answer times are that stand as figures.
	pulseRecent = 5 * time.Minute
)

// answerTimes are the bounds between which answers are counted, in seconds. What
// took longer than the last stands in one more.
var answerTimes = [...]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}

// timeCounts are answers by how long they took.
type timeCounts [len(answerTimes) + 1]int64

func (c *timeCounts) add(o *timeCounts) {
	for i, n := range o {
		c[i] += n
	}
}

func (c *timeCounts) all() (n int64) {
	for _, one := range c {
		n += one
	}
	return n
}

// quantile is the time within which that share of the answers was given, taken
// as evenly spread between two bounds; false: there were none.
func (c *timeCounts) quantile(share float64) (time.Duration, bool) {
	all := c.all()
	if all == 0 {
		return 0, false
	}
	rank, below, from := share*float64(all), 0.0, 0.0
	for i, to := range answerTimes {
		n := float64(c[i])
		if n > 0 && below+n >= rank {
			return time.Duration((from + (to-from)*(rank-below)/n) * float64(time.Second)), true
		}
		below, from = below+n, to
	}
	return time.Duration(from * float64(time.Second)), true // at least: no bound is above
}

// beat is one look at an account.
type beat struct {
	at      time.Time
	times   timeCounts // of the answers since the look before
	queue   int        // messages that wait for a moderator
	pages   int        // open pages of the wall
	notices int        // since the look before
}

// pulse is the last hour of an account in this process.
type pulse struct {
	answers [len(answerTimes) + 1]atomic.Int64 // since the last look

	mu    sync.Mutex // guards what follows
	beats []beat     // a ring of at most pulseSamples
	next  int        // where the next goes, once the ring is full
}

func (p *pulse) answered(took time.Duration) {
	i := 0
	for i < len(answerTimes) && took.Seconds() > answerTimes[i] {
		i++
	}
	p.answers[i].Add(1)
}

func (p *pulse) take() (c timeCounts) {
	for i := range c {
		c[i] = p.answers[i].Swap(0)
	}
	return c
}

func (p *pulse) push(b beat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.beats) < pulseSamples {
		p.beats = append(p.beats, b)
		return
	}
	p.beats[p.next] = b
	p.next = (p.next + 1) % pulseSamples
}

// last is the newest look; false: there was none.
func (p *pulse) last() (beat, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.beats) == 0 {
		return beat{}, false
	}
	return p.beats[(p.next+len(p.beats)-1)%len(p.beats)], true
}

// hour is the last hour of an account: a value for each minute, the oldest first,
// and figures of now.
type hour struct {
	callbacks, notices [pulseMinutes]int
	queue, pages       [pulseMinutes]int // the most in the minute
	times              [pulseMinutes]timeCounts

	callbacksNow, noticesNow int        // in the last minute
	timesNow                 timeCounts // in the last pulseRecent
}

func (p *pulse) hour(now time.Time) (h hour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.beats {
		age := now.Sub(b.at)
		i := pulseMinutes - 1 - int(age/time.Minute)
		if age < 0 || i < 0 {
			continue
		}
		n := int(b.times.all())
		h.callbacks[i] += n
		h.notices[i] += b.notices
		h.queue[i], h.pages[i] = max(h.queue[i], b.queue), max(h.pages[i], b.pages)
		h.times[i].add(&b.times)
		if age < time.Minute {
			h.callbacksNow += n
			h.noticesNow += b.notices
		}
		if age < pulseRecent {
			h.timesNow.add(&b.times)
		}
	}
	return h
}

// pulses are those of the accounts to which something happened or somebody looked.
type pulses struct {
	mu      sync.RWMutex // guards of
	of      map[callbackd.Slug]*pulse
	counted time.Time // until when notices were counted; the sampler's
}

func (p *pulses) get(account callbackd.Slug) *pulse {
	p.mu.RLock()
	one := p.of[account]
	p.mu.RUnlock()
	if one != nil {
		return one
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[callbackd.Slug]*pulse{}
	}
	if p.of[account] == nil {
		p.of[account] = &pulse{}
	}
	return p.of[account]
}

func (p *pulses) drop(account callbackd.Slug) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, account)
}

func (p *pulses) all() map[callbackd.Slug]*pulse {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return maps.Clone(p.of)
}

// runPulses looks at the accounts until ctx ends.
func (h *Handlers) runPulses(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.feelPulses(ctx, h.Now())
		}
	}
}

// feelPulses takes one look at every account. Of one with which nothing goes on
// the database is not asked.
func (h *Handlers) feelPulses(ctx context.Context, now time.Time) {
	beats, awake := map[callbackd.AccountID]*beat{}, map[*pulse]*beat{}
	for slug, p := range h.pulses.all() {
		b := &beat{at: now, times: p.take(), pages: h.Live.Pages(slug)}
		before, known := p.last()
		b.queue = before.queue
		if known && b.times.all() == 0 && b.queue == 0 && b.pages == 0 {
			p.push(*b)
			continue
		}
		a, err := h.accounts.get(ctx, slug)
		if errors.Is(err, callbackd.ErrNotFound) {
			h.pulses.drop(slug)
			continue
		}
		if err == nil {
			beats[a.ID] = b
			var q int
			if q, err = h.waiting(ctx, a.ID); err == nil {
				b.queue = q
			}
		}
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("the health of an account was not read", "account", slug, "err", err)
		}
		awake[p] = b
	}
	if len(beats) > 0 {
		h.countNotices(ctx, now, beats)
	}
	for p, b := range awake {
		p.push(*b)
	}
}

func (h *Handlers) waiting(ctx context.Context, account callbackd.AccountID) (int, error) {
	q, err := h.DB.GetQueue(ctx, account)
	return q.Waiting, err
}

// countNotices writes down what notices were made since the last look, not further
// back than a minute.
func (h *Handlers) countNotices(ctx context.Context, now time.Time, beats map[callbackd.AccountID]*beat) {
	since := now.Add(-pulseEvery)
	if c := h.pulses.counted; c.Before(since) && now.Sub(c) <= time.Minute {
		since = c
	} else if c.After(since) {
		since = c
	}
	counts, err := h.DB.CountNotices(ctx, since, now)
	if err != nil {
		if ctx.Err() == nil {
			h.Log.Warn("notices were not counted", "err", err)
		}
		return
	}
	h.pulses.counted = now
	for _, c := range counts {
		if b := beats[c.Account]; b != nil {
			b.notices = c.N
		}
	}
}
