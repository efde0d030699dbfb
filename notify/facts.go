package notify

import (
	"context"
	"slices"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// scene is what is known about the followers and accounts of some chains at one
// moment, read at once for all of them.
type scene struct {
	now         time.Time
	early       bool // see Facts
	preferences map[callbackd.SenderID]callbackd.Preferences
	devices     map[callbackd.SenderID][]Presence
	byID        map[callbackd.DeviceID]callbackd.Device
	weChat      map[callbackd.SenderID]store.WeChatReach
	accounts    map[callbackd.AccountID]*callbackd.Account
}

// look reads the scene of some chains. Its queries follow the number of followers,
// some hundreds in one.
func (s *Service) look(ctx context.Context, all []store.Delivery) (*scene, error) {
	v := &scene{now: s.Now(), early: s.early.Load(), devices: map[callbackd.SenderID][]Presence{}, byID: map[callbackd.DeviceID]callbackd.Device{},
		accounts: map[callbackd.AccountID]*callbackd.Account{}}
	var who, mentioned []callbackd.SenderID
	for _, d := range all {
		who = append(who, d.Sender)
		if d.Reason == callbackd.ReasonMention && d.Ended == "" {
			mentioned = append(mentioned, d.Sender)
		}
		if v.accounts[d.Account] == nil {
			a, err := s.accounts.get(ctx, d.Account)
			if err != nil {
				return nil, err
			}
			v.accounts[d.Account] = a
		}
	}
	who, mentioned = distinct(who), distinct(mentioned)
	var err error
	if v.preferences, err = s.DB.ListPreferencesOf(ctx, who); err != nil {
		return nil, err
	}
	if v.weChat, err = s.DB.ListWeChatReach(ctx, mentioned, v.now); err != nil {
		return nil, err
	}
	devices, err := s.DB.ListDevicesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	ids := make([]callbackd.DeviceID, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	for i, seen := range s.Presence.Get(ids) {
		d := devices[i]
		v.byID[d.ID] = d
		if d.Provider != "" && !s.Vendors.Has(d.Provider) {
			d.Provider = "" // this installation has no way to that vendor
		}
		v.devices[d.Sender] = append(v.devices[d.Sender], Presence{Device: d, Report: seen.Report, Channel: seen.Up})
	}
	return v, nil
}

func distinct(ids []callbackd.SenderID) []callbackd.SenderID {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// chosen returns what a follower chose.
func (v *scene) chosen(who callbackd.SenderID) callbackd.Preferences {
	if p, ok := v.preferences[who]; ok {
		return p
	}
	return callbackd.DefaultPreferences()
}

// facts are the present truth for one chain.
func (v *scene) facts(d store.Delivery) Facts {
	p := v.chosen(d.Sender)
	f := Facts{Stop: v.stop(d, p), Early: v.early}
	f.Computers, f.Phones = Where(v.devices[d.Sender], p, v.now)
	f.WeChat = v.way(d) != ""
	return f
}

// stop says why no alert may go out any more.
func (v *scene) stop(d store.Delivery, p callbackd.Preferences) Key {
	group := v.accounts[d.Account].Notices.Group
	switch {
	case d.ReadMS != 0:
		return KeyRead
	case d.Sort == store.NoticeMessage && !wall.Lets(d.About()):
		return KeyRemoved
	case !d.Following:
		return KeyUnfollowed
	case d.Reason == callbackd.ReasonReceive && !p.Receive && !group.NoReceiveSwitch:
		return KeySwitchedOff
	}
	return ""
}

// way is how a follower may be written to in WeChat: for a mention alone, with
// their consent, and inside the ledger's bounds.
func (v *scene) way(d store.Delivery) store.WeChatWay {
	a := v.accounts[d.Account]
	if d.Reason != callbackd.ReasonMention || !a.HasAPI() {
		return ""
	}
	return v.weChat[d.Sender].Way(v.now, a.Notices.Template != nil)
}

// spentWay is the way of a message in WeChat that the ledger holds already: what
// it counts is not asked again, what the follower and the window say is.
func (v *scene) spentWay(d store.Delivery) store.WeChatWay {
	r := v.weChat[d.Sender]
	r.Sent, r.LastMS = 0, 0
	return r.Way(v.now, v.accounts[d.Account].Notices.Template != nil)
}

// idleAt is when the last of a follower's active computers turns inactive if it
// says nothing more; the zero time where none is active.
func (v *scene) idleAt(who callbackd.SenderID) time.Time {
	p := v.chosen(who)
	var last time.Time
	for _, d := range v.devices[who] {
		if d.Device.Class == callbackd.ClassComputer && Active(d.Report, p.IdleAfter(), v.now) {
			last = laterOf(last, activeUntil(d.Report, p.IdleAfter()))
		}
	}
	return last
}

// activeUntil is when a computer that says nothing more stops to count as active;
// exact to its evidence, or the end of the lease.
func activeUntil(r Report, idleAfter time.Duration) time.Time {
	until := r.At.Add(Lease)
	bound := func(t time.Time) {
		if t.Before(until) {
			until = t
		}
	}
	if r.State.User == "" { // else its browser tells when that changes
		bound(lastInput(r).Add(idleAfter))
		if r.State.HiddenMS > 0 {
			bound(r.At.Add(HiddenAfter - milliseconds(r.State.HiddenMS)))
		}
	}
	return until.Add(time.Millisecond)
}
