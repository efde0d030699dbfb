package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/doctor"
	"callbackd/rehearsal"
)

// get asks a server for a path.
func (v *served) get(path string) (int, string) {
	v.Helper()
	return v.ask(v.url + path)
}

func (v *served) ask(url string) (int, string) {
	v.Helper()
	resp, err := http.Get(url)
	v.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	v.must(err)
	return resp.StatusCode, string(b)
}

// eventually asks until an answer is as wanted.
func (v *served) eventually(what string, is func() bool) {
	v.Helper()
	for end := time.Now().Add(patience); !is(); {
		if time.Now().After(end) {
			v.Fatalf("waited for %s\n%s", what, v.stderr)
		}
	}
}

// viewer has a wall open; it returns a call that waits for the next change.
func (v *served) viewer(slug string) func() callbackd.Change {
	v.Helper()
	ws, err := websocket.Dial("ws"+strings.TrimPrefix(v.url, "http")+"/live/websocket", "", v.url)
	v.must(err)
	v.Cleanup(func() { ws.Close() })
	v.must(ws.SetDeadline(time.Now().Add(patience)))
	type frame struct {
		Subscribe *struct{} `json:"subscribe"`
		Push      *struct {
			Pub *struct {
				Data callbackd.Change `json:"data"`
			} `json:"pub"`
		} `json:"push"`
	}
	read := func(is func(frame) bool) frame {
		v.Helper()
		for {
			var text string
			v.must(websocket.Message.Receive(ws, &text))
			for _, line := range strings.Split(text, "\n") {
				var f frame
				v.must(json.Unmarshal([]byte(line), &f))
				if is(f) {
					return f
				}
			}
		}
	}
	v.must(websocket.Message.Send(ws, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"wall:`+slug+`"}}`))
	read(func(f frame) bool { return f.Subscribe != nil })
	return func() callbackd.Change {
		v.Helper()
		return read(func(f frame) bool { return f.Push != nil && f.Push.Pub != nil }).Push.Pub.Data
	}
}

// TestServe_SeesWhatTheShellChanges: feed and open wall follow the commands.
func TestServe_SeesWhatTheShellChanges(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	s.invariants()
	v := s.serve()
	id := string(s.installation().say(t, s.account("spring"), "oA", "gleich zu sehen"))
	change := v.viewer("spring")
	s.done("", "message", "approve", "spring", id)
	if c := change(); c.Op != callbackd.ChangeShow || c.Rev != 1 || c.Message == nil || c.Message.Text != "gleich zu sehen" {
		t.Errorf("%+v", c)
	}
	if code, body := v.get("/wall/spring/messages"); code != 200 || !strings.Contains(body, "gleich zu sehen") {
		t.Errorf("%d %s", code, body)
	}
	s.done("", "message", "remove", "spring", id)
	if c := change(); c.Op != callbackd.ChangeRemove || c.Rev != 2 || c.Message != nil || string(c.ID) != id {
		t.Errorf("%+v", c)
	}
	if _, body := v.get("/wall/spring/messages"); strings.Contains(body, "gleich zu sehen") {
		t.Errorf("%s", body)
	}
	s.done(`{"name":"元宵节"}`, "account", "set", "spring", "--from", "-")
	v.eventually("the new name", func() bool { _, body := v.get("/wall/spring/messages"); return strings.Contains(body, "元宵节") })
	s.add("later", nil)
	v.eventually("the new account", func() bool { code, _ := v.get("/wall/later"); return code == 200 })
	s.done("", "account", "remove", "spring", "--yes")
	v.eventually("the end of the account", func() bool { code, _ := v.get("/wall/spring"); return code == 404 })
	v.end()
}

func TestServe_ASecondOneIsRefused(t *testing.T) {
	s := newShell(t)
	v := s.serve()
	s.refused(exitFailure, "is in use by another callbackd", "", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "off")
	if code, body := v.get("/readyz"); code != 200 {
		t.Errorf("the first one: %d %s", code, body)
	}
	v.end()
	s.serve().end() // the folder is free again
}

func TestServe_APortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := newShell(t)
	s.env["CALLBACKD_LOG_LEVEL"] = "error"
	for _, args := range [][]string{
		{"--listen", taken.Addr().String(), "--admin-listen", "off"}, {"--listen", "127.0.0.1:0", "--admin-listen", taken.Addr().String()},
	} {
		s.refused(exitFailure, "listen "+taken.Addr().String(), "", append([]string{"serve"}, args...)...)
	}
}

func TestServe_TakesUpWhatTheLastRunLeft(t *testing.T) {
	s := newShell(t)
	s.env["CALLBACKD_LOG_LEVEL"] = "info"
	left := filepath.Join(s.env["CALLBACKD_DATA_DIR"], "work", "callbackd-media-1")
	s.must(os.MkdirAll(left, 0o700))
	v := s.serve()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("half made files stay: %v", err)
	}
	v.end()
}

func TestAdmin_OffPutsMetricsNowhere(t *testing.T) {
	s := newShell(t)
	v := s.serve("--admin-listen", "off")
	if v.admin != "http://off" {
		t.Fatal(v.admin)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if code, _ := v.get(path); code != 404 {
			t.Errorf("%s on the public port: %d", path, code)
		}
	}
	v.end()
}

// metricLabels are the metrics of the contract that there are, with their labels in order.
var metricLabels = map[string]string{
	"callbackd_callbacks_total": "account outcome", "callbackd_callback_seconds_bucket": "le", "callbackd_callback_seconds_count": "", "callbackd_senders": "account state",
	"callbackd_mpweb_requests_total": "account outcome page", "callbackd_media_total": "account kind outcome", "callbackd_jobs": "kind state",
	"callbackd_job_oldest_seconds": "kind", "callbackd_live_connections": "",
}

var (
	metricLine  = regexp.MustCompile(`(?m)^(callbackd_[a-z_]+)(?:\{(.*)\})? \S+$`)
	metricLabel = regexp.MustCompile(`([a-z]+)="((?:[^"\\]|\\.)*)"`)
)

