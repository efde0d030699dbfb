package mpweb

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Trouble is what a page says instead of what was asked.
type Trouble string

const (
	TroubleNone      Trouble = ""
	TroubleEnded     Trouble = "ended"     // the session is over
	TroubleFrequency Trouble = "frequency" // too many requests; stay away for an hour or more
	TroubleCaptcha   Trouble = "captcha"   // a human must type what a picture shows
)

// baseResp is the envelope since late 2013, and the flat form before it.
type baseResp struct {
	BaseResp *struct {
		Ret    number `json:"ret"`
		ErrMsg word   `json:"err_msg"`
	} `json:"base_resp"`
	// The flat form; its keys match "Ret" and "ErrMsg" too.
	Ret *number `json:"ret"`
	Msg word    `json:"msg"`
}

// code is the answer's ret; ok is false where there is none.
func (r baseResp) code() (ret int64, ok bool) {
	switch {
	case r.BaseResp != nil:
		return int64(r.BaseResp.Ret), true
	case r.Ret != nil:
		return int64(*r.Ret), true
	}
	return 0, false
}

func (r baseResp) trouble() Trouble {
	ret, _ := r.code()
	return troubleOf(ret)
}

func troubleOf(ret int64) Trouble {
	switch ret {
	case -3, -20000, 200003, 200040:
		return TroubleEnded
	case 200013:
		return TroubleFrequency
	case -8, -27, 200008:
		return TroubleCaptcha
	}
	return TroubleNone
}

var (
	reLoginAgain = regexp.MustCompile(`登录超时|请重新.{0,200}登录`)
	// What a page of a live session holds and a login page does not.
	reLivePage = regexp.MustCompile(`\{\s*"(?:msg_item|contacts|user_info_list)"\s*:|\bticket\s*:\s*["'][^"']+["']`)
	// An envelope in the script of an HTML page: what it refuses and why.
	reScriptRet = regexp.MustCompile(`["']?\bbase_resp["']?\s*:\s*\{\s*["']?ret["']?\s*:\s*["']?(-?\d{1,9})\b`)
	// What only a login page holds.
	reLoginPage = regexp.MustCompile(`/cgi-bin/(?:login|bizlogin|loginqrcode|scanloginqrcode|loginpage)\b|type\s*=\s*["']?password\b`)
)

// Recognise tells the trouble that a page reports. It reads the page's own
// words only: what followers wrote stands inside JSON strings, whose page is a
// live one.
func Recognise(contentType string, body []byte) Trouble {
	if looksLikeJSON(body) {
		var r baseResp
		if decode(trimJSON(body), &r) == nil {
			return r.trouble()
		}
		return TroubleNone
	}
	if reLivePage.Match(body) {
		return TroubleNone
	}
	if ret, ok := scriptRet(body); ok && isHTML(contentType, body) {
		return troubleOf(ret)
	}
	if isHTML(contentType, body) && (reLoginAgain.Match(body) || reLoginPage.Match(body)) {
		return TroubleEnded
	}
	return TroubleNone
}

// scriptRet is the ret that an HTML page names in its script.
func scriptRet(body []byte) (int64, bool) {
	m := reScriptRet.FindSubmatch(body)
	if m == nil {
		return 0, false
	}
	ret, err := strconv.ParseInt(string(m[1]), 10, 64)
	return ret, err == nil && ret != 0
}

// Expired reports whether a page says that the session is over: the HTML page
// 登录超时，请重新登录, the login page itself, or JSON with ret -3, -20000,
// 200003 or 200040 (a token that does not fit the cookies).
func Expired(contentType string, body []byte) bool {
	return Recognise(contentType, body) == TroubleEnded
}

// MediaExpired is Expired for an address that gives a file while the session
// lives: there any HTML is a login page.
func MediaExpired(contentType string, body []byte) bool {
	if looksLikeJSON(body) && json.Valid(cleanJSON(trimJSON(body))) {
		return Expired(contentType, body)
	}
	return isHTML(contentType, body)
}

func isHTML(contentType string, body []byte) bool {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "text/html") {
		return len(bytes.TrimSpace(body)) > 0
	}
	b := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 256)]))
	return bytes.HasPrefix(b, []byte("<!doctype html")) || bytes.HasPrefix(b, []byte("<html"))
}
