package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/store"
	"callbackd/store/storetest"
)

// patience bounds waits that only end early; no test passes because of it.
const patience = 30 * time.Second

// shell calls the program again and again on one data folder.
type shell struct {
	*testing.T
	env map[string]string
}

// newShell has an empty data folder, and nothing that it could talk to.
func newShell(t *testing.T) *shell {
	t.Helper()
	t.Chdir(t.TempDir())
	return &shell{T: t, env: map[string]string{
		"CALLBACKD_DATA_DIR": filepath.Join(t.TempDir(), "data"), "CALLBACKD_LOG_LEVEL": "debug",
		"CALLBACKD_WECHAT_API_URL": "http://127.0.0.1:1", "CALLBACKD_WECHAT_MP_URL": "http://127.0.0.1:1", "CALLBACKD_WECHAT_OPEN_URL": "http://127.0.0.1:1",
	}}
}

func (s *shell) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// call runs a command with a text on standard input.
func (s *shell) call(stdin string, args ...string) result {
	s.Helper()
	var stdout, stderr bytes.Buffer
	code := run(s.Context(), args, strings.NewReader(stdin), &stdout, &stderr, func(name string) string { return s.env[name] })
	return result{code, stdout.String(), stderr.String()}
}

// done is call where nothing may go wrong; it returns the answer.
func (s *shell) done(stdin string, args ...string) string {
	s.Helper()
	r := s.call(stdin, args...)
	if r.code != exitDone {
		s.Fatalf("%q: exit %d: %s", args, r.code, r.stderr)
	}
	return r.stdout
}

// refused is call where something has to: with this exit code, one line on
// stderr that holds these words, and no answer.
func (s *shell) refused(code int, words, stdin string, args ...string) {
	s.Helper()
	r := s.call(stdin, args...)
	if r.code != code || r.stdout != "" {
		s.Errorf("%q %s: exit %d, want %d; stdout %q", args, stdin, r.code, code, r.stdout)
	}
	if !strings.HasPrefix(r.stderr, "callbackd: ") || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, words) {
		s.Errorf("%q %s: stderr %q, want one line with %q", args, stdin, r.stderr, words)
	}
}

// installation opens what the commands work on, beside them.
func (s *shell) installation() *installation {
	s.Helper()
	a := &app{stderr: &bytes.Buffer{}, getenv: func(name string) string { return s.env[name] }}
	newRoot(a)
	i, err := a.open(context.Background())
	s.must(err)
	s.Cleanup(i.close)
	return i
}

// account reads an account with its secrets.
func (s *shell) account(slug callbackd.Slug) *callbackd.Account {
	s.Helper()
	a, err := s.installation().db.GetAccount(context.Background(), slug)
	s.must(err)
	return a
}

const (
	testToken  = "springToken2014"
	testSecret = "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5"
	testKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	otherKey   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
	testPass   = "operator's pass word "
)

