package notify_test

import (
	"math"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

var atWork = callbackd.DeviceState{Active: true, Screen: "on", Client: "open"}

func report(change func(*callbackd.DeviceState)) notify.Report {
	s := atWork
	if change != nil {
		change(&s)
	}
	return notify.Report{State: s, At: begin}
}

func TestActive_EvidenceLadder(t *testing.T) {
	type state = callbackd.DeviceState
	for name, c := range map[string]struct {
		report notify.Report
		after  time.Duration // since the report
		want   bool
	}{
		"in use":                     {report(nil), 0, true},
		"native app without screen":  {report(func(s *state) { s.Screen, s.Client = "", "" }), 0, true},
		"never reported":             {notify.Report{State: atWork}, 0, false},
		"our lock screen":            {report(func(s *state) { s.Client, s.User = "locked", "active" }), 0, false},
		"unknown client":             {report(func(s *state) { s.Client = "?" }), 0, false},
		"screen locked":              {report(func(s *state) { s.Screen, s.User = "locked", "active" }), 0, false},
		"unknown screen":             {report(func(s *state) { s.Screen = "?" }), 0, false},
		"machine in use elsewhere":   {report(func(s *state) { s.User, s.InputAgeMS, s.HiddenMS = "active", 600_000, 600_000 }), 0, true},
		"machine idle":               {report(func(s *state) { s.User = "idle" }), 0, false},
		"unknown user state":         {report(func(s *state) { s.User = "?" }), 0, false},
		"kiosk":                      {report(func(s *state) { s.Kiosk, s.User = true, "active" }), 0, false},
		"says it is not":             {report(func(s *state) { s.Active = false }), 0, false},
		"hidden for a moment":        {report(func(s *state) { s.HiddenMS = 1 }), 29 * time.Second, true},
		"hidden for 30 s":            {report(func(s *state) { s.HiddenMS = 10_000 }), 20 * time.Second, false},
		"hidden by nonsense":         {report(func(s *state) { s.HiddenMS = -1 }), 0, false},
		"input at the threshold":     {report(func(s *state) { s.InputAgeMS = 60_000 }), time.Minute, true},
		"input beyond the threshold": {report(func(s *state) { s.InputAgeMS = 60_001 }), time.Minute, false},
		"input by nonsense":          {report(func(s *state) { s.InputAgeMS = -1 }), 0, false},
		"input ages ago":             {report(func(s *state) { s.InputAgeMS = math.MaxInt64 }), 0, false},
		"just inside the lease":      {report(nil), 90*time.Second - 1, true},
		"lease over":                 {report(nil), 90 * time.Second, false},
		"machine, lease over":        {report(func(s *state) { s.User = "active" }), 90 * time.Second, false},
		"clock a little behind":      {report(nil), -time.Second, true},
		"clock far behind":           {report(nil), -time.Hour, false},
	} {
		if got := notify.Active(c.report, 2*time.Minute, begin.Add(c.after)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPreferences_IdleAfterStaysInItsBounds(t *testing.T) {
	for seconds, want := range map[int]time.Duration{0: 2 * time.Minute, 1: 30 * time.Second, 30: 30 * time.Second, 300: 5 * time.Minute, 1e9: 15 * time.Minute, -5: 30 * time.Second} {
		if got := (callbackd.Preferences{IdleAfterS: seconds}).IdleAfter(); got != want {
			t.Errorf("%d: %s", seconds, got)
		}
	}
	if err := callbackd.DefaultPreferences().Validate(); err != nil {
		t.Error(err)
	}
	for _, p := range []callbackd.Preferences{{Detail: 3, IdleAfterS: 60}, {Detail: -1, IdleAfterS: 60}, {IdleAfterS: 29}, {IdleAfterS: 901}} {
		if p.Validate() == nil {
			t.Errorf("%+v is valid", p)
		}
	}
}

func TestWhere_MostRecentInputAndLikeliestPhoneFirst(t *testing.T) {
	device := func(id callbackd.DeviceID, class callbackd.Class, p callbackd.Provider, seen time.Duration) callbackd.Device {
		return callbackd.Device{ID: id, Class: class, Provider: p, SeenAt: begin.Add(seen)}
	}
	age := func(ms int64) notify.Report { return report(func(s *callbackd.DeviceState) { s.InputAgeMS = ms }) }
	computers, phones := notify.Where([]notify.Presence{
		{Device: device(1, callbackd.ClassComputer, callbackd.ProviderWebPush, 0), Report: age(50_000), Channel: true},
		{Device: device(2, callbackd.ClassPhone, callbackd.ProviderAPNs, 1)},
		{Device: device(3, callbackd.ClassComputer, "", 0), Report: age(5_000)},
		{Device: device(4, callbackd.ClassPhone, callbackd.ProviderFCM, 2)},
		{Device: device(5, callbackd.ClassPhone, "", 0), Channel: true},
		{Device: device(6, callbackd.ClassComputer, "", 0), Channel: true},
		{Device: device(7, "toaster", "", 0), Channel: true},
	}, callbackd.DefaultPreferences(), begin)
	want := [][]notify.Reach{
		{{Device: 3, Active: true}, {Device: 1, Active: true, Channel: true, Vendor: true}, {Device: 6, Channel: true}},
		{{Device: 5, Channel: true}, {Device: 4, Vendor: true}, {Device: 2, Vendor: true}},
	}
	for i, got := range [][]notify.Reach{computers, phones} {
		if len(got) != len(want[i]) {
			t.Fatalf("%+v", got)
		}
		for j := range got {
			if got[j] != want[i][j] {
				t.Errorf("%d: %+v, want %+v", j, got[j], want[i][j])
			}
		}
	}
}
