package notify

import (
	"sync"
	"time"

	"callbackd"
)

// Presences hold what devices say of themselves, and which of them are up. One
// node keeps it in memory; several share it. What it forgets counts as inactive
// and down.
type Presences interface {
	// Report keeps a device's own word; false: nothing about it changed but the time.
	Report(device callbackd.DeviceID, r Report)
	// Up and Down say whether the device's live channel is open.
	Up(device callbackd.DeviceID)
	Down(device callbackd.DeviceID)
	// Missed says that a send on the channel was not acknowledged in time: after
	// two in a row the channel counts as down until the device is heard again.
	Missed(device callbackd.DeviceID)
	// Heard says that the device acknowledged something.
	Heard(device callbackd.DeviceID)
	// Get returns what is known of devices, in their order.
	Get(devices []callbackd.DeviceID) []Seen
}

// Seen is what Presences know of a device.
type Seen struct {
	Report Report
	Up     bool
}

// missesUntilDown is how many acknowledgements a channel may miss in a row (C5).
const missesUntilDown = 2

// MemoryPresences are the Presences of one node.
type MemoryPresences struct {
	now     func() time.Time
	mu      sync.Mutex // guards what follows
	devices map[callbackd.DeviceID]*seenDevice
	sweepAt int // how many devices there are when it is worth to look for old ones
}

type seenDevice struct {
	report Report
	up     bool
	misses int
}

// NewMemoryPresences returns an empty one.
func NewMemoryPresences(now func() time.Time) *MemoryPresences {
	return &MemoryPresences{now: now, devices: map[callbackd.DeviceID]*seenDevice{}, sweepAt: sweepFrom}
}

// sweepFrom is how many devices are remembered before old ones are looked for.
const sweepFrom = 1024

// of returns a device's record, under mu.
func (p *MemoryPresences) of(id callbackd.DeviceID) *seenDevice {
	d := p.devices[id]
	if d == nil {
		if len(p.devices) >= p.sweepAt {
			p.sweep()
			p.sweepAt = max(sweepFrom, 2*len(p.devices))
		}
		d = &seenDevice{}
		p.devices[id] = d
	}
	return d
}

// sweep forgets what says nothing any more.
func (p *MemoryPresences) sweep() {
	now := p.now()
	for id, d := range p.devices {
		if !d.up && now.Sub(d.report.At) > Lease {
			delete(p.devices, id)
		}
	}
}

// Report implements Presences.
func (p *MemoryPresences) Report(id callbackd.DeviceID, r Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.of(id)
	d.report, d.misses = r, 0
}

// Up implements Presences.
func (p *MemoryPresences) Up(id callbackd.DeviceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.of(id)
	d.up, d.misses = true, 0
}

// Down implements Presences.
func (p *MemoryPresences) Down(id callbackd.DeviceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(id).up = false
}

// Missed implements Presences.
func (p *MemoryPresences) Missed(id callbackd.DeviceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(id).misses++
}

// Heard implements Presences.
func (p *MemoryPresences) Heard(id callbackd.DeviceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.devices[id]; d != nil {
		d.misses = 0
	}
}

// Get implements Presences.
func (p *MemoryPresences) Get(ids []callbackd.DeviceID) []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Seen, len(ids))
	for i, id := range ids {
		if d := p.devices[id]; d != nil {
			out[i] = Seen{Report: d.report, Up: d.up && d.misses < missesUntilDown}
		}
	}
	return out
}
