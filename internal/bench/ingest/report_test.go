package main

import (
	"strings"
	"testing"
	"time"
)

// rounds returns three rounds of silenceper and one wanted row with these
// ratios between them; in the last round the whole machine was half as fast.
func rounds(rate, p99 float64) ([]row, [][]sample) {
	rows := []row{{name: base, title: "them"}, {name: "ours", title: "us", wanted: true}}
	var results [][]sample
	for _, speed := range []float64{1000, 1000, 500} {
		them := sample{perSecond: speed, p50: time.Millisecond, p99: time.Duration(float64(10*time.Millisecond) * 1000 / speed), cpu: time.Microsecond}
		us := them
		us.perSecond, us.p99 = them.perSecond*rate, time.Duration(float64(them.p99)*p99)
		results = append(results, []sample{them, us})
	}
	return rows, results
}

func TestSummarise_HoldsWantedRowsAgainstTheWantedValues(t *testing.T) {
	for name, c := range map[string]struct {
		rate, p99 float64
		missed    []string // parts of the sentences
	}{
		"both reached":   {0.41, 4.9, nil},
		"too slow":       {0.39, 4.9, []string{"0.39 of silenceper's throughput"}},
		"too late":       {0.41, 5.2, []string{"5.2 times silenceper's p99"}},
		"slow and late":  {0.1, 30, []string{"0.10 of", "30.0 times"}},
		"faster than it": {1.5, 0.5, nil},
	} {
		report := summarise(rounds(c.rate, c.p99))
		if len(report.missed) != len(c.missed) {
			t.Errorf("%s: %q", name, report.missed)
			continue
		}
		for i, want := range c.missed {
			if !strings.Contains(report.missed[i], want) {
				t.Errorf("%s: %q, want %q", name, report.missed[i], want)
			}
		}
		text := report.markdown(plan{}, disk{})
		if strings.Contains(text, "Missed: ") != (c.missed != nil) || strings.Contains(text, "Reached.") != (c.missed == nil) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func TestSummarise_TakesMediansOfRatiosWithinARound(t *testing.T) {
	rows, results := rounds(0.5, 2)
	results[0][1].perSecond = 1 // one round went wrong for us
	s := summarise(rows, results).rows[1]
	if s.rate != 0.5 || s.p99Ratio != 2 {
		t.Fatalf("rate %v, p99 %v", s.rate, s.p99Ratio)
	}
	if s.perSecond != 250 || s.p99 != 20*time.Millisecond { // of 1, 500, 250
		t.Fatalf("%v/s, p99 %v", s.perSecond, s.p99)
	}
}

func TestSummarise_RowsThatAreNotWantedMayBeSlow(t *testing.T) {
	rows, results := rounds(0.1, 50)
	rows[1].wanted = false
	if missed := summarise(rows, results).missed; missed != nil {
		t.Fatal(missed)
	}
}

func TestSummarise_WithoutSilenceperThereAreNoRatios(t *testing.T) {
	rows, results := rounds(0.1, 50)
	for i := range results {
		results[i] = results[i][1:]
	}
	report := summarise(rows[1:], results)
	text := report.markdown(plan{}, disk{})
	if report.missed != nil || strings.Contains(text, "Reached") || !strings.Contains(text, "| us | 100 | 1.0 ms | 500.0 ms | – | – |") {
		t.Fatalf("%v\n%s", report.missed, text)
	}
}