// metrics reads what an admin page says: by name, the labels of each line.
func (v *served) metrics() map[string][]string {
	v.Helper()
	code, body := v.ask(v.admin + "/metrics")
	if code != 200 {
		v.Fatalf("%d %s", code, body)
	}
	found := map[string][]string{}
	for _, line := range metricLine.FindAllStringSubmatch(body, -1) {
		labels := []string{}
		for _, l := range metricLabel.FindAllStringSubmatch(line[2], -1) {
			labels = append(labels, l[1])
		}
		found[line[1]] = append(found[line[1]], strings.Join(labels, " "))
	}
	return found
}

// rehearsed runs a server before a simulated platform of a few people, until it
// has heard words, a voice, forgeries and a sender that it came to know.
func rehearsed(t *testing.T) (*shell, *served, *rehearsal.Account) {
	s := newShell(t)
	e := evening{seed: 9, people: 6, rate: 1, dialect: "2014", mode: "safe"}
	st, err := e.newStage("127.0.0.1:0", "spring", "春晚")
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- st.serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		s.must(<-done)
	})
	for _, name := range []string{"API", "MP", "OPEN"} {
		s.env["CALLBACKD_WECHAT_"+name+"_URL"] = st.url.String()
	}
	s.env["CALLBACKD_MPWEB_PACE"] = "1ms"
	s.done(string(st.account.JSON()), "account", "add", "spring", "--from", "-")
	v := s.serve()
	st.account.SetCallbackURL(v.url + "/callback/spring")
	from := st.account.Contacts()[0].Number
	for _, m := range []rehearsal.Message{
		{Type: rehearsal.TypeText, Content: "静静的话 words that nobody logs"}, {Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voices[0]},
		{Type: rehearsal.TypeImage, Asset: rehearsal.Files().Pictures[0]},
	} {
		m.From = from
		_, verdict, err := st.account.Push(ctx, m, rehearsal.SendOptions{})
		s.must(err)
		if verdict.Last().Status != 200 {
			t.Fatalf("%+v", verdict)
		}
	}
	for _, f := range []rehearsal.Forgery{rehearsal.ForgeSignature, rehearsal.ForgeStale, rehearsal.Misdirected} {
		_, _, err = st.account.Push(ctx, rehearsal.Message{From: from, Content: "falsch"}, rehearsal.SendOptions{Attempts: 1, PrepareOptions: rehearsal.PrepareOptions{Forgery: f}})
		s.must(err)
	}
	v.eventually("the voice and the name", func() bool {
		_, body := v.get("/wall/spring/messages")
		return strings.Contains(body, "audio/mpeg") && strings.Contains(body, `"resolved":true`)
	})
	return s, v, st.account
}

