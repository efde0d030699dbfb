package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"callbackd"
)

// serveEnv makes this program a server of one row. It is told by lines on
// stdin what to be and what to tell, answers each with a line on stdout, and
// ends with its stdin.
const serveEnv = "CALLBACKD_INGEST_SERVE"

// setup is the first line: what to be.
type setup struct {
	Row        string
	OriginalID string
	AppID      string
	Token      string
	AESKey     string
	Known      []callbackd.OpenID
	Dir        string // for files
	Database   string
}

// Commands of the lines that follow. profileCommand has a file name behind it;
// without one the profile ends.
const (
	cpuCommand     = "cpu"    // µs of processor time so far
	countCommand   = "stored" // messages in the database
	profileCommand = "profile"
)

// server is what a row puts behind its listener.
type server struct {
	handler http.Handler
	stored  func(context.Context) (int64, error)
	close   func() error
}

func serveChild(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return errors.New("nobody said what to serve")
	}
	var s setup
	if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
		return err
	}
	srv, err := newServer(context.Background(), s)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// the limits of the real server, on every row
	h := &http.Server{Handler: srv.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	fmt.Fprintln(out, l.Addr())
	for lines.Scan() {
		answer, err := srv.tell(lines.Text())
		if err != nil {
			return err
		}
		fmt.Fprintln(out, answer)
	}
	if err := h.Close(); err != nil {
		return err
	}
	<-served
	return srv.close()
}

func (s *server) tell(line string) (any, error) {
	command, arg, _ := strings.Cut(line, " ")
	switch command {
	case cpuCommand:
		return cpuTime().Microseconds(), nil
	case countCommand:
		return s.stored(context.Background())
	case profileCommand:
		if arg == "" {
			pprof.StopCPUProfile()
			return "done", nil
		}
		f, err := os.Create(arg)
		if err != nil {
			return nil, err
		}
		return "started", pprof.StartCPUProfile(f) // the file closes with the process
	}
	return nil, fmt.Errorf("what is %q", command)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// newServer makes what a row is.
func newServer(ctx context.Context, s setup) (*server, error) {
	rows, err := chosenRows(s.Row)
	if err != nil {
		return nil, err
	}
	if rows[0].stores {
		return newCallbackd(ctx, s, rows[0])
	}
	none := &server{stored: func(context.Context) (int64, error) { return 0, nil }, close: func() error { return nil }}
	switch rows[0].name {
	case "ok":
		none.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	case "open":
		none.handler = openOnly(s)
	default:
		none.handler = silenceper(s)
	}
	return none, nil
}

// account is the account of the setup as callbackd keeps it.
func (s setup) account() *callbackd.Account {
	return &callbackd.Account{Slug: slug, Name: "春晚现场", OriginalID: s.OriginalID, AppID: s.AppID, Token: callbackd.Secret(s.Token),
		AESKey: callbackd.Secret(s.AESKey), Mode: callbackd.ModeSafe, Moderation: callbackd.ModerationOpen}
}
