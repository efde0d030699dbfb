package crashtest

import (
	"fmt"
	"net/http"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
)

// sends are how often a notice was handed over, by transport.
type sends struct{ channel, vendor, weChat int }

func (s sends) sum() int { return s.channel + s.vendor + s.weChat }

func (s sends) plus(o sends) sends {
	return sends{s.channel + o.channel, s.vendor + o.vendor, s.weChat + o.weChat}
}

// moment is an instant in the life of a notice at which the server is killed,
// with a follower of its own who is told of one message.
type moment struct {
	name  string
	plain bool // they are told because they receive, not because they are mentioned
	has   func(p *person)
	reach func(p *person) // says the message, and returns when the instant has come; the server is kept at it
	dead  []notify.Key    // the trail, as the dead left it
	// between runs on the server that is killed a second time, then on the last one:
	// what the follower's devices do when they find it.
	between, then func(p *person)
	last          func(p *person) // when everything has ended

	table   sends // what the table of steps sends where nobody is killed
	extra   sends // what is sent once more because of the kills
	resumed int   // times that the trail says so
	end     notify.Key

	*person
	kills int // that the notice lived through
}

// How followers are reached. The fake vendors tell devices apart by their names.

func (r *noticesRun) android(p *person) {
	p.hasDevice(callbackd.ClassPhone, r.vendors.NewAndroid(p.addr))
}

func (r *noticesRun) phoneBrowser(p *person) {
	p.hasDevice(callbackd.ClassPhone, r.vendors.NewBrowser(p.addr, ""))
}

func (r *noticesRun) computer(p *person) {
	p.hasDevice(callbackd.ClassComputer, r.vendors.NewBrowser(p.addr, ""))
}

// What they do.

// watches: the device is connected, the message comes on its channel, and nobody
// acknowledges it.
func watches(p *person) {
	p.device.connect()
	p.mention()
	p.device.awaitShown(1)
}

// comesBack: the device connects to the new server, is sent the notice once more
// and shows it.
func comesBack(p *person, frame int) {
	p.device.connect()
	p.device.acknowledge(p.device.awaitShown(frame), callbackd.HowInline)
}

// wakes: the vendor brings the notice, for the n-th time, and the app that it wakes
// acknowledges.
func wakes(p *person, n int) { p.wakeAck(p.device.awaitPushed(n)) }

// nobodyLooks: the notice goes on to its end by its own timers, one wait after each
// answer of a vendor or of the platform.
func nobodyLooks(p *person, answers int) {
	for n := range answers {
		p.awaitTrail(notify.KeyAccepted, n+1)
		p.letPass()
	}
}

func byVendorAndInWeChat(p *person) { nobodyLooks(p, 2) }

// mention says something that mentions the person.
func (p *person) mention() {
	p.run.said++
	p.words = fmt.Sprintf("@%s\u2005 第 %d 条", p.public, p.run.said)
	p.run.author(p.account).say(p.words)
}

// author is somebody on an account who mentions others. One sender may mention
// only so many in an hour.
func (r *noticesRun) author(a *rehearsal.Account) *person {
	if r.authors[a] == nil || r.said%15 == 0 {
		r.authors[a] = r.newPerson("an author", a)
	}
	return r.authors[a]
}

// betweenAckAndVendor: T1 is over.
func (r *noticesRun) betweenAckAndVendor() []*moment {
	var call *kept
	return []*moment{
		{name: "between the missed acknowledgement and the vendor", has: r.phoneBrowser,
			reach: func(p *person) {
				call = r.toBrowsers.keep(r.t, p.device.webPushPath(), false)
				r.freeze(p, 3, r.node())
				watches(p)
				p.letPass()
				r.server.await("the vendor to be called", func() (bool, string) { return call.there(), fmt.Sprint(p.trail()) })
			},
			dead:  []notify.Key{notify.KeySent, notify.KeyMissed, notify.KeySent},
			then:  func(p *person) { call.drop(); wakes(p, 1) },
			table: sends{channel: 1, vendor: 1}, resumed: 1, end: notify.KeyAcked},
		{name: "the acknowledgement is overdue, and nothing was done about it", has: r.android,
			reach: func(p *person) {
				r.freeze(p, 2, r.node())
				watches(p)
				p.letPass()
			},
			dead:  []notify.Key{notify.KeySent},
			then:  func(p *person) { comesBack(p, 2) },
			table: sends{channel: 1}, extra: sends{channel: 1}, resumed: 1, end: notify.KeyAcked},
	}
}

