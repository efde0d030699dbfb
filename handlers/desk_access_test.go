package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// Who may reach what, in the order of visitors: nobody; a moderator's link, one
// that was revoked, and one of another account; an admin of another account; the
// account's moderator, admin and owner; an owner of everything.
//
//	y  the handler is reached
//	n  log in first
//	.  not there: an account's name is told to nobody without a role
//	-  the role does not allow it
const (
	forAll       = "yyyyyyyyy"
	forPending   = "nnnnnnnnn" // whose password was right: none of these
	forKnown     = "nynyyyyyy"
	forOperators = "n-n-yyyyy"
	forChiefs    = "n-n-...yy" // owners of the account that the form names
	forOwners    = "n-n-----y"
	forModerator = "nyn..yyyy"
	forAdmin     = "n-n..-yyy"
	forOwner     = "n-n..--yy"
)

// deskAccess is the table of authorisation: a route without a row fails.
var deskAccess = map[string]string{
	"GET /desk/login":             forAll,
	"POST /desk/login":            forAll,
	"GET /desk/login/code":        forPending,
	"POST /desk/login/code":       forPending,
	"GET /desk/join/{token}":      forAll,
	"POST /desk/join/{token}":     forAll,
	"GET /desk/moderate/{token}":  forAll,
	"POST /desk/moderate/{token}": forAll,

	"GET /desk/":        forKnown,
	"POST /desk/logout": forKnown,

	"GET /desk/me":             forOperators,
	"POST /desk/me/password":   forOperators,
	"POST /desk/me/two-factor": forOperators,
	"POST /desk/me/wechat":     forChiefs,
	"GET /desk/me/alerts":      forOperators,
	"POST /desk/me/alerts":     forOperators,

	"GET /desk/operators":                    forOwners,
	"POST /desk/operators":                   forOwners,
	"POST /desk/operators/{operator}/remove": forOwners,
	"POST /desk/operators/{operator}/role":   forOwners,
	"GET /desk/audit":                        forOwners,

	"GET /desk/new":                        forOwners,
	"POST /desk/new":                       forOwners,
	"GET /desk/{account}/connect":          forAdmin,
	"POST /desk/{account}/connect/reveal":  forAdmin,
	"POST /desk/{account}/connect/replace": forOwner,
	"POST /desk/{account}/doctor":          forAdmin,
	"GET /desk/{account}/settings":         forAdmin,
	"POST /desk/{account}/settings":        forAdmin,
	"POST /desk/{account}/remove":          forOwner,
	"GET /desk/{account}/pages":            forAdmin,
	"POST /desk/{account}/pages":           forOwner,
	"POST /desk/{account}/pages/login":     forAdmin,
	"GET /desk/{account}/pages/qr":         forAdmin,

	"GET /desk/{account}":                         forModerator,
	"GET /desk/{account}/stream":                  forModerator,
	"POST /desk/{account}/control":                forModerator,
	"POST /desk/{account}/say":                    forAdmin,
	"GET /desk/{account}/screens":                 forModerator,
	"GET /desk/{account}/events":                  forAdmin,
	"POST /desk/{account}/events":                 forAdmin,
	"POST /desk/{account}/events/{event}":         forAdmin,
	"POST /desk/{account}/events/{event}/step":    forAdmin,
	"POST /desk/{account}/events/{event}/picture": forAdmin,
	"GET /desk/{account}/links":                   forAdmin,
	"POST /desk/{account}/links":                  forAdmin,
	"POST /desk/{account}/links/{link}/revoke":    forAdmin,
	"GET /desk/{account}/audit":                   forModerator,
	"GET /desk/{account}/health":                  forModerator,
	"GET /desk/health":                            forOperators,

	"GET /desk/{account}/words":          forAdmin,
	"POST /desk/{account}/words/lists":   forAdmin,
	"POST /desk/{account}/words/remove":  forAdmin,
	"POST /desk/{account}/words/filters": forAdmin,
	"POST /desk/{account}/words/try":     forAdmin,

	"GET /desk/{account}/queue":            forModerator,
	"GET /desk/{account}/queue/items":      forModerator,
	"POST /desk/{account}/queue/decide":    forModerator,
	"POST /desk/{account}/queue/undo":      forModerator,
	"POST /desk/{account}/queue/leave":     forModerator,
	"POST /desk/{account}/queue/caption":   forModerator,
	"POST /desk/{account}/queue/stage":     forModerator,
	"GET /desk/{account}/search":           forModerator,
	"GET /desk/{account}/sender/{sender}":  forModerator,
	"POST /desk/{account}/sender/{sender}": forModerator,
	"GET /desk/{account}/media/{id}":       forModerator,
	"GET /desk/{account}/avatar/{id}":      forModerator,
}

// deskVisitor makes a new session each time: what one request does must not decide
// what the next one meets.
type deskVisitor struct {
	name string
	come func() *deskClient
}

