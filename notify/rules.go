package notify

import (
	"time"

	"callbackd"
)

// rules are the judgements of the table, one field each, so that the
// exploration in the tests can put a wrong one in the place of any and must
// notice. Programs get lawful() and have no way to change it.
type rules struct {
	stop      func(c Chain, f Facts, now time.Time) Key                  // the re-check before every step
	computers func(c Chain, f Facts) []Reach                             // the computers that come into question: B1, B2
	phones    func(c Chain, f Facts) []Reach                             // the phones that do, when no computer does: B3
	channel   func(e End, r Reach, now time.Time) bool                   // rows 1 and 5: C1
	vendor    func(e End, r Reach, now time.Time) bool                   // rows 2 and 6: C1, C2
	again     func(c Chain, e End, r Reach, now time.Time) bool          // rows 3 and 7: C3
	wait      func(c Chain, f Facts, now time.Time) bool                 // the send that is out is still waited for
	weChat    func(c Chain, f Facts) bool                                // row 9
	settle    func(c Chain, e Event, now time.Time) Key                  // an acknowledgement or a read ends the chain
	refuse    func(t Try) Try                                            // what a vendor's no makes of a send
	begin     func(s Step, timing Timing, now time.Time) (due time.Time) // how long a send is waited for
}

// lawful returns the table's own rules.
func lawful() rules {
	return rules{
		stop: mayNotGoOn, computers: activeComputers, phones: func(_ Chain, f Facts) []Reach { return f.Phones },
		channel: mayUseChannel, vendor: mayUseVendor, again: mayUseChannelAgain,
		wait: stillWaits, weChat: mayUseWeChat, settle: settles,
		refuse: func(t Try) Try { t.Refused = true; return t },
		begin:  waitUntil,
	}
}

// mayNotGoOn is the re-check of the moment: read elsewhere, taken down, switched
// off, too old.
func mayNotGoOn(c Chain, f Facts, now time.Time) Key {
	if f.Stop != "" {
		return f.Stop
	}
	if !now.Before(c.Expires) {
		return KeyExpired
	}
	return ""
}

// activeComputers are those at which somebody is, except the suspect ones: what
// was silent on every way does not come back for the same message. After the
// late hand-over no computer does.
func activeComputers(c Chain, f Facts) []Reach {
	if c.HandedOver {
		return nil
	}
	var active []Reach
	for _, r := range f.Computers {
		if e, _ := c.end(r.Device); r.Active && !e.Suspect {
			active = append(active, r)
		}
	}
	return active
}

// mayUseChannel: the channel is up and has not been used. After a silent push it
// is the channel "once more", which is another row's, even when the vendor's no
// comes after that.
func mayUseChannel(e End, r Reach, now time.Time) bool {
	return r.Channel && !e.Channel.Used() && !e.Again.Used() && !e.Vendor.silent(now)
}

// mayUseVendor: never while the channel is up and has not missed an
// acknowledgement. A browser must show every push, even to somebody who looks
// at the page.
func mayUseVendor(e End, r Reach, now time.Time) bool {
	missed := e.Channel.Used() && e.Channel.over(now)
	return r.Vendor && !e.Vendor.Used() && (!r.Channel || missed)
}

// mayUseChannelAgain: after a push that was taken and not acknowledged, once.
// CN104125141A claim 10 says "was received" where claims 3 and 17, [0061] and
// [0110] say "was not"; the latter holds.
func mayUseChannelAgain(_ Chain, e End, r Reach, now time.Time) bool {
	return r.Channel && e.Vendor.silent(now) && !e.Again.Used()
}

// stillWaits: until the wait is over; and for a computer only as long as
// somebody is at it. A phone's send is waited for whatever the computers do.
func stillWaits(c Chain, f Facts, now time.Time) bool {
	if !c.try(c.Out).pending(now) {
		return false
	}
	if c.Out.Class != callbackd.ClassComputer {
		return true
	}
	for _, r := range f.Computers {
		if r.Device == c.Out.Device {
			return r.Active
		}
	}
	return false
}

// mayUseWeChat: the last notification server. A plain notice stops where a
// vendor took it and nobody answered; a mention goes on.
func mayUseWeChat(c Chain, f Facts) bool {
	return f.WeChat && !c.WeChat.Used() && (c.Reason == callbackd.ReasonMention || !c.taken())
}

// settles: any acknowledgement or read, even a late one, ends the chain. After
// the late hand-over the computer's software has had its say.
func settles(c Chain, e Event, _ time.Time) Key {
	switch {
	case e.Kind == EventRead:
		return KeyRead
	case c.HandedOver && e.Device == c.AckedBy:
		return ""
	}
	return KeyAcked
}

// waitUntil: T1 on the channel, T2 elsewhere; T2 begins anew when the vendor
// accepts.
func waitUntil(s Step, timing Timing, now time.Time) time.Time {
	if s.Transport == callbackd.TransportChannel {
		return now.Add(timing.Ack)
	}
	return now.Add(timing.VendorAck)
}
