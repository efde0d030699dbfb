package notify

import (
	"slices"
	"time"

	"callbackd"
)

// Machine steps chains. It holds no state: the same chain, event, facts and time
// always give the same answer.
type Machine struct {
	timing Timing
	rules  rules
}

// NewMachine returns a machine with these waits.
func NewMachine(t Timing) Machine { return Machine{timing: t, rules: lawful()} }

// Start begins to tell a follower. The chain of the answer either waits for one
// send or has ended; so after every step.
func (m Machine) Start(id callbackd.NoticeID, why callbackd.Reason, s Scope, expires time.Time, f Facts, now time.Time) (Chain, []Action) {
	return m.Step(Chain{Notice: id, Reason: why, Scope: s, Expires: expires}, Event{Kind: EventWake}, f, now)
}

// Step is the table: what an event makes of a chain under the facts of this
// moment, and what is to be done. It may be called at any time and as often as
// somebody likes; at most one action is a send. The chain that was passed in
// stays as it was.
func (m Machine) Step(c Chain, e Event, f Facts, now time.Time) (Chain, []Action) {
	c.Ends = slices.Clone(c.Ends)
	t := turn{Machine: m, c: &c, f: c.Scope.narrow(f), now: now}
	switch e.Kind {
	case EventAck, EventRead:
		t.heard(e)
	case EventAccepted, EventRefused:
		t.answered(e)
		t.advance()
	default:
		t.advance()
	}
	return c, t.actions
}

// HandOver starts the phone once for a mention that a computer's software
// acknowledged, that is still unread, and whose computer then turned inactive:
// claim 1 of CN105024905B applied to the new state. It is called when a
// computer turns inactive; false: there is nothing to hand over. Only a read,
// or the phone's acknowledgement, ends it.
func (m Machine) HandOver(c Chain, f Facts, now time.Time) (Chain, []Action, bool) {
	end, known := c.end(c.AckedBy)
	switch {
	case c.Over != KeyAcked, c.Reason != callbackd.ReasonMention, c.HandedOver, c.Scope != ScopeAll,
		!known, end.Class != callbackd.ClassComputer,
		now.After(c.AckedAt.Add(HandOverWithin)), len(activeComputers(Chain{}, f)) > 0,
		m.rules.stop(c, f, now) != "", len(f.Phones) == 0:
		return c, nil, false
	}
	c.HandedOver, c.Over = true, ""
	next, actions := m.Step(c, Event{Kind: EventWake}, f, now)
	return next, append([]Action{{Kind: ActionNote, Key: KeyHandOver}}, actions...), true
}

// turn is one step in the making.
type turn struct {
	Machine
	c       *Chain
	f       Facts
	now     time.Time
	actions []Action
}

// advance goes on to the next send unless one is waited for. While it is early a
// chain stays where it is: whoever calls steps it again when that is over.
func (t *turn) advance() {
	if t.c.Ended() {
		return
	}
	if key := t.rules.stop(*t.c, t.f, t.now); key != "" {
		t.finish(key)
		t.cancel(0)
		return
	}
	if t.f.Early {
		return // who is at a computer, and what is up, is not known yet
	}
	if t.c.Out != (Step{}) {
		if t.rules.wait(*t.c, t.f, t.now) {
			return
		}
		t.note(t.c.Out, t.lost())
		t.c.Out = Step{}
	}
	t.next()
}

// lost says why the send that is out is not waited for any longer.
func (t *turn) lost() Key {
	switch try := t.c.try(t.c.Out); {
	case try.Refused:
		return KeyRefused
	case try.pending(t.now):
		return KeyAbandoned
	case t.c.Out.Transport == callbackd.TransportChannel:
		return KeyMissed
	}
	return KeySilent
}

// next takes the first row that applies.
func (t *turn) next() {
	for _, r := range t.rules.computers(*t.c, t.f) {
		if t.use(r, callbackd.ClassComputer) {
			return
		}
		t.c.put(r.Device, callbackd.ClassComputer).Suspect = true
		t.note(Step{Row: RowSuspect, Device: r.Device, Class: callbackd.ClassComputer}, KeySuspect)
	}
	for _, r := range t.rules.phones(*t.c, t.f) {
		if t.use(r, callbackd.ClassPhone) {
			return
		}
	}
	if t.rules.weChat(*t.c, t.f) {
		t.send(Step{Row: RowWeChat, Transport: callbackd.TransportWeChat})
		return
	}
	t.finish(t.c.rest())
}

