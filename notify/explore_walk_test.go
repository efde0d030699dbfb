package notify_test

import (
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

// place is one state of everything.
type place struct {
	world world
	watch watch
	chain notify.Chain
	now   time.Time
}

// mark tells two places apart whose difference matters: times count from now,
// and after the end none does, nor what is true of the devices.
type mark struct {
	world world
	watch watch
	ends  [2]endMark
	chat  tryMark
	out   notify.Step
	over  notify.Key
}

type tryMark struct {
	used, accepted, refused bool
	left                    time.Duration
}

type endMark struct {
	channel, vendor, again tryMark
	suspect                bool
}

func (p place) mark() mark {
	try := func(t notify.Try) tryMark {
		if t.Refused {
			return tryMark{used: true, refused: true}
		}
		return tryMark{used: t.Used(), accepted: t.Accepted, left: max(0, t.Due.Sub(p.now))}
	}
	channel := func(t notify.Try) tryMark {
		m := try(t)
		m.refused = false
		return m
	}
	m := mark{world: p.world, watch: p.watch, chat: try(p.chain.WeChat), out: p.chain.Out, over: p.chain.Over}
	for _, e := range p.chain.Ends {
		m.ends[e.Device-1] = endMark{channel(e.Channel), try(e.Vendor), channel(e.Again), e.Suspect}
	}
	if p.chain.Ended() {
		m.world.active, m.world.computerUp, m.world.phoneUp = false, false, false
		m.ends, m.chat = [2]endMark{}, tryMark{}
		was := p.watch
		m.watch = watch{heard: was.heard}
		m.watch.computer.channel.used, m.watch.phone.channel.used = was.computer.used(), was.phone.used()
	}
	return m
}

// step lets an event happen at p and judges what the machine makes of it.
func (p place) step(m notify.Machine, e notify.Event) (place, error) {
	before := p.chain
	next, actions := m.Step(p.chain, e, p.world.facts(), p.now)
	p.chain = next
	sends := 0
	for _, a := range actions {
		if a.Kind != notify.ActionSend {
			continue
		}
		switch sends++; {
		case sends > 1:
			return p, fmt.Errorf("two sends in one step")
		case before.Ended():
			return p, fmt.Errorf("sent after the end")
		}
		if err := p.watch.judge(a.Step, p.world); err != nil {
			return p, err
		}
	}
	return p, p.check(before.Over)
}

// check holds after every step, whatever it was.
func (p *place) check(before notify.Key) error {
	c, w := p.chain, &p.watch
	switch {
	case w.heard != "" && c.Over != w.heard:
		return fmt.Errorf("%s, but the chain says %q", w.heard, c.Over)
	case w.heard == "" && (c.Over == notify.KeyAcked || c.Over == notify.KeyRead):
		return fmt.Errorf("%s, but nobody answered", c.Over)
	case c.Ended() && c.Out != notify.Step{}:
		return fmt.Errorf("ended and waiting")
	case c.Ended() && !reasoned(c.Over):
		return fmt.Errorf("ended as %q, which has no words", c.Over)
	}
	if !c.Ended() {
		return p.checkWaiting()
	}
	if before != "" || w.heard != "" {
		return nil
	}
	return p.checkEnd()
}

func reasoned(k notify.Key) bool {
	t, ok := notify.Words(k)
	return ok && t.ZH != "" && t.EN != ""
}

// checkWaiting: a chain that runs waits for a send that the outside knows, and
// something will wake it.
func (p *place) checkWaiting() error {
	switch {
	case p.world.forbidden || p.world.expired:
		return fmt.Errorf("not eligible any more, but it goes on")
	case p.chain.Out == notify.Step{} || !p.watch.target(p.chain.Out).pending():
		return fmt.Errorf("lost: it waits for nothing")
	case p.chain.Out.Device == computer && !p.world.active:
		return fmt.Errorf("it goes on waiting for an inactive computer")
	case !p.chain.Due().Equal(p.now.Add(p.watch.target(p.chain.Out).left)):
		return fmt.Errorf("lost: it wakes at %s", p.chain.Due())
	}
	return nil
}

// checkEnd: a chain that ends by itself has tried whatever could be tried, and
// says the truth about why it ended.
func (p *place) checkEnd() error {
	w, over := &p.watch, p.chain.Over
	if p.world.forbidden || p.world.expired {
		if over == notify.KeyRemoved && p.world.forbidden || over == notify.KeyExpired && p.world.expired {
			return nil
		}
		return fmt.Errorf("ended as %s where it was not eligible any more", over)
	}
	switch {
	case w.phone.pending() || w.weChat.pending() || p.world.active && w.computer.pending():
		return fmt.Errorf("gave up before the wait was over")
	case !w.computerDone(p.world):
		return fmt.Errorf("a way to the computer was left")
	case !w.phone.exhausted(p.world.phoneUp, p.world.phonePush):
		return fmt.Errorf("a way to the phone was left")
	case p.world.weChat && !w.weChat.used && (p.world.mention || !w.taken()):
		return fmt.Errorf("WeChat was left")
	}
	want := notify.KeyInbox
	switch {
	case w.weChat.used && !w.weChat.refused:
		want = notify.KeyWeChat
	case !p.world.mention && w.taken():
		want = notify.KeyUnconfirmed
	case w.sends() == 0:
		want = notify.KeyNoDevice
	}
	if over != want {
		return fmt.Errorf("ended as %s, it was %s", over, want)
	}
	return nil
}

// around returns what can happen at p.
func (p place) around(m notify.Machine, visit func(place, error)) {
	wake := notify.Event{Kind: notify.EventWake}
	for _, change := range []func(*world){
		func(w *world) { w.active = !w.active },
		func(w *world) { w.computerUp = !w.computerUp },
		func(w *world) { w.phoneUp = !w.phoneUp },
	} {
		next := p
		change(&next.world)
		if p.chain.Ended() {
			visit(next.step(m, wake))
		} else {
			visit(next, nil) // nobody has noticed it yet
		}
	}
	forbidden := p
	forbidden.world.forbidden = true
	visit(forbidden.step(m, wake))
	forbidden.answers(m, visit)
	visit(p.step(m, wake))
	if !p.chain.Ended() {
		wait := p.chain.Due().Sub(p.now)
		visit(p.later(wait).step(m, wake))
		visit(forbidden.later(wait).step(m, wake))
		expired := p.later(p.chain.Expires.Sub(p.now))
		expired.world.expired = true
		visit(expired.step(m, wake))
	}
	p.answers(m, visit)
	p.heard(m, visit)
}

func (p place) later(d time.Duration) place {
	p.now = p.now.Add(d)
	p.watch.pass(d)
	return p
}

// answers are what vendors and connections say to sends, in time or not.
func (p place) answers(m notify.Machine, visit func(place, error)) {
	for _, s := range []notify.Step{
		{Row: notify.RowComputerChannel, Device: computer, Class: callbackd.ClassComputer, Transport: callbackd.TransportChannel},
		{Row: notify.RowComputerVendor, Device: computer, Class: callbackd.ClassComputer, Transport: callbackd.TransportVendor},
		{Row: notify.RowComputerAgain, Device: computer, Class: callbackd.ClassComputer, Transport: callbackd.TransportChannel},
		{Row: notify.RowPhoneChannel, Device: phone, Class: callbackd.ClassPhone, Transport: callbackd.TransportChannel},
		{Row: notify.RowPhoneVendor, Device: phone, Class: callbackd.ClassPhone, Transport: callbackd.TransportVendor},
		{Row: notify.RowPhoneAgain, Device: phone, Class: callbackd.ClassPhone, Transport: callbackd.TransportChannel},
		{Row: notify.RowWeChat, Transport: callbackd.TransportWeChat},
	} {
		of := func(w *watch) *put {
			switch s.Row {
			case notify.RowComputerChannel, notify.RowPhoneChannel:
				return &w.of(s.Device).channel
			case notify.RowComputerAgain, notify.RowPhoneAgain:
				return &w.of(s.Device).again
			}
			return w.target(s)
		}
		if was := of(&p.watch); !was.used || was.refused || was.accepted ||
			s.Transport == callbackd.TransportChannel && !was.pending() {
			continue
		}
		refused := p
		no := of(&refused.watch)
		no.left, no.refused = 0, s.Transport != callbackd.TransportChannel // a connection that fails has missed its answer
		visit(refused.step(m, notify.Event{Kind: notify.EventRefused, Step: s}))
		if s.Transport == callbackd.TransportChannel {
			continue
		}
		accepted := p
		put, answer := of(&accepted.watch), notify.Event{Kind: notify.EventAccepted, Step: s}
		if !put.pending() {
			if next, err := accepted.step(m, answer); err != nil { // too late to change anything but the trail
				visit(next, err)
			}
			continue
		}
		put.accepted, put.left = true, waits.VendorAck
		visit(accepted.step(m, answer))
	}
}

// heard are acknowledgements, in time and late, and reads.
func (p place) heard(m notify.Machine, visit func(place, error)) {
	for _, id := range []callbackd.DeviceID{computer, phone} {
		if !p.watch.of(id).used() {
			continue
		}
		acked := p
		if acked.watch.heard == "" {
			acked.watch.heard = notify.KeyAcked
		}
		visit(acked.step(m, notify.Event{Kind: notify.EventAck, Device: id, How: callbackd.HowPrompt}))
	}
	read := p
	read.watch.heard = notify.KeyRead
	visit(read.step(m, notify.Event{Kind: notify.EventRead}))
}

// starts are all worlds in which a chain can begin.
func starts() []world {
	var all []world
	for bits := range 1 << 8 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		all = append(all, world{mention: on(0), computerPush: on(1), phonePush: on(2), weChat: on(3),
			active: on(4), computerUp: on(5), phoneUp: on(6), forbidden: on(7)})
	}
	return all
}

