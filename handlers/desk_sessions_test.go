package handlers_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

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

// A role that is lost while a form is on its way is lost for that form, too.
func TestDeskSessions_ASlowFormIsOfWhoMayInTheEnd(t *testing.T) {
	s := newDeskSite(t)
	l := s.link(s.acc, "门口")
	c := s.as(nil, l)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.http.URL, "http://"))
	s.must(err)
	defer conn.Close()
	body := url.Values{"csrf": {c.csrf}, "do": {"panic"}}.Encode()
	_, err = fmt.Fprintf(conn, "POST /desk/spring/control HTTP/1.1\r\nHost: wall.example\r\nCookie: desk=%s\r\nX-CSRF: %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", c.cookie, c.csrf, len(body))
	s.must(err)
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") { // it was let in, and the form is read
		t.Fatalf("%q, %v", line, err)
	}
	_, err = in.ReadString('\n')
	s.must(err)
	s.must(s.db.RevokeModeratorLink(context.Background(), s.acc.ID, l.PublicID, "test"))
	_, err = fmt.Fprint(conn, body)
	s.must(err)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, " 303 ") {
		t.Errorf("%q, %v", line, err)
	}
	stage, _, err := s.db.GetStage(context.Background(), s.acc.ID)
	s.must(err)
	if !stage.Open() {
		t.Error("the wall was halted under a link that was taken back")
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
