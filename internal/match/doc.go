// Package match finds out which entry of the operator pages is which pushed
// message, and thereby who sent it. It is pure: no network, no store, no clock.
//
// The platform pushes a message with its time (CreateTime), kind and words; the
// operator pages list the same message with an id, a FakeID, a time that is a
// few seconds off, kind and words. Between the two stand these facts
// (wechat-protocol.md §0.1, §4.6, §5), which the whole package rests on:
//
//   - a push and its entry agree in kind and words (Compatible), and their times
//     differ by no more than a Window;
//   - one entry belongs to one push;
//   - a person has one FakeID on an account, and a FakeID is one person;
//   - ids of entries grow with the time of sending: for one person always, for
//     two people when their times differ by more than Problem.Slack.
//
// Two things are *not* taken for granted, because they are not so: that every
// entry has a push (pushes get lost, and stickers are entries but no messages),
// and that a push has an entry yet (the listing lags). Only a push whose entry
// must have been read (Sweep.Covers) is evidence.
//
// Under these facts the true assignment is one of the consistent ones. Solve
// removes what occurs in no consistent assignment and reports what is left; it
// never guesses. Where the evidence contradicts itself, a fact did not hold, and
// what took part in the contradiction is put aside (Solution.Void).
package match
