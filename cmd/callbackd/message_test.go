package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"callbackd"
	"callbackd/store"
)

// personWithFace is a person with a picture that lies under avatars/face.
func personWithFace(t *testing.T, i *installation, open callbackd.OpenID) store.Resolution {
	t.Helper()
	if _, err := i.blobs.Put(context.Background(), "avatars/face", strings.NewReader("face")); err != nil {
		t.Fatal(err)
	}
	return store.Resolution{FakeID: "844700001", OpenID: open, Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: i.db.Now(),
		Avatar: &store.NewAvatar{Blob: "avatars/face", Type: "image/jpeg", Size: 4, Digest: []byte("face")}}
}

// listed reads message list --json.
func (s *shell) listed(args ...string) []callbackd.PublicMessage {
	s.Helper()
	out := s.done("", append([]string{"message", "list", "spring", "--json"}, args...)...)
	var messages []callbackd.PublicMessage
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	s.must(d.Decode(&messages))
	if messages == nil || d.More() {
		s.Errorf("no array: %q", out)
	}
	return messages
}

func words(messages []callbackd.PublicMessage) (out []string) {
	for _, m := range messages {
		out = append(out, m.Text)
	}
	return out
}

func TestMessageList_NewestFirstByState(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	s.invariants()
	if out := s.done("", "message", "list", "spring", "--json"); out != "[]\n" {
		t.Errorf("nothing is %q", out)
	}
	if out := s.done("", "message", "list", "spring"); out != "" {
		t.Errorf("%q", out)
	}
	i, a := s.installation(), s.account("spring")
	ids := map[string]string{}
	for _, w := range []string{"held", "shown", "refused", "removed"} {
		ids[w] = string(i.say(t, a, "oA", w))
	}
	s.done("", "message", "approve", "spring", ids["shown"], ids["removed"])
	s.done("", "message", "refuse", "spring", ids["refused"])
	s.done("", "message", "remove", "spring", ids["removed"])
	if got := words(s.listed()); !slices.Equal(got, []string{"removed", "refused", "shown", "held"}) {
		t.Errorf("%q", got)
	}
	for _, state := range []string{"held", "shown", "refused", "removed"} {
		got := s.listed("--state", state)
		if len(got) != 1 || got[0].Text != state || string(got[0].State) != state || string(got[0].ID) != ids[state] {
			t.Errorf("%s: %+v", state, got)
		}
	}
	if got := s.listed("--state", "erased"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := words(s.listed("--limit", "2")); !slices.Equal(got, []string{"removed", "refused"}) {
		t.Errorf("%q", got)
	}
	if out := s.done("", "message", "list", "spring", "--json", "--state", "held"); strings.Contains(out, `"seq"`) || strings.Contains(out, `"waiting"`) {
		t.Errorf("what does not apply is there: %s", out)
	}
	s.refused(exitUsage, "write one of held, shown, refused, removed, erased", "", "message", "list", "spring", "--state", "lost")
	s.refused(exitUsage, "--limit -1", "", "message", "list", "spring", "--limit", "-1")
}

func TestMessageList_MarksWhatWaits(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	i, a := s.installation(), s.account("spring")
	id := string(i.say(t, a, "oA", "x"))
	s.done("", "message", "approve", "spring", id)
	s.must(i.db.SetPerson(context.Background(), a.ID, personWithFace(t, i, "oA")))
	got := s.listed("--state", "shown")
	if len(got) != 1 || !slices.Equal(got[0].Waiting, []string{"name", "avatar"}) || got[0].Sender.Name != "小明" || got[0].Seq != 1 {
		t.Errorf("%+v", got)
	}
	if line := s.done("", "message", "list", "spring"); !strings.Contains(line, "waiting name,avatar") || !strings.Contains(line, `"小明"`) {
		t.Errorf("%q", line)
	}
	s.done("", "message", "approve", "spring", id) // on a shown message: passes what came since
	if got := s.listed("--state", "shown"); len(got[0].Waiting) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestMessageList_HoldsMoreThanAPage: each message once, in order.
func TestMessageList_HoldsMoreThanAPage(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	i, a := s.installation(), s.account("spring")
	const n = listPage + 3
	for k := range n {
		i.say(t, a, "oA", fmt.Sprint(k))
	}
	for _, limit := range []int{0, n, n - 1, listPage, listPage + 1} {
		got := s.listed("--limit", fmt.Sprint(limit))
		want := limit
		if limit == 0 {
			want = n
		}
		if len(got) != want {
			t.Fatalf("--limit %d: %d messages", limit, len(got))
		}
		for k, m := range got {
			if m.Text != fmt.Sprint(n-1-k) {
				t.Fatalf("--limit %d: %s at %d", limit, m.Text, k)
			}
		}
	}
}

func TestMessageList_CannotSpeakToTheTerminal(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	i, a := s.installation(), s.account("spring")
	i.say(t, a, "oA", "a\x1b[2J\tb\nc")
	out := s.done("", "message", "list", "spring")
	if strings.ContainsRune(out, '\x1b') || strings.Count(out, "\n") != 1 {
		t.Errorf("%q", out)
	}
	if got := s.listed(); got[0].Text != "a\x1b[2J\tb\nc" {
		t.Errorf("JSON changes the words: %q", got[0].Text)
	}
}

func TestMessageDecide_SeveralAtOnceAndTheOthersAreDone(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	s.add("other", map[string]any{"moderation": "hold"})
	s.invariants()
	i, a := s.installation(), s.account("spring")
	var ids []string
	for k := range 3 {
		ids = append(ids, string(i.say(t, a, "oA", fmt.Sprint(k))))
	}
	foreign := string(i.say(t, s.account("other"), "oB", "anderswo"))
	if out := s.done("", "message", "approve", "spring", ids[0], ids[1]); out != ids[0]+"\n"+ids[1]+"\n" {
		t.Errorf("%q", out)
	}
	r := s.call("", "message", "approve", "spring", ids[0], "nobody", foreign, ids[2])
	if r.code != exitFailure || r.stdout != ids[0]+"\n"+ids[2]+"\n" {
		t.Errorf("%+v", r)
	}
	if strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, `no message "nobody" in spring`) || !strings.Contains(r.stderr, foreign) {
		t.Errorf("%q", r.stderr)
	}
	if got := s.listed("--state", "shown"); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ decision, id, words string }{
		{"refuse", ids[0], "callbackd message remove"}, {"remove", foreign, "no message"},
	} {
		s.refused(exitFailure, c.words, "", "message", c.decision, "spring", c.id)
	}
	s.refused(exitFailure, "callbackd message refuse", "", "message", "remove", "other", foreign)
	s.refused(exitUsage, "", "", "message", "approve", "spring")
	s.refused(exitUsage, "", "", "message", "approve")
	s.refused(exitUsage, "", "", "message")
}

// TestMessageDecide_IsAudited: who did it, and what.
func TestMessageDecide_IsAudited(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	i, a := s.installation(), s.account("spring")
	id := string(i.say(t, a, "oA", "x"))
	s.done("", "message", "approve", "spring", id)
	entries, err := i.db.ListAudit(context.Background(), a.ID, 0, 10)
	s.must(err)
	if len(entries) == 0 || entries[0].Action != "approve" || !strings.HasPrefix(entries[0].Actor, "shell") {
		t.Errorf("%+v", entries)
	}
}

// TestPrintArray_FailsWhereReadingDoes: half an array is no answer.
func TestPrintArray_FailsWhereReadingDoes(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: &out}
	err := a.printArray(func(yield func(callbackd.PublicMessage, error) bool) {
		_ = yield(callbackd.PublicMessage{ID: "a"}, nil) && yield(callbackd.PublicMessage{}, errTest)
	})
	if err != errTest || strings.Contains(out.String(), "]") {
		t.Errorf("%v: %q", err, out.String())
	}
}