// accountJSON is an account with everything, changed by more fields; a nil one
// takes a key out.
func accountJSON(change map[string]any) string {
	fields := map[string]any{"name": "春晚现场", "original_id": "gh_0123456789ab", "app_id": "wx0123456789abcdef", "app_secret": testSecret,
		"token": testToken, "aes_key": testKey, "mode": "safe", "moderation": "auto", "join_url": "http://weixin.qq.com/r/x", "owner": "tv",
		"mpweb": map[string]any{"username": "operator@example.com", "password": testPass, "dialect": "2014"}, "resolve": []string{"msg-id", "create-time"}}
	for key, value := range change {
		if fields[key] = value; value == nil {
			delete(fields, key)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// add registers an account.
func (s *shell) add(slug string, change map[string]any) {
	s.Helper()
	s.done(accountJSON(change), "account", "add", slug, "--from", "-")
}

// noSecrets fails where a text holds a secret of the test account.
func (s *shell) noSecrets(where, text string) {
	s.Helper()
	for _, secret := range []string{testToken, testSecret, testKey, otherKey, testPass, strings.TrimSpace(testPass)} {
		if strings.Contains(text, secret) {
			s.Errorf("%s holds a secret: %s", where, text)
		}
	}
}

// say stores words of a person, as a callback does.
func (i *installation) say(t *testing.T, a *callbackd.Account, from callbackd.OpenID, words string) callbackd.PublicID {
	t.Helper()
	now := time.Now()
	key := string(callbackd.NewPublicID())
	_, err := i.db.Accept(context.Background(), &store.Callback{Account: a, Key: key, Request: []byte(key), ReceivedAt: now, CreateTime: now,
		Outcome: store.OutcomeAccepted, MsgType: "text", From: from, Raw: []byte("<xml/>"),
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: now, MsgID: uint64(now.UnixNano())}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := i.db.ListMessages(context.Background(), a.ID, store.MessageFilter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return rows[0].Message.PublicID
}

// stream is what a running command writes.
type stream struct {
	mu   sync.Mutex // guards b
	b    bytes.Buffer
	more chan struct{}
}

func newStream() *stream { return &stream{more: make(chan struct{}, 1)} }

func (w *stream) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.b.Write(p)
}

func (w *stream) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// running is a command that goes on until it is stopped.
type running struct {
	*shell
	stdout, stderr *stream
	cancel         context.CancelFunc
	exit           chan int
}

// start runs a command beside the test; it is stopped with it.
func (s *shell) start(args ...string) *running {
	s.Helper()
	r := &running{shell: s, stdout: newStream(), stderr: newStream(), exit: make(chan int, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	getenv := func(name string) string { return s.env[name] }
	go func() { r.exit <- run(ctx, args, strings.NewReader(""), r.stdout, r.stderr, getenv) }()
	s.Cleanup(func() {
		cancel()
		if r.exit != nil {
			r.end()
		}
	})
	return r
}

// end waits for the exit code; a test that wants another than 0 asks for it.
func (r *running) end() {
	r.Helper()
	r.cancel()
	select {
	case code := <-r.exit:
		if code != exitDone {
			r.Errorf("exit %d: %s", code, r.stderr)
		}
	case <-time.After(patience):
		r.Errorf("it does not end: %s", r.stderr)
	}
	r.exit = nil
}

// match waits until a stream holds a pattern, and returns its groups.
func (r *running) match(w *stream, pattern string) []string {
	r.Helper()
	p := regexp.MustCompile(pattern)
	end := time.After(patience)
	for {
		if found := p.FindStringSubmatch(w.String()); found != nil {
			return found[1:]
		}
		select {
		case <-w.more:
		case code := <-r.exit:
			r.exit = nil
			r.Fatalf("it ended with %d before %s: %s", code, pattern, r.stderr)
		case <-end:
			r.Fatalf("waited for %s in %s", pattern, w)
		}
	}
}

// served is a running server with its addresses.
type served struct {
	*running
	url, admin string // admin is "off" where there is none
}

func (s *shell) serve(args ...string) *served {
	s.Helper()
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)
	v := &served{running: s.start(args...)}
	found := v.match(v.stderr, `msg="callbackd serves" listen=(\S+) admin=(\S+)`)
	v.url, v.admin = "http://"+found[0], "http://"+found[1]
	return v
}

// invariants looks at the database when a test is over.
func (s *shell) invariants() {
	i := s.installation()
	s.Cleanup(func() { storetest.CheckInvariants(s.T, i.db) })
}

// files lists what is in the data folder.
func (s *shell) files() (names []string) {
	s.Helper()
	entries, err := os.ReadDir(s.env["CALLBACKD_DATA_DIR"])
	if !errors.Is(err, os.ErrNotExist) {
		s.must(err)
	}
	for _, e := range entries {
		names = append(names, fmt.Sprint(e.Name()))
	}
	return names
}

var errTest = errors.New("the database is away")

// TestHelp_Everywhere: each command tells about itself, on stdout, with exit 0.
func TestHelp_Everywhere(t *testing.T) {
	s := newShell(t)
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		out := s.done("", append(path, "--help")...)
		if !strings.Contains(out, c.Short) && !strings.Contains(out, c.Long) || !strings.Contains(out, "--data-dir") {
			t.Errorf("%q --help: %s", path, out)
		}
		for _, sub := range c.Commands() {
			walk(sub, append(append([]string{}, path...), sub.Name()))
		}
	}
	walk(newRoot(&app{}), nil)
	help := s.done("", "account", "add", "--help")
	for key := range map[string]bool{"name": true, "original_id": true, "app_id": true, "app_secret": true, "token": true, "aes_key": true, "mode": true,
		"moderation": true, "join_url": true, "owner": true, "mpweb": true, "resolve": true, "welcome": true} {
		if !strings.Contains(help, "\n  "+key+" ") {
			t.Errorf("account add --help says nothing of %s", key)
		}
	}
	if files := s.files(); len(files) != 0 {
		t.Errorf("help makes %q", files)
	}
}
