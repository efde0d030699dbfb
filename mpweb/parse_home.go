package mpweb

import "regexp"

// Home is what the home page tells of the account that is logged in.
type Home struct {
	Ticket   string // needed by uploads; only a live session has one
	UIN      string // the account's own FakeID
	UserName string // gh_…
	Token    string
}

var (
	reTicket   = regexp.MustCompile(`["']?\bticket["']?\s*:\s*["']([^"']+)["']`)
	reUIN      = regexp.MustCompile(`["']?\buin["']?\s*:\s*["']?(\d+)`)
	reUserName = regexp.MustCompile(`["']?\buser_name["']?\s*:\s*["'](gh_[0-9a-zA-Z]+)["']`)
	rePageT    = regexp.MustCompile(`["']?\bt["']?\s*:\s*["'](\d+)["']`)
)

// ParseHome reads the home page (wechat-protocol.md §4.3). A page without a
// ticket is not that of a live session: ErrUnreadable.
func ParseHome(body []byte) (Home, error) {
	first := func(re *regexp.Regexp) string {
		if m := re.FindSubmatch(body); m != nil {
			return string(m[1])
		}
		return ""
	}
	h := Home{Ticket: first(reTicket), UIN: first(reUIN), UserName: first(reUserName), Token: first(rePageT)}
	if h.Ticket == "" {
		return Home{}, unreadable("home")
	}
	return h, nil
}
