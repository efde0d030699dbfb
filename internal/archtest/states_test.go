package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"callbackd"
)

// TestStatesDocument_MessageEdgesAreThoseOfDecide compares docs/states.md with the code.
func TestStatesDocument_MessageEdgesAreThoseOfDecide(t *testing.T) {
	doc := section(t, "## Message\n")
	var written []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\w+) \| (approve|refuse|remove) \| (\w+) \|`).FindAllStringSubmatch(doc, -1) {
		written = append(written, strings.Join(m[1:], " "))
	}
	var real []string
	for _, from := range []callbackd.State{callbackd.StateHeld, callbackd.StateShown, callbackd.StateRefused, callbackd.StateRemoved, callbackd.StateErased} {
		for _, d := range []callbackd.Decision{callbackd.DecisionApprove, callbackd.DecisionRefuse, callbackd.DecisionRemove} {
			if to, ok := callbackd.Decide(from, d); ok {
				real = append(real, strings.Join([]string{string(from), string(d), string(to)}, " "))
			}
		}
	}
	slices.Sort(written)
	slices.Sort(real)
	if !slices.Equal(written, real) {
		t.Errorf("docs/states.md and Decide differ\ndocument: %q\ncode:     %q", written, real)
	}
}

// TestStatesDocument_NamesEveryState finds a state that the code has and the pictures lack.
func TestStatesDocument_NamesEveryState(t *testing.T) {
	for heading, states := range map[string][]string{
		"## Message\n": {string(callbackd.StateHeld), string(callbackd.StateShown), string(callbackd.StateRefused), string(callbackd.StateRemoved), string(callbackd.StateErased)},
		"## Media\n":   {string(callbackd.MediaPending), string(callbackd.MediaReady), string(callbackd.MediaFailed)},
		"## Job\n":     {string(callbackd.JobReady), string(callbackd.JobRunning), string(callbackd.JobDone), string(callbackd.JobFailed), string(callbackd.JobCancelled)},
		"## Event\n":   {string(callbackd.EventDraft), string(callbackd.EventLive), string(callbackd.EventPaused), string(callbackd.EventEnded)},
		"## Wall\n":    {string(callbackd.StageOpen), string(callbackd.StagePaused), string(callbackd.StagePanic)},
		"## Binding\n": {string(callbackd.BindingWaiting), string(callbackd.BindingAsked), string(callbackd.BindingAgreed)},
	} {
		_, picture, ok := strings.Cut(section(t, heading), "```mermaid\n")
		picture, _, ok2 := strings.Cut(picture, "```")
		if !ok || !ok2 {
			t.Errorf("%s has no picture", strings.TrimSpace(heading))
		}
		for _, s := range states {
			if !regexp.MustCompile(`\b` + s + `\b`).MatchString(picture) {
				t.Errorf("%s: the picture lacks %s", strings.TrimSpace(heading), s)
			}
		}
	}
}

// section returns docs/states.md from a heading to the next of its level.
func section(t *testing.T, heading string) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(root(t), "docs", "states.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), heading)
	if !ok {
		t.Fatalf("docs/states.md has no %q", heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}
