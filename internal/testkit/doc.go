// Package testkit holds what tests of several packages need and no program
// does: a PostgreSQL server of the system's packages, started on a free port
// of the loopback and stopped at the end, with a fresh database for each test;
// and a headless Chromium, with a fresh tab for each test.
//
// It holds no assertions and no fakes: those live beside what they stand for.
package testkit
