package rehearsal

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// maxAPIBody is the largest request body that the API reads.
const maxAPIBody = 1 << 20

// routeAPI adds the official API (api.weixin.qq.com), the authorisation page
// (open.weixin.qq.com), the QR pictures and the picture hosts.
func (p *Platform) routeAPI(r chi.Router) {
	r.Get("/cgi-bin/token", p.api(byAppID, getToken))
	r.Post("/cgi-bin/stable_token", p.api(byNobody, postStableToken))
	r.Get("/cgi-bin/user/info", p.api(byToken, getUserInfo))
	r.Post("/cgi-bin/user/info/batchget", p.api(byToken, postUserInfos))
	r.Get("/cgi-bin/user/get", p.api(byToken, getFollowers))
	r.Get("/cgi-bin/media/get", p.api(byToken, getMedia))
	r.Post("/cgi-bin/qrcode/create", p.api(byToken, postQRCode))
	r.Post("/cgi-bin/message/custom/send", p.api(byToken, postCustomMessage))
	r.Post("/cgi-bin/message/custom/typing", p.api(byToken, postTyping))
	r.Post("/cgi-bin/message/template/send", p.api(byToken, postTemplate))
	r.Get("/cgi-bin/getcallbackip", p.api(byToken, getCallbackIPs))
	r.Get("/cgi-bin/get_api_domain_ip", p.api(byToken, getCallbackIPs))
	r.Post("/cgi-bin/clear_quota", p.api(byToken, postClearQuota))

	r.Get("/cgi-bin/showqrcode", p.showQRCode)
	r.Get("/connect/oauth2/authorize", p.authorize)
	r.Get("/sns/oauth2/access_token", p.api(byAppID, getOAuthToken))
	r.Get("/sns/oauth2/refresh_token", p.api(byAppID, getOAuthRefresh))
	r.Get("/sns/auth", p.snsAuth)
	r.Get("/sns/userinfo", p.snsUserInfo)

	r.Get("/mmbiz/{name}/{size}", p.showPicture)
	r.Get("/mmopen/{tag}/{size}", p.showAvatar)
	r.Get("/rehearsal-video/{name}", p.showVideo)
}

// call is one request to the API of an account.
type call struct {
	p    *Platform
	a    *Account
	w    http.ResponseWriter
	r    *http.Request
	body []byte
}

// how a call says which account it is about.
type caller int

const (
	byToken  caller = iota // access_token
	byAppID                // appid in the query
	byNobody               // appid in the body: the handler finds out
)

// api wraps a call: counts it by path, plays the faults, finds the account.
func (p *Platform) api(by caller, h func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAPIBody))
		c := &call{p: p, w: w, r: r, body: body}
		if err != nil {
			c.fail(45001, "media size out of limit")
			return
		}
		code, msg := 0, ""
		switch by {
		case byAppID:
			c.a = p.accountByAppID(r.FormValue("appid"))
		case byToken:
			c.a, code, msg = p.accountByToken(r.URL.Query().Get("access_token"))
		case byNobody:
			var q struct {
				AppID string `json:"appid"`
			}
			_ = json.Unmarshal(body, &q) // the handler complains
			c.a = p.accountByAppID(q.AppID)
		}
		p.count(c.a, r.URL.Path)
		if c.a != nil && c.playFaults() {
			return
		}
		if code != 0 {
			c.fail(code, msg)
			return
		}
		h(c)
	}
}

