package handlers_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"callbackd"
)

// steps are the actions in an account's trail, oldest first.
func (s *deskSite) steps(a *callbackd.Account) (actions, details []string) {
	s.Helper()
	trail, err := s.db.ListAudit(context.Background(), a.ID, 0, 100)
	s.must(err)
	slices.Reverse(trail)
	for _, e := range trail {
		if strings.HasPrefix(e.Action, "operator") {
			continue // who works here
		}
		actions, details = append(actions, e.Action), append(details, e.Actor+": "+e.Detail)
	}
	return actions, details
}

func (s *deskSite) reread(slug callbackd.Slug) *callbackd.Account {
	s.Helper()
	a, err := s.db.GetAccount(context.Background(), slug)
	s.must(err)
	return a
}

// holds reports whether a page shows both secrets; it fails where it shows one.
func (s *deskSite) holds(what string, a answer, acc *callbackd.Account) bool {
	s.Helper()
	if a.code != 200 {
		s.Fatalf("%s: %d", what, a.code)
	}
	token, key := strings.Contains(a.body, acc.Token.Reveal()), strings.Contains(a.body, acc.AESKey.Reveal())
	if token != key {
		s.Errorf("%s: token %v, key %v", what, token, key)
	}
	return token
}

// TestConnect_SecretsAreShownWhileTheyHaveToBePasted: in the session that made
// them, in another one by a step in the trail, and never after the platform's check.
func TestConnect_SecretsAreShownWhileTheyHaveToBePasted(t *testing.T) {
	s := newDeskSite(t)
	owner := s.as(s.owner(), nil)
	s.want("a new account", owner.post("/desk/new", "name", "元宵晚会", "slug", "", "original_id", " gh_0123456789ab ", "app_id", "wx0123456789abcdef", "app_secret", "0123456789abcdef0123456789abcdef"),
		303, "/desk/yuanxiaowanhui/connect")
	a := s.reread("yuanxiaowanhui")
	if len(a.Token) != 32 || len(a.AESKey) != 43 || a.Mode != callbackd.ModeSafe || a.Moderation != callbackd.ModerationHold || a.MPWeb != nil {
		t.Fatalf("%+v", a)
	}
	if !s.holds("the page after the form", owner.get("/desk/yuanxiaowanhui/connect"), a) || !s.holds("the same page again", owner.get("/desk/yuanxiaowanhui/connect"), a) {
		t.Error("there is nothing to paste")
	}
	admin := s.as(s.operator("admin", callbackd.Grant{Account: a.ID, Role: callbackd.RoleAdmin}), nil)
	if s.holds("an admin's page", admin.get("/desk/yuanxiaowanhui/connect"), a) {
		t.Error("the secrets are shown to who did not ask")
	}
	s.want("asked for", admin.post("/desk/yuanxiaowanhui/connect/reveal"), 303, "/desk/yuanxiaowanhui/connect")
	if !s.holds("an admin's page", admin.get("/desk/yuanxiaowanhui/connect"), a) {
		t.Error("the secrets are not shown to who asked")
	}
	if actions, details := s.steps(a); !slices.Equal(actions, []string{"account-add", "secrets-reveal"}) || details[1] != "operator:admin: " {
		t.Errorf("trail %v %q", actions, details)
	}

	s.must(s.db.MergeConnection(context.Background(), a.ID, callbackd.Connection{CheckAt: s.clock.Now()}))
	for who, c := range map[string]*deskClient{"owner": owner, "admin": admin} {
		if s.holds(who, c.get("/desk/yuanxiaowanhui/connect"), a) {
			t.Errorf("%s sees the secrets after the check", who)
		}
		if got := c.post("/desk/yuanxiaowanhui/connect/reveal"); got.code != 409 {
			t.Errorf("%s asks again: %d", who, got.code)
		}
	}
	s.clock.Advance(1e9)
	s.want("replaced", owner.post("/desk/yuanxiaowanhui/connect/replace"), 303, "/desk/yuanxiaowanhui/connect")
	b := s.reread("yuanxiaowanhui")
	if b.Token == a.Token || b.AESKey == a.AESKey || b.PreviousAESKey != a.AESKey {
		t.Error("the secrets are not replaced")
	}
	if !s.holds("after the replacement", owner.get("/desk/yuanxiaowanhui/connect"), s.reread("yuanxiaowanhui")) {
		t.Error("there is nothing to paste")
	}
	if actions, _ := s.steps(a); actions[len(actions)-1] != "secrets-replace" {
		t.Errorf("trail %v", actions)
	}
}

