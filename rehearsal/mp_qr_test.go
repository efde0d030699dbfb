package rehearsal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// startQR opens the login page and begins a login by picture.
func (d *mpDesk) startQR(b *mpBrowser) {
	d.t.Helper()
	if a := b.get("/"); !a.html() || !strings.Contains(a.body, "scanloginqrcode") {
		d.t.Fatalf("login page %.200q", a.body)
	}
	form := []string{"userlang", "zh_CN", "redirect_url", "", "login_type", "3", "sessionid", "140859360000012",
		"fingerprint", "0123456789abcdef0123456789abcdef", "token", "", "lang", "zh_CN", "f", "json", "ajax", "1"}
	if a := b.post("/cgi-bin/bizlogin?action=prelogin", form...); mpRet(d.t, a) != 0 {
		d.t.Fatalf("prelogin %s", a.body)
	}
	a := b.post("/cgi-bin/bizlogin?action=startlogin", form...)
	if mpRet(d.t, a) != 0 || !strings.HasPrefix(a.header.Get("Set-Cookie"), "uuid=") {
		d.t.Fatalf("startlogin %s %v", a.body, a.header)
	}
}

// picture fetches a login picture and reads it.
func (d *mpDesk) picture(b *mpBrowser) string {
	d.t.Helper()
	a := b.get("/cgi-bin/scanloginqrcode?action=getqrcode&random=1408593600000")
	if a.header.Get("Content-Type") != "image/jpg" {
		d.t.Fatalf("getqrcode: %v", a.header)
	}
	return mpReadQR(d.t, a.body)
}

// ask is the status of the login.
func (d *mpDesk) ask(b *mpBrowser) int {
	d.t.Helper()
	type answer struct {
		Status   *int `json:"status"`
		AcctSize *int `json:"acct_size"`
	}
	a := b.get("/cgi-bin/scanloginqrcode?action=ask&token=&lang=zh_CN&f=json&ajax=1")
	v := mpDecode[answer](d.t, a.body)
	if v.Status == nil || v.AcctSize == nil || mpRet(d.t, a) != 0 {
		d.t.Fatalf("ask: %s", a.body)
	}
	return *v.Status
}

func (d *mpDesk) expectStatus(b *mpBrowser, want int, when string) {
	d.t.Helper()
	if got := d.ask(b); got != want {
		d.t.Fatalf("%s: status %d, want %d", when, got, want)
	}
}

// finishQR ends the login and takes the token.
func (d *mpDesk) finishQR(b *mpBrowser) mpAnswer {
	d.t.Helper()
	a := b.post("/cgi-bin/bizlogin?action=login", "userlang", "zh_CN", "redirect_url", "", "cookie_forbidden", "0",
		"cookie_cleaned", "0", "plugin_used", "0", "login_type", "3", "token", "", "f", "json")
	b.token = ""
	if m := mpToken.FindStringSubmatch(a.body); m != nil {
		b.token = m[1]
	}
	return a
}

func (d *mpDesk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestQRLogin_FromThePictureToTheHomePage(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	d.login()
	b := newBrowser(t, d.base)
	d.startQR(&b)
	content := d.picture(&b)
	if content == "" || content != d.p.LoginQR() {
		t.Fatalf("the picture says %q, the platform %q", content, d.p.LoginQR())
	}
	d.expectStatus(&b, 0, "waiting")
	if a := d.finishQR(&b); b.token != "" || mpRet(t, a) == 0 {
		t.Fatalf("a login that nobody confirmed: %s", a.body)
	}
	if err := d.a.ConfirmLogin(); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("nothing is scanned yet: %v", err)
	}
	if err := d.a.ScanQR(content + "x"); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("another picture: %v", err)
	}
	d.must(d.a.ScanQR(content))
	d.expectStatus(&b, 4, "scanned")
	d.expectStatus(&b, 6, "asked on the phone")
	d.expectStatus(&b, 6, "asked on the phone")
	d.must(d.a.ConfirmLogin())
	d.expectStatus(&b, 1, "confirmed")
	if a := d.finishQR(&b); mpRet(t, a) != 0 || !strings.Contains(a.body, `"redirect_url":"/cgi-bin/home?t=home/index&lang=zh_CN&token=`+b.token+`"`) {
		t.Fatalf("login: %s", a.body)
	}
	if a := b.get("/cgi-bin/home?t=home/index"); !strings.Contains(a.body, d.a.Config.OriginalID) {
		t.Errorf("home %.200q", a.body)
	}
	d.expect(&b, 0, "the new session")
	d.expect(&d.mpBrowser, 200003, "the older session")
	if a := d.finishQR(&b); b.token != "" {
		t.Errorf("a login ends once: %s", a.body)
	}
}

