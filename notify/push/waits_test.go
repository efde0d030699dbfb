package push

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestRetryAfter_ReadsSecondsAndDates(t *testing.T) {
	for name, c := range map[string]struct {
		text, date string
		want       time.Duration
	}{
		"absent":                {"", "", 0},
		"seconds":               {"120", "", 2 * time.Minute},
		"seconds and blanks":    {" 7 ", "", 7 * time.Second},
		"zero":                  {"0", "", 0},
		"a date":                {"Fri, 02 Jan 2026 03:06:05 GMT", "", 2 * time.Minute},
		"a date by their clock": {"Fri, 02 Jan 2026 05:01:00 GMT", "Fri, 02 Jan 2026 05:00:00 GMT", time.Minute},
		"a date that is over":   {"Fri, 02 Jan 2026 03:04:04 GMT", "", 0},
		"negative":              {"-5", "", 0},
		"a fraction":            {"1.5", "", 0},
		"words":                 {"soon", "", 0},
		"far too long":          {"99999999", "", 24 * time.Hour},
		"longer than a number":  {"999999999999999999999999999", "", 24 * time.Hour},
		"a date in a century":   {"Fri, 02 Jan 2126 03:04:05 GMT", "", 24 * time.Hour},
	} {
		got, ok := retryAfter(http.Header{"Retry-After": {c.text}, "Date": {c.date}}, start)
		if got != c.want || ok != (c.want != 0) {
			t.Errorf("%s: %v, %v; want %v", name, got, ok, c.want)
		}
	}
}

func TestBreaker_OpensProbesAndCloses(t *testing.T) {
	var b breaker
	now := start
	fail := func() {
		t.Helper()
		probe, wait := b.admit(now)
		if wait != 0 {
			t.Fatalf("not admitted: wait %v", wait)
		}
		b.settle(now, probe, failed)
	}
	for range breakerThreshold {
		fail()
	}
	if _, wait := b.admit(now); wait != breakerFirstWait {
		t.Fatalf("after %d failures: wait %v", breakerThreshold, wait)
	}
	// each probe that fails doubles the wait, up to the last
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		now = b.until
		fail()
		if _, wait := b.admit(now); wait != want {
			t.Fatalf("after a failed probe: wait %v, want %v", wait, want)
		}
	}
	now = b.until
	probe, wait := b.admit(now)
	if !probe || wait != 0 {
		t.Fatalf("no probe: %v, %v", probe, wait)
	}
	if _, wait := b.admit(now); wait != probeWait {
		t.Fatalf("a second call beside the probe: wait %v", wait)
	}
	b.settle(now, probe, unclear) // the probe's caller gave up: the next one probes
	probe, wait = b.admit(now)
	if !probe || wait != 0 {
		t.Fatal("a cancelled probe leaves the breaker shut for ever")
	}
	b.settle(now, probe, healthy)
	for range breakerThreshold - 1 {
		fail()
	}
	if _, wait := b.admit(now); wait != 0 {
		t.Error("closed, it counts from the start again")
	}
}

func TestBreaker_CountsFailuresInARowAlone(t *testing.T) {
	var b breaker
	for i := range 5 * breakerThreshold {
		v := failed
		if i%breakerThreshold == breakerThreshold-1 {
			v = healthy
		}
		probe, wait := b.admit(start)
		if wait != 0 {
			t.Fatal("it opened")
		}
		b.settle(start, probe, v)
	}
}

func TestBreaker_LateFailuresDoNotProlongIt(t *testing.T) {
	var b breaker
	for range 3 * breakerThreshold { // all of them left while it was closed
		b.settle(start, false, failed)
	}
	if _, wait := b.admit(start); wait != breakerFirstWait {
		t.Errorf("wait %v", wait)
	}
}

func TestLimits_OneTargetDoesNotSilenceTheOthers(t *testing.T) {
	var l limits
	a, b := keyOf("a"), keyOf("b")
	if scope := l.limit(start, a, time.Minute, ScopeEndpoint); scope != ScopeEndpoint {
		t.Errorf("scope %s", scope)
	}
	if wait, scope := l.wait(start, a); wait != time.Minute || scope != ScopeEndpoint {
		t.Errorf("a: %v, %s", wait, scope)
	}
	if wait, _ := l.wait(start, b); wait != 0 {
		t.Errorf("b waits %v", wait)
	}
	if wait, _ := l.wait(start.Add(time.Minute), a); wait != 0 || len(l.endpoints) != 0 {
		t.Errorf("after its time a waits %v, %d kept", wait, len(l.endpoints))
	}
}

func TestLimits_SeveralTargetsInARowMeanTheOrigin(t *testing.T) {
	var l limits
	limitTwo := func() {
		l.limit(start, keyOf("a"), time.Minute, ScopeEndpoint)
		l.limit(start, keyOf("a"), time.Minute, ScopeEndpoint) // the same again counts once
		l.limit(start, keyOf("b"), time.Minute, ScopeEndpoint)
	}
	limitTwo()
	l.accepted()
	limitTwo()
	if wait, _ := l.wait(start, keyOf("d")); wait != 0 {
		t.Fatalf("two targets limit all: %v", wait)
	}
	if scope := l.limit(start, keyOf("c"), time.Minute, ScopeEndpoint); scope != ScopeOrigin {
		t.Errorf("the third: scope %s", scope)
	}
	if wait, scope := l.wait(start, keyOf("d")); wait != time.Minute || scope != ScopeOrigin {
		t.Errorf("d: %v, %s", wait, scope)
	}
}

func TestLimits_AreBounded(t *testing.T) {
	var l limits
	for i := range maxEndpointLimits + 100 {
		l.accepted()
		l.limit(start, keyOf(strconv.Itoa(i)), time.Hour+time.Duration(i)*time.Second, ScopeEndpoint)
	}
	if len(l.endpoints) != maxEndpointLimits {
		t.Errorf("%d kept", len(l.endpoints))
	}
	if wait, _ := l.wait(start, keyOf(strconv.Itoa(maxEndpointLimits+99))); wait == 0 {
		t.Error("the newest was dropped")
	}
	l.accepted()
	l.limit(start.Add(24*time.Hour), keyOf("late"), time.Hour, ScopeEndpoint)
	if len(l.endpoints) != 1 {
		t.Errorf("%d kept after all but one are over", len(l.endpoints))
	}
}

func TestSigned_IsSharedAndRenewed(t *testing.T) {
	var s signed
	made := 0
	get := func(now time.Time) string {
		t.Helper()
		v, err := s.get(now, 30*time.Minute, func(time.Time) (string, error) {
			made++
			return strconv.Itoa(made), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "1"}, {30*time.Minute - 1, "1"}, {30 * time.Minute, "2"}, {31 * time.Minute, "2"}, {-time.Hour, "3"}, {0, "4"}} {
		if got := get(start.Add(c.after)); got != c.want {
			t.Errorf("after %v: token %s, want %s", c.after, got, c.want)
		}
	}
	if !s.drop(start, "4", 20*time.Minute) || get(start) != "5" {
		t.Error("a refused token is not renewed")
	}
	if !s.drop(start, "4", 20*time.Minute) || get(start) != "5" {
		t.Error("a token that is used no more is renewed once more")
	}
	if s.drop(start.Add(time.Minute), "5", 20*time.Minute) {
		t.Error("renewed twice within 20 min")
	}
	if !s.drop(start.Add(21*time.Minute), "5", 20*time.Minute) {
		t.Error("not renewed after 20 min")
	}
}
