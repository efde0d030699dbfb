//go:build !linux

package media

import (
	"context"
	"io"
	"os/exec"
	"syscall"
	"time"

	"callbackd"
)

// canBound says that children can be held to their limits on this system.
const canBound = false

// run never starts a child that cannot be held to its limits.
func (f *FFmpeg) run(context.Context, time.Duration, string, io.Writer, string, ...string) error {
	return callbackd.ErrUnavailable
}

func endedBy(*exec.ExitError) syscall.Signal { return 0 }
