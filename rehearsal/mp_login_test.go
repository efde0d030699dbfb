package rehearsal_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

func TestLogin_AnswersWithTokenAndCookies(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	a := d.try(&d.mpBrowser)
	want := regexp.MustCompile(`^\{"base_resp":\{"ret":0,"err_msg":"ok"\},"redirect_url":"/cgi-bin/home\?t=home/index&lang=zh_CN&token=\d{9,10}"\}$`)
	if !want.MatchString(a.body) {
		t.Errorf("answer %s", a.body)
	}
	got := map[string]string{}
	for _, line := range a.header["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if !c.HttpOnly || c.Path != "/" {
			t.Errorf("cookie %s: HttpOnly %v, path %s", c.Name, c.HttpOnly, c.Path)
		}
		got[c.Name] = c.Value
	}
	for _, name := range []string{"slave_user", "slave_sid", "bizuin", "data_bizuin", "data_ticket"} {
		if got[name] == "" {
			t.Errorf("no cookie %s", name)
		}
	}
	if got["slave_user"] != d.a.Config.OriginalID || got["bizuin"] != d.a.Uin() {
		t.Error("slave_user is the original id, bizuin the account's uin")
	}
}

func TestLogin_Refuses(t *testing.T) {
	for _, row := range []struct {
		name   string
		faults rehearsal.LoginFaults
		form   []string
		ret    int
	}{
		{"an unknown name", rehearsal.LoginFaults{}, []string{"username", "nobody"}, -21},
		{"a wrong password", rehearsal.LoginFaults{}, []string{"pwd", mpMD5("wrong")}, -23},
		{"a wrong password, older", rehearsal.LoginFaults{WrongPasswordRet: -2}, []string{"pwd", mpMD5("wrong")}, -2},
		{"no password", rehearsal.LoginFaults{}, []string{"pwd", ""}, -23},
		{"a restricted account", rehearsal.LoginFaults{Ret: -7}, nil, -7},
		{"without a captcha", rehearsal.LoginFaults{CaptchaAlways: true}, nil, -8},
		{"with a captcha that nobody drew", rehearsal.LoginFaults{CaptchaAlways: true}, []string{"imgcode", "abcd"}, -27},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: row.faults})
			a := d.try(&d.mpBrowser, row.form...)
			if got := mpRet(t, a); got != row.ret {
				t.Errorf("ret %d, want %d", got, row.ret)
			}
			if strings.Contains(a.body, "token=") || a.header.Get("Set-Cookie") != "" || d.a.Logins() != 0 {
				t.Errorf("a refused login must start nothing: %s", a.body)
			}
		})
	}
}

func TestLogin_DigestIsLowercaseOverSixteenCharacters(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	password := d.a.Config.MP.Password
	if len(password) <= 16 {
		t.Fatalf("the test wants a password of more than 16 characters")
	}
	if got := mpRet(t, d.try(&d.mpBrowser, "pwd", strings.ToUpper(mpMD5(password)))); got != -23 {
		t.Errorf("uppercase digest: ret %d", got)
	}
	if got := mpRet(t, d.try(&d.mpBrowser, "pwd", mpMD5(password[:16]))); got != 0 {
		t.Errorf("digest of 16 characters: ret %d", got)
	}
}

func TestLogin_NeedsTheReferer(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	form := url.Values{"username": {d.a.Config.MP.Username}, "pwd": {mpMD5(d.a.Config.MP.Password)}}
	bare := http.Header{"Referer": nil}
	if got := mpRet(t, d.do(http.MethodPost, "/cgi-bin/login", form, bare)); got != -1 {
		t.Errorf("without referer: ret %d", got)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Session.AnyReferer = true })
	if got := mpRet(t, d.do(http.MethodPost, "/cgi-bin/login", form, bare)); got != 0 {
		t.Errorf("unchecked: ret %d", got)
	}
}

