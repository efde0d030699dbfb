package crashtest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbackd/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is one installation of the program: its folders, its address and how
// it is called. It outlives the processes.
type house struct {
	t        *testing.T
	program  string
	dir      string // data folder
	temp     string // TMPDIR of the processes
	logFile  string // stderr of all processes, one after the other
	addr     string // host:port
	settings []string
}

func newHouse(t *testing.T, settings ...string) *house {
	dir := t.TempDir()
	h := &house{t: t, program: testkit.Program(t), dir: filepath.Join(dir, "data"), temp: filepath.Join(dir, "tmp"),
		logFile: filepath.Join(dir, "log"), addr: freeAddr(t)}
	if err := os.Mkdir(h.temp, 0o700); err != nil {
		t.Fatal(err)
	}
	h.settings = append([]string{"--data-dir", h.dir, "--admin-listen", "off", "--public-url", "http://" + h.addr}, settings...)
	return h
}

// freeAddr is an address of the loopback that nobody listens on now. Its port is
// below those that the kernel gives to clients: while the server is dead, a
// client that asks for its port must not be given that very port and meet itself.
func freeAddr(t *testing.T) string {
	t.Helper()
	const first, count = 20_000, 12_000
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count)))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no free port was found")
	return ""
}

func (h *house) command(args ...string) *exec.Cmd {
	cmd := exec.Command(h.program, append(args, h.settings...)...)
	cmd.Dir = h.temp // no callbackd.yaml is there
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + h.temp, "HOME=" + h.temp}
	return cmd
}

// call runs a subcommand to its end.
func (h *house) call(stdin []byte, args ...string) {
	h.t.Helper()
	cmd := h.command(args...)
	cmd.Stdin = bytes.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("callbackd %s: %v\n%s", strings.Join(args[:2], " "), err, out)
	}
}

// process is one run of `callbackd serve`.
type process struct {
	*testkit.Child
	house *house
	began time.Time
}

// serve starts the server, with more settings than the house has, and does not
// wait for it.
func (h *house) serve(settings ...string) *process {
	h.t.Helper()
	log, err := os.OpenFile(h.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	cmd := h.command(append([]string{"serve", "--listen", h.addr}, settings...)...)
	cmd.Stderr = log
	p := &process{house: h, began: time.Now()}
	if p.Child, err = testkit.StartChild(cmd); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.Kill)
	return p
}

// kill sends SIGKILL and reports whether it was that which ended the process.
func (p *process) kill() bool {
	p.Kill()
	return p.EndedBy() == syscall.SIGKILL
}

// stop asks for a clean end and returns the exit code; −1 when it does not come.
func (p *process) stop() int {
	_ = p.Signal(syscall.SIGTERM)
	select {
	case <-p.Exited():
		return p.ExitCode()
	case <-time.After(patience):
		return -1
	}
}

// awaitReady returns when the server says that it is ready, and how long that took.
func (p *process) awaitReady() time.Duration {
	p.house.t.Helper()
	p.await("the server to be ready", func() (bool, string) {
		status, _, err := get(p.house.t.Context(), "http://"+p.house.addr+"/readyz")
		return err == nil && status == http.StatusOK, fmt.Sprint(status, " ", err)
	})
	return time.Since(p.began)
}

// patience is how long something that must come is waited for. Nothing takes
// nearly as long; a machine that is busy may.
const patience = 3 * time.Minute

// await polls a condition that the running server must come to; what and where
// it stands are said when it does not.
func (p *process) await(what string, ok func() (bool, string)) {
	p.house.t.Helper()
	awaitWithin(p, patience, what, ok)
}

func awaitWithin(p *process, limit time.Duration, what string, ok func() (bool, string)) {
	t := p.house.t
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		done, where := ok()
		switch {
		case done:
			return
		case p.Gone():
			t.Fatalf("the server ended while the test waited for %s (%s)\n%s", what, where, p.house.logTail())
		case time.Now().After(end):
			t.Fatalf("waited %s in vain for %s: %s\n%s", limit, what, where, p.house.logTail())
		}
	}
}

func (h *house) log() string {
	b, err := os.ReadFile(h.logFile)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

func (h *house) logTail() string {
	const keep = 6000
	log := h.log()
	return "the end of its log:\n" + log[max(0, len(log)-keep):]
}

// reader asks for pages. It keeps no connections: the server behind them may be dead.
var reader = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(ctx context.Context, url string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := reader.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	_, err = buf.ReadFrom(resp.Body)
	return resp.StatusCode, buf.Bytes(), err
}
