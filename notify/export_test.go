package notify

import (
	"slices"
	"time"

	"callbackd"
)

// WrongRule is a rule that somebody could have written in the place of a right
// one. Each must be caught by the exploration.
type WrongRule struct {
	Name   string
	change func(r *rules)
}

// Machine returns a machine that has the wrong rule.
func (w WrongRule) Machine(t Timing) Machine {
	m := NewMachine(t)
	w.change(&m.rules)
	return m
}

// WrongRules are all of them, by the layer that they break.
func WrongRules() []WrongRule {
	return slices.Concat(wrongClass(), wrongChannel(), wrongVendor(), wrongAgain(), wrongWaits(), wrongEnds())
}

func wrongClass() []WrongRule {
	return []WrongRule{
		{"an inactive computer is alerted", func(r *rules) {
			r.computers = func(c Chain, f Facts) []Reach {
				return slices.DeleteFunc(slices.Clone(f.Computers), func(r Reach) bool { e, _ := c.end(r.Device); return e.Suspect })
			}
		}},
		{"the phone although a computer is active", func(r *rules) {
			r.computers = func(Chain, Facts) []Reach { return nil }
		}},
		{"the phone as soon as the computer missed one", func(r *rules) {
			r.computers = func(c Chain, f Facts) []Reach {
				return slices.DeleteFunc(activeComputers(c, f), func(r Reach) bool { e, _ := c.end(r.Device); return e.used() })
			}
		}},
		{"suspicion is forgotten", func(r *rules) {
			r.computers = func(c Chain, f Facts) []Reach {
				return slices.DeleteFunc(slices.Clone(f.Computers), func(r Reach) bool { return !r.Active })
			}
		}},
		{"an active computer that is silent keeps the phone quiet", func(r *rules) {
			r.phones = func(c Chain, f Facts) []Reach {
				if slices.ContainsFunc(f.Computers, func(r Reach) bool { return r.Active }) {
					return nil
				}
				return f.Phones
			}
		}},
		{"the phone is never alerted", func(r *rules) {
			r.phones = func(Chain, Facts) []Reach { return nil }
		}},
	}
}

func wrongChannel() []WrongRule {
	return []WrongRule{
		{"the channel is used while it is down", func(r *rules) {
			r.channel = func(e End, _ Reach, now time.Time) bool { return !e.Channel.Used() && !e.Vendor.silent(now) }
		}},
		{"the channel is used again and again", func(r *rules) {
			r.channel = func(_ End, way Reach, _ time.Time) bool { return way.Channel }
		}},
		{"the channel is never used", func(r *rules) {
			r.channel = func(End, Reach, time.Time) bool { return false }
		}},
		{"once more by the channel counts as the first", func(r *rules) {
			r.channel = func(e End, way Reach, _ time.Time) bool { return way.Channel && !e.Channel.Used() }
		}},
		{"a late no of the vendor opens the channel for a third time", func(r *rules) {
			r.channel = func(e End, way Reach, now time.Time) bool {
				return way.Channel && !e.Channel.Used() && !e.Vendor.silent(now)
			}
		}},
	}
}

func wrongVendor() []WrongRule {
	return []WrongRule{
		{"the vendor although the channel is up", func(r *rules) {
			r.vendor = func(e End, way Reach, _ time.Time) bool { return way.Vendor && !e.Vendor.Used() }
			r.channel = func(e End, way Reach, now time.Time) bool {
				return mayUseChannel(e, way, now) && (!way.Vendor || e.Vendor.Used())
			}
		}},
		{"the vendor is used only when the channel is down", func(r *rules) {
			r.vendor = func(e End, way Reach, _ time.Time) bool { return way.Vendor && !e.Vendor.Used() && !way.Channel }
		}},
		{"the vendor is used only after a missed acknowledgement", func(r *rules) {
			r.vendor = func(e End, way Reach, now time.Time) bool {
				return way.Vendor && !e.Vendor.Used() && e.Channel.Used() && e.Channel.over(now)
			}
		}},
		{"a vendor without a registration", func(r *rules) {
			r.vendor = func(e End, way Reach, now time.Time) bool { way.Vendor = true; return mayUseVendor(e, way, now) }
		}},
		{"the vendor twice", func(r *rules) {
			r.vendor = func(e End, way Reach, now time.Time) bool {
				return way.Vendor && !e.Vendor.pending(now) && (!way.Channel || e.Channel.Used())
			}
		}},
		{"a vendor's no counts as silence", func(r *rules) {
			r.refuse = func(t Try) Try { t.Due = t.At; return t }
		}},
		{"a vendor's no is not heard", func(r *rules) {
			r.refuse = func(t Try) Try { return t }
		}},
	}
}

