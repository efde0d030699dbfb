//go:build !linux

package testkit

import "syscall"

// childAttr runs a child as owner, out of reach of the terminal's Ctrl-C.
func childAttr(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true}
}
