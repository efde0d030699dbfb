package handlers_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"callbackd"
	"callbackd/handlers"
)

// Whoever logs out, or becomes somebody else on this device, hears nothing more.
func TestDeskSessions_LogoutEndsTheStreams(t *testing.T) {
	s := newDeskSite(t)
	c := s.as(s.owner(), nil)
	stream := c.listen("/desk/spring/stream?what=room")
	if first := stream.next(); !strings.Contains(first, "event: state") {
		t.Fatalf("the stream says %q", first)
	}
	s.want("log out", c.post("/desk/logout"), http.StatusSeeOther, "/desk/login")
	if rest := stream.rest(); !bytes.Contains(rest, []byte("event: end")) {
		t.Errorf("the stream went on: %q", rest)
	}
}

// A request that is still under way when its session ends does not bring it back.
func TestDeskSessions_EndedOnesStayEnded(t *testing.T) {
	s := newDeskSite(t)
	ctx, until := context.Background(), s.clock.Now().Add(time.Hour)
	s.must(s.db.SetDeskSession(ctx, "token", []byte("session"), until))
	s.must(s.db.DeleteDeskSession(ctx, "token"))
	s.must(s.db.SetDeskSession(ctx, "token", []byte("session"), until))
	if _, found, err := s.db.GetDeskSession(ctx, "token"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

// What is kept of strangers is bounded, in number and in size.
func TestDeskSessions_OfStrangersAreBounded(t *testing.T) {
	s := newDeskSite(t)
	for _, path := range []string{"/desk?lang=en", "/desk/spring?lang=en", "/desk/nothing?lang=en"} {
		if c := s.stranger(); c.get(path).code == 0 || c.cookie != "" {
			t.Errorf("%s: a session was made for whoever was sent away", path)
		}
	}
	if got := handlers.LocalPath("/desk/" + strings.Repeat("x", 2000)); got != "/desk" {
		t.Errorf("a path of %d bytes is kept", len(got))
	}
	c := s.stranger()
	c.get("/desk/login?lang=en")
	if a := c.get("/desk/login"); !strings.Contains(a.body, `lang="en"`) {
		t.Error("the language does not stay")
	}
}

// A new password shuts out who is half in with the old one.
func TestDeskSessions_TheSecondFactorIsOfThePresentPassword(t *testing.T) {
	s := newDeskSite(t)
	s.newOwner("owner")
	ctx := context.Background()
	o, err := s.db.GetOperatorByName(ctx, "owner")
	s.must(err)
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	s.must(s.db.SetTwoFactor(ctx, o.ID, callbackd.Secret(secret), nil, "test"))
	half, a := s.logIn("owner", password)
	s.want("the password alone", a, http.StatusSeeOther, "/desk/login/code")
	half.get("/desk/login/code")
	s.must(s.db.SetOperatorPassword(ctx, o.ID, "another", "test"))
	code, err := totp.GenerateCode(secret, s.clock.Now())
	s.must(err)
	s.want("the code", half.post("/desk/login/code", "code", code), http.StatusSeeOther, "/desk/login?next=%2Fdesk")
}