func (s *deskSite) visitors() []deskVisitor {
	other := s.deskAccount("other")
	revoked := s.link(s.acc, "收回的")
	s.must(s.db.RevokeModeratorLink(context.Background(), s.acc.ID, revoked.PublicID, "test"))
	bearer := func(l *callbackd.ModeratorLink) func() *deskClient {
		return func() *deskClient { return s.as(nil, l) }
	}
	operator := func(name string, g callbackd.Grant) func() *deskClient {
		o := s.operator(name, g)
		return func() *deskClient { return s.as(o, nil) }
	}
	role := func(a *callbackd.Account, r callbackd.Role) callbackd.Grant {
		return callbackd.Grant{Account: a.ID, Role: r}
	}
	return []deskVisitor{
		{"nobody", s.stranger},
		{"link", bearer(s.link(s.acc, "现场"))},
		{"revoked link", bearer(revoked)},
		{"link of another account", bearer(s.link(other, "别处"))},
		{"admin of another account", operator("another", role(other, callbackd.RoleAdmin))},
		{"moderator", operator("moderator", role(s.acc, callbackd.RoleModerator))},
		{"admin", operator("admin", role(s.acc, callbackd.RoleAdmin))},
		{"owner", operator("owner", role(s.acc, callbackd.RoleOwner))},
		{"owner of everything", operator("everything", callbackd.Grant{Everything: true})},
	}
}

// reached says in the table's letters how far a request came.
func reached(a answer) string {
	switch {
	case a.code == http.StatusUnauthorized, a.code == http.StatusSeeOther && strings.HasPrefix(a.location, "/desk/login?"):
		return "n"
	case strings.Contains(a.body, "Your role does not allow this."):
		return "-"
	case a.code == http.StatusNotFound && strings.Contains(a.body, "There is no such wall"):
		return "."
	case strings.Contains(a.body, "Reload it and try again"):
		return "csrf"
	}
	return "y"
}

func TestDesk_EveryRouteLetsInWhomItsRowNamesAndNobodyElse(t *testing.T) {
	s := newDeskSite(t)
	routes := map[string]bool{}
	for _, r := range s.handlers.DeskRoutes() {
		routes[r.Method+" "+r.Pattern] = true
	}
	walked := 0
	s.must(chi.Walk(s.router.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if (pattern == "/desk" || strings.HasPrefix(pattern, "/desk/")) && method != http.MethodHead {
			walked++
			if !routes[method+" "+pattern] && !routes[method+" "+strings.TrimSuffix(pattern, "/")] {
				t.Errorf("%s %s is served, and stands in no row of deskRoutes", method, pattern)
			}
		}
		return nil
	}))
	if walked < len(routes) {
		t.Errorf("%d routes of the desk were found in the router, %d in its table", walked, len(routes))
	}
	for row := range deskAccess {
		if !routes[row] {
			t.Errorf("%s: a row of the test without a route", row)
		}
	}
	visitors := s.visitors()
	fill := strings.NewReplacer("{account}", "spring", "{operator}", "1", "{link}", "none", "{token}", "none", "{id}", "none", "{event}", "1", "{file}", "none", "{list}", "1", "{sender}", "none")
	for row := range routes {
		want, ok := deskAccess[row]
		if !ok {
			t.Errorf("%s has no row: say who may reach it", row)
			continue
		}
		method, pattern, _ := strings.Cut(row, " ")
		for i, v := range visitors {
			c := v.come()
			var got answer
			path := fill.Replace(pattern) + "?lang=en&what=room"
			if method == http.MethodGet {
				got = c.get(path)
			} else {
				if c.csrf == "" {
					c.get("/desk/login") // which gives a form, and with it a token
				}
				got = c.post(path, "account", "spring")
			}
			if want := string(want[i]); reached(got) != want {
				t.Errorf("%s as %s: %s (%d %s), want %s", row, v.name, reached(got), got.code, got.location, want)
			}
		}
	}
}

// TestDesk_WhoLostTheRoleLosesIt is about what changes while somebody is logged in.
func TestDesk_WhoLostTheRoleLosesIt(t *testing.T) {
	s := newDeskSite(t)
	ctx := context.Background()
	o := s.operator("admin", callbackd.Grant{Account: s.acc.ID, Role: callbackd.RoleAdmin})
	l := s.link(s.acc, "现场")
	for _, step := range []struct {
		name   string
		client *deskClient
		end    func() error
		want   int
	}{
		{"role", s.as(o, nil), func() error { return s.db.SetOperatorRole(ctx, o.ID, s.acc.ID, "", "test") }, http.StatusNotFound},
		{"password", s.as(o, nil), func() error { return s.db.SetOperatorPassword(ctx, o.ID, "new", "test") }, http.StatusSeeOther},
		{"operator", s.as(s.operator("gone", callbackd.Grant{Everything: true}), nil), func() error {
			gone, err := s.db.GetOperatorByName(ctx, "gone")
			s.must(err)
			return s.db.DeleteOperator(ctx, gone.ID, "test")
		}, http.StatusSeeOther},
		{"link", s.as(nil, l), func() error { return s.db.RevokeModeratorLink(ctx, s.acc.ID, l.PublicID, "test") }, http.StatusSeeOther},
	} {
		if a := step.client.get("/desk/spring"); a.code != http.StatusOK && step.name != "password" {
			t.Errorf("%s: before: %d", step.name, a.code)
		}
		s.must(step.end())
		if a := step.client.get("/desk/spring"); a.code != step.want {
			t.Errorf("%s: after: %d, want %d", step.name, a.code, step.want)
		}
	}
}
