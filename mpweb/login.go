package mpweb

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf16"

	"callbackd"
)

// passwordDigest is what the login page's script sends: the lowercase hex MD5
// of the first 16 characters. JavaScript counts UTF-16 units.
func passwordDigest(password string) string {
	units := utf16.Encode([]rune(password))
	if len(units) > 16 {
		units = units[:16]
	}
	sum := md5.Sum([]byte(string(utf16.Decode(units))))
	return hex.EncodeToString(sum[:])
}

// login logs in by password and returns the new session, which is kept. Both
// dialects begin here; where the platform refuses, a human is needed.
func (c *Client) login(ctx context.Context, acc *callbackd.Account, g *gate, old *session) (*session, error) {
	if g.qr.Load() {
		return nil, &NeedsHumanError{Reason: ReasonQR} // a person is at it right now
	}
	if old.state == SessionNeedsHuman && old.sameCredentials(acc.MPWeb) {
		return nil, &NeedsHumanError{Reason: old.reason}
	}
	fresh := &session{quietUntil: old.quietUntil, quietSteps: old.quietSteps}
	if acc.MPWeb.Username == "" || acc.MPWeb.Password == "" {
		return nil, c.needHuman(ctx, acc, fresh, ReasonQR)
	}
	a, err := c.send(ctx, acc, g, fresh, loginRequest(acc.MPWeb))
	outcome := LoginAnswer{Outcome: LoginBusy}
	if err == nil {
		outcome, err = judgeLogin(a)
	} else if refusedStatus(err) {
		outcome, err = LoginAnswer{Outcome: LoginQR}, nil // this platform knows no login by password
	}
	if err != nil {
		c.observe(acc.Slug, "login", "error")
		return nil, err
	}
	c.observe(acc.Slug, "login", string(outcome.Outcome))
	fresh.token = outcome.Token
	if len(a.body) > 0 {
		c.keep(ctx, acc.ID, "login", scrub(a.body, secretsOf(acc, fresh)))
	}
	switch outcome.Outcome {
	case LoginOK:
		return c.begin(ctx, acc, g, fresh)
	case LoginFrequency:
		return nil, c.beQuiet(ctx, acc, fresh)
	case LoginCaptcha:
		return nil, c.needHuman(ctx, acc, fresh, ReasonCaptcha)
	case LoginQR:
		return nil, c.needHuman(ctx, acc, fresh, ReasonQR)
	case LoginPassword:
		return nil, c.needHuman(ctx, acc, fresh, ReasonPassword)
	case LoginRestricted:
		return nil, c.needHuman(ctx, acc, fresh, ReasonRestricted)
	}
	return nil, &AnswerError{Page: "login", Ret: outcome.Code}
}

func loginRequest(l *callbackd.MPWebLogin) request {
	return request{
		page:    "login",
		path:    "/cgi-bin/login?lang=zh_CN",
		form:    url.Values{"username": {l.Username}, "pwd": {passwordDigest(l.Password.Reveal())}, "imgcode": {""}, "f": {"json"}},
		referer: "/",
		ajax:    true,
	}
}

// judgeLogin reads the answer to a login. A login page where an answer was
// wanted means that this way in is shut.
func judgeLogin(a answer) (LoginAnswer, error) {
	parsed, err := ParseLogin(a.body)
	if err != nil && Expired(a.contentType, a.body) {
		return LoginAnswer{Outcome: LoginQR}, nil
	}
	return parsed, err
}

func refusedStatus(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && (s.Status == http.StatusNotFound || s.Status == http.StatusMethodNotAllowed ||
		s.Status == http.StatusGone || s.Status == http.StatusForbidden)
}

// begin keeps a session that was just granted and reads the home page for the
// account's own FakeID.
func (c *Client) begin(ctx context.Context, acc *callbackd.Account, g *gate, s *session) (*session, error) {
	s.state, s.reason, s.loggedInAt = SessionOK, "", c.now().UTC()
	s.noteCredentials(acc.MPWeb)
	if err := c.save(ctx, acc, s); err != nil {
		return nil, err
	}
	c.log.Info("logged in to the operator pages", "account", acc.Slug)
	a, trouble, err := c.ask(ctx, acc, g, s, homeRequest(s))
	switch {
	case err != nil:
		return nil, err
	case trouble == TroubleEnded:
		s.state = SessionEnded
		if err := c.save(ctx, acc, s); err != nil {
			return nil, err
		}
		return nil, ErrEnded
	case trouble != TroubleNone:
		return nil, c.settle(ctx, acc, s, a, trouble)
	}
	return s, c.learnHome(ctx, acc, s, a)
}

// learnHome takes the account's own FakeID from the home page.
func (c *Client) learnHome(ctx context.Context, acc *callbackd.Account, s *session, a answer) error {
	h, err := ParseHome(a.body)
	if err != nil {
		return fmt.Errorf("after login: %w", err)
	}
	if h.UIN == "" || h.UIN == s.uin && !a.changed {
		return nil
	}
	s.uin = h.UIN
	return c.save(ctx, acc, s)
}
