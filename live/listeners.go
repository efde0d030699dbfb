package live

import (
	"sync"

	"callbackd"
)

// stage is how far a subscription to a device has come.
type stage int

const (
	asking    stage = iota // OpenDevice is asked
	dropped                // DropDevice came while it was asked: the answer is not good any more
	admitted               // the library makes the subscription
	listening              // it counts, and frames reach it
)

// listeners are the subscriptions to devices in this process. They are counted
// here and not in the library, whose events of one subscription may come before
// it is complete, and twice when two ends of it are one moment.
type listeners struct {
	there func(*guest, callbackd.PublicID) bool // whether the library has a subscription, complete and not ended

	mu       sync.Mutex // guards what follows
	byDevice map[callbackd.PublicID]*deviceChannel
}

type deviceChannel struct {
	stages map[*guest]stage
	count  int // of stages, those that are listening

	turns   []bool // what is to be told, in order: true is up, false is down
	telling bool   // somebody tells it
}

// enter notes that a guest asks for a device.
func (l *listeners) enter(g *guest, device callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if c == nil {
		c = &deviceChannel{stages: map[*guest]stage{}}
		l.byDevice[device] = c
	}
	c.stages[g] = asking
}

// refuse takes back enter.
func (l *listeners) refuse(g *guest, device callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.byDevice[device]; c != nil {
		delete(c.stages, g)
		l.tidy(device, c)
	}
}

// admit reports whether a guest that was allowed in still is; false: the device
// was dropped while that was asked, so ask again.
func (l *listeners) admit(g *guest, device callbackd.PublicID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if c.stages[g] == dropped {
		c.stages[g] = asking
		return false
	}
	c.stages[g] = admitted
	return true
}

// settle counts a guest in once the library is done with its subscription, if
// that is there and has not ended already.
func (l *listeners) settle(g *guest, device callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if !l.there(g, device) {
		delete(c.stages, g)
		l.tidy(device, c)
		return
	}
	c.stages[g] = listening
	c.count++
	if c.count == 1 {
		c.turns = append(c.turns, true)
	}
}

// leave counts a guest out whose subscription ended. One that does not count,
// or not yet, is for settle; one that is there again is another subscription.
func (l *listeners) leave(g *guest, device callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if c == nil || c.stages[g] != listening || l.there(g, device) {
		return
	}
	delete(c.stages, g)
	c.count--
	if c.count == 0 {
		c.turns = append(c.turns, false)
	}
}

// drop makes void what is being asked, and returns who is to be unsubscribed.
func (l *listeners) drop(device callbackd.PublicID) []*guest {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if c == nil {
		return nil
	}
	var inside []*guest
	for g, s := range c.stages {
		if s == admitted || s == listening {
			inside = append(inside, g)
		} else {
			c.stages[g] = dropped
		}
	}
	return inside
}

// heard reports whether a frame to a device would reach anybody.
func (l *listeners) heard(device callbackd.PublicID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	return c != nil && c.count > 0
}

// tell calls up and down for the turns of a device, one after the other and in
// order, outside the lock: they may come back here. Who finds another one
// telling leaves its turns to it.
func (l *listeners) tell(device callbackd.PublicID, up, down func(callbackd.PublicID)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.byDevice[device]
	if c == nil || c.telling {
		return
	}
	c.telling = true
	for len(c.turns) > 0 {
		call := down
		if c.turns[0] {
			call = up
		}
		c.turns = c.turns[1:]
		l.mu.Unlock()
		call(device)
		l.mu.Lock()
	}
	c.telling = false
	l.tidy(device, c)
}

// tidy forgets a channel of which nothing is left. The caller holds the lock.
func (l *listeners) tidy(device callbackd.PublicID, c *deviceChannel) {
	if len(c.stages) == 0 && len(c.turns) == 0 && !c.telling {
		delete(l.byDevice, device)
	}
}