// onTheWay: something is out, or about to be. Those whose vendor does not answer
// come late: it is not asked by anybody else then.
func (r *noticesRun) onTheWay() []*moment {
	return append(append(r.onTheChannel(), r.inWeChat()), append(r.atVendors(), r.beforeTheFirstStep(), r.beforeTheRow())...)
}

func (r *noticesRun) onTheChannel() []*moment {
	return []*moment{
		{name: "a frame is out and not acknowledged", has: r.computer,
			reach: func(p *person) {
				p.device.connect()
				p.device.sit()
				p.mention()
				p.device.awaitShown(1)
			},
			dead:  []notify.Key{notify.KeySent},
			then:  func(p *person) { comesBack(p, 2) },
			table: sends{channel: 1}, extra: sends{channel: 1}, resumed: 1, end: notify.KeyAcked},
		{name: "acknowledged and not read", has: r.android,
			reach: func(p *person) {
				watches(p)
				p.device.acknowledge(p.device.shown()[0], callbackd.HowPrompt)
				p.awaitTrail(notify.KeyAcked, 1)
			},
			dead: []notify.Key{notify.KeySent, notify.KeyAcked},
			then: func(p *person) { p.device.connect() },
			last: func(p *person) {
				if got := p.sends(); got != (sends{channel: 1}) {
					r.t.Errorf("%s: sent %+v before it was read", p.name, got)
				}
				p.device.connect()
				p.device.tell("read", fmt.Sprintf(`{"nid":%q}`, p.device.shown()[0]))
			},
			table: sends{channel: 1}, end: notify.KeyRead},
	}
}

func (r *noticesRun) atVendors() []*moment {
	var call *kept
	return []*moment{
		{name: "the vendor accepted, nobody acknowledged yet", has: r.phoneBrowser,
			reach: func(p *person) {
				p.mention()
				p.awaitTrail(notify.KeyAccepted, 1)
			},
			dead:  []notify.Key{notify.KeySent, notify.KeyVendor, notify.KeyAccepted},
			then:  func(p *person) { wakes(p, 1) },
			table: sends{vendor: 1}, end: notify.KeyAcked},
		{name: "the vendor accepted, and it was not written down", has: r.android,
			reach: func(p *person) {
				r.freeze(p, 2, r.node())
				p.mention()
				p.device.awaitPushed(1)
			},
			dead:  []notify.Key{notify.KeySent},
			then:  byVendorAndInWeChat,
			table: sends{vendor: 1, weChat: 1}, extra: sends{vendor: 1}, resumed: 1, end: notify.KeyWeChat},
		{name: "the vendor is being called, and has it", has: r.android,
			reach: func(p *person) {
				p.device.vendor.Answer(pushtest.Answer{Hang: true})
				r.freeze(p, 2, r.node())
				p.mention()
				p.device.awaitPushed(1)
			},
			dead:  []notify.Key{notify.KeySent},
			then:  byVendorAndInWeChat,
			table: sends{vendor: 1, weChat: 1}, extra: sends{vendor: 1}, resumed: 1, end: notify.KeyWeChat},
		{name: "the vendor is being called for a follower who receives, and has nothing", plain: true,
			has: func(p *person) {
				r.receiver = p
				r.phoneBrowser(p)
				p.call(http.MethodPatch, "/api/v1/me/preferences", map[string]any{"receive": true}, http.StatusOK, nil)
			},
			reach: func(p *person) {
				call = r.toBrowsers.keep(r.t, p.device.webPushPath(), false)
				r.freeze(p, 2, r.node())
				r.said++
				p.words = fmt.Sprintf("大家好，第 %d 条", r.said)
				r.author(p.account).say(p.words)
				r.server.await("the vendor to be called", func() (bool, string) { return call.there(), fmt.Sprint(p.trail()) })
			},
			dead:  []notify.Key{notify.KeySent},
			then:  func(p *person) { call.drop(); nobodyLooks(p, 1) },
			table: sends{vendor: 1}, resumed: 1, end: notify.KeyUnconfirmed},
	}
}

