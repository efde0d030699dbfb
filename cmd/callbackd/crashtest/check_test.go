package crashtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"callbackd"
)

// checkStored compares the rows with what the platform knows: what was answered
// is there once, what was not is there at most once, nothing is there that
// nobody said, and the walls count without doubles or gaps.
//
// The answered must have been asked for before the rows were read, the pushes
// after it: the load goes on.
func checkStored(t *testing.T, s *stored, answered []*push, pushes map[string]*push) {
	t.Helper()
	complain := few(t)
	for _, p := range answered {
		if n := s.callbacks[p.id]; n != 1 {
			complain("an answered %s%s has %d callbacks", p.payload.Type, p.payload.Event, n)
		}
		if n := len(s.messages[p.id]); p.isMessage() && n != 1 {
			complain("an answered %s is %d messages", p.payload.Type, n)
		}
	}
	for id, n := range s.callbacks {
		if pushes[id] == nil {
			complain("a callback that nobody sent")
		} else if n > 1 {
			complain("a %s%s has %d callbacks", pushes[id].payload.Type, pushes[id].payload.Event, n)
		}
	}
	for id, rows := range s.messages {
		if p := pushes[id]; p == nil || !p.isMessage() {
			complain("a message that nobody sent")
		} else if len(rows) > 1 {
			complain("a %s is %d messages", p.payload.Type, len(rows))
		}
		if s.callbacks[id] == 0 {
			complain("a message without its callback")
		}
	}
	checkCounters(complain, s)
}

// checkCounters holds the numbers of each wall to 1…n without doubles and gaps;
// in open moderation every message has one. rev has gaps where a message
// changed again.
func checkCounters(complain func(string, ...any), s *stored) {
	seqs, revs := map[callbackd.Slug]map[int64]bool{}, map[callbackd.Slug]map[int64]bool{}
	for slug := range s.walls {
		seqs[slug], revs[slug] = map[int64]bool{}, map[int64]bool{}
	}
	for _, rows := range s.messages {
		for _, m := range rows {
			if m.state != callbackd.StateShown {
				complain("a message is %s on an open wall", m.state)
			}
			if m.seq < 1 || seqs[m.slug][m.seq] {
				complain("%s: seq %d is none, or stands twice", m.slug, m.seq)
			}
			if m.rev < 1 || m.rev > s.walls[m.slug].rev || revs[m.slug][m.rev] {
				complain("%s: rev %d is none, stands twice, or is beyond the wall's %d", m.slug, m.rev, s.walls[m.slug].rev)
			}
			seqs[m.slug][m.seq], revs[m.slug][m.rev] = true, true
		}
	}
	for slug, w := range s.walls {
		if int64(len(seqs[slug])) != w.seq {
			complain("%s: %d messages, but the wall has given %d numbers", slug, len(seqs[slug]), w.seq)
		}
		for seq := int64(1); seq <= w.seq; seq++ {
			if !seqs[slug][seq] {
				complain("%s: seq %d is a gap", slug, seq)
			}
		}
	}
}

// few reports the first complaints; a broken run would have thousands.
func few(t *testing.T) func(format string, args ...any) {
	left := 10
	return func(format string, args ...any) {
		t.Helper()
		if left--; left >= 0 {
			t.Errorf(format, args...)
		}
	}
}

// feedMessage is a message of the wall's feed, as far as it is looked at.
type feedMessage struct {
	ID    string `json:"id"`
	Seq   int64  `json:"seq"`
	Text  string `json:"text"`
	Place struct {
		Label string `json:"label"`
	} `json:"place"`
	Link struct {
		Title string `json:"title"`
	} `json:"link"`
	Media struct {
		State string `json:"state"`
		URL   string `json:"url"`
	} `json:"media"`
	raw string
}

func (m feedMessage) words() string { return m.Text + m.Place.Label + m.Link.Title }

// feed reads a whole wall as a stranger does, page by page.
func feed(t *testing.T, addr string, slug callbackd.Slug) []feedMessage {
	t.Helper()
	var out []feedMessage
	for after := int64(0); ; {
		var page struct {
			Messages []json.RawMessage `json:"messages"`
		}
		getJSON(t, fmt.Sprintf("http://%s/wall/%s/messages?after=%d&limit=200", addr, slug, after), &page)
		if len(page.Messages) == 0 {
			return out
		}
		for _, raw := range page.Messages {
			m := feedMessage{raw: string(raw)}
			if err := json.Unmarshal(raw, &m); err != nil {
				t.Fatal(err)
			}
			if m.Seq != after+1 {
				t.Fatalf("the feed goes from seq %d to %d", after, m.Seq)
			}
			after = m.Seq
			out = append(out, m)
		}
	}
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	status, body, err := get(t.Context(), url)
	if err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: status %d, %v", url, status, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
}

// checkWall compares the feed of a wall with what was answered: each message is
// on it once, under its public id and with its words.
func checkWall(t *testing.T, slug callbackd.Slug, shown []feedMessage, answered []*push, s *stored) {
	t.Helper()
	complain := few(t)
	byID, byWords := map[string]feedMessage{}, map[string]int{}
	for _, m := range shown {
		if _, double := byID[m.ID]; double {
			complain("%s: an id stands twice on the wall", slug)
		}
		byID[m.ID] = m
		byWords[m.words()]++
	}
	for _, p := range answered {
		if p.account.slug != slug || !p.isMessage() || len(s.messages[p.id]) != 1 {
			continue // not on this wall, or complained about already
		}
		m, ok := byID[s.messages[p.id][0].publicID]
		switch {
		case !ok:
			complain("%s: an answered %s is not on the wall", slug, p.payload.Type)
		case p.words != "" && (m.words() != p.words || byWords[p.words] != 1):
			complain("%s: the words of an answered %s stand on the wall %d times, and differ: %v", slug, p.payload.Type, byWords[p.words], m.words() != p.words)
		}
	}
}
