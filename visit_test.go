package callbackd_test

import (
	"testing"
	"time"

	"callbackd"
)

func TestConnection_IsWrittenOnlyWhereItChanges(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type step struct {
		after time.Duration // since start
		visit callbackd.Visit
		worth bool
	}
	message := func(outcome string, mode callbackd.Mode) callbackd.Visit {
		return callbackd.Visit{Kind: callbackd.VisitMessage, Outcome: outcome, Mode: mode}
	}
	safe := message("accepted", callbackd.ModeSafe)
	event := callbackd.Visit{Kind: callbackd.VisitEvent, Outcome: "accepted", Mode: callbackd.ModeSafe}
	check := callbackd.Visit{Kind: callbackd.VisitCheck, Outcome: "accepted"}
	forged := callbackd.Visit{Kind: callbackd.VisitMessage, Outcome: "forged", Flaw: callbackd.FlawToken}
	own := callbackd.Visit{Kind: callbackd.VisitCheck, Outcome: "accepted", Own: true}
	var c callbackd.Connection
	for n, s := range []step{
		{0, own, true},
		{time.Second, check, true},
		{2 * time.Second, event, true}, // the first in safe mode
		{2500 * time.Millisecond, safe, true},
		{3 * time.Second, safe, false},
		{4 * time.Second, message("repeated", callbackd.ModeSafe), false},
		{5 * time.Second, message("failed", callbackd.ModeSafe), true},
		{6 * time.Second, safe, false}, // too soon after the last
		{7 * time.Second, safe, true},
		{8 * time.Second, event, false},
		{9 * time.Second, message("accepted", callbackd.ModePlain), true},
		{30 * time.Second, message("accepted", callbackd.ModePlain), false},
		{69 * time.Second, message("accepted", callbackd.ModePlain), true},
		{70 * time.Second, forged, true},
		{79 * time.Second, forged, false},
		{80 * time.Second, forged, true},
		{81 * time.Second, own, true},
	} {
		s.visit.At = start.Add(s.after)
		next, worth := c.Note(s.visit)
		if worth != s.worth {
			t.Errorf("step %d: worth %v", n, worth)
		}
		c = next
	}
	at := func(d time.Duration) time.Time { return start.Add(d) }
	if !c.CheckAt.Equal(at(time.Second)) || !c.SafeAt.Equal(at(2*time.Second)) || !c.MessageAt.Equal(at(2500*time.Millisecond)) || !c.OwnAt.Equal(at(81*time.Second)) {
		t.Errorf("firsts: %+v", c)
	}
	if !c.Platform.At.Equal(at(69*time.Second)) || !c.Refused.At.Equal(at(80*time.Second)) {
		t.Errorf("last: %+v, %+v", c.Platform, c.Refused)
	}
}

// TestConnection_BeginsAnewWithNewSecrets: what came before must not turn the
// page green for a token that nobody has tried.
func TestConnection_BeginsAnewWithNewSecrets(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old, _ := callbackd.Connection{}.Note(callbackd.Visit{At: start, Kind: callbackd.VisitCheck, Outcome: "accepted"})
	fresh := callbackd.Connection{Since: start.Add(time.Second)}
	for _, c := range []callbackd.Connection{fresh.Merge(old), old.Merge(fresh)} {
		if c.Platform != nil || !c.CheckAt.IsZero() || !c.Since.Equal(fresh.Since) {
			t.Errorf("the old connection counts: %+v", c)
		}
	}
	again, worth := fresh.Note(callbackd.Visit{At: start.Add(2 * time.Second), Kind: callbackd.VisitCheck, Outcome: "accepted"})
	if !worth || again.CheckAt.IsZero() {
		t.Errorf("a new check: %v %+v", worth, again)
	}
}
