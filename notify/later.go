package notify

import (
	"time"

	"callbackd"
)

// What happens to a chain beside the table: a late hand-over, a vendor that asks
// for another time, and a server that was away in the middle of a send.

const (
	// ReconnectGrace is how long devices have to come back after a start of the
	// server before anybody is told by another way.
	ReconnectGrace = 5 * time.Second
	firstRetry     = time.Second
	lastRetry      = 10 * time.Minute
)

// HandOverDue is when a chain that a computer's software ended must be looked at
// again, because the computer may have turned inactive by then without a word;
// zero: never. idle is when its latest input is too old, as far as is known.
func (c Chain) HandOverDue(idle, now time.Time) time.Time {
	end, known := c.end(c.AckedBy)
	limit := c.AckedAt.Add(HandOverWithin)
	if c.Over != KeyAcked || c.Reason != callbackd.ReasonMention || c.HandedOver || c.Scope != ScopeAll ||
		!known || end.Class != callbackd.ClassComputer || now.After(limit) || idle.After(limit) {
		return time.Time{}
	}
	return laterOf(idle, now.Add(time.Millisecond))
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Postpone notes that a vendor wants another time. Where the chain then ends with
// nobody told, Retry takes it up at RetryDue.
func (c *Chain) Postpone(after time.Duration, now time.Time) {
	wait := min(firstRetry<<min(c.Retries, 20), lastRetry)
	at := now.Add(max(wait, after))
	if c.RetryAt.IsZero() || at.Before(c.RetryAt) {
		c.RetryAt = at
	}
}

// RetryDue is when an ended chain is to be looked at again because a vendor asked
// for another time, or is too old to be; zero: never.
func (c Chain) RetryDue() time.Time {
	if c.Over != KeyInbox || c.RetryAt.IsZero() {
		return time.Time{}
	}
	if c.RetryAt.Before(c.Expires) {
		return c.RetryAt
	}
	return c.Expires
}

// Retry opens a chain again whose vendors asked for another time: what a vendor
// refused counts as not tried. One that is too old by then ends as that. false:
// there is nothing to do.
func (m Machine) Retry(c Chain, f Facts, now time.Time) (Chain, []Action, bool) {
	if due := c.RetryDue(); due.IsZero() || now.Before(due) {
		return c, nil, false
	}
	if !now.Before(c.Expires) {
		c.Over, c.RetryAt = KeyExpired, time.Time{}
		return c, []Action{{Kind: ActionNote, Key: KeyExpired}}, true
	}
	ends := make([]End, len(c.Ends))
	for i, e := range c.Ends {
		if e.Vendor.Refused {
			e.Vendor = Try{}
			e.Suspect = false
			if e.Channel.Refused {
				e.Channel = Try{}
			}
		}
		ends[i] = e
	}
	c.Ends, c.Over, c.RetryAt = ends, "", time.Time{}
	c.Retries++
	next, actions := m.Step(c, Event{Kind: EventWake}, f, now)
	return next, append([]Action{{Kind: ActionNote, Key: KeyRetried}}, actions...), true
}

// Resume goes on after the server was away: a send of which nobody knows whether
// it left goes out once more, with the same id. On the channel it waits until the
// device is back (Again); elsewhere it is the action of the answer.
func (m Machine) Resume(c Chain, now time.Time) (Chain, []Action) {
	try := c.try(c.Out)
	if c.Ended() || !try.Used() || try.Accepted || try.Refused {
		return c, nil
	}
	try.At = now
	try.Due = m.rules.begin(c.Out, m.timing, now.Add(ReconnectGrace))
	c.Ends = append([]End(nil), c.Ends...)
	if c.Out.Transport == callbackd.TransportWeChat {
		c.WeChat = try
	} else {
		*c.put(c.Out.Device, c.Out.Class).at(c.Out.Row) = try
	}
	actions := []Action{{Kind: ActionNote, Step: c.Out, Device: c.Out.Device, Key: KeyResumed}}
	if c.Out.Transport == callbackd.TransportChannel {
		c.Unsure = true
		return c, actions
	}
	return c, append(actions, Action{Kind: ActionSend, Step: c.Out, Device: c.Out.Device, Key: KeySent})
}

// Back sends once more on the channel of a device that is back after the server
// was away; false: nothing waits for it.
func (c Chain) Back(device callbackd.DeviceID) (Chain, []Action, bool) {
	if c.Ended() || !c.Unsure || c.Out.Device != device || c.Out.Transport != callbackd.TransportChannel {
		return c, nil, false
	}
	c.Unsure = false
	return c, []Action{{Kind: ActionSend, Step: c.Out, Device: device, Key: KeySent}}, true
}
