//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/rehearsal"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience is how long something that must come is waited for. Nothing takes
// nearly as long; a machine that is busy may.
const patience = 90 * time.Second

// restart is how long the platform of a test waits before it pushes again, so that
// a server that died has time to come back.
const restart = 3 * time.Second

// eventually waits until ok, or fails and says what it waited for.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	eventuallyWithin(t, patience, what, ok)
}

func eventuallyWithin(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited %s in vain: %s", limit, what)
		}
	}
}

// stage is a simulated platform and one installation of the product: its data
// folder, its address, and how its program is called. It outlives the servers
// that run on it.
type stage struct {
	t        *testing.T
	platform *rehearsal.Platform
	program  string
	dir      string // data folder
	temp     string // where the program runs, and its temporary folder
	path     string // PATH of the program
	addr     string // host:port of the server
	settings []string
	log      string // file with the stderr of all servers
	accounts []*rehearsal.Account
}

// newStage builds the program and a platform whose operator pages show a message
// as soon as it is pushed.
func newStage(t *testing.T, settings ...string) *stage {
	t.Helper()
	return newStageOn(t, rehearsal.Options{Seed: 7, RepeatPause: 200 * time.Millisecond}, settings...)
}

func newStageOn(t *testing.T, o rehearsal.Options, settings ...string) *stage {
	t.Helper()
	root, err := os.MkdirTemp("", "e2e-") // t.TempDir is too long for the sockets that a browser puts into TMPDIR
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	s := &stage{t: t, platform: rehearsal.New(o), program: testkit.Program(t), dir: filepath.Join(root, "data"), temp: filepath.Join(root, "temp"),
		path: os.Getenv("PATH"), addr: freeAddr(t), log: filepath.Join(root, "log")}
	if err := os.Mkdir(s.temp, 0o700); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.platform.Handler())
	t.Cleanup(srv.Close)
	s.platform.SetBaseURL(srv.URL)
	s.settings = append([]string{"--data-dir", s.dir, "--admin-listen", "off", "--public-url", "http://" + s.addr, "--log-level", "debug",
		"--wechat-api-url", srv.URL, "--wechat-mp-url", srv.URL, "--wechat-open-url", srv.URL, "--mpweb-pace", "20ms"}, settings...)
	t.Cleanup(s.checkLog)
	return s
}

// freeAddr is an address of the loopback that nobody listens on now. It lies
// outside the range from which connections take their own ports, so that it is
// still free after a server on it has ended.
func freeAddr(t *testing.T) string {
	t.Helper()
	const from, to, tries = 20000, 30000, 100
	var err error
	for range tries {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", from+rand.IntN(to-from))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatalf("no free port: %v", err)
	return ""
}

// url is the address of a path on the server.
func (s *stage) url(path string) string { return "http://" + s.addr + path }

// wall is the address of an account's page, in Chinese.
func (s *stage) wall(a *rehearsal.Account) string { return s.url(wallPath(a)) + "?lang=zh-CN" }

func wallPath(a *rehearsal.Account) string { return "/wall/" + string(a.Config.Slug) }

// join registers an account on the platform and with the program.
func (s *stage) join(c rehearsal.AccountConfig) *rehearsal.Account {
	s.t.Helper()
	if c.Name == "" {
		c.Name = "春晚现场 " + string(c.Slug)
	}
	if c.Settings.Moderation == "" {
		c.Settings.Moderation = callbackd.ModerationOpen
	}
	c.CallbackURL = s.url("/callback/" + string(c.Slug))
	a, err := s.platform.AddAccount(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.callWith(bytes.NewReader(a.JSON()), "account", "add", string(c.Slug), "--from", "-")
	s.accounts = append(s.accounts, a)
	return a
}

// people are n more of the crowd, who follow the accounts since an hour ago.
func (s *stage) people(n int, accounts ...*rehearsal.Account) []rehearsal.Follower {
	s.t.Helper()
	numbers, err := s.platform.Crowd(n)
	if err != nil {
		s.t.Fatal(err)
	}
	var people []rehearsal.Follower
	for _, a := range accounts {
		if err := a.FollowAll(numbers, time.Now().Add(-time.Hour)); err != nil {
			s.t.Fatal(err)
		}
		people = people[:0]
		for _, n := range numbers {
			c, _ := a.Contact(n)
			people = append(people, c.Follower)
		}
	}
	return people
}

// command is a call of the program that has not begun.
func (s *stage) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program, append(slices.Clone(args), s.settings...)...)
	cmd.Dir = s.temp // no callbackd.yaml is there
	cmd.Env = []string{"PATH=" + s.path, "TMPDIR=" + s.temp, "HOME=" + s.temp}
	return cmd
}

// answer is what a call of the program left behind.
type answer struct {
	code           int
	stdout, stderr string
}

// run calls the program and waits for its end, however it ends.
func (s *stage) run(stdin io.Reader, args ...string) answer {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	child, err := testkit.StartChild(cmd)
	if err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-child.Exited():
	case <-time.After(patience):
		child.Kill()
		s.t.Fatalf("callbackd %s does not end", strings.Join(args, " "))
	}
	return answer{child.ExitCode(), stdout.String(), stderr.String()}
}

// call calls the program, which must succeed, and returns its answer.
func (s *stage) call(args ...string) string {
	s.t.Helper()
	return s.callWith(nil, args...)
}

func (s *stage) callWith(stdin io.Reader, args ...string) string {
	s.t.Helper()
	a := s.run(stdin, args...)
	if a.code != 0 {
		s.t.Fatalf("callbackd %s: exit %d: %s", strings.Join(args, " "), a.code, a.stderr)
	}
	return a.stdout
}

// withoutFFmpeg takes every program out of the reach of servers that start from now on.
func (s *stage) withoutFFmpeg() {
	s.t.Helper()
	s.path = s.t.TempDir()
}

// get reads a page of the server.
func (s *stage) get(path string) (status int, header http.Header, body []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("GET %s: %v\n%s", path, err, s.logTail())
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
	return resp.StatusCode, resp.Header, body
}
