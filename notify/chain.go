package notify

import (
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// Timing are the waits of a chain.
type Timing struct {
	Ack       time.Duration // T1: for an acknowledgement after a send on the channel
	VendorAck time.Duration // T2: for one after a vendor accepted
}

// DefaultTiming returns T1 of CN104125141A [0056], 3 s, and our T2, 10 s; [0060]
// leaves that open.
func DefaultTiming() Timing { return Timing{Ack: 3 * time.Second, VendorAck: 10 * time.Second} }

// MaxSends is the most that one computer, one phone and WeChat can cause: the
// channel, the vendor, the channel once more, twice, and one WeChat message.
const MaxSends = 7

// HandOverWithin is how long after a computer's acknowledgement the late
// hand-over of a mention to the phone is possible.
const HandOverWithin = 2 * time.Minute

// ClockSlack is how far the clocks of two nodes may be apart. One that differs
// from itself by more was set back.
const ClockSlack = time.Minute

// Reach is what is known, at this moment, of one way to a device.
type Reach struct {
	Device  callbackd.DeviceID
	Active  bool // somebody is at it (where.go); means nothing for phones
	Channel bool // its live connection is up
	Vendor  bool // it is registered with a notification server
}

// Facts are the present truth, gathered anew for each step.
type Facts struct {
	Computers []Reach // the most recent input first
	Phones    []Reach // the most likely first
	WeChat    bool    // a WeChat message is possible: window or template, consent, budget
	Stop      Key     // why no alert may go out any more; empty: it may
	Early     bool    // the server has just started: devices that are not back yet may come
}

// Try is one use of a transport of a device. The zero value: not used.
type Try struct {
	At       time.Time // when it was handed over
	Due      time.Time // when the wait for its acknowledgement ends
	Accepted bool      // the vendor took it
	Refused  bool      // the vendor, or the connection, did not take it
}

// Used reports whether the transport was used.
func (t Try) Used() bool { return !t.At.IsZero() }

// over reports whether there is nothing left to wait for. A send of the future
// means that the clock was set back; how long ago it was cannot be known, so it is
// not waited for.
func (t Try) over(now time.Time) bool {
	return t.Refused || !now.Before(t.Due) || now.Before(t.At.Add(-ClockSlack))
}

// pending reports whether an acknowledgement may still come in time.
func (t Try) pending(now time.Time) bool { return t.Used() && !t.over(now) }

// silent reports whether it was taken and no acknowledgement came in time.
func (t Try) silent(now time.Time) bool { return t.Used() && !t.Refused && t.over(now) }

// End is what a chain did with one device.
type End struct {
	Device  callbackd.DeviceID
	Class   callbackd.Class
	Channel Try  // rows 1 and 5
	Vendor  Try  // rows 2 and 6
	Again   Try  // rows 3 and 7: the channel once more
	Suspect bool // row 4: said to be active, and silent on every way
}

// used reports whether anything was sent to the device.
func (e End) used() bool { return e.Channel.Used() || e.Vendor.Used() || e.Again.Used() }

// last is when something was last handed to the device.
func (e End) last() time.Time { return laterOf(e.Channel.At, laterOf(e.Vendor.At, e.Again.At)) }

// Row is a row of the table, 1–10.
type Row int

// The rows of the table.
const (
	RowComputerChannel Row = 1
	RowComputerVendor  Row = 2
	RowComputerAgain   Row = 3
	RowSuspect         Row = 4
	RowPhoneChannel    Row = 5
	RowPhoneVendor     Row = 6
	RowPhoneAgain      Row = 7
	RowUnconfirmed     Row = 8
	RowWeChat          Row = 9
	RowInbox           Row = 10
)

// Step names one send: by which row, to which device, by which transport. The
// zero value: none.
type Step struct {
	Row       Row
	Device    callbackd.DeviceID // 0 for WeChat
	Class     callbackd.Class
	Transport callbackd.Transport
}

// Scope narrows a chain to one class of devices, for followers who want their
// phone alerted although a computer is active.
type Scope string

// The scopes of a chain.
const (
	ScopeAll      Scope = ""
	ScopeComputer Scope = "computer" // the computer's rows alone, no phone, no WeChat
	ScopePhone    Scope = "phone"    // as though there were no computer
)

// Scopes tells which chains a notice starts: one, or, with "my phone too" and an
// active computer, one for each class. An acknowledgement on either, or a read,
// ends both.
func Scopes(p callbackd.Preferences, f Facts) []Scope {
	if p.PhoneToo {
		for _, c := range f.Computers {
			if c.Active {
				return []Scope{ScopeComputer, ScopePhone}
			}
		}
	}
	return []Scope{ScopeAll}
}

// ScopeOf narrows a chain to one device: a test that its follower asked for. It
// goes out whether somebody is at the device or not.
func ScopeOf(device callbackd.DeviceID) Scope {
	return Scope(deviceScope + strconv.FormatInt(int64(device), 10))
}

const deviceScope = "device:"

func (s Scope) narrow(f Facts) Facts {
	if strings.HasPrefix(string(s), deviceScope) {
		only := func(all []Reach) []Reach {
			var kept []Reach
			for _, r := range all {
				if ScopeOf(r.Device) == s {
					r.Active = true
					kept = append(kept, r)
				}
			}
			return kept
		}
		f.Computers, f.Phones, f.WeChat = only(f.Computers), only(f.Phones), false
		return f
	}
	switch s {
	case ScopeComputer:
		f.Phones, f.WeChat = nil, false
	case ScopePhone:
		f.Computers = nil
	}
	return f
}

// Chain is the whole memory of how one follower is told of one message. It is
// data: stored as JSON, it goes on after a restart, or on another node, as
// though nothing had happened.
type Chain struct {
	Notice  callbackd.NoticeID
	Reason  callbackd.Reason
	Scope   Scope
	Expires time.Time // after it nothing is sent any more

	Ends   []End // devices that something was decided for, in order of that
	WeChat Try
	Out    Step // the one send that is waited for; zero: none
	Sends  int

	Over       Key // why it ended; empty: it runs
	AckedBy    callbackd.DeviceID
	AckedAt    time.Time
	HandedOver bool // the late hand-over has been used

	RetryAt time.Time // a vendor asked for another time: not before; zero: none did
	Retries int       // how often the chain was opened again for that
	Unsure  bool      // the server was away: whether Out left is not known
}

// Ended reports whether the chain sends nothing more by itself.
func (c Chain) Ended() bool { return c.Over != "" }

// Due is when the chain must be stepped again with EventWake; zero: never.
func (c Chain) Due() time.Time {
	if c.Ended() {
		return time.Time{}
	}
	due := c.try(c.Out).Due
	if c.Expires.Before(due) {
		return c.Expires
	}
	return due
}

// try returns the record of a send.
func (c Chain) try(s Step) Try {
	if s.Transport == callbackd.TransportWeChat {
		return c.WeChat
	}
	for _, e := range c.Ends {
		if e.Device == s.Device {
			return *e.at(s.Row)
		}
	}
	return Try{}
}

// at returns the record that a row writes.
func (e *End) at(r Row) *Try {
	switch r {
	case RowComputerChannel, RowPhoneChannel:
		return &e.Channel
	case RowComputerVendor, RowPhoneVendor:
		return &e.Vendor
	case RowComputerAgain, RowPhoneAgain:
		return &e.Again
	}
	return &Try{}
}

// EventKind is what happened.
type EventKind int

// The events of a chain.
const (
	EventWake     EventKind = iota // a timer ran out, or some fact changed; harmless at any time
	EventAck                       // a device shows it
	EventRead                      // the follower has read it
	EventAccepted                  // a vendor took the send
	EventRefused                   // a vendor or a connection did not take the send
)

// Event is something that happened to a chain. Step names the send that a vendor
// accepted or refused, Device who acknowledged.
type Event struct {
	Kind   EventKind
	Step   Step
	Device callbackd.DeviceID
	How    callbackd.How
}

// ActionKind is what the caller must do.
type ActionKind int

// The actions of a chain.
const (
	ActionSend   ActionKind = iota // hand the rendered alert to Step's transport
	ActionCancel                   // take the alert back from Device
	ActionNote                     // write Key to the trail
)

// Action is what the caller must do, after the chain has been stored.
type Action struct {
	Kind   ActionKind
	Step   Step
	Device callbackd.DeviceID
	Key    Key
}
