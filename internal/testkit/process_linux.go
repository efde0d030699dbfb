package testkit

import "syscall"

// childAttr runs a child as owner, out of reach of the terminal's Ctrl-C, and
// lets the kernel end it when this process dies without a word.
func childAttr(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}
