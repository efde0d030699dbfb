package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"callbackd/rehearsal"
)

// TestDemo_TakesAnotherPortAndLeavesNothing: with 8080 taken, and everything
// in a temporary folder.
func TestDemo_TakesAnotherPortAndLeavesNothing(t *testing.T) {
	if taken, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil {
		defer taken.Close() // else somebody else has it, which is as good
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	s := newShell(t)
	s.env = map[string]string{}
	r := s.start("demo", "--people", "5", "--seed", "3")
	wall := r.match(r.stdout, `(http://127\.0\.0\.1:\d+)/wall/demo`)[0]
	if strings.HasSuffix(wall, ":8080") {
		t.Errorf("%s is taken", wall)
	}
	v := &served{running: r, url: wall}
	v.eventually("words on the wall", func() bool { _, body := v.get("/wall/demo/messages"); return strings.Contains(body, `"text":`) })
	if code, _ := v.get("/metrics"); code != 404 {
		t.Errorf("metrics on the public port: %d", code)
	}
	if names := inside(t, temporary); len(names) != 1 || !strings.HasPrefix(names[0], "callbackd-demo-") {
		t.Errorf("%q", names)
	}
	if names := inside(t, "."); len(names) != 0 {
		t.Errorf("%q in the working folder", names)
	}
	v.end()
	if names := inside(t, temporary); len(names) != 0 {
		t.Errorf("%q stay", names)
	}
}

// inside lists a folder.
func inside(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestDemo_InAFolderOfOnesOwnStays, and goes on there the next time.
func TestDemo_InAFolderOfOnesOwnStays(t *testing.T) {
	s := newShell(t)
	s.env["CALLBACKD_LOG_LEVEL"] = "warn"
	for range 2 {
		r := s.start("demo", "--people", "5", "--listen", "127.0.0.1:0")
		r.match(r.stdout, `/wall/demo`)
		r.end()
	}
	if list := s.done("", "account", "list"); !strings.HasPrefix(list, "demo\t") {
		t.Errorf("%q", list)
	}
	for _, args := range [][]string{{"--people", "0"}, {"--rate", "0"}, {"--dialect", "2013"}, {"--mode", "secure"}, {"extra"}} {
		s.refused(exitUsage, "", "", append([]string{"demo"}, args...)...)
	}
}

// TestRehearsal_PrintsAnAccountThatCanBeAdded, and pushes to whoever stands at
// the public URL.
func TestRehearsal_PrintsAnAccountThatCanBeAdded(t *testing.T) {
	s := newShell(t)
	s.env["CALLBACKD_PUBLIC_URL"] = "http://127.0.0.1:1"
	r := s.start("rehearsal", "--people", "5", "--listen", "127.0.0.1:0", "--slug", "probe", "--rate", "100")
	platform := r.match(r.stderr, `simulated platform: (http://\S+) → http://127\.0\.0\.1:1/callback/probe`)[0]
	account := r.stdout.String()
	if !json.Valid([]byte(account)) {
		t.Fatalf("%s", account)
	}
	s.done(account, "account", "add", "probe", "--from", "-")
	resp, err := http.Get(platform + "/cgi-bin/token")
	s.must(err)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "errcode") {
		t.Errorf("%s, %v", body, err)
	}
	r.match(r.stderr, ` ✗ | → `) // a step, and what came of it
	r.end()
	if r.stdout.String() != account {
		t.Errorf("more than the account on stdout: %s", r.stdout)
	}
	s.refused(exitUsage, "use 2–40 of", "", "rehearsal", "--slug", "A")
}

// TestPlatformAddress_IsNotTheServers: the setting is the server's, the flag
// on this command the platform's.
func TestPlatformAddress_IsNotTheServers(t *testing.T) {
	for want, args := range map[string][]string{"127.0.0.1:8090": nil, "127.0.0.1:9": {"--listen", "127.0.0.1:9"}} {
		flags := pflag.NewFlagSet("rehearsal", pflag.ContinueOnError)
		settings := addSettings(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		cfg, err := settings.load(func(name string) string { return map[string]string{"CALLBACKD_LISTEN": "127.0.0.1:8080"}[name] })
		if err != nil {
			t.Fatal(err)
		}
		if got := platformAddress(flags, cfg); got != want {
			t.Errorf("%q: %s, want %s", args, got, want)
		}
	}
}

func TestReportLine_IsOneLine(t *testing.T) {
	line := reportLine(rehearsal.Report{Err: errTwoLines})
	if strings.Contains(line, "\n") || !strings.Contains(line, "✗ a b") {
		t.Errorf("%q", line)
	}
}

var errTwoLines = twoLines{}

type twoLines struct{}

func (twoLines) Error() string { return "a\nb" }
