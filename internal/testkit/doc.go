// Package testkit holds what tests of several packages need and no program
// does: a PostgreSQL server of the system's packages, started on a free port
// of the loopback and stopped at the end, with a fresh database for each test;
// a headless Chromium, with a fresh tab for each test; and the product's own
// program, built once, with a way to run it that leaves nothing behind.
//
// It holds no assertions and no fakes: those live beside what they stand for.
package testkit
