//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// say lets a follower say something; the push must be taken.
func say(t *testing.T, a *rehearsal.Account, m rehearsal.Message) rehearsal.Record {
	t.Helper()
	r, v, err := a.Push(t.Context(), m, rehearsal.SendOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != rehearsal.OutcomeSuccess {
		t.Fatalf("a %s was answered with %s: %s; %+v", r.Type, v.Outcome, v.Why, v.Last())
	}
	return r
}

// text lets a follower say words.
func text(t *testing.T, a *rehearsal.Account, from callbackd.FakeID, words string) rehearsal.Record {
	t.Helper()
	return say(t, a, rehearsal.Message{From: from, Content: words})
}

// feed reads the newest messages of a wall, newest first.
func (s *stage) feed(a *rehearsal.Account) []callbackd.PublicMessage {
	s.t.Helper()
	return s.feedOf(wallPath(a))
}

func (s *stage) feedOf(wall string) []callbackd.PublicMessage {
	s.t.Helper()
	status, _, body := s.get(wall + "/messages?limit=200")
	var answer struct {
		Messages []callbackd.PublicMessage `json:"messages"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		s.t.Fatalf("messages: status %d, %v", status, err)
	}
	slices.Reverse(answer.Messages)
	return answer.Messages
}

// listed are all messages as an operator sees them, newest first.
func (s *stage) listed(a *rehearsal.Account) []callbackd.PublicMessage {
	s.t.Helper()
	var all []callbackd.PublicMessage
	if err := json.Unmarshal([]byte(s.call("message", "list", string(a.Config.Slug), "--json")), &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// decide is a moderator's step from the shell.
func (s *stage) decide(a *rehearsal.Account, step string, ids ...callbackd.PublicID) {
	s.t.Helper()
	args := []string{"message", step, string(a.Config.Slug)}
	for _, id := range ids {
		args = append(args, string(id))
	}
	s.call(args...)
}

// idOf finds a message by its words, which must be said once.
func idOf(t *testing.T, all []callbackd.PublicMessage, words string) callbackd.PublicID {
	t.Helper()
	var ids []callbackd.PublicID
	for _, m := range all {
		if m.Text == words {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("%d messages say %q", len(ids), words)
	}
	return ids[0]
}

// row is a message as a page shows it, or must show it.
type row struct {
	ID     callbackd.PublicID `json:"id"`
	Seq    int64              `json:"seq"`
	Look   string             `json:"look"`
	Name   string             `json:"name"`
	Avatar string             `json:"avatar"`
	Text   string             `json:"text"`
	Source string             `json:"source"` // path of the file that plays or opens
}

// rows are what a page must show of a feed.
func rows(feed []callbackd.PublicMessage) []row {
	var out []row
	for _, m := range feed {
		r := row{ID: m.ID, Seq: m.Seq, Look: string(m.Kind), Name: m.Sender.Name, Avatar: m.Sender.Avatar, Text: m.Text}
		switch {
		case m.Media != nil && m.Media.Type == "audio/amr":
			r.Look = "voice-amr"
		case m.Media != nil:
			r.Look = fmt.Sprintf("%s-%s", m.Kind, m.Media.State)
		case m.Kind.HasMedia():
			r.Look = fmt.Sprintf("%s-%s", m.Kind, callbackd.MediaPending)
		}
		if m.Media != nil {
			r.Source = m.Media.URL
		}
		out = append(out, r)
	}
	return out
}
