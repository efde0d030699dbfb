package rehearsal

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// loginAnswer is the answer of the logins since late 2013 (variant B).
type loginAnswer struct {
	BaseResp    baseResp `json:"base_resp"`
	RedirectURL string   `json:"redirect_url,omitempty"`
}

// loginRets are the rets of a refused password login (wechat-protocol 4.1).
const (
	retSystem      = -1
	retWrong       = -23
	retNoAccount   = -21
	retNeedCaptcha = -8
	retBadCaptcha  = -27
)

// doLogin is the login by password, POST /cgi-bin/login.
func (p *Platform) doLogin(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	p.mu.Lock()
	a := p.findLocked(func(a *Account) bool { return a.Config.MP != nil && a.Config.MP.Username == r.FormValue("username") })
	p.countLocked(a, "mp/login")
	if a == nil {
		p.mu.Unlock()
		writePageJSON(w, loginAnswer{BaseResp: baseResp{retNoAccount, "acct/password error"}})
		return
	}
	faults := a.operator
	answer, session := a.passwordLoginLocked(r)
	p.mu.Unlock()
	if !waitFor(r, faults.Delay) {
		return
	}
	if faults.Down {
		(&opCall{w: w}).down()
		return
	}
	if session != nil {
		a.writeSession(w, session)
	}
	writePageJSON(w, answer)
}

func (a *Account) passwordLoginLocked(r *http.Request) (loginAnswer, *mpSession) {
	f := a.operator.Login
	refuse := func(ret int, msg string) (loginAnswer, *mpSession) {
		return loginAnswer{BaseResp: baseResp{ret, msg}}, nil
	}
	switch {
	case a.operator.Down:
		return refuse(retSystem, "system error")
	case !a.operator.Session.AnyReferer && !a.p.ownReferer(r):
		return refuse(retSystem, "system error")
	case f.Ret != 0:
		return refuse(f.Ret, "system error")
	}
	if a.needsCaptchaLocked() {
		code := r.FormValue("imgcode")
		if code == "" {
			return refuse(retNeedCaptcha, "need verify code")
		}
		if !a.takeCaptchaLocked(r, code) {
			return refuse(retBadCaptcha, "verify code error")
		}
	}
	if r.FormValue("pwd") != passwordDigest(a.Config.MP.Password) {
		a.mp.wrong++
		ret := f.WrongPasswordRet
		if ret == 0 {
			ret = retWrong
		}
		return refuse(ret, "acct/password error")
	}
	if f.Protected {
		return loginAnswer{okResp, "/cgi-bin/readtemplate?t=user/validate_wx_tmpl&lang=zh_CN&account=" + a.Config.MP.Username}, nil
	}
	s := a.startSessionLocked()
	return loginAnswer{okResp, s.homeURL()}, s
}

func (a *Account) needsCaptchaLocked() bool {
	f := a.operator.Login
	return f.CaptchaAlways || f.CaptchaAfterWrong > 0 && a.mp.wrong >= f.CaptchaAfterWrong
}

// passwordDigest is what the login page sends: the md5 of the first 16
// characters, in lowercase hex. It is the platform's own form.
func passwordDigest(password string) string {
	chars := []rune(password)
	if len(chars) > 16 {
		chars = chars[:16]
	}
	sum := md5.Sum([]byte(string(chars)))
	return hex.EncodeToString(sum[:])
}

// captchaLife is how long a picture may be answered.
const captchaLife = 5 * time.Minute

// captcha is the newest picture that was drawn for an account's login.
type captcha struct {
	sig, text string
	drawn     int // how many before this one, for the seed
	at        time.Time
}

// showCaptcha is GET /cgi-bin/verifycode: a JPEG and the cookie sig.
func (p *Platform) showCaptcha(w http.ResponseWriter, r *http.Request) {
	username := r.URL.Query().Get("username")
	a := p.AccountByUsername(username)
	p.count(a, "mp/verifycode")
	c := captcha{
		sig:  "h01" + hexID(p.opts.Seed, 61, "sig", username, r.URL.Query().Get("r"), p.now().UnixNano()),
		text: captchaText(p.opts.Seed, username, r.URL.Query().Get("r"), p.now().UnixNano()),
		at:   p.now(),
	}
	if a != nil {
		p.mu.Lock()
		c.drawn = a.mp.captcha.drawn + 1
		c.text = captchaText(p.opts.Seed, username, c.drawn)
		c.sig = "h01" + hexID(p.opts.Seed, 61, "sig", username, c.drawn)
		a.mp.captcha = c
		p.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: "sig", Value: c.sig, Path: "/", HttpOnly: true})
	writeFile(w, "image/jpeg", drawCaptcha(c.text))
}

// takeCaptchaLocked checks an answer to the newest picture and uses it up,
// right or wrong.
func (a *Account) takeCaptchaLocked(r *http.Request, answer string) bool {
	c := a.mp.captcha
	a.mp.captcha = captcha{drawn: c.drawn}
	sig, err := r.Cookie("sig")
	return err == nil && c.sig != "" && sig.Value == c.sig &&
		a.p.now().Sub(c.at) < captchaLife && strings.EqualFold(answer, c.text)
}

// CaptchaText is what the newest unanswered picture says; "" when there is none.
// It is the human who reads the picture.
func (a *Account) CaptchaText() string {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return a.mp.captcha.text
}

func unixString(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