func TestMetrics_EveryNameWithItsLabels(t *testing.T) {
	_, v, _ := rehearsed(t)
	v.eventually("an outcome of media", func() bool { return len(v.metrics()["callbackd_media_total"]) > 0 })
	found := v.metrics()
	for name, labels := range metricLabels {
		if len(found[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
		for _, got := range found[name] {
			if got != labels {
				t.Errorf("%s{%s}, want {%s}", name, got, labels)
			}
		}
	}
	_, body := v.ask(v.admin + "/metrics")
	for _, outcome := range []string{"accepted", "forged", "stale", "misdirected"} {
		if !strings.Contains(body, `callbackd_callbacks_total{account="spring",outcome="`+outcome+`"}`) {
			t.Errorf("no callback is %s", outcome)
		}
	}
	if code, _ := v.ask(v.admin + "/debug/pprof/cmdline"); code != 200 {
		t.Errorf("profiling: %d", code)
	}
}

// TestLogs_HoldNoSecretsPeopleOrWords reads everything that a server and the
// commands beside it said, at their loudest.
func TestLogs_HoldNoSecretsPeopleOrWords(t *testing.T) {
	s, v, sim := rehearsed(t)
	_, metrics := v.ask(v.admin + "/metrics")
	r := s.call("", "doctor")
	show := s.done("", "account", "show", "spring")
	v.end()
	c := sim.Config
	secrets := []string{c.Token, c.AESKey, c.AppSecret, c.MP.Password, "静静的话", "words that nobody logs", "falsch"}
	for _, p := range sim.Contacts() {
		secrets = append(secrets, string(p.OpenID), string(p.Number), p.Profile.Nickname)
	}
	for where, text := range map[string]string{"the log": v.stderr.String(), "stdout": v.stdout.String(), "metrics": metrics, "doctor": r.stdout + r.stderr, "show": show} {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s holds %q", where, secret)
			}
		}
	}
	if !strings.Contains(v.stderr.String(), "level=DEBUG") {
		t.Error("nothing was logged at debug: this test sees nothing")
	}
}

func TestDoctor_OneLineACheckAndExitOneWhereSomethingIsWrong(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	s.add("other", map[string]any{"mode": "plain", "app_secret": nil, "mpweb": nil, "resolve": nil})
	r := s.call("", "doctor")
	if r.code != exitFailure || strings.Count(r.stderr, "\n") < 1 || !strings.Contains(r.stderr, "something is wrong") {
		t.Errorf("%+v", r)
	}
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	machine := len(doctor.Plan(nil))
	each := len(doctor.Plan([]*callbackd.Account{{Slug: "x"}})) - machine
	if want := machine + 2*each; len(lines) != want {
		t.Errorf("%d lines, want %d:\n%s", len(lines), want, r.stdout)
	}
	for _, line := range lines {
		mark, rest, _ := strings.Cut(line, " ")
		if !strings.Contains("✓–✗", mark) || (mark == "✗") != strings.Contains(line, " → ") || len(strings.Fields(rest)) < 2 {
			t.Errorf("%q", line)
		}
	}
	s.noSecrets("doctor", r.stdout+r.stderr)
	if one := s.call("", "doctor", "other").stdout; strings.Contains(one, "spring/") || strings.Count(one, "\n") != machine+each {
		t.Errorf("%s", one)
	}
	s.refused(exitUsage, "", "", "doctor", "a", "b")
	var finding []string
	for _, line := range lines {
		finding = append(finding, strings.Fields(line)[1])
	}
	if got := fmt.Sprint(finding[:5]); got != "[data-dir database blobs ffmpeg public-url]" {
		t.Errorf("%s", got)
	}
}

func TestMigrate_MakesAndBringsUpToDate(t *testing.T) {
	s := newShell(t)
	for range 2 {
		if out := s.done("", "migrate"); out != "the database is up to date\n" {
			t.Errorf("%q", out)
		}
	}
	s.refused(exitUsage, "", "", "migrate", "now")
}

func TestCommands_AnotherKeyIsRefusedInOneLine(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	s.env["CALLBACKD_SECRET_KEY_FILE"] = filepath.Join(t.TempDir(), "other.key")
	s.refused(exitFailure, "--secret-key-file", "", "account", "show", "spring")
}
