//go:build e2e

package e2e_test

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// private is what of an account must be in no log and in no public answer: ids,
// secrets of the account, and in logs also names and words.
func (s *stage) private(withWords bool) map[string]string {
	out := map[string]string{}
	add := func(what, value string) {
		if utf8.RuneCountInString(value) >= 4 { // shorter ones are found anywhere
			out[value] = what
		}
	}
	for _, a := range s.accounts {
		c := a.Config
		add("app secret", c.AppSecret)
		add("token", c.Token)
		add("AES key", c.AESKey)
		if c.MP != nil {
			add("password", c.MP.Password)
		}
		for _, p := range a.Contacts() {
			add("openID", string(p.OpenID))
			add("FakeID", string(p.Number))
			if withWords {
				add("name", p.Profile.Nickname)
			}
		}
		for _, r := range a.Truth() {
			add("MediaId", r.MediaID)
			if withWords {
				add("text", r.Content)
				add("recognised words", r.Recognition)
			}
		}
	}
	return out
}

// find names what of a text is private. Ids that are numbers count only as
// whole numbers.
func find(text string, private map[string]string) []string {
	var found []string
	for value, what := range private {
		if !strings.Contains(text, value) {
			continue
		}
		if what == "FakeID" && !regexp.MustCompile(`(^|[^0-9.])`+value+`($|[^0-9])`).MatchString(text) {
			continue
		}
		found = append(found, what+" "+value)
	}
	return found
}

// checkLog fails the test when a server has logged what is private.
func (s *stage) checkLog() {
	s.t.Helper()
	log, err := os.ReadFile(s.log)
	if errors.Is(err, fs.ErrNotExist) {
		return // no server ran
	}
	if err != nil {
		s.t.Fatal(err)
	}
	private := s.private(true)
	told := map[string]bool{}
	for line := range strings.Lines(string(log)) {
		for _, what := range find(line, private) {
			if !told[what] {
				s.t.Errorf("%s is in the log: %s", what, line)
			}
			told[what] = true
		}
	}
}

func (s *stage) logTail() string {
	const keep = 6000
	log, _ := os.ReadFile(s.log)
	return "the end of its log:\n" + string(log[max(0, len(log)-keep):])
}
