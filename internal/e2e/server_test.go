//go:build e2e

package e2e_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"callbackd/internal/testkit"
)

// server is one run of `callbackd serve`.
type server struct {
	*testkit.Child
	stage   *stage
	readyIn time.Duration // from the start to the first ready
}

// serve starts a server and waits until it is ready. It ends with the test.
func (s *stage) serve() *server {
	s.t.Helper()
	return s.serveAt(s.addr)
}

// serveAt is serve at another address.
func (s *stage) serveAt(addr string) *server {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := s.command("serve", "--listen", addr)
	cmd.Stderr = log
	began := time.Now()
	child, err := testkit.StartChild(cmd)
	if err != nil {
		s.t.Fatal(err)
	}
	v := &server{Child: child, stage: s}
	s.t.Cleanup(func() {
		if !v.Gone() {
			v.stop()
		}
	})
	eventually(s.t, "the server is ready", func() bool {
		if v.Gone() {
			s.t.Fatalf("the server ended instead of getting ready\n%s", s.logTail())
		}
		status, _ := ask(s.t.Context(), "http://"+addr+"/readyz")
		return status == http.StatusOK
	})
	v.readyIn = time.Since(began)
	return v
}

// stop ends the server as a supervisor does.
func (v *server) stop() {
	t := v.stage.t
	t.Helper()
	if err := v.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	v.awaitEnd()
}

// awaitEnd waits for a clean end.
func (v *server) awaitEnd() {
	t := v.stage.t
	t.Helper()
	select {
	case <-v.Exited():
	case <-time.After(patience):
		v.Kill()
		t.Fatalf("the server does not end after SIGTERM\n%s", v.stage.logTail())
	}
	if code := v.ExitCode(); code != 0 {
		t.Errorf("the server ended with exit %d\n%s", code, v.stage.logTail())
	}
}

// crash ends the server without a word.
func (v *server) crash() {
	t := v.stage.t
	t.Helper()
	v.Kill()
	if v.EndedBy() != syscall.SIGKILL {
		t.Fatalf("the server ended before it was killed\n%s", v.stage.logTail())
	}
}

// ask reads a page over a connection of its own; status 0 when there is no answer.
func ask(ctx context.Context, url string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, ""
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}