func (r *noticesRun) inWeChat() *moment {
	var call *kept
	return &moment{name: "the message in WeChat is being sent",
		has: func(p *person) {
			r.android(p)
			p.device.vendor.Unregister(time.Now())
		},
		reach: func(p *person) {
			call = r.toPlatform.keep(r.t, "/cgi-bin/message/custom/send", true)
			r.freeze(p, 3, r.node())
			p.mention()
			r.server.await("the platform to be called", func() (bool, string) { return call.there(), fmt.Sprint(p.trail()) })
		},
		dead:  []notify.Key{notify.KeySent, notify.KeyVendor, notify.KeyRefused, notify.KeySent},
		then:  func(p *person) { call.drop(); nobodyLooks(p, 1) },
		table: sends{vendor: 1, weChat: 1}, extra: sends{weChat: 1}, resumed: 1, end: notify.KeyWeChat}
}

func (r *noticesRun) beforeTheFirstStep() *moment {
	return &moment{name: "the rows are there, and the first step is not", has: r.android,
		reach: func(p *person) {
			r.freeze(p, 1, r.node())
			p.mention()
			p.awaitRow("the rows", fmt.Sprintf(`SELECT COUNT(*) FROM deliveries WHERE sender_id = %d`, p.sender))
		},
		then:  byVendorAndInWeChat,
		table: sends{vendor: 1, weChat: 1}, end: notify.KeyWeChat}
}

// beforeTheRow comes last: while it is held nobody of its account is told of
// anything. The kill waits until the server has written down how far it has looked
// at the walls, which must not be beyond this message.
func (r *noticesRun) beforeTheRow() *moment {
	return &moment{name: "the message is answered, and the notice is not there", has: r.phoneBrowser,
		reach: func(p *person) {
			r.refuse(p)
			p.mention()
			r.receiver.say("只是说给自己听") // nobody is told of their own words
			p.awaitRow("the place on another wall", `SELECT COUNT(*) FROM notice_cursors c JOIN walls w ON w.account_id = c.account_id
				JOIN accounts a ON a.id = w.account_id WHERE a.slug = 'receiving' AND c.rev = w.rev`)
		},
		then:  byVendorAndInWeChat,
		table: sends{vendor: 1, weChat: 1}, end: notify.KeyWeChat}
}

// twice are killed once more while the server that comes after the first kill
// gives devices their time to come back.
func (r *noticesRun) twice() []*moment {
	return []*moment{
		{name: "the second send on the channel is out", has: r.phoneBrowser,
			reach: func(p *person) {
				p.mention()
				p.awaitTrail(notify.KeyAccepted, 1)
				p.device.connect()
				p.letPass()
				p.device.awaitShown(1)
			},
			dead:    []notify.Key{notify.KeySent, notify.KeyVendor, notify.KeyAccepted, notify.KeySilent, notify.KeySent},
			between: func(p *person) { p.awaitTrail(notify.KeyResumed, 1) },
			then:    func(p *person) { comesBack(p, 2) },
			table:   sends{channel: 1, vendor: 1}, extra: sends{channel: 1}, resumed: 2, end: notify.KeyAcked},
		{name: "a frame is out, and once more", has: r.android, reach: watches,
			dead: []notify.Key{notify.KeySent},
			between: func(p *person) {
				p.device.connect()
				p.device.awaitShown(2)
				p.device.hangUp()
				p.device.connect() // it has had it once more
			},
			then:  func(p *person) { comesBack(p, 3) },
			table: sends{channel: 1}, extra: sends{channel: 2}, resumed: 2, end: notify.KeyAcked},
		{name: "the vendor is being called, and accepts the second call", has: r.android,
			reach: func(p *person) {
				p.device.vendor.Answer(pushtest.Answer{Hang: true})
				r.freeze(p, 2, r.node())
				p.mention()
				p.device.awaitPushed(1)
			},
			dead:    []notify.Key{notify.KeySent},
			between: func(p *person) { p.awaitTrail(notify.KeyAccepted, 1) },
			then:    func(p *person) { wakes(p, 2) },
			table:   sends{vendor: 1}, extra: sends{vendor: 1}, resumed: 1, end: notify.KeyAcked},
		r.notTakenUp(),
	}
}

// notTakenUp is out when the first kill comes, and the server after it dies before
// it has taken this one up.
func (r *noticesRun) notTakenUp() *moment {
	return &moment{name: "a frame is out, and the next server dies before it takes it up", has: r.android,
		reach: func(p *person) {
			watches(p)
			r.freeze(p, 2, "")
		},
		dead:    []notify.Key{notify.KeySent},
		between: func(*person) {},
		then:    func(p *person) { comesBack(p, 2) },
		table:   sends{channel: 1}, extra: sends{channel: 1}, resumed: 1, end: notify.KeyAcked}
}
