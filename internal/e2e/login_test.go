//go:build e2e

package e2e_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/rehearsal"
)

// lockedBuffer is what a child writes while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The account's login is protected: the password leads nowhere, and somebody
// waits without a name. A human scans the picture that the shell command shows;
// the running server goes on with that session.
func TestLogin_AScanLetsTheRunningServerFindWhoWaits(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala", MP: operators(), Operator: rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{Protected: true}}})
	s.serve()
	who := s.people(1, a)[0]
	p := openLive(t, s.wall(a))
	text(t, a, who.Number, "我是谁？")
	eventually(t, "the server has tried the password", func() bool { return s.platform.Counters("gala")["mp/login"] > 0 })
	if m := s.feed(a)[0]; m.Sender.Resolved || a.Logins() != 0 {
		t.Fatalf("%+v after %d logins", m.Sender, a.Logins())
	}

	pictures := t.TempDir()
	var stdout, stderr lockedBuffer
	cmd := s.command("account", "login", "gala", "--picture-dir", pictures)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	login, err := testkit.StartChild(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(login.Kill)
	says := func(words string) func() bool {
		return func() bool {
			if login.Gone() && login.ExitCode() != 0 {
				t.Fatalf("the login ended with %d: %s", login.ExitCode(), stderr.String())
			}
			return strings.Contains(stderr.String(), words)
		}
	}
	eventually(t, "the command says where the picture is", says("scan this picture"))
	path := regexp.MustCompile(regexp.QuoteMeta(pictures) + `\S+`).FindString(stderr.String())
	picture, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.ScanQR(readQR(t, picture)); err != nil {
		t.Fatalf("scan: %v", err)
	}
	eventually(t, "the command has seen the scan", says("scanned"))
	if err := a.ConfirmLogin(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-login.Exited():
	case <-time.After(patience):
		t.Fatalf("the command does not end after the confirmation: %s", stderr.String())
	}
	if code := login.ExitCode(); code != 0 || stdout.String() != "logged in to the operator pages of gala\n" {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the picture stays: %v", err)
	}
	p.until("the name of who waited", `document.querySelector('#rows .name').textContent === `+quote(who.Profile.Nickname))
	p.equals(func() []callbackd.PublicMessage { return s.feed(a) })
	if a.Logins() != 1 {
		t.Errorf("%d sessions, want that of the scan alone", a.Logins())
	}
}
