package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// canBound says that children can be held to their limits on this system.
const canBound = true

// childGrace is how long a killed child may take to be gone.
const childGrace = 5 * time.Second

// run runs a program in dir, with an empty environment, without standard input
// and within limits on time, processor time, memory and the size of each file.
//
// The kernel holds the limits, set with prlimit(2) on the child right after its
// start: no shell and no second start of ourselves stands between, and our own
// limits are never lowered. In the moment before they hold, the child loads its
// libraries; memory it takes later counts in full. A file's size is limited by
// the kernel and not by ffmpeg's -fs, which would cut the output and call it
// done. The child is killed with its group when time is up, and by the kernel
// when we die.
func (f *FFmpeg) run(ctx context.Context, limit time.Duration, dir string, stdout io.Writer, program string, args ...string) error {
	inTime, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	sink := &sink{to: stdout}
	var said tail
	cmd := exec.CommandContext(inTime, program, args...)
	cmd.Dir, cmd.Env = dir, []string{}
	cmd.Stdout, cmd.Stderr = sink, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = childGrace

	// Pdeathsig follows the thread that started the child, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	if err := f.bound(cmd.Process.Pid, limit); err != nil {
		_ = cmd.Cancel()
		_ = cmd.Wait()
		return fmt.Errorf("limit %s: %w", program, err)
	}
	return verdict(ctx, inTime, cmd.Wait(), sink.err, said.String())
}

func (f *FFmpeg) bound(pid int, limit time.Duration) error {
	seconds := uint64(limit/time.Second) + 1
	for what, most := range map[int]uint64{
		unix.RLIMIT_AS:     f.limits.Memory,
		unix.RLIMIT_CPU:    seconds,
		unix.RLIMIT_FSIZE:  uint64(f.limits.OutputBytes),
		unix.RLIMIT_NOFILE: 64,
		unix.RLIMIT_CORE:   0,
	} {
		err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) { // a child that has ended already needs none
			return err
		}
	}
	return nil
}

// endedBy is how the kernel ended a child, where it did.
func endedBy(exit *exec.ExitError) syscall.Signal {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return 0
}
