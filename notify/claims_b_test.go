package notify_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

// Claims of CN105024905B that pure functions decide: devices report, the ladder
// judges, the chain chooses.

// reported gathers facts from what a computer reported, with a phone that is
// online or not.
func reported(r notify.Report, phoneOnline bool) notify.Facts {
	var f notify.Facts
	f.Computers, f.Phones = notify.Where([]notify.Presence{
		{Device: callbackd.Device{ID: computer, Class: callbackd.ClassComputer, Provider: callbackd.ProviderWebPush}, Report: r, Channel: true},
		{Device: callbackd.Device{ID: phone, Class: callbackd.ClassPhone, Provider: callbackd.ProviderAPNs}, Channel: phoneOnline},
	}, callbackd.DefaultPreferences(), begin)
	return f
}

var (
	inUse  = report(nil)
	unused = report(func(s *callbackd.DeviceState) { s.Screen = "locked" })
)

func TestClaimB1B7_InactiveComputerMeansThePhone(t *testing.T) {
	online := tell(t, callbackd.ReasonReceive, reported(unused, true))
	online.is("", notify.RowPhoneChannel)
	offline := tell(t, callbackd.ReasonReceive, reported(unused, false))
	offline.is("", notify.RowPhoneVendor)
	if out := offline.chain.Out; out.Device != phone || out.Transport != callbackd.TransportVendor {
		t.Errorf("%+v", out)
	}
}

func TestClaimB2B8_AnInactiveComputerIsNotPushedTo(t *testing.T) {
	s := tell(t, callbackd.ReasonMention, reported(unused, true))
	for !s.chain.Ended() {
		if s.chain.Out.Device == computer {
			t.Errorf("%+v", s.chain.Out)
		}
		s.silence(1)
	}
	for _, e := range s.chain.Ends {
		if e.Device == computer {
			t.Errorf("%+v", e)
		}
	}
}

func TestClaimB3_AnActiveComputerAloneIsPushedTo(t *testing.T) {
	s := tell(t, callbackd.ReasonMention, reported(inUse, true))
	s.is("", notify.RowComputerChannel)
	s.acked(computer)
	s.after(time.Minute)
	s.is(notify.KeyAcked, notify.RowComputerChannel)
}

func TestClaimB4_InactiveWithoutInputOrLockedElseActive(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*callbackd.DeviceState)
		want   bool
	}{
		"no input for the preset time": {func(s *callbackd.DeviceState) { s.InputAgeMS = 120_001 }, false},
		"screen locked":                {func(s *callbackd.DeviceState) { s.Screen = "locked" }, false},
		"client locked":                {func(s *callbackd.DeviceState) { s.Client = "locked" }, false},
		"else":                         {func(s *callbackd.DeviceState) { s.InputAgeMS = 119_999 }, true},
	} {
		if got := notify.Active(report(c.change), callbackd.DefaultPreferences().IdleAfter(), begin); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestClaimB5_AnOnlinePhoneGetsItDirectly(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, reported(unused, true))
	s.acked(phone)
	s.is(notify.KeyAcked, notify.RowPhoneChannel)
}

func TestClaimB6_AnOfflinePhoneGetsItFromItsVendor(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, reported(unused, false))
	s.accepted()
	s.acked(phone)
	s.is(notify.KeyAcked, notify.RowPhoneVendor)
}
