package callbackd

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Keys of rows of the desk.
type (
	OperatorID      int64
	ModeratorLinkID int64
)

// Role is what somebody may do on the desk of an account. The empty role may nothing.
type Role string

const (
	RoleModerator Role = "moderator" // decides on messages and runs the wall
	RoleAdmin     Role = "admin"     // and sets up the account, its events and filters
	RoleOwner     Role = "owner"     // and says who works here, and what the account is trusted with
)

// rank orders roles; what is no role has none.
func (r Role) rank() int {
	switch r {
	case RoleModerator:
		return 1
	case RoleAdmin:
		return 2
	case RoleOwner:
		return 3
	}
	return 0
}

// Valid reports whether r is one of the three.
func (r Role) Valid() bool { return r.rank() > 0 }

// Allows reports whether r is at least the role that is needed.
func (r Role) Allows(needed Role) bool { return needed.rank() > 0 && r.rank() >= needed.rank() }

// Grant is what an operator is given: a role on one account, or everything: the
// role of an owner on all accounts of the installation, present and future.
type Grant struct {
	Everything bool
	Account    AccountID
	Role       Role
}

// Operator is somebody with a name and a password on the desk.
type Operator struct {
	ID         OperatorID
	Name       string
	Password   string // hash by argon2id
	Everything bool
	Roles      map[AccountID]Role
	TwoFactor  bool
	SessionRev int64 // goes up when sessions must end; a session of another one is over
	CreatedAt  time.Time
	SeenAt     time.Time // zero: never
}

// Role is what the operator may do on the desk of an account.
func (o *Operator) Role(a AccountID) Role {
	if o.Everything {
		return RoleOwner
	}
	return o.Roles[a]
}

// OperatorNameLimit is how long a name of an operator may be, in characters.
const OperatorNameLimit = 40

// ValidOperatorName reports whether a name can be typed, printed and told apart:
// letters and digits of any script, with . _ - @ between them.
func ValidOperatorName(name string) bool {
	if n := utf8.RuneCountInString(name); n < 1 || n > OperatorNameLimit || !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@", r)
	})
}

// FoldOperatorName is the form under which a name is unique: case and width do
// not tell two operators apart.
func FoldOperatorName(name string) string { return strings.ToLower(foldWidth(strings.TrimSpace(name))) }

// ModeratorLink lets one device moderate one wall. It is spent by the first who
// takes it.
type ModeratorLink struct {
	ID        ModeratorLinkID
	PublicID  PublicID
	Account   AccountID
	Label     string // whom it is for, as the operator who made it says
	CreatedBy string // actor
	CreatedAt time.Time
	ExpiresAt time.Time // of the link, and of the session that it gave
	OpenedAt  time.Time // zero: not yet
	Device    string    // what opened it: browser and system in a few words
	SeenAt    time.Time // zero: never
	RevokedAt time.Time // zero: not revoked
}

// Alive reports whether what the link gives still holds at a time.
func (l *ModeratorLink) Alive(now time.Time) bool {
	return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt)
}

// Actor names the link's bearer in the audit.
func (l *ModeratorLink) Actor() string { return "link:" + l.Label }

// Actor names the operator in the audit.
func (o *Operator) Actor() string { return "operator:" + o.Name }
