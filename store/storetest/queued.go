package storetest

import (
	"testing"

	"callbackd"
	"callbackd/store"
)

// faces counts, for each sender whose shown messages carry a name or picture
// that waits, how many of them are queued.
type faces map[callbackd.SenderID]int

// checkQueued holds a message's mark in the queue against what it says of itself.
func checkQueued(t testing.TB, r store.Row, faces faces) {
	t.Helper()
	m := r.Message
	queued := !m.QueuedAt.IsZero()
	shown := m.State == callbackd.StateShown && m.Moderation != callbackd.ModerationOpen
	media := shown && r.Media != nil && r.Media.State == callbackd.MediaReady && !r.Media.Passed
	face := shown && faceWaits(r)
	if face && m.Event == r.Stage.Event { // of another event it may be marked, and nobody is asked
		if queued {
			faces[m.Sender]++
		} else {
			faces[m.Sender] += 0
		}
	}
	switch {
	case (m.State == callbackd.StateHeld || media) && !queued:
		t.Errorf("invariants: a message that is %s (file waits: %v) is not in the queue", m.State, media)
	case queued && m.State != callbackd.StateHeld && !media && !face:
		t.Errorf("invariants: a message that is %s is in the queue, and nothing of it waits", m.State)
	}
}

func faceWaits(r store.Row) bool {
	p, s, own := r.Person, r.Sender, r.OwnName()
	return own != "" && own != s.PassedName && own != s.RefusedName || p != nil && p.Avatar != "" && p.Avatar != s.PassedAvatar
}

func (f faces) check(t testing.TB) {
	t.Helper()
	for sender, n := range f {
		if n == 0 {
			t.Errorf("invariants: name or picture of sender %d waits, and no message of the queue carries it", sender)
		}
	}
}
