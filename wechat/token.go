package wechat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"callbackd"
)

const pathStableToken = "/cgi-bin/stable_token"

// renewEarly is how long before its end a token is replaced. The platform
// hands out a new one during the last five minutes, beside the old.
const renewEarly = 4 * time.Minute

// forceEvery keeps us under the 20 forced renewals that a day allows.
const forceEvery = 75 * time.Minute

// tokenKeeper holds the access tokens of a process: one for each app id and
// secret, so that an account with a wrong secret cannot use another's token.
type tokenKeeper struct {
	mu    sync.Mutex // guards slots and what they hold
	slots map[tokenKey]*tokenSlot
}

type tokenKey struct {
	appID  string
	secret callbackd.Secret
}

type tokenSlot struct {
	token  string
	until  time.Time // used before
	forced time.Time // of the last forced renewal
	flight *flight   // the request that is under way; nil: none
}

// flight is one request for a token on which any number of calls may wait.
type flight struct {
	refused  string        // the token that it is to replace
	done     chan struct{} // closed when the rest is set
	token    string
	err      error
	deserted bool // err is only that its own caller went away
}

// Token returns the account's access token: from memory, else by stable_token,
// which other processes may call at the same time without harm.
func (c *Client) Token(ctx context.Context, acc *callbackd.Account) (string, error) {
	return c.renew(ctx, acc, "")
}

// renew returns a token other than the refused one if the platform gives one.
// However many calls were refused at the same time, one request is made.
func (c *Client) renew(ctx context.Context, acc *callbackd.Account, refused string) (string, error) {
	if !acc.HasAPI() {
		return "", ErrNoAPI
	}
	key := tokenKey{acc.AppID, acc.AppSecret}
	for {
		token, f, mine := c.tokens.take(key, refused, c.now())
		switch {
		case f == nil:
			return token, nil
		case mine:
			c.fly(ctx, acc, key, f)
			return f.token, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", fmt.Errorf("wechat %s: %w", pathStableToken, ctx.Err())
		}
		switch {
		case f.deserted: // nobody asked to the end: ask ourselves
		case f.err != nil:
			return "", f.err
		case refused == "" || f.token != refused || f.refused == refused:
			return f.token, nil
		}
	}
}

// take returns a token that can be used, or the flight to wait for; mine is
// set when the caller has to make it.
func (k *tokenKeeper) take(key tokenKey, refused string, now time.Time) (token string, f *flight, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.slots == nil {
		k.slots = make(map[tokenKey]*tokenSlot)
	}
	s := k.slots[key]
	if s == nil {
		s = &tokenSlot{}
		k.slots[key] = s
	}
	if s.token != "" && s.token != refused && now.Before(s.until) {
		return s.token, nil, false
	}
	if s.flight != nil {
		return "", s.flight, false
	}
	s.flight = &flight{refused: refused, done: make(chan struct{})}
	return "", s.flight, true
}

// fly makes the request of a flight and lets the waiting go on. stable_token
// gives the same token as long as it believes in it; where that one was just
// refused, it is asked once to replace it by force.
func (c *Client) fly(ctx context.Context, acc *callbackd.Account, key tokenKey, f *flight) {
	start := c.now()
	token, life, err := c.fetchToken(ctx, acc, false)
	if err == nil && token == f.refused && c.tokens.mayForce(key, start) {
		if t, l, e := c.fetchToken(ctx, acc, true); e == nil {
			token, life = t, l
		}
	}
	if err == nil {
		c.log.InfoContext(ctx, "access token renewed", "account", string(acc.Slug), "dur", life)
	}
	c.tokens.mu.Lock()
	s := c.tokens.slots[key]
	s.token, s.until, s.flight = token, start.Add(usableFor(life)), nil
	f.token, f.err, f.deserted = token, err, err != nil && ctx.Err() != nil
	c.tokens.mu.Unlock()
	close(f.done)
}

// mayForce takes one of the forced renewals of the day, if there is one.
func (k *tokenKeeper) mayForce(key tokenKey, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.slots[key]
	if !s.forced.IsZero() && now.Sub(s.forced) < forceEvery {
		return false
	}
	s.forced = now
	return true
}

// usableFor is how long a token of that life is used: it is replaced early,
// but a short one lives for half its time.
func usableFor(life time.Duration) time.Duration {
	return max(life-renewEarly, life/2)
}

func (c *Client) fetchToken(ctx context.Context, acc *callbackd.Account, force bool) (token string, life time.Duration, err error) {
	r := request{path: pathStableToken, secrets: []string{acc.AppSecret.Reveal()}, body: struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}{"client_credential", acc.AppID, acc.AppSecret.Reveal(), force}}
	var answer struct {
		Token     string `json:"access_token"`
		ExpiresIn int64  `json:"expires_in"` // seconds
	}
	if err := c.getJSON(ctx, r, &answer); err != nil {
		return "", 0, err
	}
	if answer.Token == "" {
		return "", 0, fmt.Errorf("wechat %s: %w", pathStableToken, ErrAnswer)
	}
	// a day at most: an odd number must not overflow into the past
	seconds := min(max(answer.ExpiresIn, 0), 24*60*60)
	return answer.Token, time.Duration(seconds) * time.Second, nil
}