func TestQRLogin_PictureExpiresAndANewOneHelps(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.startQR(&d.mpBrowser)
	first := d.picture(&d.mpBrowser)
	d.clock.pass(5*time.Minute - time.Second)
	d.expectStatus(&d.mpBrowser, 0, "still good")
	d.clock.pass(time.Second)
	if err := d.a.ScanQR(first); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("an expired picture: %v", err)
	}
	d.expectStatus(&d.mpBrowser, 3, "expired unscanned")
	second := d.picture(&d.mpBrowser)
	if second == first {
		t.Error("the new picture says the same")
	}
	d.expectStatus(&d.mpBrowser, 0, "new picture")
	d.must(d.a.ScanLogin())
	d.p.ExpireLoginQR()
	d.expectStatus(&d.mpBrowser, 2, "expired after the scan")
	if err := d.a.ConfirmLogin(); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("confirm what has expired: %v", err)
	}
	d.picture(&d.mpBrowser)
	d.must(d.a.ScanLogin())
	d.must(d.a.RefuseLogin())
	d.expectStatus(&d.mpBrowser, 5, "refused")
	d.clock.pass(time.Hour)
	d.expectStatus(&d.mpBrowser, 5, "refused for good")
	d.picture(&d.mpBrowser)
	d.must(d.a.ScanLogin())
	d.must(d.a.ConfirmLogin())
	d.expectStatus(&d.mpBrowser, 1, "confirmed at last")
	d.finishQR(&d.mpBrowser)
	d.expect(&d.mpBrowser, 0, "logged in")
}

func TestQRLogin_AutoScanFollowsTheClock(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{AutoScan: 2 * time.Second}})
	d.startQR(&d.mpBrowser)
	d.expectStatus(&d.mpBrowser, 0, "before there is a picture")
	d.clock.pass(time.Minute)
	d.picture(&d.mpBrowser)
	for _, want := range []int{0, 0, 4, 6, 6, 6, 1, 1} {
		d.expectStatus(&d.mpBrowser, want, "second by second")
		d.clock.pass(time.Second)
	}
	d.finishQR(&d.mpBrowser)
	d.expect(&d.mpBrowser, 0, "logged in")
}

func TestQRLogin_BelongsToItsBrowser(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.startQR(&d.mpBrowser)
	d.picture(&d.mpBrowser)
	second := newBrowser(t, d.base)
	if a := second.get("/cgi-bin/scanloginqrcode?action=getqrcode"); a.body != "" {
		t.Error("a picture without uuid")
	}
	if got := mpRet(t, second.get("/cgi-bin/scanloginqrcode?action=ask")); got == 0 {
		t.Errorf("ask without uuid: ret %d", got)
	}
	d.startQR(&second)
	d.clock.pass(time.Second)
	d.picture(&second)
	d.must(d.a.ScanLogin()) // the newest picture
	d.expectStatus(&d.mpBrowser, 0, "the first browser")
	d.expectStatus(&second, 4, "the second browser")
	d.must(d.a.ConfirmLogin())
	if a := d.finishQR(&d.mpBrowser); d.token != "" {
		t.Errorf("the other's confirmation: %s", a.body)
	}
	d.finishQR(&second)
	d.expect(&second, 0, "the second browser's session")
}

func TestQRLogin_IsConfirmedByTheAccountThatScanned(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	other, err := d.p.AddAccount(rehearsal.AccountConfig{Slug: "other", MP: &rehearsal.MPConfig{}})
	d.must(err)
	d.startQR(&d.mpBrowser)
	d.picture(&d.mpBrowser)
	d.must(other.ScanLogin())
	for _, err := range []error{d.a.ConfirmLogin(), d.a.RefuseLogin(), d.a.ScanLogin()} {
		if !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("another account's phone: %v", err)
		}
	}
	d.expectStatus(&d.mpBrowser, 4, "scanned by the other account")
	d.must(other.ConfirmLogin())
	d.finishQR(&d.mpBrowser)
	if d.a.Logins() != 0 || other.Logins() != 1 {
		t.Errorf("logins %d and %d, want 0 and 1", d.a.Logins(), other.Logins())
	}
}

func TestQRLogin_NeedsAnOperator(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	plain, err := d.p.AddAccount(rehearsal.AccountConfig{Slug: "plain"})
	d.must(err)
	d.startQR(&d.mpBrowser)
	d.picture(&d.mpBrowser)
	for _, err := range []error{plain.ScanLogin(), plain.LogInElsewhere()} {
		if !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("an account without operator pages: %v", err)
		}
	}
}
