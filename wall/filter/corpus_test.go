package filter

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// lines are those of a file of testdata without comments.
func lines(t testing.TB, name string) (all []string) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if text := s.Text(); text != "" && !strings.HasPrefix(text, "#") {
			all = append(all, text)
		}
	}
	return all
}

type trick struct{ how, word, text string }

func (c trick) needsPinyin() bool {
	return strings.HasPrefix(c.how, "pinyin") || strings.HasPrefix(c.how, "homophone")
}

func tricks(t testing.TB) (all []trick) {
	t.Helper()
	for _, line := range lines(t, "tricks.txt") {
		parts := strings.Split(line, "\t")
		text, err := strconv.Unquote(parts[len(parts)-1])
		if err != nil || len(parts) != 3 {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, trick{parts[0], parts[1], text})
	}
	return all
}

// testLists are the words of the corpus.
func testLists(all []trick) []List {
	var words []string
	seen := map[string]bool{}
	for _, c := range all {
		if !seen[c.word] {
			words, seen[c.word] = append(words, c.word), true
		}
	}
	return []List{{"corpus", words}}
}

// TestTricks: no miss on the listed ones.
func TestTricks(t *testing.T) {
	all := tricks(t)
	lists := testLists(all)
	plain, sounds := Compile(lists, Options{}), Compile(lists, Options{Pinyin: true})
	missed := 0
	for _, c := range all {
		w := plain
		if c.needsPinyin() {
			w = sounds
		}
		if h, ok := w.Find(c.text); !ok || h.Word != c.word {
			missed++
			t.Errorf("%s: %q is not found in %q (found %q)", c.how, c.word, c.text, h.Word)
		}
	}
	t.Logf("%d tricks on %d words, %d missed", len(all), len(lists[0].Words), missed)
	if len(all) < 150 {
		t.Errorf("%d tricks are too few", len(all))
	}
}

// Harmless sentences that are held are a burden, no danger: so many in a hundred
// are allowed.
const (
	falseHits       = 1.0
	falseHitsPinyin = 4.0 // the sentences have some that sound like the words on purpose
)

func TestHarmless(t *testing.T) {
	sentences := lines(t, "harmless.txt")
	lists := testLists(tricks(t))
	for _, c := range []struct {
		name  string
		o     Options
		limit float64
	}{{"plain", Options{}, falseHits}, {"pinyin", Options{Pinyin: true}, falseHitsPinyin}} {
		w := Compile(lists, c.o)
		hits := 0
		for _, s := range sentences {
			if h, ok := w.Find(s); ok {
				hits++
				t.Logf("%s: %s in: %s", c.name, h.Word, s)
			}
		}
		rate := 100 * float64(hits) / float64(len(sentences))
		t.Logf("%s: %d of %d harmless sentences are held: %.1f %%", c.name, hits, len(sentences), rate)
		if rate > c.limit {
			t.Errorf("%s: more than %.1f %%", c.name, c.limit)
		}
	}
	if len(sentences) < 200 {
		t.Errorf("%d sentences are too few", len(sentences))
	}
}
