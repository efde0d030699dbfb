package wall

import (
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPseudonym_IsTheSameInEveryRelease(t *testing.T) {
	for seed, want := range map[int64]string{
		0: "晴朗的白马", 1: "金色的猫头鹰", 2: "耐心的蝴蝶", -1: "沉稳的山雀", 1 << 40: "骑单车的鲸鱼", math.MaxInt64: "旅行的蜜蜂",
	} {
		if got := Pseudonym(seed); got != want {
			t.Errorf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

func TestPseudonym_IsAShortChineseName(t *testing.T) {
	for seed := range int64(20000) {
		name := Pseudonym(seed)
		if n := utf8.RuneCountInString(name); n < 4 || n > 9 {
			t.Fatalf("seed %d: %q has %d characters", seed, name, n)
		}
		for _, r := range name {
			if !unicode.Is(unicode.Han, r) {
				t.Fatalf("seed %d: %q holds %q", seed, name, r)
			}
		}
	}
}

func TestPseudonym_Spreads(t *testing.T) {
	const seeds = 20000
	names := map[string]int{}
	for seed := range int64(seeds) {
		names[Pseudonym(seed)]++
	}
	if len(names) < 5500 {
		t.Errorf("%d different names", len(names))
	}
	for name, n := range names {
		if n > 20 {
			t.Errorf("%s: %d of %d", name, n, seeds)
		}
	}
}

func TestPseudonym_WordsAreThereOnce(t *testing.T) {
	for _, list := range [][]string{pseudonymHow, pseudonymWho} {
		if len(list) != 80 {
			t.Errorf("%d words, want 80", len(list))
		}
		seen := map[string]bool{}
		for _, w := range list {
			if seen[w] || strings.HasSuffix(w, "的") {
				t.Errorf("%s is there twice, or carries its 的", w)
			}
			seen[w] = true
		}
	}
}

// The hue must not tell the name: they come from different streams.
func TestPseudonym_DoesNotGoInStepWithTheFace(t *testing.T) {
	firsts := map[string]map[string]bool{}
	for seed := range int64(4000) {
		svg := string(DrawnAvatar(seed))
		hue := svg[strings.Index(svg, `fill="`):][:13]
		how, _, _ := strings.Cut(Pseudonym(seed), "的")
		if firsts[hue] == nil {
			firsts[hue] = map[string]bool{}
		}
		firsts[hue][how] = true
	}
	for hue, hows := range firsts {
		if len(hows) < 70 {
			t.Errorf("hue %s goes with %d of 80 first words only", hue, len(hows))
		}
	}
}
