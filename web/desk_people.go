package web

import (
	"html/template"
	"strings"
	"time"

	"callbackd"
)

// DeskMePage is an operator's own page.
type DeskMePage struct {
	DeskShell
	TwoFactor bool
	Secret    string        // of a second factor to set up
	QR        template.HTML // of its address, to scan
	Codes     []string      // recovery codes, shown once
	Chiefs    []Chief       // the accounts that the operator owns
}

// Chief is an account that an owner may halt from WeChat.
type Chief struct {
	Slug, Name string
	Bound      bool   // the operator is known as one of its followers
	Sealed     bool   // callbacks are authenticated by AES; else nothing is done
	Code       string // to be sent to the account, shown once
}

func (DeskMePage) template() string { return "desk_me.html" }

// Title is what the browser's tab says.
func (p DeskMePage) Title() (string, error) { return p.titled("me_desk.title") }

// OperatorsPage lists who works on this installation.
type OperatorsPage struct {
	DeskShell
	Me        callbackd.OperatorID
	Operators []callbackd.Operator
	Accounts  []DeskAccount
	Fresh     string // a link that was just made, shown once
}

func (OperatorsPage) template() string { return "desk_operators.html" }

// Title is what the browser's tab says.
func (p OperatorsPage) Title() (string, error) { return p.titled("operators.title") }

// RoleOf is an operator's role on an account.
func (p OperatorsPage) RoleOf(o callbackd.Operator, a DeskAccount) callbackd.Role {
	return o.Role(a.ID)
}

// LinksPage lists the moderators' links of an account.
type LinksPage struct {
	DeskShell
	Links []callbackd.ModeratorLink
	Now   time.Time
	Fresh string        // a link that was just made, shown once
	QR    template.HTML // of Fresh, to scan with a moderator's phone
}

func (LinksPage) template() string { return "desk_links.html" }

// Title is what the browser's tab says.
func (p LinksPage) Title() (string, error) { return p.titled("links.title") }

// State is the key of how a link stands.
// texts: links.open links.taken links.over links.revoked
func (p LinksPage) State(l callbackd.ModeratorLink) string {
	switch {
	case !l.RevokedAt.IsZero():
		return "links.revoked"
	case !l.Alive(p.Now):
		return "links.over"
	case l.OpenedAt.IsZero():
		return "links.open"
	}
	return "links.taken"
}

// Alive reports whether a link still gives anything.
func (p LinksPage) Alive(l callbackd.ModeratorLink) bool { return l.Alive(p.Now) }

// AuditEntry is one step of the trail.
type AuditEntry struct {
	At      time.Time
	Actor   string
	Action  string
	Message callbackd.PublicID // empty: about none
	Detail  string
}

// Words are the step in a language; a step without words keeps its name.
// texts: act.approve act.refuse act.remove act.caption act.check act.announce act.pin act.unpin act.spotlight act.pause act.clear act.panic act.resume
// texts: act.account_add act.account_set act.account_remove act.event_add act.event_set act.event_start act.event_pause act.event_end
// texts: act.block act.unblock act.trust act.untrust act.words_import act.words_remove act.undo
// texts: act.operator_add act.operator_link act.operator_remove act.operator_role act.operator_passwd
// texts: act.link_add act.link_open act.link_revoke act.wechat_bind act.wechat_unbind act.operator_recovery_code
func (e AuditEntry) Words(l Lang) string {
	action, undo := strings.CutPrefix(e.Action, "undo ")
	words := action
	if t, err := l.T("act." + strings.NewReplacer("-", "_", " ", "_").Replace(action)); err == nil {
		words = t
	}
	if undo {
		words = l.TextOr("act.undo") + " " + words
	}
	return words
}

// AuditPage is the trail of an account, or of the installation.
type AuditPage struct {
	DeskShell
	Entries []AuditEntry
	Before  int64 // where the next page begins; 0: this is the last
}

func (AuditPage) template() string { return "desk_audit.html" }

// Title is what the browser's tab says.
func (p AuditPage) Title() (string, error) { return p.titled("audit.title") }
