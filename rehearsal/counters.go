package rehearsal

import "callbackd"

// counterKey names one counter.
type counterKey struct {
	account callbackd.Slug
	page    string
}

// count adds one request to a page of an account; "" where the account is not
// known yet. Pages of the official API are named by their path, those of the
// operator pages by the mp_ files.
func (p *Platform) count(a *Account, page string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.countLocked(a, page)
}

func (p *Platform) countLocked(a *Account, page string) {
	k := counterKey{page: page}
	if a != nil {
		k.account = a.Config.Slug
	}
	p.counts[k]++
}

// Counters is how often each page was asked for.
type Counters map[string]int

// Counters returns the requests of one account by page; slug "" is those whose
// account was not known.
func (p *Platform) Counters(slug callbackd.Slug) Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := Counters{}
	for k, n := range p.counts {
		if k.account == slug {
			out[k.page] = n
		}
	}
	return out
}

// ResetCounters sets all counters of all accounts to zero.
func (p *Platform) ResetCounters() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}