// explored is what an exploration found.
type explored struct {
	states, transitions int
	rows                map[notify.Row]bool
	ends                map[notify.Key]bool
	most                int // sends of one chain
	wrong               error
}

// explore visits breadth first and stops at the first thing that is wrong.
func explore(m notify.Machine) explored {
	found := explored{rows: map[notify.Row]bool{}, ends: map[notify.Key]bool{}}
	known := map[mark]bool{}
	var queue []place
	visit := func(p place, err error) {
		found.transitions++
		if err != nil && found.wrong == nil {
			found.wrong = fmt.Errorf("%w\nworld %+v\nchain %+v", err, p.world, p.chain)
		}
		if k := p.mark(); !known[k] {
			known[k] = true
			queue = append(queue, p)
			found.rows[p.chain.Out.Row], found.ends[p.chain.Over] = true, true
			found.most = max(found.most, p.watch.sends())
		}
	}
	for _, w := range starts() {
		p := place{world: w, now: begin, chain: notify.Chain{Notice: "n", Reason: w.reason(), Expires: begin.Add(timeLeft)}}
		visit(p.step(m, notify.Event{Kind: notify.EventWake}))
	}
	for i := 0; i < len(queue) && found.wrong == nil; i++ {
		if len(known) > tooMany {
			found.wrong = fmt.Errorf("more than %d states", tooMany)
		}
		queue[i].around(m, visit)
	}
	found.states = len(known)
	return found
}

