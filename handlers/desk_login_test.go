package handlers_test

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"callbackd"
	"callbackd/handlers"
)

const password = "a long enough password"

// newOwner makes the first owner by a link, as a person does, and returns the
// browser that is logged in.
func (s *deskSite) newOwner(name string) *deskClient {
	s.Helper()
	token, digest := handlers.NewLinkToken()
	s.must(s.db.InsertOperatorLink(context.Background(), digest, callbackd.Grant{Everything: true}, s.clock.Now().Add(handlers.OperatorLinkLife), "test"))
	c := s.stranger()
	path := handlers.OperatorLinkPath(token)
	if a := c.get(path); a.code != http.StatusOK {
		s.Fatalf("the link: %d", a.code)
	}
	s.want("weak password", c.post(path, "name", name, "password", "short"), http.StatusUnprocessableEntity, "")
	s.want("bad name", c.post(path, "name", "a b", "password", password), http.StatusUnprocessableEntity, "")
	s.want("the first owner", c.post(path, "name", name, "password", password), http.StatusSeeOther, "/desk")
	s.want("the link again", s.stranger().get(path), http.StatusGone, "")
	return c
}

func (s *deskSite) logIn(name, password string) (*deskClient, answer) {
	s.Helper()
	c := s.stranger()
	c.get("/desk/login")
	return c, c.post("/desk/login", "name", name, "password", password)
}

func TestDeskLogin_ALinkMakesTheFirstOwnerOnce(t *testing.T) {
	s := newDeskSite(t)
	c := s.newOwner("小王")
	if a := c.get("/desk"); a.code != http.StatusOK || !strings.Contains(a.body, "/desk/operators") {
		t.Errorf("the owner's desk: %d", a.code)
	}
	if _, a := s.logIn("小王", password); a.location != "/desk" {
		t.Errorf("login: %d %q", a.code, a.location)
	}
	if _, a := s.logIn("小王", password+"!"); a.code != http.StatusUnprocessableEntity {
		t.Errorf("wrong password: %d", a.code)
	}
	token, digest := handlers.NewLinkToken()
	s.must(s.db.InsertOperatorLink(context.Background(), digest, callbackd.Grant{Everything: true}, s.clock.Now().Add(handlers.OperatorLinkLife), "test"))
	s.clock.Advance(handlers.OperatorLinkLife)
	s.want("after an hour", s.stranger().get(handlers.OperatorLinkPath(token)), http.StatusGone, "")
	if strings.Contains(s.logs.String(), token) {
		t.Error("a link stands in the log")
	}
}

// A session's token is another one after the login: who planted the one before
// (session fixation) has nothing.
func TestDeskLogin_GivesANewToken(t *testing.T) {
	s := newDeskSite(t)
	s.newOwner("owner")
	c := s.stranger()
	c.get("/desk/login")
	planted := c.cookie
	s.want("login", c.post("/desk/login", "name", "OWNER", "password", password), http.StatusSeeOther, "/desk")
	if c.cookie == planted || planted == "" {
		t.Fatal("the login kept the token")
	}
	old := s.stranger()
	old.cookie = planted
	if a := old.get("/desk"); a.code != http.StatusSeeOther {
		t.Errorf("the old token: %d", a.code)
	}
	c.get("/desk")
	used := c.cookie
	s.want("logout", c.post("/desk/logout"), http.StatusSeeOther, "/desk/login")
	c.cookie = used
	if a := c.get("/desk"); a.code != http.StatusSeeOther {
		t.Errorf("the token after the logout: %d", a.code)
	}
}

