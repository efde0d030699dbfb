package resolver_test

import (
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// patents is how CN103501265A itself goes about it, on the same traffic: method 1
// reads the page of every user who is not known yet, for each message of one who
// is not; method 2 reads the message page once and takes the nearest time.
type patents struct {
	e          *evening
	unresolved int // method 1: users on the list of those not yet known
	known      map[callbackd.OpenID]bool
	pages1     int

	taken  map[callbackd.OpenID]callbackd.FakeID // method 2
	pages2 int
}

func (p *patents) begin(e *evening) {
	*p = patents{e: e, unresolved: len(e.crowd), known: map[callbackd.OpenID]bool{}, taken: map[callbackd.OpenID]callbackd.FakeID{}}
}

// hear is a push of somebody.
func (p *patents) hear(r rehearsal.Record) {
	if !p.known[r.OpenID] {
		p.known[r.OpenID] = true
		p.pages1 += p.unresolved
		p.unresolved--
	}
	if _, again := p.taken[r.OpenID]; again {
		return
	}
	p.pages2++
	nearest, best := rehearsal.Record{}, time.Duration(1<<62)
	for _, line := range p.e.a.Records(rehearsal.Query{Limit: 100}) {
		if off := line.ConsoleAt.Sub(r.CreatedAt).Abs(); off < best {
			nearest, best = line, off
		}
	}
	if nearest.ConsoleID != 0 {
		c, _ := p.e.a.Contact(nearest.Number)
		p.taken[r.OpenID] = p.e.a.FakeID(c)
	}
}

// wrong counts those whom method 2 takes for somebody else.
func (p *patents) wrong() (n int) {
	for open, f := range p.taken {
		if p.e.truth[open] != f {
			n++
		}
	}
	return n
}
