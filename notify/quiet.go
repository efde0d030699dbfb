package notify

import (
	"fmt"
	"time"
	_ "time/tzdata" // the zones, for hosts that have none; used only where the system's are missing

	"callbackd"
)

// Silent reports whether an alert of this moment comes without sound and with
// low urgency. It is never dropped: the mentioned one is "certainly" told. It
// depends on the present preferences alone, so a change of the zone holds from
// the next send on.
func Silent(p callbackd.Preferences, why callbackd.Reason, now time.Time) bool {
	if p.Quiet == nil || why == callbackd.ReasonMention && p.Quiet.MentionsPass {
		return false
	}
	q, err := parseQuiet(*p.Quiet)
	return err == nil && q.holds(now)
}

// ValidateQuiet says what is wrong with quiet hours that somebody wants to store.
func ValidateQuiet(q callbackd.Quiet) error {
	_, err := parseQuiet(q)
	return err
}

// quiet are quiet hours that make sense; minutes count from midnight.
type quiet struct {
	from, to int
	zone     *time.Location
}

func parseQuiet(q callbackd.Quiet) (quiet, error) {
	from, err := minutes(q.From)
	if err != nil {
		return quiet{}, err
	}
	to, err := minutes(q.To)
	if err != nil {
		return quiet{}, err
	}
	if from == to {
		return quiet{}, fmt.Errorf("%w: quiet hours end when they begin", callbackd.ErrInvalid)
	}
	if q.Zone == "" || q.Zone == "Local" { // time would take these for UTC and for the server's own
		return quiet{}, fmt.Errorf("%w: quiet hours need a time zone such as Asia/Shanghai", callbackd.ErrInvalid)
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		return quiet{}, fmt.Errorf("%w: no such time zone", callbackd.ErrInvalid)
	}
	return quiet{from, to, zone}, nil
}

// minutes reads HH:MM.
func minutes(clock string) (int, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil || len(clock) != len("15:04") {
		return 0, fmt.Errorf("%w: a time of day is HH:MM", callbackd.ErrInvalid)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// holds looks at the windows that begin yesterday and today. Each is one stretch
// of time, whatever the clocks do inside it: on the night on which they go back
// a window neither ends twice nor begins twice.
func (q quiet) holds(now time.Time) bool {
	y, m, d := now.In(q.zone).Date()
	for _, day := range []int{d - 1, d} {
		end := day
		if q.to < q.from {
			end++
		}
		if !now.Before(q.instant(y, m, day, q.from)) && now.Before(q.instant(y, m, end, q.to)) {
			return true
		}
	}
	return false
}

// instant is the first moment of a day at which the clocks show so many minutes
// past midnight, or, when they jump over that, the moment of the jump.
func (q quiet) instant(y int, m time.Month, d, minutes int) time.Time {
	guess := time.Date(y, m, d, 0, minutes, 0, 0, q.zone)
	asUTC := time.Date(y, m, d, 0, minutes, 0, 0, time.UTC)
	var first time.Time
	for _, near := range []time.Time{guess.Add(-24 * time.Hour), guess.Add(24 * time.Hour)} {
		_, offset := near.Zone()
		t := asUTC.Add(-time.Duration(offset) * time.Second).In(q.zone)
		if _, own := t.Zone(); own == offset && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	_, jump := guess.Add(-24 * time.Hour).ZoneBounds()
	return jump
}
