package rehearsal

import "time"

const (
	tokenLife     = 7200 * time.Second
	tokenOverlap  = 5 * time.Minute
	forcedPause   = 30 * time.Second
	forcedPerDay  = 20
	tokensPerDay  = 2000
	stablePerDay  = 500_000
	stablePerMin  = 10_000
	dayFormat     = "2006-01-02"
	monthFormat   = "2006-01"
	minuteFormat  = "2006-01-02 15:04"
	quotaToken    = "token"
	quotaStable   = "stable"
	quotaForced   = "forced"
	quotaClear    = "clear"
	kindToken     = "token"
	kindStable    = "stable_token"
	wordsPerToken = 2
)

// tokenState is the account's access tokens and the quotas around them;
// guarded by Platform.mu. /token and /stable_token are apart: a new token of
// one kind does nothing to the other.
type tokenState struct {
	all     map[string]*accessToken
	current map[string]*accessToken // by kind
	made    int
	forced  time.Time
	used    map[string]int // by quota and day, month or minute
}

// accessToken is one token of the API.
type accessToken struct {
	value    string
	until    time.Time
	replaced bool // by a newer one: 40001 after until, not 42001
	dropped  bool // 40001 from now on
	expired  bool // 42001 from now on
}

// check returns the error of a call with this token; 0: it is good.
func (t *accessToken) check(now time.Time) int {
	switch {
	case t.dropped:
		return 40001
	case t.expired:
		return 42001
	case now.Before(t.until):
		return 0
	case t.replaced:
		return 40001
	default:
		return 42001
	}
}

// spoil makes all tokens bad: expired (42001) or fetched anew by somebody else
// (40001). The next token call gives a good one.
func (t *tokenState) spoil(expired bool) {
	for _, k := range t.all {
		k.expired, k.dropped = k.expired || expired, k.dropped || !expired
	}
	clear(t.current)
}

// take spends one call of a quota; false when there is none left.
func (t *tokenState) take(quota, format string, limit int, now time.Time) bool {
	key := quota + " " + now.In(beijing).Format(format)
	if t.used == nil {
		t.used = map[string]int{}
	}
	if t.used[key] >= limit {
		return false
	}
	t.used[key]++
	return true
}

func (t *tokenState) clearQuota(now time.Time) bool {
	if !t.take(quotaClear, monthFormat, clearQuotaPerMonth, now) {
		return false
	}
	delete(t.used, quotaToken+" "+now.In(beijing).Format(dayFormat))
	return true
}

// issueLocked makes a new token of a kind. The one before lives on for five
// minutes at most; one that was in that time already dies when atOnce is set.
func (a *Account) issueLocked(kind string, atOnce bool) *accessToken {
	t := &a.tokens
	if t.all == nil {
		t.all, t.current = map[string]*accessToken{}, map[string]*accessToken{}
	}
	now := a.p.now()
	t.made++
	value := "85_"
	for i := range wordsPerToken {
		value += word(a.p.opts.Seed, 67, kind, a.Config.AppID, t.made, i)
	}
	for _, k := range t.all {
		if atOnce && k.replaced && now.Before(k.until) {
			k.dropped = true
		}
	}
	if old := t.current[kind]; old != nil {
		old.replaced = true
		if end := now.Add(tokenOverlap); old.until.After(end) {
			old.until = end
		}
	}
	next := &accessToken{value: value, until: now.Add(tokenLife)}
	t.all[value], t.current[kind] = next, next
	return next
}

// getToken is GET /cgi-bin/token: every call replaces the token before.
func getToken(c *call) {
	if !c.credentials(c.r.FormValue("grant_type"), c.r.FormValue("appid"), c.r.FormValue("secret")) {
		return
	}
	c.p.mu.Lock()
	now := c.p.now()
	if !c.a.tokens.take(quotaToken, dayFormat, tokensPerDay, now) {
		c.p.mu.Unlock()
		c.fail(45009, errorText(45009, ""))
		return
	}
	t := c.a.issueLocked(kindToken, false)
	c.p.mu.Unlock()
	c.answer(tokenAnswer{t.value, int(tokenLife / time.Second)})
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
}

// postStableToken is POST /cgi-bin/stable_token: the same token with what is
// left of its life until five minutes before its end, unless forced.
func postStableToken(c *call) {
	var q struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	if !c.decode(&q) || !c.credentials(q.GrantType, q.AppID, q.Secret) {
		return
	}
	c.p.mu.Lock()
	t, code := c.a.stableLocked(q.Force)
	now := c.p.now()
	c.p.mu.Unlock()
	if code != 0 {
		c.fail(code, errorText(code, ""))
		return
	}
	c.answer(tokenAnswer{t.value, int(t.until.Sub(now) / time.Second)})
}

func (a *Account) stableLocked(force bool) (*accessToken, int) {
	now := a.p.now()
	t := &a.tokens
	if !t.take(quotaStable, minuteFormat, stablePerMin, now) {
		return nil, 45011
	}
	if !t.take(quotaStable, dayFormat, stablePerDay, now) {
		return nil, 45009
	}
	current := t.current[kindStable]
	live := current != nil && now.Before(current.until.Add(-tokenOverlap))
	switch {
	case !live:
		return a.issueLocked(kindStable, false), 0
	case !force, !t.forced.IsZero() && now.Sub(t.forced) < forcedPause:
		return current, 0
	case !t.take(quotaForced, dayFormat, forcedPerDay, now):
		return nil, 45009
	}
	t.forced = now
	return a.issueLocked(kindStable, true), 0
}

// credentials checks what token calls bring; false when it has answered.
func (c *call) credentials(grant, appID, secret string) bool {
	switch {
	case grant != "client_credential":
		c.fail(40002, "invalid grant_type")
	case appID == "":
		c.fail(41002, "appid missing")
	case c.a == nil:
		c.fail(40013, errorText(40013, ""))
	case secret == "":
		c.fail(41004, "appsecret missing")
	case secret != c.a.Config.AppSecret:
		c.fail(40125, errorText(40125, ""))
	case !c.ipAllowed():
		c.fail(40164, errorText(40164, c.ip()))
	default:
		return true
	}
	return false
}
