// Package e2e runs the whole product as people and the platform meet it: the
// built program as a child process, the simulated platform beside it, a real
// Chromium in front of it, and the shell commands around it.
//
// Its tests carry the build tag e2e. They are judged by conditions that must
// come, never by speed; a failing one is never run again in the hope of luck.
//
// What it cannot see: sound that a loudspeaker makes (the time of a player that
// advances stands for it), browsers other than Chromium, phones (a narrow window
// stands for one), TLS and proxies (internal/deploytest), other databases
// (store/storetest), what a busy wall costs (internal/bench), and the real
// platform, of which rehearsal knows only what its documents say.
package e2e
