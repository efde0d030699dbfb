package rehearsal

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"callbackd"
)

const (
	oauthCodeLife    = 5 * time.Minute
	oauthTokenLife   = 7200 * time.Second
	oauthRefreshLife = 30 * 24 * time.Hour
	scopeBase        = "snsapi_base"
	scopeUserInfo    = "snsapi_userinfo"
)

// VisitorCookie holds the Number of the person whose client opens the
// authorisation page; browsers in tests set it. See also SetVisitor.
const VisitorCookie = "rehearsal_visitor"

// oauthState is web authorisation; guarded by Platform.mu.
type oauthState struct {
	visitor callbackd.FakeID
	grants  map[string]*grant // by code, access token and refresh token
	made    int
}

type grant struct {
	account   *Account
	number    callbackd.FakeID
	openID    callbackd.OpenID
	scope     string
	used      bool // of a code
	until     time.Time
	refresh   string
	isRefresh bool
}

// SetVisitor says whose client opens the authorisation page where there is no
// VisitorCookie; "" nobody: the page then asks to be opened in the client.
func (p *Platform) SetVisitor(number callbackd.FakeID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oauth.visitor = number
}

var stateShape = regexp.MustCompile(`^[a-zA-Z0-9]{0,128}$`)

// authorize is open.weixin.qq.com/connect/oauth2/authorize. It needs no
// follower: web authorisation works for anybody.
func (p *Platform) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a := p.accountByAppID(q.Get("appid"))
	p.count(a, r.URL.Path)
	target, err := url.Parse(q.Get("redirect_uri"))
	scope := q.Get("scope")
	switch {
	case a == nil:
		page(w, "appid 参数错误")
		return
	case err != nil || target.Host == "" || a.Config.API.OAuthDomain != "" && target.Host != a.Config.API.OAuthDomain:
		page(w, "redirect_uri 参数错误 错误码:10003")
		return
	case q.Get("response_type") != "code" || scope != scopeBase && scope != scopeUserInfo || a.Config.API.Unverified:
		page(w, "Scope 参数错误或没有 Scope 权限 错误码:10005")
		return
	case !stateShape.MatchString(q.Get("state")):
		page(w, "state 参数错误 错误码:10006")
		return
	}
	p.mu.Lock()
	visitor := p.oauth.visitor
	if k, err := r.Cookie(VisitorCookie); err == nil {
		visitor = callbackd.FakeID(k.Value)
	}
	if p.people[visitor] == nil {
		p.mu.Unlock()
		page(w, "请在微信客户端打开链接")
		return
	}
	code := p.grantLocked(&grant{account: a, number: visitor, openID: a.openIDFor(visitor), scope: scope, until: p.now().Add(oauthCodeLife)}, 32)
	p.mu.Unlock()
	back := target.Query()
	back.Set("code", code)
	back.Set("state", q.Get("state"))
	target.RawQuery = back.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

func page(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!DOCTYPE html><html><head><title>微信</title></head><body><h4>"+text+"</h4></body></html>")
}

// grantLocked keeps a grant under a new name of n characters.
func (p *Platform) grantLocked(g *grant, n int) string {
	if p.oauth.grants == nil {
		p.oauth.grants = map[string]*grant{}
	}
	p.oauth.made++
	name := word(p.opts.Seed, n, "grant", p.oauth.made)
	p.oauth.grants[name] = g
	return name
}

// getOAuthToken changes a code into a token; each code works once.
func getOAuthToken(c *call) {
	if c.a == nil || c.r.FormValue("secret") != c.a.Config.AppSecret {
		c.fail(40125, errorText(40125, ""))
		return
	}
	c.p.mu.Lock()
	g := c.p.oauth.grants[c.r.FormValue("code")]
	code := 0
	switch {
	case g == nil || g.account != c.a || g.isRefresh || g.refresh != "":
		code = 40029
	case g.used:
		code = 40163
	case !c.p.now().Before(g.until):
		code = 42003
	}
	var out map[string]any
	if code == 0 {
		g.used = true
		out = c.p.oauthAnswerLocked(g)
	}
	c.p.mu.Unlock()
	if code != 0 {
		c.fail(code, map[int]string{40029: "invalid code", 40163: "code been used", 42003: "oauth_code expired"}[code])
		return
	}
	c.answer(out)
}

// oauthAnswerLocked makes a token pair for what a grant allows.
func (p *Platform) oauthAnswerLocked(g *grant) map[string]any {
	now := p.now()
	refresh := p.grantLocked(&grant{account: g.account, number: g.number, openID: g.openID, scope: g.scope, isRefresh: true, until: now.Add(oauthRefreshLife)}, 80)
	token := p.grantLocked(&grant{account: g.account, number: g.number, openID: g.openID, scope: g.scope, refresh: refresh, until: now.Add(oauthTokenLife)}, 84)
	return map[string]any{
		"access_token": token, "expires_in": int(oauthTokenLife / time.Second), "refresh_token": refresh,
		"openid": g.openID, "scope": g.scope,
	}
}

func getOAuthRefresh(c *call) {
	c.p.mu.Lock()
	g := c.p.oauth.grants[c.r.FormValue("refresh_token")]
	var out map[string]any
	if g != nil && g.account == c.a && g.isRefresh && c.p.now().Before(g.until) {
		out = c.p.oauthAnswerLocked(g)
	}
	c.p.mu.Unlock()
	if out == nil {
		c.fail(40030, "invalid refresh_token")
		return
	}
	c.answer(out)
}

// oauthToken finds the grant of an access token; false when it has answered.
func (p *Platform) oauthToken(w http.ResponseWriter, r *http.Request) (*call, grant, bool) {
	p.mu.Lock()
	g := p.oauth.grants[r.FormValue("access_token")]
	good := g != nil && g.refresh != ""
	expired := good && !p.now().Before(g.until)
	var found grant
	if good {
		found = *g
	}
	p.mu.Unlock()
	c := &call{p: p, a: found.account, w: w, r: r}
	p.count(c.a, r.URL.Path)
	switch {
	case !good:
		c.fail(40001, "invalid credential")
	case expired:
		c.fail(42001, errorText(42001, ""))
	case string(found.openID) != r.FormValue("openid"):
		c.fail(40003, errorText(40003, ""))
	default:
		return c, found, true
	}
	return c, grant{}, false
}

func (p *Platform) snsAuth(w http.ResponseWriter, r *http.Request) {
	if c, _, ok := p.oauthToken(w, r); ok {
		c.ok()
	}
}

// snsUserInfo gives nickname and picture; sex and region are empty since
// 2021-10-20.
func (p *Platform) snsUserInfo(w http.ResponseWriter, r *http.Request) {
	c, g, ok := p.oauthToken(w, r)
	if !ok || c.playFaults() {
		return
	}
	if g.scope != scopeUserInfo {
		c.fail(48001, errorText(48001, ""))
		return
	}
	p.mu.Lock()
	f := *p.people[g.number]
	p.mu.Unlock()
	out := map[string]any{
		"openid": g.openID, "nickname": f.Profile.Nickname, "sex": 0, "language": "", "city": "", "province": "",
		"country": "", "headimgurl": p.headImgURL(f), "privilege": []string{},
	}
	if c.a.Config.API.OldProfiles {
		out["sex"], out["city"], out["province"], out["country"] = int(f.Profile.Gender), f.Profile.City, f.Profile.Province, f.Profile.Country
	}
	c.answer(out)
}
