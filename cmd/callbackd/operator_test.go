package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestOperator_FromTheShell(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	const password = "a long enough password\n"
	s.refused(exitFailure, "10 to 200 characters", "short\n", "operator", "add", "小王")
	s.refused(exitFailure, "is not the name", "longenough1\n", "operator", "add", "LongEnough1")
	s.refused(exitUsage, "letters or digits", password, "operator", "add", "a b")
	s.refused(exitUsage, "go together", password, "operator", "add", "a", "--role", "admin")
	s.refused(exitUsage, "go together", password, "operator", "add", "a", "--account", "spring", "--role", "boss")
	s.refused(exitFailure, "no account", password, "operator", "add", "a", "--account", "none", "--role", "admin")
	s.done(password, "operator", "add", "小王")
	s.done(password, "operator", "add", "li", "--account", "spring", "--role", "moderator")
	s.refused(exitFailure, "there is an operator", password, "operator", "add", "LI")
	if got := s.done("", "operator", "list"); got != "li\tspring:moderator\n小王\teverything\n" {
		t.Errorf("list: %q", got)
	}
	s.done(password, "operator", "passwd", "li", "--two-factor-off")
	s.done("", "operator", "remove", "Li")
	s.refused(exitFailure, "no operator", "", "operator", "remove", "li")
	if got := s.done("", "operator", "list"); got != "小王\teverything\n" {
		t.Errorf("after: %q", got)
	}
	if link := s.done("", "operator", "link"); !regexp.MustCompile(`^http://localhost:8080/desk/join/[\w-]{43}\n$`).MatchString(link) {
		t.Errorf("link: %q", link)
	}
}

// The first owner's link is for whoever sits at the terminal: in a log, anybody who
// reads it later would become the owner.
func TestOperator_TheFirstLinkIsInNoLog(t *testing.T) {
	s := newShell(t)
	v := s.serve()
	v.eventually("the line about the desk", func() bool { return strings.Contains(v.stderr.String(), "callbackd operator link") })
	if strings.Contains(v.stderr.String(), "/desk/join/") || strings.Contains(v.stdout.String(), "/desk/join/") {
		t.Error("the link stands where no terminal is")
	}
	if strings.Contains(s.done("", "operator", "link"), "/desk/join/") && strings.Contains(v.stderr.String(), "/desk/join/") {
		t.Error("a link that the shell made stands in the server's log")
	}
}
