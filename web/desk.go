package web

import (
	"net/http"
	"strings"
	"time"

	"callbackd"
)

// DeskShell is what every page of the desk has around it: who looks, and at which
// account.
type DeskShell struct {
	Lang       Lang
	CSRF       string // what forms and scripts show
	Path       string // of the page, for the link to the other language
	Who        string // name of the operator, or what a link is called; empty: nobody
	Operator   bool   // an operator, not the bearer of a link
	Everything bool   // an owner of all accounts
	Slug       string // of the account; empty: the page is of none
	Account    string // its name
	Role       callbackd.Role
	Said       string // shown once at the top: what the last step did
}

// May reports whether whoever looks has at least a role on the account.
func (s DeskShell) May(role string) bool { return s.Role.Allows(callbackd.Role(role)) }

// OtherPath is the page in the other language.
func (s DeskShell) OtherPath() string { return s.Path + "?lang=" + string(s.Lang.Other()) }

// Desk is the address of a page of the account's desk; empty: its first page.
func (s DeskShell) Desk(page string) string {
	if page == "" {
		return "/desk/" + s.Slug
	}
	return "/desk/" + s.Slug + "/" + page
}

// below are the pages that are reached from another one: the navigation has no
// entry of their own.
var below = map[string]string{"settings": "connect", "pages": "connect", "search": "queue", "sender": "queue"}

// Here reports whether the page is the account's of that name, or one below it.
func (s DeskShell) Here(page string) bool {
	if s.Path == s.Desk(page) {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(s.Path, s.Desk("")+"/"), "/")
	return page != "" && (below[first] == page || first == page)
}

// DeskLink is an entry of the desk's navigation.
type DeskLink struct {
	Lang      Lang
	Path      string
	Icon, Key string
	Here      bool
}

// Link is the navigation's entry of a page of the account.
func (s DeskShell) Link(page, icon, key string) DeskLink {
	return DeskLink{Lang: s.Lang, Path: s.Desk(page), Icon: icon, Key: key, Here: s.Here(page)}
}

// Roles are all roles, the least first.
func (DeskShell) Roles() []callbackd.Role {
	return []callbackd.Role{callbackd.RoleModerator, callbackd.RoleAdmin, callbackd.RoleOwner}
}

// RoleName is a role in words.
// texts: role.moderator role.admin role.owner
func (s DeskShell) RoleName(r callbackd.Role) (string, error) { return s.Lang.T("role." + string(r)) }

// TextsPath is the file with the texts for scripts of the desk.
func (s DeskShell) TextsPath() (string, error) { return StaticPath(textsName(s.Lang, true)) }

// titled is a tab's title: the page's, then the account's name.
func (s DeskShell) titled(key string) (string, error) {
	t, err := s.Lang.T(key)
	if s.Account != "" {
		t += " · " + s.Account
	}
	return t, err
}

// DeskErrorKey is the text for an HTTP status of which nothing better is known.
func DeskErrorKey(status int) string {
	if status == http.StatusTooManyRequests {
		return "error.too_many"
	}
	return ErrorPage{Status: status}.Key()
}

// DeskErrorPage says on the desk what went wrong, and what to do.
type DeskErrorPage struct {
	DeskShell
	Status int // HTTP status
	Text   string
}

func (DeskErrorPage) template() string { return "desk_error.html" }

// Title is what the browser's tab says.
func (p DeskErrorPage) Title() (string, error) { return p.titled("error.title") }

// LoginPage asks for name and password.
type LoginPage struct {
	DeskShell
	Name  string // as it was typed
	Wrong bool   // name and password did not fit
}

func (LoginPage) template() string { return "desk_login.html" }

// Title is what the browser's tab says.
func (p LoginPage) Title() (string, error) { return p.titled("login.title") }

// CodePage asks for the second factor.
type CodePage struct {
	DeskShell
	Wrong bool
}

func (CodePage) template() string { return "desk_code.html" }

// Title is what the browser's tab says.
func (p CodePage) Title() (string, error) { return p.titled("login.code.title") }

// DeskJoinPage makes an operator of whoever was given its link.
type DeskJoinPage struct {
	DeskShell
	Name          string // as it was typed
	Wrong         string // key of what was wrong; empty: nothing yet
	PasswordLeast int    // characters
}

func (DeskJoinPage) template() string { return "desk_join.html" }

// Title is what the browser's tab says.
func (p DeskJoinPage) Title() (string, error) { return p.titled("join_desk.title") }

// ModeratePage is where a moderator's link leads, before it is spent.
type ModeratePage struct {
	DeskShell
	Name      string // the account's
	Label     string
	ExpiresAt time.Time
}

func (ModeratePage) template() string { return "desk_moderate.html" }

// Title is what the browser's tab says.
func (p ModeratePage) Title() (string, error) { return p.titled("moderate.title") }

// DeskAccount is an account on a list of the desk.
type DeskAccount struct {
	ID   callbackd.AccountID
	Slug string
	Name string
	Role callbackd.Role
}

// DeskAccountsPage lists the accounts of whoever looks.
type DeskAccountsPage struct {
	DeskShell
	Accounts []DeskAccount
}

func (DeskAccountsPage) template() string { return "desk_accounts.html" }

// Title is what the browser's tab says.
func (p DeskAccountsPage) Title() (string, error) { return p.titled("desk.title") }

// Room is how things stand at an account.
type Room struct {
	Held  int `json:"held"`
	Shown int `json:"shown"`

	Stage RoomStage `json:"stage"`
}

// RoomPage is the first page of an account's desk.
type RoomPage struct {
	DeskShell
	Room Room
}

func (RoomPage) template() string { return "desk_room.html" }

// Title is what the browser's tab says.
func (p RoomPage) Title() (string, error) { return p.titled("room.title") }
