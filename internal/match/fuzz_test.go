package match_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"callbackd/internal/match"
)

// FuzzMatch draws crowds from fuzzed difficulties and holds the solver against
// the truth and against all assignments.
func FuzzMatch(f *testing.F) {
	f.Add(uint64(1), uint8(4), uint8(8), uint8(20), uint8(3), uint8(50), uint8(30), uint8(30))
	f.Add(uint64(2), uint8(2), uint8(7), uint8(1), uint8(1), uint8(0), uint8(100), uint8(0))
	f.Add(uint64(3), uint8(6), uint8(9), uint8(90), uint8(2), uint8(20), uint8(0), uint8(90))
	f.Fuzz(func(t *testing.T, seed uint64, people, messages, seconds, words, lost, media, known uint8) {
		c := newCrowd(rand.New(rand.NewPCG(seed, 5)), crowdOptions{
			people: 1 + int(people%6), messages: 1 + int(messages%9), seconds: 1 + int(seconds), words: 1 + int(words%8),
			maxSkew: 10, delay: 5 * time.Second, lost: float64(lost%60) / 100, media: float64(media%101) / 100,
			known: float64(known%101) / 100, shallow: seed%2 == 0, clockOff: time.Duration(seed%7200) * time.Second,
		})
		s := match.Solve(c.problem)
		checkTruth(t, seed, c, s)
		o, ok := newOracle(c.problem)
		if !ok {
			return
		}
		for sender := range s.Decided {
			if len(o.fakes[sender]) != 1 {
				t.Fatalf("sender %d decided, %d are consistent", sender, len(o.fakes[sender]))
			}
		}
		checkEntries(t, seed, c, s, o)
	})
}

// FuzzNormalText: what stands on a page is the same as what was pushed, escaped
// or not.
func FuzzNormalText(f *testing.F) {
	for _, s := range []string{"你好/::)", "a<b>&\"'\nc", "&amp;lt;", "/:<&/:&>", "\x00\xff", "😀️"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := match.NormalText(match.PageEscape(s)); got != match.NormalText(s) {
			t.Errorf("%q: %q as pushed, %q on the page", s, match.NormalText(s), got)
		}
	})
}
