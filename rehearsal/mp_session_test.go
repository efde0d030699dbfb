package rehearsal_test

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// mpLost reports whether an answer is the HTML page of an ended session.
func mpLost(a mpAnswer) bool {
	return a.status == 200 && a.html() && strings.Contains(a.body, "登录超时，请重新<a id='jumpUrl' href='/'>登录</a>")
}

// alive asks for the message list as an AJAX call.
func (d *mpDesk) alive(b *mpBrowser) mpAnswer {
	d.t.Helper()
	return b.get("/cgi-bin/message?t=message/list", "f", "json")
}

func (d *mpDesk) expect(b *mpBrowser, ret int, when string) {
	d.t.Helper()
	if got := mpRet(d.t, d.alive(b)); got != ret {
		d.t.Fatalf("%s: ret %d, want %d", when, got, ret)
	}
}

func TestPages_NeedEveryCookie(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	d.login()
	d.expect(&d.mpBrowser, 0, "with everything")
	base, err := url.Parse(d.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"slave_user", "slave_sid", "bizuin", "data_bizuin", "data_ticket"} {
		b := newBrowser(t, d.base)
		b.token = d.token
		var rest []*http.Cookie
		for _, c := range d.client.Jar.Cookies(base) {
			if c.Name != name {
				rest = append(rest, c)
			}
		}
		b.client.Jar.SetCookies(base, rest)
		d.expect(&b, 200003, "without "+name)
	}
}

func TestPages_NeedTheToken(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	for _, token := range []string{"", "1234567890"} {
		if got := mpRet(t, d.get("/cgi-bin/message?t=message/list", "f", "json", "token", token)); got != 200040 {
			t.Errorf("token %q: ret %d", token, got)
		}
		if a := d.get("/cgi-bin/home?t=home/index", "token", token); !mpLost(a) {
			t.Errorf("token %q: home %.200q", token, a.body)
		}
	}
	d.expect(&d.mpBrowser, 0, "with the token")
}

func TestPages_NeedTheRefererButNotFromTheAddressBar(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	foreign := http.Header{"Referer": {"https://example.com/"}}
	for _, h := range []http.Header{{"Referer": nil}, foreign} {
		if got := mpRet(t, d.do("GET", "/cgi-bin/message", url.Values{"f": {"json"}}, h)); got != -1 {
			t.Errorf("referer %q: ret %d", h["Referer"], got)
		}
		if got := mpRet(t, d.do("GET", "/misc/getheadimg", nil, h)); got != -1 {
			t.Errorf("media with referer %q: ret %d", h["Referer"], got)
		}
		if a := d.do("GET", "/cgi-bin/home", nil, h); !strings.Contains(a.body, "wx.commonData") {
			t.Errorf("home with referer %q: %.200q", h["Referer"], a.body)
		}
	}
	own := http.Header{"Referer": {d.base + "/cgi-bin/home?t=home/index"}}
	if got := mpRet(t, d.do("GET", "/cgi-bin/message", url.Values{"f": {"json"}}, own)); got != 0 {
		t.Errorf("own page as referer: ret %d", got)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Session.AnyReferer = true })
	if got := mpRet(t, d.do("GET", "/cgi-bin/message", url.Values{"f": {"json"}}, foreign)); got != 0 {
		t.Errorf("unchecked: ret %d", got)
	}
}

func TestSession_LooksWhenItHasEnded(t *testing.T) {
	for _, row := range []struct {
		dialect callbackd.Dialect
		look    rehearsal.LostLook
		json    string // "" is the HTML page
	}{
		{callbackd.Dialect2014, rehearsal.LookOfDialect, `{"base_resp":{"ret":-3,"err_msg":""}}`},
		{callbackd.Dialect2016, rehearsal.LookOfDialect, `{"base_resp":{"ret":200003,"err_msg":"invalid session"}}`},
		{callbackd.Dialect2014, rehearsal.LookRet200003, `{"base_resp":{"ret":200003,"err_msg":"invalid session"}}`},
		{callbackd.Dialect2016, rehearsal.LookRet3, `{"base_resp":{"ret":-3,"err_msg":""}}`},
		{callbackd.Dialect2014, rehearsal.LookRet20000, `{"ret":"-20000","msg":"登录超时，请重新登录"}`},
		{callbackd.Dialect2014, rehearsal.LookHTML, ""},
	} {
		t.Run(string(row.dialect)+" "+string(row.look), func(t *testing.T) {
			d := newDesk(t, row.dialect, rehearsal.OperatorFaults{Session: rehearsal.SessionFaults{Look: row.look}})
			d.login()
			d.a.EndSession()
			for _, a := range []mpAnswer{
				d.get("/cgi-bin/message?t=message/list", "f", "json"),
				d.post("/cgi-bin/getnewmsgnum", "lastmsgid", "0"),
			} {
				if row.json == "" && !mpLost(a) || row.json != "" && a.body != row.json {
					t.Errorf("JSON page: %.200q", a.body)
				}
			}
			for _, page := range []string{"/cgi-bin/message", "/cgi-bin/singlesendpage", "/cgi-bin/getvoicedata?msgid=1", "/misc/getheadimg?fakeid=1"} {
				if a := d.get(page); !mpLost(a) || a.header.Get("Content-Type") != "text/html; charset=UTF-8" {
					t.Errorf("%s: %v %.200q", page, a.header, a.body)
				}
			}
		})
	}
}

func TestSession_HomePageOfAnEndedOneExpiresTheCookies(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	d.a.EndSession()
	a := d.get("/cgi-bin/home?t=home/index")
	if !mpLost(a) || !strings.Contains(strings.Join(a.header["Set-Cookie"], "\n"), "slave_sid=EXPIRED") {
		t.Errorf("%v %.200q", a.header, a.body)
	}
}