func TestNewAccount_SaysWhatIsWrong(t *testing.T) {
	s := newDeskSite(t)
	c := s.as(s.owner(), nil)
	good := url.Values{"name": {"元宵"}, "slug": {"lantern"}, "original_id": {"gh_0123456789ab"}, "app_id": {""}, "app_secret": {""}}
	for name, wrong := range map[string][2]string{
		"no name": {"name", " "}, "slug with signs": {"slug", "lan_tern"}, "slug of a page": {"slug", "operators"}, "slug that is taken": {"slug", "spring"},
		"original id": {"original_id", "gh_1"}, "app id": {"app_id", "wx1"}, "secret alone": {"app_secret", "fedcba9876543210"},
	} {
		pairs := []string{wrong[0], wrong[1]}
		for k, v := range good {
			if k != wrong[0] {
				pairs = append(pairs, k, v[0])
			}
		}
		a := c.post("/desk/new", pairs...)
		if a.code != 422 || !strings.Contains(a.body, `role="alert"`) || strings.Contains(a.body, "fedcba9876543210") {
			t.Errorf("%s: %d", name, a.code)
		}
	}
	if accounts, err := s.db.ListAccounts(context.Background()); err != nil || len(accounts) != 1 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
	s.want("no app id", c.post("/desk/new", "name", "元宵", "slug", "lantern", "original_id", "gh_0123456789ab"), 303, "/desk/lantern/connect")
	if a := s.reread("lantern"); a.Mode != callbackd.ModePlain {
		t.Errorf("mode %s without an AppID", a.Mode)
	}
	c.header.Set("Accept", "application/json")
	for name, slug := range map[string]string{"春晚 2026": "chunwan-2026", "Année!": "ann-e", "  ": "wall-", "operators": "wall-"} {
		if got := c.get("/desk/new?name=" + url.QueryEscape(name)).body; !strings.HasPrefix(got, `{"slug":"`+slug) {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// TestPages_AnOwnerTakesTheRiskInSoManyWords: never preset, never by a form
// without the tick, and in the trail.
func TestPages_AnOwnerTakesTheRiskInSoManyWords(t *testing.T) {
	s := newDeskSite(t)
	c := s.as(s.owner(), nil)
	page := c.get("/desk/spring/pages").body
	if !strings.Contains(page, `name="risk" value="taken" required`) || strings.Contains(page, "checked") || !strings.Contains(page, "条款") && !strings.Contains(page, "terms") {
		t.Error("the page does not show the risk, or takes it by itself")
	}
	for _, risk := range []string{"", "on", "false"} {
		if a := c.post("/desk/spring/pages", "username", "u", "password", "p", "dialect", "2016", "risk", risk); a.code != 422 {
			t.Errorf("risk %q: %d", risk, a.code)
		}
	}
	if s.reread("spring").MPWeb != nil {
		t.Fatal("switched on without the tick")
	}
	s.want("with the tick", c.post("/desk/spring/pages", "username", "u", "password", "geheim", "dialect", "2016", "risk", "taken"), 303, "/desk/spring/pages")
	if a := s.reread("spring"); a.MPWeb == nil || a.MPWeb.Password != "geheim" || a.MPWeb.Dialect != callbackd.Dialect2016 {
		t.Errorf("%+v", a.MPWeb)
	}
	if body := c.get("/desk/spring/pages").body; strings.Contains(body, "geheim") {
		t.Error("the password is shown")
	}
	s.want("off", c.post("/desk/spring/pages", "off", "1"), 303, "/desk/spring/pages")
	if actions, details := s.steps(s.acc); !slices.Equal(actions, []string{"account-add", "mpweb-on", "mpweb-off"}) || !strings.Contains(details[1], "operator:所有者: the risk") {
		t.Errorf("trail %v %q", actions, details)
	}
}

func TestSettings_AreChangedAndNeverShowSecrets(t *testing.T) {
	s := newDeskSite(t)
	admin := s.as(s.operator("admin", callbackd.Grant{Account: s.acc.ID, Role: callbackd.RoleAdmin}), nil)
	owner := s.as(s.owner(), nil)
	form := []string{"name", "元宵", "original_id", "gh_0123456789ab", "app_id", "wx0123456789abcdef", "mode", "plain", "moderation", "auto",
		"welcome", "你好\r\n{wall}", "join_url", "https://x.example/q", "mp_verify", "MP_verify_aBcDeFgH12345678.txt"}
	s.want("an admin", admin.post("/desk/spring/settings", form...), 303, "/desk/spring/settings")
	a := s.reread("spring")
	if a.Name != "元宵" || a.Moderation != callbackd.ModerationAuto || a.Welcome != "你好\n{wall}" || a.MPVerify != "aBcDeFgH12345678" || a.AppSecret != "" || a.Token != "token" {
		t.Errorf("%+v", a)
	}
	secret := append(slices.Clone(form), "app_secret", "0123456789abcdef0123456789abcdef")
	if got := admin.post("/desk/spring/settings", secret...); got.code != 403 || s.reread("spring").HasAPI() {
		t.Errorf("an admin replaces a secret: %d", got.code)
	}
	s.want("an owner", owner.post("/desk/spring/settings", secret...), 303, "/desk/spring/settings")
	if body := owner.get("/desk/spring/settings").body; strings.Contains(body, "0123456789abcdef0123456789abcdef") || !strings.Contains(body, "{wall}") {
		t.Error("the page shows the secret, or not the settings")
	}
	if got := admin.post("/desk/spring/settings", append(form[2:], "name", "")...); got.code != 422 {
		t.Errorf("no name: %d", got.code)
	}
	actions, details := s.steps(s.acc)
	if !slices.Equal(actions, []string{"account-add", "account-set", "secrets-replace"}) || details[2] != "operator:所有者: app_secret" {
		t.Errorf("trail %v %q", actions, details)
	}
	if got := owner.post("/desk/spring/remove", "slug", "sprin"); got.code != 422 {
		t.Errorf("removed by another name: %d", got.code)
	}
	s.want("removed", owner.post("/desk/spring/remove", "slug", "spring"), 303, "/desk")
	if _, err := s.db.GetAccount(context.Background(), "spring"); err == nil {
		t.Error("the account stays")
	}
}
