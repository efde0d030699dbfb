// Package crashtest kills the program with SIGKILL at random instants under
// load and looks at what is left: on SQLite and on PostgreSQL, six times in
// `make test`, fifty times by `make crash`. Followers are told of messages by
// another one, which is killed at each step of that.
//
// It runs the program as it is built, as a child process, against the simulated
// platform, and judges by the platform's own account of what was said and what
// was answered. It is no part of the program.
//
// What it cannot see: a power cut. A killed process leaves the kernel's page
// cache whole, so a missing fsync stays hidden here.
package crashtest
