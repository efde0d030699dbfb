package store

import (
	"path/filepath"
	"strings"
	"testing"

	"callbackd/internal/seal"
)

// A hundred thousand held messages must not make a claim slow: whatever looks at
// the queue walks its index from the oldest on, and sorts nothing.
func TestQueue_IsReadByItsIndex(t *testing.T) {
	key, err := seal.NewKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "c.db"), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, c := range map[string]struct {
		query string
		args  int
	}{
		"claim": {`SELECT m.id` + sqlFree + ` ORDER BY m.queued_at, m.id LIMIT 10`, 2},
		"idle":  {`SELECT EXISTS (SELECT 1` + sqlFree + `)`, 2},
		"count": {`SELECT COUNT(*) FROM (SELECT 1` + sqlQueued + ` LIMIT 10) x`, 2},
		"first": {`SELECT MIN(m.queued_at)` + sqlQueued, 2},
	} {
		var plan []struct {
			ID, Parent int
			NotUsed    int
			Detail     string
		}
		if err := db.sel(t.Context(), &plan, `EXPLAIN QUERY PLAN `+c.query, make([]any, c.args)...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var all strings.Builder
		for _, step := range plan {
			all.WriteString(step.Detail + "\n")
		}
		if s := all.String(); !strings.Contains(s, "messages_queue (account_id=? AND event_id=?") || strings.Contains(s, "TEMP B-TREE") || strings.Contains(s, "SCAN m") {
			t.Errorf("%s:\n%s", name, s)
		}
	}
}
