package mpweb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"callbackd"
)

// SessionStore keeps the operator session of each account over restarts. The
// bytes are secret (whoever has them is logged in) and must be sealed at rest.
type SessionStore interface {
	// GetSession returns the bytes that SetSession was given last and when that
	// was; an error that is callbackd.ErrNotFound where there are none.
	GetSession(ctx context.Context, account callbackd.AccountID) ([]byte, time.Time, error)
	SetSession(ctx context.Context, account callbackd.AccountID, session []byte) error
}

// SessionState is where an operator session stands; docs/states.md has the picture.
type SessionState string

const (
	SessionNone       SessionState = ""            // nobody has logged in yet
	SessionOK         SessionState = "ok"          // as far as we know
	SessionEnded      SessionState = "ended"       // the next call logs in by password
	SessionNeedsHuman SessionState = "needs-human" // only a person can log in
)

// Status is what may be shown of a session; it holds no secret.
type Status struct {
	State      SessionState
	Reason     string    // why a human is needed, one of the Reason constants
	LoggedInAt time.Time // zero: never
	QuietUntil time.Time // frequency control: no request before; zero: none
}

// session is the operator session of one account: cookies, token and what must
// not be forgotten between two calls. It is never printed.
type session struct {
	state      SessionState
	reason     string
	token      string
	uin        string // the account's own FakeID
	cookies    []cookie
	loggedInAt time.Time

	// Which credentials the last login by password used: a salted digest, so
	// that changed ones are noticed and refused ones are not sent again.
	salt, credentials string

	quietUntil time.Time
	quietSteps int // times in a row that the platform asked for quiet
}

type cookie struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// wireSession is the stored form of a session.
type wireSession struct {
	State       SessionState `json:"state"`
	Reason      string       `json:"reason,omitempty"`
	Token       string       `json:"token,omitempty"`
	UIN         string       `json:"uin,omitempty"`
	Cookies     []cookie     `json:"cookies,omitempty"`
	LoggedInAt  time.Time    `json:"logged_in_at"`
	Salt        string       `json:"salt,omitempty"`
	Credentials string       `json:"credentials,omitempty"`
	QuietUntil  time.Time    `json:"quiet_until"`
	QuietSteps  int          `json:"quiet_steps,omitempty"`
}

func (s *session) marshal() ([]byte, error) {
	return json.Marshal(wireSession{
		State: s.state, Reason: s.reason, Token: s.token, UIN: s.uin, Cookies: s.cookies,
		LoggedInAt: s.loggedInAt, Salt: s.salt, Credentials: s.credentials,
		QuietUntil: s.quietUntil, QuietSteps: s.quietSteps,
	})
}

func unmarshalSession(b []byte) (*session, error) {
	var w wireSession
	if json.Unmarshal(b, &w) != nil {
		return nil, errors.New("stored session has no known form") // never the bytes
	}
	return &session{
		state: w.State, reason: w.Reason, token: w.Token, uin: w.UIN, cookies: w.Cookies,
		loggedInAt: w.LoggedInAt, salt: w.Salt, credentials: w.Credentials,
		quietUntil: w.QuietUntil, quietSteps: w.QuietSteps,
	}, nil
}

// String keeps a session out of every print.
func (s *session) String() string { return "[session]" }

// GoString keeps a session out of %#v.
func (s *session) GoString() string { return "[session]" }

// LogValue keeps a session out of logs.
func (s *session) LogValue() slog.Value { return slog.StringValue("[session]") }

// status is the part of a session that may be shown.
func (s *session) status() Status {
	return Status{State: s.state, Reason: s.reason, LoggedInAt: s.loggedInAt, QuietUntil: s.quietUntil}
}

// takeCookies merges what an answer sets; true where something changed.
func (s *session) takeCookies(set []*http.Cookie) bool {
	changed := false
	for _, c := range set {
		gone := c.MaxAge < 0 || c.Value == "" || c.Value == "EXPIRED"
		at := -1
		for i := range s.cookies {
			if s.cookies[i].Name == c.Name {
				at = i
			}
		}
		switch {
		case gone && at >= 0:
			s.cookies = append(s.cookies[:at], s.cookies[at+1:]...)
			changed = true
		case gone:
		case at < 0:
			s.cookies = append(s.cookies, cookie{c.Name, c.Value})
			changed = true
		case s.cookies[at].Value != c.Value:
			s.cookies[at].Value = c.Value
			changed = true
		}
	}
	return changed
}

// noteCredentials remembers which credentials a login used.
func (s *session) noteCredentials(l *callbackd.MPWebLogin) {
	s.salt = rand.Text()
	s.credentials = credentialDigest(s.salt, l)
}

// sameCredentials reports whether l is what the last login by password used.
func (s *session) sameCredentials(l *callbackd.MPWebLogin) bool {
	return subtle.ConstantTimeCompare([]byte(s.credentials), []byte(credentialDigest(s.salt, l))) == 1
}

func credentialDigest(salt string, l *callbackd.MPWebLogin) string {
	sum := sha256.Sum256([]byte(salt + "\x00" + l.Username + "\x00" + l.Password.Reveal()))
	return hex.EncodeToString(sum[:])
}

// load reads the account's session; a fresh one where there is none.
func (c *Client) load(ctx context.Context, acc *callbackd.Account) (*session, error) {
	b, _, err := c.sessions.GetSession(ctx, acc.ID)
	if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
		return nil, fmt.Errorf("get operator session: %w", err)
	}
	if err != nil || len(b) == 0 {
		return &session{}, nil
	}
	s, err := unmarshalSession(b)
	if err != nil {
		c.log.Warn("operator session is unreadable, starting anew", "account", acc.Slug)
		return &session{}, nil
	}
	return s, nil
}

// save keeps the session although the caller may have gone: a login that the
// platform granted must not be lost.
func (c *Client) save(ctx context.Context, acc *callbackd.Account, s *session) error {
	b, err := s.marshal()
	if err != nil {
		return fmt.Errorf("keep operator session: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := c.sessions.SetSession(ctx, acc.ID, b); err != nil {
		return fmt.Errorf("keep operator session: %w", err)
	}
	return nil
}
