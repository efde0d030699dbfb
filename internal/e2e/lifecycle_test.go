//go:build e2e

package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbackd/rehearsal"
)

// promise is how long the contract gives a server to get ready, and to end.
const promise = 10 * time.Second

// A push whose body is still on its way when SIGTERM comes is answered, while
// nobody new is let in; then the server ends.
func TestLifecycle_SIGTERMAnswersWhatIsInFlight(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala"})
	who := s.people(1, a)[0]
	v := s.serve()
	if v.readyIn > promise {
		t.Errorf("ready after %s", v.readyIn)
	}
	if status, body := ask(t.Context(), s.url("/healthz")); status != http.StatusOK || body != "ok\n" {
		t.Errorf("alive: %d %q", status, body)
	}
	openLive(t, s.wall(a)).mayLoseServer() // an open live connection must not hold the end up

	record, err := a.Say(rehearsal.Message{From: who.Number, Content: "最后一句话"})
	if err != nil {
		t.Fatal(err)
	}
	push := s.beginPush(a, a.Payload(record))
	began := time.Now()
	if err := v.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is not ready any more", func() bool {
		status, _ := ask(t.Context(), s.url("/readyz"))
		return status != http.StatusOK
	})
	if v.Gone() {
		t.Fatal("the server ended while a push was in flight")
	}
	if status, body := push.finish(t); status != http.StatusOK || body != "success" {
		t.Errorf("the push in flight was answered with %d %q", status, body)
	}
	v.awaitEnd()
	if took := time.Since(began); took > promise {
		t.Errorf("ended after %s", took)
	}
	if told := s.listed(a); len(told) != 1 || told[0].Text != "最后一句话" {
		t.Errorf("stored: %+v", told)
	}
}

// halfPush is a push whose header the server has read, and whose body it waits for.
type halfPush struct {
	conn net.Conn
	from *bufio.Reader
	body []byte
}

// beginPush sends a push up to its body. That the server asks for the body
// shows that its handler is at work.
func (s *stage) beginPush(a *rehearsal.Account, pl rehearsal.Payload) *halfPush {
	t := s.t
	t.Helper()
	prepared, err := a.Prepare(pl, rehearsal.PrepareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /callback/%s?%s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		a.Config.Slug, prepared.Query.Encode(), s.addr, len(prepared.Body))
	p := &halfPush{conn: conn, from: bufio.NewReader(conn), body: prepared.Body}
	line, err := p.from.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("the server does not ask for the body: %q, %v", line, err)
	}
	if _, err = p.from.ReadString('\n'); err != nil { // the empty line
		t.Fatal(err)
	}
	return p
}

func (p *halfPush) finish(t *testing.T) (status int, body string) {
	t.Helper()
	if _, err := io.Copy(p.conn, bytes.NewReader(p.body)); err != nil {
		t.Fatalf("send the body: %v", err)
	}
	resp, err := http.ReadResponse(p.from, nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestLifecycle_ASecondServerOnTheFolderIsRefusedInOneLine(t *testing.T) {
	s := newStage(t)
	s.join(rehearsal.AccountConfig{Slug: "gala"})
	v := s.serve()
	second := s.run(nil, "serve", "--listen", freeAddr(t))
	if second.code != 1 || second.stdout != "" || strings.Count(second.stderr, "\n") != 1 || !strings.HasPrefix(second.stderr, "callbackd: ") {
		t.Errorf("exit %d, stdout %q, stderr %q", second.code, second.stdout, second.stderr)
	}
	if v.Gone() {
		t.Fatal("the first server ended")
	}
	if status, _ := ask(t.Context(), s.url("/readyz")); status != http.StatusOK {
		t.Errorf("the first server answers %d", status)
	}
	v.stop()
	s.serve().stop() // the folder is free again
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := s.run(nil, "serve", "--listen", taken.Addr().String())
	if port.code != 1 || !strings.Contains(port.stderr, "--listen") || !strings.Contains(port.stderr, "\n") {
		t.Errorf("a port that is taken: exit %d, stderr %q", port.code, port.stderr)
	}
}
