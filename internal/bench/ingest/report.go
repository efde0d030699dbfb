package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// What is wanted of rows with wanted set, against silenceper's server.
const (
	wantedRate = 0.4 // at least, of its requests per second
	wantedP99  = 5.0 // at most, times its p99
)

// report is the table's content.
type report struct {
	rows   []summary
	missed []string // sentences
}

// summary is one row: medians over the rounds. rate and p99Ratio are medians
// of the ratios to silenceper within a round; 0 without it.
type summary struct {
	row
	sample
	rate, p99Ratio float64
}

// summarise takes results[round][row].
func summarise(rows []row, results [][]sample) report {
	var r report
	baseAt := slices.IndexFunc(rows, func(r row) bool { return r.name == base })
	for i, row := range rows {
		s := summary{row: row, sample: sample{
			perSecond: medianOf(results, func(round []sample) float64 { return round[i].perSecond }),
			p50:       time.Duration(medianOf(results, func(round []sample) float64 { return float64(round[i].p50) })),
			p99:       time.Duration(medianOf(results, func(round []sample) float64 { return float64(round[i].p99) })),
			cpu:       time.Duration(medianOf(results, func(round []sample) float64 { return float64(round[i].cpu) })),
		}}
		if baseAt >= 0 {
			s.rate = medianOf(results, func(round []sample) float64 { return round[i].perSecond / round[baseAt].perSecond })
			s.p99Ratio = medianOf(results, func(round []sample) float64 { return float64(round[i].p99) / float64(round[baseAt].p99) })
			r.judge(s)
		}
		r.rows = append(r.rows, s)
	}
	return r
}

// judge holds a row against what is wanted.
func (r *report) judge(s summary) {
	if !s.wanted {
		return
	}
	if s.rate < wantedRate {
		r.missed = append(r.missed, fmt.Sprintf("%s: %.2f of silenceper's throughput, wanted at least %.1f", s.name, s.rate, wantedRate))
	}
	if s.p99Ratio > wantedP99 {
		r.missed = append(r.missed, fmt.Sprintf("%s: %.1f times silenceper's p99, wanted at most %.0f", s.name, s.p99Ratio, wantedP99))
	}
}

func medianOf(results [][]sample, value func(round []sample) float64) float64 {
	values := make([]float64, len(results))
	for i, round := range results {
		values[i] = value(round)
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// markdown prints the table, and below it how it came about.
func (r report) markdown(p plan, d disk) string {
	var b strings.Builder
	b.WriteString("| server | requests/s | p50 | p99 | of silenceper's rate | times its p99 | processor time a request |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, s := range r.rows {
		fmt.Fprintf(&b, "| %s | %.0f | %s | %s | %s | %s | %d µs |\n", s.title, s.perSecond, millis(s.p50), millis(s.p99),
			ratio(s.rate), ratio(s.p99Ratio), s.cpu.Microseconds())
	}
	fmt.Fprintf(&b, "\n%d connections, safe mode, %d rounds of %d pushes to each row in turn, %d people, every second one known; "+
		"70 %% text, 15 %% voices, 15 %% pictures; open moderation. Medians; ratios are medians of the ratios within a round. "+
		"%s, %d processors, load and servers together. Databases on %s, where 4 KiB written and synced take %s (median). "+
		"PostgreSQL's own processor time is not counted.\n",
		p.connections, p.rounds, p.pushes, p.senders, runtime.Version(), runtime.NumCPU(), d.kind, millis(d.sync))
	switch {
	case len(r.missed) > 0:
		fmt.Fprintf(&b, "\nMissed: %s.\n", strings.Join(r.missed, "; "))
	case r.rows[0].rate > 0:
		fmt.Fprintf(&b, "\nWanted of callbackd on SQLite: at least %.1f of silenceper's rate, at most %.0f times its p99. Reached.\n", wantedRate, wantedP99)
	}
	return b.String()
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func ratio(x float64) string {
	if x == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", x)
}