func wrongAgain() []WrongRule {
	return []WrongRule{
		{"never once more by the channel", func(r *rules) {
			r.again = func(Chain, End, Reach, time.Time) bool { return false }
		}},
		{"once more by the channel without a push before", func(r *rules) {
			r.again = func(_ Chain, e End, way Reach, now time.Time) bool {
				return way.Channel && e.Channel.Used() && !e.Again.Used()
			}
		}},
		{"once more by the channel without an end", func(r *rules) {
			r.again = func(_ Chain, e End, way Reach, now time.Time) bool { return way.Channel && e.Vendor.silent(now) }
		}},
		{"once more although the channel is down", func(r *rules) {
			r.again = func(_ Chain, e End, _ Reach, now time.Time) bool { return e.Vendor.silent(now) && !e.Again.Used() }
		}},
		{"CN104125141A claim 10 to the letter: received, so check the channel and send again", func(r *rules) {
			afterVendor := func(c Chain) bool { return c.Out.Transport == callbackd.TransportVendor }
			r.settle = func(c Chain, e Event, now time.Time) Key {
				if e.Kind == EventAck && afterVendor(c) {
					return ""
				}
				return settles(c, e, now)
			}
			r.again = func(c Chain, e End, way Reach, _ time.Time) bool {
				return way.Channel && e.Vendor.Accepted && !e.Again.Used() && c.AckedAt.IsZero()
			}
		}},
	}
}

func wrongWaits() []WrongRule {
	return []WrongRule{
		{"every wake-up is taken for the end of the wait", func(r *rules) {
			r.wait = func(Chain, Facts, time.Time) bool { return false }
		}},
		{"it waits for a computer that nobody is at", func(r *rules) {
			r.wait = func(c Chain, _ Facts, now time.Time) bool { return c.try(c.Out).pending(now) }
		}},
		{"it waits for ever", func(r *rules) {
			r.wait = func(c Chain, f Facts, now time.Time) bool {
				return stillWaits(c, f, now) || c.try(c.Out).silent(now)
			}
		}},
		{"a computer that wakes up takes the phone's alert over", func(r *rules) {
			r.wait = func(c Chain, f Facts, now time.Time) bool {
				return stillWaits(c, f, now) && (c.Out.Class != callbackd.ClassPhone || len(activeComputers(c, f)) == 0)
			}
		}},
		{"the channel waits as long as the vendor", func(r *rules) {
			r.begin = func(_ Step, t Timing, now time.Time) time.Time { return now.Add(t.VendorAck) }
		}},
	}
}

func wrongEnds() []WrongRule {
	return []WrongRule{
		{"an acknowledgement does not end it", func(r *rules) {
			r.settle = func(c Chain, e Event, now time.Time) Key {
				if e.Kind == EventAck {
					return ""
				}
				return settles(c, e, now)
			}
		}},
		{"a late acknowledgement is not heard", func(r *rules) {
			r.settle = func(c Chain, e Event, now time.Time) Key {
				if e.Kind == EventAck && e.Device != c.Out.Device {
					return ""
				}
				return settles(c, e, now)
			}
		}},
		{"a read does not end it", func(r *rules) {
			r.settle = func(c Chain, e Event, now time.Time) Key {
				if e.Kind == EventRead {
					return ""
				}
				return settles(c, e, now)
			}
		}},
		{"nothing is checked again before a send", func(r *rules) {
			r.stop = func(c Chain, _ Facts, now time.Time) Key { return mayNotGoOn(c, Facts{}, now) }
		}},
		{"nothing is ever too old", func(r *rules) {
			r.stop = func(_ Chain, f Facts, _ time.Time) Key { return f.Stop }
		}},
		{"a mention stops where a vendor took it", func(r *rules) {
			r.weChat = func(c Chain, f Facts) bool { return f.WeChat && !c.WeChat.Used() && !c.taken() }
		}},
		{"WeChat for plain notices that a vendor took", func(r *rules) {
			r.weChat = func(c Chain, f Facts) bool { return f.WeChat && !c.WeChat.Used() }
		}},
		{"WeChat without asking whether it may", func(r *rules) {
			r.weChat = func(c Chain, f Facts) bool { f.WeChat = true; return mayUseWeChat(c, f) }
		}},
		{"WeChat again and again", func(r *rules) {
			r.weChat = func(c Chain, f Facts) bool { c.WeChat = Try{}; return mayUseWeChat(c, f) }
		}},
		{"WeChat before the phone", func(r *rules) {
			r.phones = func(c Chain, f Facts) []Reach {
				if mayUseWeChat(c, f) {
					return nil
				}
				return f.Phones
			}
		}},
		{"WeChat is never used", func(r *rules) {
			r.weChat = func(Chain, Facts) bool { return false }
		}},
	}
}
