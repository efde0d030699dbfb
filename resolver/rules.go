package resolver

import (
	"strings"
	"time"

	"callbackd"
)

// ProfileAge is how old a profile may be when its person speaks, before the card
// is read again.
const ProfileAge = 30 * 24 * time.Hour

// Stale reports whether a person's card should be read again.
func Stale(p *callbackd.Person, now time.Time) bool {
	return p.ReadAt.IsZero() || now.Sub(p.ReadAt) > ProfileAge
}

// MayTakeOver reports whether a profile that another account of the same owner
// has for this FakeID is the same person's: dialect 2014, where FakeIDs are equal
// on all accounts, and this account's own pages show the same nickname.
func MayTakeOver(d callbackd.Dialect, shownHere string, there callbackd.Profile) bool {
	here := strings.TrimSpace(shownHere)
	return d == callbackd.Dialect2014 && here != "" && here == strings.TrimSpace(there.Nickname)
}
