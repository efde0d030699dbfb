package notify_test

import (
	"fmt"
	"time"

	"callbackd"
	"callbackd/notify"
)

// The exploration visits every state that one chain can reach with one computer,
// one phone and WeChat, whatever happens in whatever order: each send taken,
// refused, answered, answered late or never; channels and activity changing at
// any moment, noticed at once or later; wake-ups at any moment. What may be sent
// is judged here from the outside, by what was sent and what is true, without a
// look at the chain's own notes and without a rule of how.go.

const (
	computer callbackd.DeviceID = 1
	phone    callbackd.DeviceID = 2
	timeLeft                    = time.Hour
	tick                        = time.Second
	tooMany                     = 2_000_000 // states: something counts without an end
)

var (
	// One tick and two: enough for a send to be out, half waited for, and over.
	waits = notify.Timing{Ack: tick, VendorAck: 2 * tick}
	begin = time.Date(2026, 2, 16, 20, 0, 0, 0, time.UTC)
)

// world is what is true; the first four never change during a chain.
type world struct {
	mention, computerPush, phonePush, weChat bool

	active, computerUp, phoneUp bool
	forbidden, expired          bool
}

func (w world) facts() notify.Facts {
	f := notify.Facts{
		Computers: []notify.Reach{{Device: computer, Active: w.active, Channel: w.computerUp, Vendor: w.computerPush}},
		Phones:    []notify.Reach{{Device: phone, Channel: w.phoneUp, Vendor: w.phonePush}},
		WeChat:    w.weChat,
	}
	if w.forbidden {
		f.Stop = notify.KeyRemoved
	}
	return f
}

func (w world) reason() callbackd.Reason {
	if w.mention {
		return callbackd.ReasonMention
	}
	return callbackd.ReasonReceive
}

// put is one send as the outside saw it.
type put struct {
	used, accepted, refused bool
	left                    time.Duration // until the wait for its answer ends
}

func (p put) pending() bool { return p.used && !p.refused && p.left > 0 }
func (p put) missed() bool  { return p.used && !p.pending() }
func (p put) silent() bool  { return p.used && !p.refused && p.left == 0 }

func (p *put) pass(d time.Duration) { p.left = max(0, p.left-d) }

// seen is what was sent to one device.
type seen struct{ channel, push, again put }

func (s seen) pending() bool { return s.channel.pending() || s.push.pending() || s.again.pending() }
func (s seen) used() bool    { return s.channel.used || s.push.used || s.again.used }

// exhausted: no way is left that could be tried now.
func (s seen) exhausted(up, push bool) bool {
	first := up && !s.channel.used && !s.again.used && !s.push.silent()
	vendor := push && !s.push.used && (!up || s.channel.missed())
	again := up && s.push.silent() && !s.again.used
	return !s.pending() && !first && !vendor && !again
}

// watch is everything that the outside saw of a chain.
type watch struct {
	computer, phone seen
	weChat          put
	suspect         bool       // the phone came while the computer was active
	heard           notify.Key // acked or read
}

func (w *watch) of(id callbackd.DeviceID) *seen {
	if id == computer {
		return &w.computer
	}
	return &w.phone
}

func (w *watch) pass(d time.Duration) {
	for _, p := range []*put{&w.computer.channel, &w.computer.push, &w.computer.again,
		&w.phone.channel, &w.phone.push, &w.phone.again, &w.weChat} {
		p.pass(d)
	}
}

func (w *watch) sends() int {
	n := 0
	for _, p := range []put{w.computer.channel, w.computer.push, w.computer.again,
		w.phone.channel, w.phone.push, w.phone.again, w.weChat} {
		if p.used {
			n++
		}
	}
	return n
}

func (w *watch) taken() bool {
	return w.computer.push.used && !w.computer.push.refused || w.phone.push.used && !w.phone.push.refused
}

// target is the record of a send that is waiting for a vendor's answer.
func (w *watch) target(s notify.Step) *put {
	switch {
	case s.Transport == callbackd.TransportWeChat:
		return &w.weChat
	case s.Transport == callbackd.TransportVendor:
		return &w.of(s.Device).push
	case w.of(s.Device).again.used:
		return &w.of(s.Device).again
	}
	return &w.of(s.Device).channel
}

// computerDone: the computer does not come into question any more; where it is
// still active it is suspect from now on.
func (w *watch) computerDone(now world) bool {
	if !now.active || w.suspect {
		return true
	}
	w.suspect = w.computer.exhausted(now.computerUp, now.computerPush)
	return w.suspect
}

// judge looks at one send before it happens.
func (w *watch) judge(s notify.Step, now world) error {
	switch {
	case now.forbidden || now.expired:
		return fmt.Errorf("not eligible, but alerted")
	case w.heard != "":
		return fmt.Errorf("sent after it was %s", w.heard)
	case w.sends() >= notify.MaxSends:
		return fmt.Errorf("more than %d sends", notify.MaxSends)
	case w.phone.pending() || w.weChat.pending():
		return fmt.Errorf("two sends in flight")
	}
	if s.Transport == callbackd.TransportWeChat {
		return w.judgeWeChat(now)
	}
	if s.Device == computer {
		switch {
		case !now.active:
			return fmt.Errorf("inactive computer, but sent to it")
		case w.suspect:
			return fmt.Errorf("ping-pong: the suspect computer came back")
		case w.computer.pending():
			return fmt.Errorf("two sends in flight")
		}
		return w.computer.judge(s, now.computerUp, now.computerPush)
	}
	if s.Device != phone {
		return fmt.Errorf("sent to nobody's device %d", s.Device)
	}
	if !w.computerDone(now) {
		return fmt.Errorf("active computer with ways left, but sent to the phone")
	}
	return w.phone.judge(s, now.phoneUp, now.phonePush)
}

func (w *watch) judgeWeChat(now world) error {
	switch {
	case !now.weChat || w.weChat.used:
		return fmt.Errorf("WeChat is not possible, or not again")
	case !w.computerDone(now) || !w.phone.exhausted(now.phoneUp, now.phonePush):
		return fmt.Errorf("WeChat before every other end was tried")
	case !now.mention && w.taken():
		return fmt.Errorf("WeChat for a plain notice that a vendor took")
	}
	w.weChat = put{used: true, left: waits.VendorAck}
	return nil
}

func (s *seen) judge(step notify.Step, up, push bool) error {
	if step.Transport == callbackd.TransportVendor {
		switch {
		case !push || s.push.used:
			return fmt.Errorf("no vendor, or its second push")
		case up && !s.channel.used:
			return fmt.Errorf("vendor before the channel")
		case up && !s.channel.missed():
			return fmt.Errorf("vendor while the channel is up and has missed nothing")
		}
		s.push = put{used: true, left: waits.VendorAck}
		return nil
	}
	switch {
	case !up:
		return fmt.Errorf("sent on a channel that is down")
	case !s.channel.used && !s.again.used && !s.push.silent():
		s.channel = put{used: true, left: waits.Ack}
	case !s.push.silent():
		return fmt.Errorf("channel again without a silent vendor push")
	case s.again.used:
		return fmt.Errorf("channel again for the second time")
	default:
		s.again = put{used: true, left: waits.Ack}
	}
	return nil
}
