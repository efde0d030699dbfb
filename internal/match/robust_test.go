package match_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
)

var streams = []crowdOptions{
	{people: 500, messages: 2500, seconds: 125, words: 200, maxSkew: 10, delay: 5 * time.Second, media: 0.3},
	{people: 200, messages: 350, seconds: 18, words: 200, maxSkew: 10, delay: 5 * time.Second, media: 0.3},
	{people: 50, messages: 250, seconds: 625, words: 20, maxSkew: 10, delay: 5 * time.Second, media: 0.3},
	{people: 50, messages: 100, seconds: 400, words: 5, maxSkew: 10, delay: 5 * time.Second, media: 0.3, lost: 0.2},
}

// The sizes of a real evening: nobody wrong, nearly everybody decided.
func TestSolve_AFullWall(t *testing.T) {
	for i, o := range streams {
		decided, heard := 0, 0
		for seed := range uint64(1) {
			c := newCrowd(rand.New(rand.NewPCG(seed, uint64(i))), o)
			s := match.Solve(c.problem)
			checkTruth(t, seed, c, s)
			if len(s.Void) > 0 || !s.Ordered {
				t.Errorf("crowd %d, seed %d: %d pushes void, ordered %v, in a crowd without contradictions", i, seed, len(s.Void), s.Ordered)
			}
			decided, heard = decided+len(s.Decided), heard+len(s.Candidates)
		}
		if 10*decided < 7*heard {
			t.Errorf("crowd %d: %d of %d decided", i, decided, heard)
		}
	}
}

// Where the facts that the package rests on do not hold, it decides less, and
// still nobody wrong.
func TestSolve_BrokenFactsCostDecisionsNotPeople(t *testing.T) {
	breaks := map[string]func(*rand.Rand, *match.Problem){
		"entries taken from the page": func(r *rand.Rand, p *match.Problem) {
			share := []float64{0.01, 0.05, 0.2}[r.IntN(3)]
			kept := p.Entries[:0]
			for _, e := range p.Entries {
				if r.Float64() >= share {
					kept = append(kept, e)
				}
			}
			p.Entries = kept
		},
		"ids without order": func(r *rand.Rand, p *match.Problem) {
			for i := range p.Entries {
				p.Entries[i].ID = uint64(p.Entries[i].Time)<<20 + r.Uint64N(5)<<20 + uint64(i)
			}
		},
		"people whom the page filters out": func(r *rand.Rand, p *match.Problem) {
			gone := map[callbackd.FakeID]bool{}
			kept := p.Entries[:0]
			for _, e := range p.Entries {
				if _, asked := gone[e.FakeID]; !asked {
					gone[e.FakeID] = r.IntN(10) == 0
				}
				if !gone[e.FakeID] {
					kept = append(kept, e)
				}
			}
			p.Entries = kept
		},
	}
	for name, broken := range breaks {
		t.Run(name, func(t *testing.T) {
			for i, o := range streams {
				for seed := range uint64(2) {
					r := rand.New(rand.NewPCG(seed, 100+uint64(i)))
					c := newCrowd(r, o)
					broken(r, &c.problem)
					for sender, f := range match.Solve(c.problem).Decided {
						if c.fake[sender] != f {
							t.Errorf("crowd %d, seed %d: wrong person for sender %d", i, seed, sender)
						}
					}
				}
			}
		})
	}
}
