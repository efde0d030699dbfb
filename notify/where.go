package notify

import (
	"slices"
	"time"

	"callbackd"
)

const (
	// Lease is how long a report holds; a computer that was silent for so long is
	// inactive.
	Lease = 90 * time.Second
	// HiddenAfter is how long a page may be hidden until its computer is inactive,
	// where nothing else tells.
	HiddenAfter = 30 * time.Second
)

// Report is the last thing that a device said of itself.
type Report struct {
	State callbackd.DeviceState
	At    time.Time // our clock when it came; zero: there is none
}

// Presence is what is known of one device at this moment.
type Presence struct {
	Device  callbackd.Device
	Report  Report
	Channel bool // its live connection is up: heartbeat normal, C5
}

// Active reports whether somebody is at a computer: claim 4 of CN105024905B by
// the evidence ladder 6.2. Anything that is unknown, or older than the lease,
// means no.
func Active(r Report, idleAfter time.Duration, now time.Time) bool {
	since := max(0, now.Sub(r.At)) // another node's clock may be a little ahead
	s := r.State
	switch {
	case r.At.IsZero() || since >= Lease || r.At.Sub(now) >= Lease:
		return false
	case s.Kiosk: // nobody is known to sit at a projector
		return false
	case s.Client != "" && s.Client != "open": // our own lock screen
		return false
	case s.Screen != "" && s.Screen != "on":
		return false
	case s.User != "": // of the whole machine, as its browser reports
		return s.User == "active"
	case s.HiddenMS < 0, s.HiddenMS > 0 && milliseconds(s.HiddenMS)+since >= HiddenAfter:
		return false
	}
	return s.Active && s.InputAgeMS >= 0 && milliseconds(s.InputAgeMS)+since <= idleAfter
}

// milliseconds is what a stranger's number means; a huge one is only long.
func milliseconds(n int64) time.Duration {
	return time.Duration(min(n, int64(365*24*time.Hour/time.Millisecond))) * time.Millisecond
}

// lastInput is when somebody last touched the page, by our clock.
func lastInput(r Report) time.Time { return r.At.Add(-milliseconds(r.State.InputAgeMS)) }

// Where sorts a follower's devices for a chain. Of several active computers the
// one with the most recent input comes first: they are one person. Of phones the
// ones that are connected come first, then those that were seen last.
func Where(all []Presence, p callbackd.Preferences, now time.Time) (computers, phones []Reach) {
	var ofComputers, ofPhones []Presence
	for _, d := range all {
		switch d.Device.Class {
		case callbackd.ClassComputer:
			ofComputers = append(ofComputers, d)
		case callbackd.ClassPhone:
			ofPhones = append(ofPhones, d)
		}
	}
	slices.SortStableFunc(ofComputers, func(a, b Presence) int { return lastInput(b.Report).Compare(lastInput(a.Report)) })
	slices.SortStableFunc(ofPhones, func(a, b Presence) int {
		if a.Channel != b.Channel {
			if a.Channel {
				return -1
			}
			return 1
		}
		return b.Device.SeenAt.Compare(a.Device.SeenAt)
	})
	for _, d := range ofComputers {
		r := reach(d)
		r.Active = Active(d.Report, p.IdleAfter(), now)
		computers = append(computers, r)
	}
	for _, d := range ofPhones {
		phones = append(phones, reach(d))
	}
	return computers, phones
}

func reach(d Presence) Reach {
	return Reach{Device: d.Device.ID, Channel: d.Channel, Vendor: d.Device.Provider != ""}
}