func TestExplore_TheTableHolds(t *testing.T) {
	found := explore(notify.NewMachine(waits))
	if found.wrong != nil {
		t.Fatal(found.wrong)
	}
	t.Logf("%d states, %d transitions, at most %d sends", found.states, found.transitions, found.most)
	if found.states < 10_000 || found.most != notify.MaxSends {
		t.Errorf("too little was explored: %d states, %d sends", found.states, found.most)
	}
	for _, row := range []notify.Row{1, 2, 3, 5, 6, 7, 9} {
		if !found.rows[row] {
			t.Errorf("row %d was never reached", row)
		}
	}
	for _, end := range []notify.Key{notify.KeyAcked, notify.KeyRead, notify.KeyUnconfirmed, notify.KeyWeChat,
		notify.KeyInbox, notify.KeyNoDevice, notify.KeyExpired, notify.KeyRemoved} {
		if !found.ends[end] {
			t.Errorf("no chain ended as %s", end)
		}
	}
}

func TestExplore_CatchesEveryWrongRule(t *testing.T) {
	wrong := notify.WrongRules()
	if len(wrong) < 19 {
		t.Fatalf("%d wrong rules", len(wrong))
	}
	for _, r := range wrong {
		t.Run(r.Name, func(t *testing.T) {
			found := explore(r.Machine(waits))
			if found.wrong == nil {
				t.Fatalf("survived %d states", found.states)
			}
			t.Logf("%s", found.wrong)
		})
	}
}
