package handlers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"callbackd"
	"callbackd/doctor"
)

// Kinds of alarms: what needs a human.
const (
	alarmLogin  = "login"  // the operator pages want somebody to log in
	alarmDoctor = "doctor" // the last run of the doctor found something wrong
	alarmQueue  = "queue"  // a message has waited too long for a moderator
	alarmDisk   = "disk"   // the disk is nearly full
)

const (
	queuePatience = time.Minute
	diskLeast     = 10 // per cent that must be free
)

// alarm is something about an account that needs a human, since it was first seen.
type alarm struct {
	Kind  string
	Since time.Time
}

// sightings remember since when each alarm is seen; they are of this process alone.
type sightings struct {
	mu    sync.Mutex // guards first
	first map[alarmKey]time.Time
}

type alarmKey struct {
	account callbackd.AccountID
	kind    string
}

// since returns when an alarm that is there was first seen; one that is over is
// forgotten.
func (s *sightings) since(k alarmKey, there bool, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !there {
		delete(s.first, k)
		return time.Time{}
	}
	if s.first == nil {
		s.first = map[alarmKey]time.Time{}
	}
	if _, known := s.first[k]; !known {
		s.first[k] = now
	}
	return s.first[k]
}

// alarms are what needs a human at an account now, the most urgent first.
func (h *Handlers) alarms(ctx context.Context, a *callbackd.Account) ([]alarm, error) {
	now := h.Now()
	waiting, err := h.queueIsLate(ctx, a, now)
	if err != nil {
		return nil, err
	}
	login := false
	if h.NeedsLogin != nil && a.MPWeb != nil {
		if login, err = h.NeedsLogin(ctx, a); err != nil {
			return nil, fmt.Errorf("read the operator session: %w", err)
		}
	}
	var found []alarm
	for _, one := range []struct {
		kind  string
		there bool
	}{{alarmDisk, h.diskIsFull()}, {alarmLogin, login}, {alarmDoctor, h.doctorIsRed(a)}, {alarmQueue, waiting}} {
		if since := h.seen.since(alarmKey{a.ID, one.kind}, one.there, now); one.there {
			found = append(found, alarm{one.kind, since})
		}
	}
	return found, nil
}

func (h *Handlers) queueIsLate(ctx context.Context, a *callbackd.Account, now time.Time) (bool, error) {
	q, err := h.DB.GetQueue(ctx, a.ID)
	if err != nil {
		return false, err
	}
	return q.Waiting > 0 && now.Sub(q.Oldest) > queuePatience, nil
}

func (h *Handlers) doctorIsRed(a *callbackd.Account) bool {
	run := h.errands.doctorOf(a.ID)
	if run == nil || run.running {
		return false
	}
	for _, f := range run.findings {
		if f.Level == doctor.Fail {
			return true
		}
	}
	return false
}

// diskIsFull looks at the disk of the data folder; one that cannot be read is no
// alarm of its own: writes will fail loudly.
func (h *Handlers) diskIsFull() bool {
	if h.DiskFree == nil {
		return false
	}
	free, err := h.DiskFree()
	return err == nil && free < diskLeast
}
