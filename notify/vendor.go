package notify

import (
	"context"
	"time"

	"callbackd"
	"callbackd/notify/push"
)

// Vendors are the notification servers that this installation reaches.
type Vendors struct {
	Senders map[callbackd.Provider]push.Sender
	Hosts   push.Hosts // that a subscription's endpoint may have
}

// ReasonNotSetUp is the reason of a result where this installation has no
// settings for the device's vendor (any more).
const ReasonNotSetUp = "not-set-up"

// Has reports whether this installation can use a vendor.
func (v Vendors) Has(p callbackd.Provider) bool { return v.Senders[p] != nil }

// Send hands an alert to a device's vendor: at most the level that its follower
// chose, measured as the vendor measures. Where the vendor finds it too large all
// the same, less is said, down to the fixed sentence. A ttl of 0 means now or
// never. The device's target must be open.
func (v Vendors) Send(ctx context.Context, d callbackd.Device, a Alert, level callbackd.Level, ttl time.Duration) push.Result {
	sender := v.Senders[d.Provider]
	if sender == nil {
		return push.Result{Outcome: push.Refused, Reason: ReasonNotSetUp}
	}
	to, err := v.target(d)
	if err != nil {
		return push.Result{Outcome: push.Refused, Reason: push.ReasonTarget}
	}
	for {
		m, shown, ok := vendorMessage(sender, a, level, ttl)
		if !ok {
			return push.Result{Outcome: push.TooLarge, Reason: push.ReasonSize}
		}
		r := sender.Send(ctx, to, m)
		if r.Outcome != push.TooLarge || shown == callbackd.LevelHint {
			return r
		}
		level = shown - 1
	}
}

// target is where the vendor reaches the device. Its error holds nothing of it.
func (v Vendors) target(d callbackd.Device) (push.Target, error) {
	var to push.Target
	var err error
	switch d.Provider {
	case callbackd.ProviderWebPush:
		to.Subscription, err = v.Hosts.ParseSubscription([]byte(d.Target.Reveal()))
	case callbackd.ProviderAPNs:
		to.Token, err = push.ParseAPNsToken(d.Target.Reveal())
	case callbackd.ProviderFCM:
		to.Token, err = push.ParseFCMToken(d.Target.Reveal())
	default:
		err = callbackd.ErrInvalid
	}
	return to, err
}

// vendorMessage is the message that says the most of what may be said and fits
// the vendor, and the level that it shows; false: not even the sentence fits.
func vendorMessage(sender push.Sender, a Alert, level callbackd.Level, ttl time.Duration) (push.Message, callbackd.Level, bool) {
	m := push.Message{NID: string(a.Notice), TTL: ttl, Urgency: urgency(a), Silent: a.Silent}
	if a.Reason == callbackd.ReasonReceive {
		m.Collapse = a.tag() // a mention has a place to itself: FCM keeps four of a device's and drops the rest
	}
	f, ok := fit(a, level, func(f Frame) bool {
		m.Payload = f.JSON()
		return sender.Fits(m)
	})
	m.Payload = f.JSON()
	return m, f.Level, ok
}

// urgency is how much an alert may cost a battery; of a silent one it is low in
// any case.
func urgency(a Alert) push.Urgency {
	if a.Reason == callbackd.ReasonReceive {
		return push.UrgencyNormal
	}
	return push.UrgencyHigh // somebody is called by name, or waits for the test that they asked for
}
