package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// result is what a call of the program left behind.
type result struct {
	code           int
	stdout, stderr string
}

// call runs the program as a shell would, with an empty environment, in a
// folder without callbackd.yaml.
func call(t *testing.T, args ...string) result {
	t.Helper()
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
	return result{code, stdout.String(), stderr.String()}
}

func TestRun_WrongUsageEndsWithTwoAndOneLine(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"bogus"},
		{"--bogus"},
		{"version", "--bogus"},
		{"version", "extra"},
		{"version", "--listen"},
	} {
		r := call(t, args...)
		if r.code != exitUsage {
			t.Errorf("%q: exit %d, want %d", args, r.code, exitUsage)
		}
		if r.stdout != "" {
			t.Errorf("%q: stdout %q, which is for answers", args, r.stdout)
		}
		if !strings.HasPrefix(r.stderr, "callbackd: ") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: stderr %q, want one line", args, r.stderr)
		}
	}
}

func TestRun_HelpIsAnAnswer(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"version", "--help"}} {
		r := call(t, args...)
		if r.code != exitDone || r.stderr != "" || !strings.Contains(r.stdout, "--data-dir") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

func TestRun_EveryCommandHasHelp(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no short text", c.CommandPath())
		}
		if c.RunE == nil {
			t.Errorf("%s has no RunE: its errors would not be told from wrong usage", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{}))
}

func TestRun_VersionIsOneLine(t *testing.T) {
	r := call(t, "version")
	if r.code != exitDone || r.stderr != "" || !strings.HasPrefix(r.stdout, "callbackd ") || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("%+v", r)
	}
}

func TestExitCodes_TellFailureFromWrongUsage(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"done":          {nil, exitDone},
		"failure":       {errors.New("two\nlines"), exitFailure},
		"wrong usage":   {usagef("no"), exitUsage},
		"wrapped usage": {errors.Join(errors.New("x"), usagef("no")), exitUsage},
	} {
		var stderr bytes.Buffer
		root := newRoot(&app{})
		root.AddCommand(&cobra.Command{Use: "try", Short: "s", RunE: func(*cobra.Command, []string) error { return c.err }})
		got := execute(t.Context(), root, []string{"try"}, &stderr)
		if got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
		if c.err != nil && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: stderr %q, want one line", name, stderr.String())
		}
	}
}

func TestGroup_AloneOrWithAnUnknownWordIsWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"things"}, {"things", "bogus"}} {
		var stderr bytes.Buffer
		root := newRoot(&app{})
		ran := false
		root.AddCommand(group("things", "s", &cobra.Command{Use: "list", Short: "s",
			RunE: func(*cobra.Command, []string) error { ran = true; return nil }}))
		if got := execute(t.Context(), root, args, &stderr); got != exitUsage || ran {
			t.Errorf("%q: exit %d, ran %v", args, got, ran)
		}
		if got := execute(context.Background(), root, []string{"things", "list"}, &stderr); got != exitDone || !ran {
			t.Errorf("things list: exit %d, ran %v", got, ran)
		}
	}
}

func TestNewLogger_WritesTheFormThatWasAskedFor(t *testing.T) {
	for format, want := range map[string]string{"text": "msg=started", "json": `"msg":"started"`} {
		var out bytes.Buffer
		log := newLogger(LogConfig{Level: slog.LevelInfo, Format: format}, &out)
		log.Debug("quiet")
		log.Info("started")
		if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, "quiet") {
			t.Errorf("%s: %q", format, got)
		}
	}
}
