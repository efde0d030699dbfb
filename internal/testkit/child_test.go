package testkit

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestChild_SaysHowItEnded(t *testing.T) {
	c, err := StartChild(exec.Command("sh", "-c", "exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	if code, by := c.ExitCode(), c.EndedBy(); code != 3 || by != 0 {
		t.Errorf("exit %d by signal %d", code, by)
	}
	c.Kill() // of one that is gone
}

func TestChild_KillEndsItForGood(t *testing.T) {
	var out strings.Builder
	cmd := exec.Command("sh", "-c", "trap '' TERM; echo up; exec sleep 600")
	cmd.Stdout = &out
	c, err := StartChild(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if c.Gone() {
		t.Error("gone before anybody ended it")
	}
	c.Kill()
	c.Kill()
	if code, by := c.ExitCode(), c.EndedBy(); !c.Gone() || code != -1 || by != syscall.SIGKILL {
		t.Errorf("gone %v, exit %d by signal %d", c.Gone(), code, by)
	}
}

func TestChild_OneThatDoesNotStartIsAnError(t *testing.T) {
	if _, err := StartChild(exec.Command("/no/such/program")); err == nil {
		t.Error("started")
	}
}

func TestProgram_IsBuiltOnceAndAnswers(t *testing.T) {
	path := Program(t)
	if again := Program(t); again != path {
		t.Errorf("%s, then %s", path, again)
	}
	out, err := exec.Command(path, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "callbackd ") {
		t.Errorf("%q, %v", out, err)
	}
}
