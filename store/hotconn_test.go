package store

import (
	"database/sql/driver"
	"testing"
	"time"

	"callbackd"
)

func TestHotStmt_RefusesWhatDoesNotFit(t *testing.T) {
	s := &hotStmt{args: make([]driver.NamedValue, 2)}
	for _, args := range [][]any{{1}, {1, 2, 3}, {1, struct{}{}}} {
		if _, err := s.exec(args); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestBatch_SearchesOnceAndAtTheEarliestTime(t *testing.T) {
	at := time.Unix(1000, 0)
	var b batch
	for _, s := range []search{{1, at}, {2, at}, {1, at.Add(-time.Second)}, {1, at.Add(time.Second)}, {2, at.Add(time.Second)}} {
		b.search(s.account, s.due)
	}
	want := []search{{callbackd.AccountID(1), at.Add(-time.Second)}, {2, at}}
	if len(b.searches) != 2 || b.searches[0] != want[0] || b.searches[1] != want[1] {
		t.Fatalf("%v, want %v", b.searches, want)
	}
}
