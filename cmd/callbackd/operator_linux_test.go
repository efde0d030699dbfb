package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to far is read from near.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	fd := int(near.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return near, far
}

func TestOperator_TheFirstLinkIsShownAtATerminal(t *testing.T) {
	s := newShell(t)
	near, far := terminal(t)
	i := s.installation()
	a := &app{stderr: far}
	s.must(a.welcomeOwner(context.Background(), i))
	lines := bufio.NewReader(near)
	for {
		line, err := lines.ReadString('\n')
		s.must(err)
		if strings.Contains(line, "http://localhost:8080/desk/join/") {
			break
		}
	}
	s.done("a long enough password\n", "operator", "add", "owner")
	s.must(a.welcomeOwner(context.Background(), i)) // there is an owner: nothing more is said
	fmt.Fprintln(far, "end")
	for {
		line, err := lines.ReadString('\n')
		s.must(err)
		if strings.Contains(line, "/desk/join/") {
			t.Fatal("a second link")
		}
		if strings.Contains(line, "end") {
			return
		}
	}
}
