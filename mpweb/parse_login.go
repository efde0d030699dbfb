package mpweb

import (
	"fmt"
	"regexp"
	"strings"
)

// LoginOutcome is how the platform answered a login by password.
type LoginOutcome string

const (
	LoginOK         LoginOutcome = "ok"
	LoginCaptcha    LoginOutcome = "captcha"    // a picture must be read by a human
	LoginQR         LoginOutcome = "qr"         // login protection: a phone must scan
	LoginPassword   LoginOutcome = "password"   // no such operator, or the wrong password
	LoginRestricted LoginOutcome = "restricted" // the platform has shut this operator out
	LoginFrequency  LoginOutcome = "frequency"  // too many attempts
	LoginBusy       LoginOutcome = "busy"       // the platform's own trouble; trying again may help
)

// LoginAnswer is what POST /cgi-bin/login answered. Token is empty unless
// Outcome is LoginOK.
type LoginAnswer struct {
	Outcome LoginOutcome
	Token   string
	Code    int64 // the platform's ret or ErrCode, for logs
}

var reToken = regexp.MustCompile(`[?&]token=(\d+)`)

// ParseLogin reads the answer to a login by password: variant B (late 2013 on)
// and variant A before it (wechat-protocol.md §4.1). Without a token nobody is
// logged in, whatever else the answer says.
func ParseLogin(body []byte) (LoginAnswer, error) {
	var a struct {
		BaseResp *struct {
			Ret    number `json:"ret"`
			ErrMsg word   `json:"err_msg"`
		} `json:"base_resp"`
		RedirectURL word    `json:"redirect_url"`
		Ret         *number `json:"Ret"`
		ErrMsg      word    `json:"ErrMsg"`
		ErrCode     number  `json:"ErrCode"`
	}
	if !looksLikeJSON(body) || decode(trimJSON(body), &a) != nil {
		return LoginAnswer{}, unreadable("login")
	}
	var target string
	var code int64
	var outcome LoginOutcome
	switch {
	case a.BaseResp != nil:
		target, code = string(a.RedirectURL), int64(a.BaseResp.Ret)
		outcome = loginOutcomeB(code)
	case a.Ret != nil:
		target, code = string(a.ErrMsg), int64(a.ErrCode)
		outcome = loginOutcomeA(int64(*a.Ret), code)
	default:
		return LoginAnswer{}, unreadable("login")
	}
	if outcome != LoginOK {
		return LoginAnswer{Outcome: outcome, Code: code}, nil
	}
	token := reToken.FindStringSubmatch(target)
	if token == nil || strings.Contains(target, "readtemplate") {
		return LoginAnswer{Outcome: LoginQR, Code: code}, nil
	}
	return LoginAnswer{Outcome: LoginOK, Token: token[1], Code: code}, nil
}

func loginOutcomeB(ret int64) LoginOutcome {
	switch ret {
	case 0:
		return LoginOK
	case -1:
		return LoginBusy
	case -2, -23, -21:
		return LoginPassword
	case -8, -27, 200008:
		return LoginCaptcha
	case 200013:
		return LoginFrequency
	default: // -7, -25, -26, 15400–15413 and what nobody has written down
		return LoginRestricted
	}
}

func loginOutcomeA(ret, code int64) LoginOutcome {
	switch code {
	case 0, 65201, 65202:
		if ret == 400 {
			return LoginRestricted
		}
		return LoginOK
	case -1:
		return LoginBusy
	case -2, -3, -4:
		return LoginPassword
	case -6, -32:
		return LoginCaptcha
	default:
		return LoginRestricted
	}
}

// unreadable is the error of a page that has none of the known forms.
func unreadable(page string) error { return fmt.Errorf("read page %s: %w", page, ErrUnreadable) }
