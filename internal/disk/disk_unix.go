//go:build linux || darwin || freebsd

package disk

import (
	"fmt"
	"syscall"
)

// Of returns the usage of the disk that a folder is on.
func Of(folder string) (Usage, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return Usage{}, fmt.Errorf("ask for free space: %w", err)
	}
	block := uint64(s.Bsize)
	return Usage{Free: uint64(s.Bavail) * block, Total: uint64(s.Blocks) * block}, nil
}