func TestSession_EndsByTheClockAndByCount(t *testing.T) {
	for _, row := range []struct {
		name   string
		faults rehearsal.SessionFaults
		steps  []time.Duration // each is followed by a request
		alive  int             // how many of them are served
	}{
		{"never", rehearsal.SessionFaults{}, []time.Duration{time.Hour, 96 * time.Hour}, 2},
		{"idle", rehearsal.SessionFaults{Idle: time.Hour}, []time.Duration{59 * time.Minute, 59 * time.Minute, time.Hour}, 2},
		{"life", rehearsal.SessionFaults{Life: time.Hour}, []time.Duration{30 * time.Minute, 29 * time.Minute, time.Minute}, 2},
		{"requests", rehearsal.SessionFaults{Requests: 3}, []time.Duration{0, 0, 0, 0}, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{Session: row.faults})
			d.login()
			for i, step := range row.steps {
				d.clock.pass(step)
				want := 0
				if i >= row.alive {
					want = 200003
				}
				d.expect(&d.mpBrowser, want, "request "+string(rune('1'+i)))
			}
			d.login()
			d.expect(&d.mpBrowser, 0, "after a new login")
		})
	}
}

func TestSession_ANewLoginEndsTheOlder(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	d.login()
	second := newBrowser(t, d.base)
	d.loginWith(&second)
	if second.token == d.token {
		t.Error("the token must change")
	}
	d.expect(&d.mpBrowser, 200003, "the older")
	d.expect(&second, 0, "the newer")
	if err := d.a.LogInElsewhere(); err != nil {
		t.Fatal(err)
	}
	d.expect(&second, 200003, "after a login elsewhere")
	if got := d.p.Counters("gala")["mp/session"]; got != 3 || d.a.Logins() != 3 {
		t.Errorf("sessions %d, logins %d, want 3", got, d.a.Logins())
	}
}

func TestSession_OfOneAccountOpensNoOther(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	other, err := d.p.AddAccount(rehearsal.AccountConfig{Slug: "other", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.LogInElsewhere(); err != nil {
		t.Fatal(err)
	}
	d.login()
	base, err := url.Parse(d.base)
	if err != nil {
		t.Fatal(err)
	}
	d.client.Jar.SetCookies(base, []*http.Cookie{{Name: "slave_user", Value: other.Config.OriginalID, Path: "/"}})
	d.expect(&d.mpBrowser, 200003, "cookies of two accounts")
}

func TestThrottle_RefusesWhatIsTooFastUntilTheBackoffIsOver(t *testing.T) {
	throttle := rehearsal.Throttle{Requests: 2, Per: time.Second, Backoff: time.Hour}
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Session: rehearsal.SessionFaults{Throttle: throttle}})
	d.login()
	for range 5 { // slow enough
		d.expect(&d.mpBrowser, 0, "one each 600 ms")
		d.clock.pass(600 * time.Millisecond)
	}
	d.expect(&d.mpBrowser, 0, "second in a second")
	d.expect(&d.mpBrowser, 200013, "third in a second")
	d.clock.pass(59 * time.Minute)
	d.expect(&d.mpBrowser, 200013, "in the back-off")
	if a := d.get("/cgi-bin/home?t=home/index"); !a.html() || mpLost(a) || !strings.Contains(a.body, `"ret":200013`) {
		t.Errorf("HTML page: %.200q", a.body)
	}
	if a := d.get("/cgi-bin/getvoicedata?msgid=1"); mpRet(t, a) != 200013 {
		t.Errorf("media: %.200q", a.body)
	}
	d.login() // a new session does not help
	d.expect(&d.mpBrowser, 200013, "after a new login")
	d.clock.pass(time.Minute)
	d.expect(&d.mpBrowser, 0, "after the back-off")

	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Session.Throttle.Extend = true })
	d.a.ThrottleFor(time.Hour)
	d.clock.pass(59 * time.Minute)
	d.expect(&d.mpBrowser, 200013, "asked again")
	d.clock.pass(59 * time.Minute)
	d.expect(&d.mpBrowser, 200013, "which started the back-off anew")
	d.clock.pass(time.Hour)
	d.expect(&d.mpBrowser, 0, "after silence")
}

func TestPages_AreDownAndCounted(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = true })
	if a := d.alive(&d.mpBrowser); a.status != 502 || !a.html() {
		t.Errorf("status %d", a.status)
	}
	if a := d.try(&d.mpBrowser); a.status != 502 {
		t.Errorf("login: status %d", a.status)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = false })
	d.alive(&d.mpBrowser)
	d.get("/cgi-bin/home")
	got := d.p.Counters("gala")
	for page, n := range map[string]int{"mp/login": 2, "mp/message": 2, "mp/home": 1, "mp/down": 1, "mp/session": 1} {
		if got[page] != n {
			t.Errorf("%s counted %d times, want %d", page, got[page], n)
		}
	}
}

func TestPages_AnswerLateAndNotToWhoHasLeft(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Delay = time.Hour })
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "GET", d.base+"/cgi-bin/home?token="+d.token, nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		resp, err := d.client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	for d.p.Counters("gala")["mp/home"] == 0 {
		select {
		case err := <-answered:
			t.Fatalf("answered before the request was counted: %v", err)
		default:
			runtime.Gosched()
		}
	}
	select {
	case err := <-answered:
		t.Fatalf("answered within the delay: %v", err)
	default:
	}
	leave()
	if err := <-answered; err == nil {
		t.Error("answered a client that had left")
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Delay = time.Millisecond })
	d.expect(&d.mpBrowser, 0, "a millisecond later")
}
