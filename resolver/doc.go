// Package resolver finds out who an unknown sender is: openID → FakeID → person
// (CN103501265A). It has two halves.
//
// The matchers are pure, one file a strategy: open-id (openid.go), msg-id
// (msgid.go), create-time (createtime.go), user-page (userpage.go). Each looks at
// Evidence and says which senders it can tell, never a guess: two candidates are
// no match, the sender stays unresolved and its next message narrows the set.
// What both create-time and package media rest on is in internal/match.
//
// The planner is a durable job per account that gathers evidence from mpweb for
// every sender waiting at that moment, asks the matchers in the account's order,
// reads cards, and has FakeID, openID and profile stored together.
//
// It stores nothing itself and knows no HTTP.
package resolver