func TestDeskLogin_FormsOfOthersAreRefused(t *testing.T) {
	s := newDeskSite(t)
	o := s.owner()
	count := func() int {
		links, err := s.db.ListModeratorLinks(context.Background(), s.acc.ID)
		s.must(err)
		return len(links)
	}
	for name, spoil := range map[string]func(*deskClient){
		"no token":         func(c *deskClient) { c.csrf = "" },
		"another's token":  func(c *deskClient) { c.csrf = s.as(o, nil).csrf },
		"another site":     func(c *deskClient) { c.header.Set("Origin", "https://evil.example") },
		"a sandboxed page": func(c *deskClient) { c.header.Set("Origin", "null") },
		"another page":     func(c *deskClient) { c.header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		c := s.as(o, nil)
		spoil(c)
		if a := c.post("/desk/spring/links", "label", "x"); a.code != http.StatusForbidden || count() != 0 {
			t.Errorf("%s: %d, %d links", name, a.code, count())
		}
	}
	c := s.as(o, nil)
	c.header.Set("Origin", "http://wall.example")
	if a := c.post("/desk/spring/links", "label", "x"); a.code != http.StatusSeeOther || count() != 1 {
		t.Errorf("our own page: %d, %d links", a.code, count())
	}
	s.newOwner("owner")
	login := s.stranger() // a login that another site sends would make its victim work under the attacker's name
	if a := login.post("/desk/login", "name", "owner", "password", password); a.code != http.StatusForbidden {
		t.Errorf("a login without a form: %d", a.code)
	}
}

func TestDeskLogin_GoesOnOnTheDeskAlone(t *testing.T) {
	for next, want := range map[string]string{
		"/desk/spring":                "/desk/spring",
		"/desk/spring/audit?before=7": "/desk/spring/audit?before=7",
		"":                            "/desk", "/": "/desk", "/wall/spring": "/desk", "/desk/login": "/desk", "/deskx": "/desk",
		"//evil.example": "/desk", "https://evil.example/desk/": "/desk", "/\\evil.example": "/desk", "\\\\evil.example/desk/": "/desk",
		"/desk/\r\nSet-Cookie: a=b": "/desk", "javascript:alert(1)": "/desk", "/desk/../../evil": "/desk",
	} {
		if got := handlers.LocalPath(next); got != want {
			t.Errorf("%q: %q, want %q", next, got, want)
		}
	}
	s := newDeskSite(t)
	s.newOwner("owner")
	for next, want := range map[string]string{"/desk/spring/audit": "/desk/spring/audit", "//evil.example/desk/": "/desk"} {
		c := s.stranger()
		c.get("/desk/login?next=" + next)
		s.want(next, c.post("/desk/login", "name", "owner", "password", password), http.StatusSeeOther, want)
	}
}

// Whoever guesses is slowed down, and slows down nobody else.
func TestDeskLogin_GuessesRunDry(t *testing.T) {
	s := newDeskSite(t)
	s.newOwner("owner")
	refused := 0
	for range 8 {
		if _, a := s.logIn("owner", "wrong"+password); a.code == http.StatusTooManyRequests {
			refused++
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	}
	if refused != 3 {
		t.Errorf("%d of 8 guesses were refused, want 3: five a minute for one name", refused)
	}
	if _, a := s.logIn("owner", password); a.code != http.StatusTooManyRequests {
		t.Errorf("the right password behind the guesses: %d: then guessing never ends", a.code)
	}
	s.clock.Advance(time.Minute)
	if _, a := s.logIn("owner", password); a.location != "/desk" {
		t.Errorf("a minute later: %d", a.code)
	}
}

var secretField = regexp.MustCompile(`data-copy-from>([A-Z2-7]{32})<`)

func TestDeskLogin_SecondFactor(t *testing.T) {
	s := newDeskSite(t)
	c := s.newOwner("owner")
	m := secretField.FindStringSubmatch(c.get("/desk/me").body)
	if m == nil {
		t.Fatal("no secret to scan")
	}
	code := func() string {
		v, err := totp.GenerateCode(m[1], s.clock.Now())
		s.must(err)
		return v
	}
	if a := c.post("/desk/me/two-factor", "password", password, "code", "000000"); a.code != http.StatusBadRequest {
		t.Errorf("a wrong code: %d", a.code)
	}
	if a := c.post("/desk/me/two-factor", "password", "wrong", "code", code()); a.code != http.StatusBadRequest {
		t.Errorf("a wrong password: %d", a.code)
	}
	s.want("on", c.post("/desk/me/two-factor", "password", password, "code", code()), http.StatusSeeOther, "/desk/me")
	shown := c.get("/desk/me").body
	recovery := regexp.MustCompile(`<code>([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})</code>`).FindAllStringSubmatch(shown, -1)
	if len(recovery) != 10 || strings.Contains(c.get("/desk/me").body, recovery[0][1]) {
		t.Fatalf("%d recovery codes, once", len(recovery))
	}

	early, _ := s.logIn("owner", password)
	early.get("/desk/login/code")
	if a := early.post("/desk/login/code", "code", code()); a.code != http.StatusUnprocessableEntity {
		t.Errorf("the code that switched it on: %d", a.code)
	}
	s.clock.Advance(time.Minute)
	half, a := s.logIn("owner", password)
	s.want("the password alone", a, http.StatusSeeOther, "/desk/login/code")
	if a := half.get("/desk/spring"); a.code != http.StatusSeeOther {
		t.Errorf("half logged in: %d", a.code)
	}
	half.get("/desk/login/code")
	good := code()
	if a := half.post("/desk/login/code", "code", "123 456"); a.code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", a.code)
	}
	s.want("the code", half.post("/desk/login/code", "code", good), http.StatusSeeOther, "/desk")

	again, _ := s.logIn("owner", password)
	again.get("/desk/login/code")
	if a := again.post("/desk/login/code", "code", good); a.code != http.StatusUnprocessableEntity {
		t.Errorf("a code that was used: %d", a.code)
	}
	s.want("a recovery code", again.post("/desk/login/code", "code", strings.ToLower(recovery[3][1])), http.StatusSeeOther, "/desk")
	s.clock.Advance(5 * time.Minute)
	third, _ := s.logIn("owner", password)
	third.get("/desk/login/code")
	if a := third.post("/desk/login/code", "code", recovery[3][1]); a.code != http.StatusUnprocessableEntity {
		t.Errorf("a recovery code that was used: %d", a.code)
	}
	for range 6 {
		a = third.post("/desk/login/code", "code", "000000")
	}
	if a.code != http.StatusTooManyRequests {
		t.Errorf("guesses of codes: %d", a.code)
	}
	s.clock.Advance(6 * time.Minute)
	s.want("a password that is too old", third.post("/desk/login/code", "code", code()), http.StatusSeeOther, "/desk/login?next=%2Fdesk")
}

func TestDeskLinks_ArePassedOnceAndTakenBackAtOnce(t *testing.T) {
	s := newDeskSite(t)
	admin := s.as(s.owner(), nil)
	s.want("make", admin.post("/desk/spring/links", "label", "门口的小李", "hours", "2"), http.StatusSeeOther, "/desk/spring/links")
	m := regexp.MustCompile(`http://wall\.example(/desk/moderate/[\w-]+)`).FindStringSubmatch(admin.get("/desk/spring/links").body)
	if m == nil {
		t.Fatal("the link is not shown")
	}
	if strings.Contains(admin.get("/desk/spring/links").body, m[1]) {
		t.Error("the link is shown again")
	}
	for range 3 { // a chat looks at what was sent
		if a := s.stranger().get(m[1]); a.code != http.StatusOK {
			t.Fatalf("preview: %d", a.code)
		}
	}
	phone := s.stranger()
	phone.get(m[1])
	s.want("start", phone.post(m[1]), http.StatusSeeOther, "/desk/spring")
	late := s.stranger()
	late.get("/desk/login")
	s.want("a second device", late.post(m[1]), http.StatusGone, "")
	if a := phone.get("/desk/spring"); a.code != http.StatusOK {
		t.Fatalf("the moderator's page: %d", a.code)
	}

	stream := phone.listen("/desk/spring/stream?what=room")
	if first := stream.next(); !strings.Contains(first, "event: state") {
		t.Fatalf("the stream says %q", first)
	}
	links, err := s.db.ListModeratorLinks(context.Background(), s.acc.ID)
	s.must(err)
	s.want("take back", admin.post("/desk/spring/links/"+string(links[0].PublicID)+"/revoke"), http.StatusSeeOther, "/desk/spring/links")
	if rest := stream.rest(); !bytes.Contains(rest, []byte("event: end")) {
		t.Errorf("the stream went on: %q", rest)
	}
	if a := phone.get("/desk/spring"); a.code != http.StatusSeeOther {
		t.Errorf("after that: %d", a.code)
	}
	trail := admin.get("/desk/spring/audit").body
	for _, step := range []string{"link-add", "link-open", "link-revoke"} {
		if !strings.Contains(trail, step) {
			t.Errorf("the trail lacks %q", step)
		}
	}
}
