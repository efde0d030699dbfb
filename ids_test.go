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

func TestNewMessageID_BeginsWithTheSecond(t *testing.T) {
	at := time.Date(2026, 2, 16, 20, 0, 0, 0, time.UTC)
	seen := map[PublicID]bool{}
	last := PublicID("")
	for range 100 {
		at = at.Add(time.Second)
		for range 10 {
			id := NewMessageID(at)
			if !publicIDShape.MatchString(string(id)) || seen[id] {
				t.Fatalf("%q", id)
			}
			seen[id] = true
			if same := last != "" && id[:6] == last[:6]; !same && id < last {
				t.Fatalf("%q came after %q", id, last)
			}
			last = id
		}
	}
	if a, b := NewMessageID(at), NewMessageID(at.Add(999*time.Millisecond)); a[:6] != b[:6] || a[6:] == b[6:] {
		t.Fatalf("%q, %q", a, b)
	}
}
