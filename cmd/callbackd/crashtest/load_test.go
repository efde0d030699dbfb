package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

const (
	workers = 24
	// realTries is how often the platform delivers in all before it gives up.
	realTries = 3
	// replayWindow is how old a request may be to be sent again unchanged: the
	// server takes timestamps of 15 minutes.
	replayWindow = 10 * time.Minute
)

// kinds is what people send and do, as often as it is named.
var kinds = map[string]int{"text": 140, "location": 10, "link": 10, "image": 3, "voice": 2, "video": 1, "subscribe": 10, "SCAN": 12, "CLICK": 12}

// ticket is one thing to be said or done.
type ticket struct {
	n       int // unique
	account *account
	from    callbackd.FakeID
	kind    string
	insist  bool   // see push
	seed    uint64 // of how it is delivered
}

// load is the crowd: workers that deliver what tickets say, repeat as the
// platform does, and tell the ledger.
type load struct {
	ledger  *ledger
	tickets chan ticket
	done    chan struct{} // closed when all workers have ended
	cancel  context.CancelFunc

	inFlight atomic.Int64 // deliveries that wait for their answer

	mu     sync.Mutex // guards spoken
	spoken map[string]bool
}

func startLoad(l *ledger) *load {
	ctx, cancel := context.WithCancel(context.Background())
	d := &load{ledger: l, tickets: make(chan ticket, 10_000), done: make(chan struct{}), cancel: cancel, spoken: map[string]bool{}}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case t, more := <-d.tickets:
					if !more {
						return
					}
					d.work(ctx, t)
				}
			}
		})
	}
	go func() {
		group.Wait()
		close(d.done)
	}()
	return d
}

// abort ends the workers wherever they are.
func (d *load) abort() {
	d.cancel()
	<-d.done
}

func (d *load) work(ctx context.Context, t ticket) {
	p, err := d.make(t)
	if err != nil {
		d.ledger.problem("the platform refused a %s: %v", t.kind, err)
		return
	}
	d.ledger.add(p)
	r := rand.New(rand.NewPCG(t.seed, 1))
	d.deliver(ctx, p, r)
	if r.IntN(8) == 0 {
		d.repeat(ctx, r)
	}
}

// make lets it happen in the world.
func (d *load) make(t ticket) (*push, error) {
	p := &push{account: t.account, insist: t.insist, made: time.Now(),
		first: rehearsal.PrepareOptions{Nonce: strconv.Itoa(100_000_000 + t.n), Random: fmt.Appendf(nil, "%016d", t.n)}}
	p.first.Timestamp = strconv.FormatInt(p.made.Unix(), 10)
	var err error
	if e, ok := event(t); ok {
		p.payload, err = t.account.Act(e)
	} else {
		var r rehearsal.Record
		m := d.message(t)
		p.words = m.Content
		if m.Place != nil {
			p.words = m.Place.Label
		}
		if m.Link != nil {
			p.words = m.Link.Title
		}
		r, err = t.account.Say(m)
		p.payload = t.account.Payload(r)
	}
	p.id = identify(t.account.slug, p.payload.XML)
	return p, err
}

func event(t ticket) (rehearsal.Event, bool) {
	scene := strconv.Itoa(t.n) // makes each event one of its own
	switch t.kind {
	case "subscribe":
		return rehearsal.SubscribeByScene(t.from, scene, "ticket"), true
	case "SCAN":
		return rehearsal.ScanScene(t.from, scene, "ticket"), true
	case "CLICK":
		return rehearsal.Event{From: t.from, Name: "CLICK", Key: &scene}, true
	}
	return rehearsal.Event{}, false
}

func (d *load) message(t ticket) rehearsal.Message {
	words := func() string {
		phrases := rehearsal.Phrases()
		return fmt.Sprintf("%s（%d）", phrases[t.n%len(phrases)], t.n)
	}
	m := rehearsal.Message{From: t.from, Type: rehearsal.MsgType(t.kind), At: time.Now()}
	files := rehearsal.Files()
	switch t.kind {
	case "image":
		m.Asset = files.Pictures[t.n%len(files.Pictures)]
	case "voice":
		m.Asset = files.Voices[t.n%len(files.Voices)]
		// without the API a voice with words has no id on the pages, and may stay unfound
		if t.seed%5 == 0 && !t.account.Config.API.None && d.firstOfSecond(t.from, m.At) {
			m.Recognition = &m.Asset.Words
		}
	case "video":
		m.Asset = files.Videos[t.n%len(files.Videos)]
	case "location":
		m.Place = &callbackd.Place{Label: words(), Lat: 30.5, Lon: 114.3}
	case "link":
		m.Link = &callbackd.Link{Title: words(), Description: "d", URL: "https://www.example.com/" + strconv.Itoa(t.n)}
	default:
		m.Content = words()
	}
	return m
}

// firstOfSecond reports whether a person has not yet said a recognised voice in
// this second: two of them cannot be told apart, not even by the platform.
func (d *load) firstOfSecond(from callbackd.FakeID, at time.Time) bool {
	key := fmt.Sprint(from, at.Unix())
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.spoken[key]
	d.spoken[key] = true
	return !was
}

// deliver sends a push until it is answered, or until the platform gives up.
func (d *load) deliver(ctx context.Context, p *push, r *rand.Rand) {
	for try := 0; try < realTries || p.insist; try++ {
		o := rehearsal.SendOptions{Attempts: 1}
		if try == 0 {
			o.PrepareOptions = p.first
		}
		if d.once(ctx, p, o, r.IntN(6)) || ctx.Err() != nil {
			return
		}
		pause(ctx, time.Duration(5+r.IntN(20))*time.Millisecond)
	}
}

// once delivers a push one time, or in two ways two times at once, and reports
// whether it is answered.
func (d *load) once(ctx context.Context, p *push, o rehearsal.SendOptions, how int) bool {
	var group sync.WaitGroup
	var other bool
	switch how {
	case 0: // the same request on two connections
		o.Copies = 2
	case 1: // two requests of one push
		group.Go(func() { other = d.send(ctx, p, rehearsal.SendOptions{Attempts: 1}) })
	}
	answered := d.send(ctx, p, o)
	group.Wait()
	return answered || other
}

func (d *load) send(ctx context.Context, p *push, o rehearsal.SendOptions) bool {
	d.inFlight.Add(1)
	defer d.inFlight.Add(-1)
	v, err := p.account.Send(ctx, p.payload, o)
	if err != nil {
		if ctx.Err() == nil {
			d.ledger.problem("a push could not be sent: %v", err)
		}
		return false
	}
	return d.ledger.note(p, v)
}

// repeat sends again what was answered before, maybe by a server that has died
// since: with a fresh nonce, or the very same request.
func (d *load) repeat(ctx context.Context, r *rand.Rand) {
	p := d.ledger.answeredBefore(r.IntN(600))
	if p == nil {
		return
	}
	o := rehearsal.SendOptions{Attempts: 1}
	if r.IntN(2) == 0 && time.Since(p.made) < replayWindow {
		o.PrepareOptions = p.first
	}
	d.send(ctx, p, o)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