// use sends to a device by the first of its rows that applies, or takes up again
// the wait for a send that had been given up; false: nothing is left there.
func (t *turn) use(r Reach, class callbackd.Class) bool {
	e, _ := t.c.end(r.Device)
	first := RowComputerChannel
	if class == callbackd.ClassPhone {
		first = RowPhoneChannel
	}
	step := func(row Row, by callbackd.Transport) Step {
		return Step{Row: row, Device: r.Device, Class: class, Transport: by}
	}
	byChannel, byVendor, again := step(first, callbackd.TransportChannel), step(first+1, callbackd.TransportVendor), step(first+2, callbackd.TransportChannel)
	for _, s := range []Step{again, byVendor, byChannel} {
		if e.at(s.Row).pending(t.now) {
			t.c.Out = s
			return true
		}
	}
	switch {
	case t.rules.channel(e, r, t.now):
		t.send(byChannel)
	case t.rules.vendor(e, r, t.now):
		t.send(byVendor)
	case t.rules.again(*t.c, e, r, t.now):
		t.send(again)
	default:
		return false
	}
	return true
}

func (t *turn) send(s Step) {
	try := Try{At: t.now, Due: t.rules.begin(s, t.timing, t.now)}
	if s.Transport == callbackd.TransportWeChat {
		t.c.WeChat = try
	} else {
		*t.c.put(s.Device, s.Class).at(s.Row) = try
	}
	t.c.Out = s
	t.c.Sends++
	t.actions = append(t.actions, Action{Kind: ActionSend, Step: s, Device: s.Device, Key: KeySent})
}

// answered writes down what a vendor or a connection said about a send. A second
// answer to the same send changes nothing.
func (t *turn) answered(e Event) {
	try := t.c.try(e.Step)
	if !try.Used() || try.Accepted || try.Refused || e.Kind == EventAccepted && e.Step.Transport == callbackd.TransportChannel {
		return
	}
	if e.Kind == EventRefused {
		try = t.rules.refuse(try)
	} else {
		if try.pending(t.now) {
			try.Due = t.rules.begin(e.Step, t.timing, t.now)
		}
		try.Accepted = true
		t.note(e.Step, KeyAccepted)
	}
	if e.Step.Transport == callbackd.TransportWeChat {
		t.c.WeChat = try
		return
	}
	*t.c.put(e.Step.Device, e.Step.Class).at(e.Step.Row) = try
}

// heard ends the chain by an acknowledgement or a read, and takes the alert back
// from every other device that was sent to.
func (t *turn) heard(e Event) {
	key := t.rules.settle(*t.c, e, t.now)
	if key == "" || t.c.Over == KeyRead {
		return
	}
	if e.Kind == EventAck {
		if t.c.Over == KeyAcked {
			return
		}
		t.c.AckedBy, t.c.AckedAt = e.Device, t.now
	}
	t.finish(key)
	t.cancel(e.Device)
}

func (t *turn) finish(key Key) {
	t.c.Over, t.c.Out = key, Step{}
	t.actions = append(t.actions, Action{Kind: ActionNote, Key: key})
}

func (t *turn) cancel(except callbackd.DeviceID) {
	for _, e := range t.c.Ends {
		if e.used() && e.Device != except {
			t.actions = append(t.actions, Action{Kind: ActionCancel, Device: e.Device})
		}
	}
}

func (t *turn) note(s Step, key Key) {
	t.actions = append(t.actions, Action{Kind: ActionNote, Step: s, Device: s.Device, Key: key})
}

// end returns what was done with a device; false: nothing yet.
func (c Chain) end(id callbackd.DeviceID) (End, bool) {
	for _, e := range c.Ends {
		if e.Device == id {
			return e, true
		}
	}
	return End{}, false
}

// put returns the record of a device to write in.
func (c *Chain) put(id callbackd.DeviceID, class callbackd.Class) *End {
	for i := range c.Ends {
		if c.Ends[i].Device == id {
			return &c.Ends[i]
		}
	}
	c.Ends = append(c.Ends, End{Device: id, Class: class})
	return &c.Ends[len(c.Ends)-1]
}

// taken reports whether some vendor took the notice, or may have taken it.
func (c Chain) taken() bool {
	return slices.ContainsFunc(c.Ends, func(e End) bool { return e.Vendor.Used() && !e.Vendor.Refused })
}

// rest names the end of a chain to which nobody answered.
func (c Chain) rest() Key {
	switch {
	case c.WeChat.Used() && !c.WeChat.Refused:
		return KeyWeChat
	case c.Reason != callbackd.ReasonMention && c.taken():
		return KeyUnconfirmed
	case c.Sends == 0:
		return KeyNoDevice
	}
	return KeyInbox
}
