package rehearsal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callbackd"
)

// pageForm is what a page answers with.
type pageForm int

const (
	formPage  pageForm = iota // HTML; JSON with f=json
	formJSON                  // an AJAX call, always JSON
	formMedia                 // a file
)

// opCall is one request to a page that needs a session.
type opCall struct {
	p      *Platform
	a      *Account // nil where the cookies name nobody
	w      http.ResponseWriter
	r      *http.Request
	page   string
	form   pageForm
	token  string
	faults OperatorFaults
}

// admission is the guard's verdict on a request.
type admission int

const (
	admitted admission = iota
	refusedDown
	refusedLost
	refusedToken
	refusedReferer
	refusedThrottle
)

// guarded wraps a page that needs cookies and token of a live session. An empty
// dialect is both; the other dialect does not have the page.
func (p *Platform) guarded(page string, form pageForm, d callbackd.Dialect, serve func(*opCall)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !readForm(w, r) {
			return
		}
		c := &opCall{p: p, w: w, r: r, page: page, form: form, token: r.FormValue("token")}
		verdict := c.admit()
		if !waitFor(r, c.faults.Delay) {
			return
		}
		switch verdict {
		case refusedDown:
			c.down()
		case refusedLost:
			c.lost()
		case refusedToken:
			c.refuse(baseResp{200040, "invalid csrf token"})
		case refusedReferer:
			c.refuse(baseResp{-1, "system error"})
		case refusedThrottle:
			c.refuse(baseResp{200013, "freq control"})
		default:
			if d != "" && c.a.Dialect() != d {
				http.NotFound(w, r)
				return
			}
			serve(c)
		}
	}
}

// readForm parses query and body; what is too large is refused.
func readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		http.Error(w, "bad request", http.StatusBadRequest)
		return false
	}
	return true
}

func (c *opCall) admit() admission {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if user, err := c.r.Cookie("slave_user"); err == nil {
		c.a = c.p.findLocked(func(a *Account) bool { return a.Config.MP != nil && a.Config.OriginalID == user.Value })
	}
	c.p.countLocked(c.a, "mp/"+c.page)
	if c.a == nil {
		c.p.countLocked(nil, "mp/lost")
		return refusedLost
	}
	c.faults = c.a.operator
	verdict, counter := c.admitLocked()
	if counter != "" {
		c.p.countLocked(c.a, counter)
	}
	return verdict
}

// admitLocked judges a request to a known account; the second result names
// what is counted beside the page.
func (c *opCall) admitLocked() (admission, string) {
	if c.faults.Down {
		return refusedDown, "mp/down"
	}
	s := c.a.liveSessionLocked(c.r)
	if s == nil {
		return refusedLost, "mp/lost"
	}
	s.requests++
	s.usedAt = c.p.now()
	if c.token != s.token {
		return refusedToken, "mp/bad-token"
	}
	if !c.faults.Session.AnyReferer && c.needsReferer() && !c.p.ownReferer(c.r) {
		return refusedReferer, "mp/bad-referer"
	}
	if c.a.throttledLocked() {
		return refusedThrottle, "mp/throttled"
	}
	return admitted, ""
}

// needsReferer is false for a page that a person may open from the address bar.
func (c *opCall) needsReferer() bool {
	return c.form != formPage || c.json() || c.r.Method != http.MethodGet
}

// ownReferer reports whether the Referer is a page of the platform, under its
// public name or where Handler is reached. The caller holds p.mu.
func (p *Platform) ownReferer(r *http.Request) bool {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" {
		return false
	}
	base, err := url.Parse(p.baseURL)
	return u.Host == r.Host || u.Host == "mp.weixin.qq.com" || err == nil && base.Host == u.Host
}

// json reports whether the answer is JSON.
func (c *opCall) json() bool {
	return c.form == formJSON || c.form == formPage && c.r.FormValue("f") == "json"
}

func (c *opCall) down() {
	c.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	c.w.WriteHeader(http.StatusBadGateway)
	writeBody(c.w, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>")
}

// lost answers a request whose session has ended, always with status 200.
func (c *opCall) lost() {
	dialect := callbackd.Dialect("")
	if c.a != nil {
		dialect = c.a.Dialect()
	}
	look := c.faults.Session.Look.in(dialect)
	switch {
	case !c.json() || look == LookHTML:
		if c.page == "home" {
			expireCookies(c.w)
		}
		writeHTML(c.w, lostPage)
	case look == LookRet3:
		c.ret(-3, "")
	case look == LookRet20000:
		writePageJSON(c.w, struct {
			Ret string `json:"ret"`
			Msg string `json:"msg"`
		}{"-20000", "登录超时，请重新登录"})
	default:
		c.ret(200003, "invalid session")
	}
}

// expireCookies is what the home page does to a browser whose session has ended.
func expireCookies(w http.ResponseWriter) {
	for _, name := range sessionCookies {
		http.SetCookie(w, &http.Cookie{Name: name, Value: "EXPIRED", Path: "/", HttpOnly: true, Expires: time.Unix(1, 0)})
	}
}

const lostPage = `<!DOCTYPE html>
<html>
<head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><title>公众平台</title></head>
<body class="zh_CN page_error">
<div class="page_msg mini"><div class="inner"><span class="msg_icon_wrp"><i class="icon60_msg warn"></i></span>
<div class="msg_content"><h4>登录超时，请重新<a id='jumpUrl' href='/'>登录</a></h4></div></div></div>
<script>setTimeout(function(){ location.href = document.getElementById('jumpUrl').href; }, 5000);</script>
</body>
</html>
`

// refuse answers a request of a live session that is not served. AJAX calls get
// the ret, and so do media. What an HTML page looks like then is written
// nowhere: a wrong token is taken for a lost login, the rest is a page that
// names the ret in its script.
func (c *opCall) refuse(b baseResp) {
	switch {
	case b.Ret == 200040 && !c.json():
		writeHTML(c.w, lostPage)
	case c.form == formMedia || c.json():
		c.ret(b.Ret, b.ErrMsg)
	default:
		writeHTML(c.w, htmlPage("操作太频繁，请稍后再试", `wx.cgiData={base_resp:`+pageJSON(b)+`};`))
	}
}

// ret answers with nothing but an envelope.
func (c *opCall) ret(ret int, msg string) {
	writePageJSON(c.w, struct {
		BaseResp baseResp `json:"base_resp"`
	}{baseResp{ret, msg}})
}

// htmlPage is a page around a script, as all pages that fill themselves from
// wx.cgiData are.
func htmlPage(title, script string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html>\n<head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"><title>")
	b.WriteString(pageText(title))
	b.WriteString("</title></head>\n<body class=\"zh_CN\">\n<div id=\"body\" class=\"body\"><h2>")
	b.WriteString(pageText(title))
	b.WriteString("</h2></div>\n<script type=\"text/javascript\">var wx=window.wx||{};\n")
	b.WriteString(script)
	b.WriteString("\n</script>\n</body>\n</html>\n")
	return b.String()
}
