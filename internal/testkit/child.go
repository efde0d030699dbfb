package testkit

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Child is a process that a test started. The kernel ends it when the test
// process dies without a word (on Linux).
type Child struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it is gone and cmd.ProcessState is set
	kill   sync.Once
}

// StartChild starts a command in a process group of its own. Who starts it ends
// it: with Signal and a wait for Exited, or with Kill.
func StartChild(cmd *exec.Cmd) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = childAttr(nil)
	}
	c := &Child{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel ends the child when the thread that started it dies; the
		// thread must therefore live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(c.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is asked of ExitCode
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// Exited is closed when the process is gone and all that it wrote has been read.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// Gone reports whether the process has ended.
func (c *Child) Gone() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// Signal sends a signal to the process alone.
func (c *Child) Signal(sig os.Signal) error { return c.cmd.Process.Signal(sig) }

// Kill ends the process with SIGKILL, where it still runs, and waits until it is gone.
func (c *Child) Kill() {
	c.kill.Do(func() {
		if !c.Gone() {
			_ = c.cmd.Process.Kill() // an error says that it is gone
		}
	})
	<-c.exited
}

// ExitCode is the code that the process ended with; −1 when a signal ended it.
// It waits for the end.
func (c *Child) ExitCode() int {
	<-c.exited
	return c.cmd.ProcessState.ExitCode()
}

// EndedBy is the signal that ended the process; 0 when it ended by itself. It
// waits for the end.
func (c *Child) EndedBy() syscall.Signal {
	<-c.exited
	if s, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal()
	}
	return 0
}