// playFaults answers in the place of the handler where a switch says so.
func (c *call) playFaults() bool {
	c.p.mu.Lock()
	f := &c.a.faults
	down := f.CloudDown
	code := f.takeForced(c.r.URL.Path)
	empty := f.EmptyTokenAnswer && strings.HasSuffix(c.r.URL.Path, "token")
	c.p.mu.Unlock()
	switch {
	case down:
		c.w.Header().Set("Content-Type", "text/html")
		c.w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(c.w, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>")
	case empty:
		c.w.Header().Set("Content-Type", "text/html; charset=gbk")
	case code != 0:
		c.fail(code, errorText(code, c.ip()))
	default:
		return false
	}
	return true
}

// takeForced spends one forced error of a path.
func (f *Faults) takeForced(path string) int {
	for _, key := range []string{path, "*"} {
		e, ok := f.Force[key]
		if !ok || e.N == 0 {
			continue
		}
		if e.N > 0 {
			e.N--
			f.Force[key] = e
		}
		return e.Code
	}
	return 0
}

func (p *Platform) accountByAppID(id string) *Account {
	return p.find(func(a *Account) bool { return a.Config.AppID == id && !a.Config.API.None })
}

// accountByToken finds whose token it is, and the error of one that is no
// longer good (wechat-protocol 3.3).
func (p *Platform) accountByToken(token string) (*Account, int, string) {
	if token == "" {
		return nil, 41001, "access_token missing"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.accounts {
		if t := a.tokens.all[token]; t != nil {
			code := t.check(p.now())
			return a, code, errorText(code, "")
		}
	}
	return nil, 40014, errorText(40014, "")
}

// errorText is the platform's wording of an error, without its tail.
func errorText(code int, ip string) string {
	switch code {
	case -1:
		return "system error"
	case 40001:
		return "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
	case 40003:
		return "invalid openid"
	case 40007:
		return "invalid media_id"
	case 40013:
		return "invalid appid"
	case 40014:
		return "invalid access_token"
	case 40037:
		return "invalid template_id"
	case 40125:
		return "invalid appsecret"
	case 40164:
		return fmt.Sprintf("invalid ip %s ipv6 ::ffff:%s, not in whitelist", ip, ip)
	case 42001:
		return "access_token expired"
	case 43004:
		return "require subscribe"
	case 43019:
		return "require remove blacklist"
	case 43101:
		return "user refuse to accept the msg"
	case 43116:
		return "template is disabled"
	case 45009:
		return "reach max api daily quota limit"
	case 45011:
		return "api minute-quota reach limit, must slower, retry next minute"
	case 47001:
		return "data format error"
	case 48001:
		return "api unauthorized"
	case 48002:
		return "user block receive message"
	}
	return "error"
}

// fail answers an error: status 200, JSON, with the tail of the account's era.
func (c *call) fail(code int, msg string) {
	c.failAs("application/json; encoding=utf-8", code, msg)
}

func (c *call) failAs(contentType string, code int, msg string) {
	seed := int64(0)
	hint := false
	if c.a != nil {
		c.p.mu.Lock()
		seed, hint = c.p.opts.Seed, c.a.faults.HintTail
		c.p.mu.Unlock()
	}
	tail := hexID(seed, 24, c.r.URL.Path, code, c.p.now().UnixNano())
	if hint {
		msg += " hint: [" + tail[:18] + "]"
	} else {
		msg += fmt.Sprintf(" rid: %s-%s-%s", tail[:8], tail[8:16], tail[16:])
	}
	c.w.Header().Set("Content-Type", contentType)
	writeJSON(c.w, map[string]any{"errcode": code, "errmsg": msg})
}

// answer writes JSON as the platform does: UTF-8 as it is, no HTML escapes.
func (c *call) answer(v any) {
	c.w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	writeJSON(c.w, v)
}

func (c *call) ok() { c.answer(map[string]any{"errcode": 0, "errmsg": "ok"}) }

func writeJSON(w io.Writer, v any) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // our own structs and strings
	}
	_, _ = io.WriteString(w, strings.TrimSuffix(b.String(), "\n")) // a caller that left is no concern
}

// decode reads the JSON body of a call; false when it has answered 47001.
func (c *call) decode(into any) bool {
	if len(c.body) == 0 {
		c.fail(44002, "empty post data")
		return false
	}
	if json.Unmarshal(c.body, into) != nil {
		c.fail(47001, errorText(47001, ""))
		return false
	}
	return true
}

// refuseUnverified answers 48001 for accounts that may not use this call.
func (c *call) refuseUnverified() bool {
	if c.a.Config.API.Unverified {
		c.fail(48001, errorText(48001, ""))
	}
	return c.a.Config.API.Unverified
}

func (c *call) ip() string {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		return c.r.RemoteAddr
	}
	return host
}

func (c *call) ipAllowed() bool {
	return !c.a.Config.API.Whitelist || slices.Contains(c.a.Config.API.AllowedIPs, c.ip())
}

// getCallbackIPs lists where pushes come from: single addresses and networks.
func getCallbackIPs(c *call) {
	c.answer(map[string]any{"ip_list": []string{"127.0.0.1", "101.226.103.0/25"}})
}

// clearQuotaPerMonth is how often clear_quota works.
const clearQuotaPerMonth = 10

func postClearQuota(c *call) {
	var q struct {
		AppID string `json:"appid"`
	}
	if !c.decode(&q) {
		return
	}
	if q.AppID != c.a.Config.AppID {
		c.fail(40013, errorText(40013, ""))
		return
	}
	c.p.mu.Lock()
	ok := c.a.tokens.clearQuota(c.p.now())
	c.p.mu.Unlock()
	if !ok {
		c.fail(48006, "forbid to clear quota because of reaching the limit")
		return
	}
	c.ok()
}

// beijing is the clock by which daily quotas begin anew.
var beijing = time.FixedZone("CST", 8*3600)
