package notify_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

// Claims of CN104125141A that the chain decides. Its terminals (C6, C7, C13, C14) and
// the whole (C15) are not pure.

// onPhone are facts of a phone alone.
func onPhone(up bool) notify.Facts {
	return notify.Facts{Phones: []notify.Reach{{Device: phone, Channel: up, Vendor: true}}}
}

func TestClaimC1C8_UpMeansTheChannelDownTheNotificationServer(t *testing.T) {
	tell(t, callbackd.ReasonReceive, onPhone(true)).is("", notify.RowPhoneChannel)
	tell(t, callbackd.ReasonReceive, onPhone(false)).is("", notify.RowPhoneVendor)
}

func TestClaimC2C9C16_NoAcknowledgementInTimeMeansTheNotificationServer(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(true))
	s.after(3*time.Second - 1)
	s.is("", notify.RowPhoneChannel)
	s.after(1)
	s.is("", notify.RowPhoneChannel, notify.RowPhoneVendor)
}

// Claim 10 says that the acknowledgement was received; claims 3 and 17, [0061]
// and [0110] say that it was not, and so it is.
func TestClaimC3C10C17_StillNoneMeansTheChannelOnceMoreWhereItIsUp(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(false))
	s.facts = onPhone(true)
	s.silence(1)
	s.is("", notify.RowPhoneVendor, notify.RowPhoneAgain)
	s.silence(1)
	s.is(notify.KeyUnconfirmed, notify.RowPhoneVendor, notify.RowPhoneAgain)

	down := tell(t, callbackd.ReasonReceive, onPhone(false))
	down.silence(1)
	down.is(notify.KeyUnconfirmed, notify.RowPhoneVendor)

	received := tell(t, callbackd.ReasonReceive, onPhone(false))
	received.facts = onPhone(true)
	received.accepted()
	received.acked(phone)
	received.after(time.Minute)
	received.is(notify.KeyAcked, notify.RowPhoneVendor)
}

func TestClaimC4C11_TheRequestCarriesWhatMayBeShown(t *testing.T) {
	push := pushed(t, plain, thirdOn, 2)
	shows(t, push, true, true)
	shows(t, pushed(t, plain, thirdOn, 0), false, false)
}

// The heartbeat itself is the connection's; here a phone whose heartbeat failed
// is one whose channel is down.
func TestClaimC5C12_TheHeartbeatDecidesWhetherTheChannelIsUp(t *testing.T) {
	for up, want := range map[bool]notify.Row{true: notify.RowPhoneChannel, false: notify.RowPhoneVendor} {
		_, phones := notify.Where([]notify.Presence{{
			Device: callbackd.Device{ID: phone, Class: callbackd.ClassPhone, Provider: callbackd.ProviderFCM}, Channel: up,
		}}, callbackd.DefaultPreferences(), begin)
		tell(t, callbackd.ReasonReceive, notify.Facts{Phones: phones}).is("", want)
	}
}

func TestClaimC18_AnAcknowledgementEndsTheWait(t *testing.T) {
	s := tell(t, callbackd.ReasonReceive, onPhone(true))
	s.acked(phone)
	s.after(time.Hour / 2)
	s.is(notify.KeyAcked, notify.RowPhoneChannel)
	late := tell(t, callbackd.ReasonReceive, onPhone(true))
	late.silence(3)
	late.acked(phone)
	late.is(notify.KeyAcked, notify.RowPhoneChannel, notify.RowPhoneVendor, notify.RowPhoneAgain)
}