func TestLogin_ProtectionLeadsToReadtemplateAndNoSession(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{Protected: true}})
	a := d.try(&d.mpBrowser)
	if mpRet(t, a) != 0 || !strings.Contains(a.body, `"redirect_url":"/cgi-bin/readtemplate?`) || strings.Contains(a.body, "token=") {
		t.Errorf("answer %s", a.body)
	}
	if a.header.Get("Set-Cookie") != "" || d.a.Logins() != 0 {
		t.Error("the login is not finished, nothing may have begun")
	}
	if got := mpRet(t, d.try(&d.mpBrowser, "pwd", mpMD5("wrong"))); got != -23 {
		t.Errorf("the password is checked before: ret %d", got)
	}
}

func TestCaptcha_OpensTheLoginOnceAndForItsOwnPicture(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{CaptchaAlways: true}})
	draw := func() string {
		t.Helper()
		a := d.get("/cgi-bin/verifycode", "username", d.a.Config.MP.Username, "r", "1408600000000")
		if a.header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(a.header.Get("Set-Cookie"), "sig=") {
			t.Fatalf("verifycode: %v", a.header)
		}
		if _, err := jpeg.Decode(strings.NewReader(a.body)); err != nil {
			t.Fatalf("verifycode: %v", err)
		}
		if len(d.a.CaptchaText()) != 4 {
			t.Fatalf("the picture says %q", d.a.CaptchaText())
		}
		return d.a.CaptchaText()
	}
	ret := func(code string) int { return mpRet(t, d.try(&d.mpBrowser, "imgcode", code)) }

	first := draw()
	if got := ret("zzzz"); got != -27 {
		t.Errorf("wrong: ret %d", got)
	}
	if got := ret(first); got != -27 {
		t.Errorf("a picture counts once: ret %d", got)
	}
	late := draw()
	d.clock.pass(10 * time.Minute)
	if got := ret(late); got != -27 {
		t.Errorf("an old picture: ret %d", got)
	}
	code := draw()
	stranger := newBrowser(t, d.base)
	if got := mpRet(t, d.try(&stranger, "imgcode", code)); got != -27 {
		t.Errorf("without the cookie sig: ret %d", got)
	}
	code = draw()
	stranger.get("/cgi-bin/verifycode", "username", "nobody")
	if got := mpRet(t, d.try(&stranger, "imgcode", code)); got != -27 {
		t.Errorf("with the sig of another picture: ret %d", got)
	}
	if got := ret(strings.ToUpper(draw())); got != 0 {
		t.Errorf("right: ret %d", got)
	}
}

func TestCaptcha_ComesAfterWrongPasswordsAndGoesWithARightOne(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{CaptchaAfterWrong: 2}})
	for range 2 {
		if got := mpRet(t, d.try(&d.mpBrowser, "pwd", "wrong")); got != -23 {
			t.Fatalf("ret %d", got)
		}
	}
	if got := mpRet(t, d.try(&d.mpBrowser)); got != -8 {
		t.Fatalf("third login: ret %d", got)
	}
	d.get("/cgi-bin/verifycode", "username", d.a.Config.MP.Username)
	if got := mpRet(t, d.try(&d.mpBrowser, "imgcode", d.a.CaptchaText())); got != 0 {
		t.Fatalf("with the captcha: ret %d", got)
	}
	if got := mpRet(t, d.try(&d.mpBrowser)); got != 0 {
		t.Errorf("after a login nothing is asked: ret %d", got)
	}
}

func TestCaptcha_PictureShowsLetters(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	seen := map[string]bool{}
	for range 3 {
		a := d.get("/cgi-bin/verifycode", "username", d.a.Config.MP.Username)
		m, err := jpeg.Decode(bytes.NewReader([]byte(a.body)))
		if err != nil {
			t.Fatal(err)
		}
		dark := 0
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				if r, g, b, _ := m.At(x, y).RGBA(); r+g+b < 3*0x8000 {
					dark++
				}
			}
		}
		if dark < 200 {
			t.Errorf("only %d dark pixels", dark)
		}
		seen[d.a.CaptchaText()] = true
	}
	if len(seen) != 3 {
		t.Errorf("three pictures, texts %v", seen)
	}
}
