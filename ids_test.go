package callbackd

import (
	"regexp"
	"testing"
	"time"
)

var publicIDShape = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{20}$`)

func TestNewPublicID_IsRandom(t *testing.T) {
	seen := map[PublicID]bool{}
	for range 1000 {
		id := NewPublicID()
		if !publicIDShape.MatchString(string(id)) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}

func TestNewMessageID_BeginsWithTheMoment(t *testing.T) {
	at := time.Date(2026, 2, 16, 20, 0, 0, 0, time.UTC)
	seen := map[PublicID]bool{}
	last := PublicID("")
	for range 100 {
		at = at.Add(4 * time.Millisecond)
		for range 10 {
			id := NewMessageID(at)
			if !publicIDShape.MatchString(string(id)) || seen[id] {
				t.Fatalf("%q", id)
			}
			seen[id] = true
			if same := last != "" && id[:8] == last[:8]; !same && id < last {
				t.Fatalf("%q came after %q", id, last)
			}
			last = id
		}
	}
	if a, b := NewMessageID(at), NewMessageID(at.Add(3*time.Millisecond)); a[:8] != b[:8] || a[8:] == b[8:] {
		t.Fatalf("%q, %q", a, b)
	}
}
