// Package rehearsal is a simulated platform with a synthetic crowd: the pushing
// side of the callback, the official API and the operator pages, on one
// http.Handler. Operators rehearse an event with it, `callbackd demo` shows the
// product with it, tests and benches run against it.
//
// It behaves as docs say that the platform behaves, faults included, and never
// as would be convenient; each behaviour that differs between years or accounts
// is a switch (Options, AccountConfig, Faults, OperatorFaults, SendOptions).
//
// It is a twin and not a client: signature, AES and XML are written a second
// time here on purpose, so that a mistake in package wechat meets an
// independent opinion. It stores nothing on disk and knows nothing of ours.
//
// # Reading order
//
// world.go and record.go hold the nouns: Account, Follower, Contact, Record,
// Asset. platform.go ties them together. push*.go send callbacks, api*.go
// answer the official API, mp_*.go the operator pages. crowd*.go, assets.go and
// schedule.go make the people and what they say; traffic.go makes the same
// without HTTP, on a simulated clock.
//
// # Locking
//
// Platform.mu guards the whole world: accounts, followers, records, tokens,
// faults and counters. Exported methods take it; unexported ones whose names
// end in Locked expect it held. What methods return is a copy, or immutable
// (*Asset, avatar bytes), so nobody holds the lock while writing a response.
package rehearsal
