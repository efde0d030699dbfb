package mpweb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

// looks are the ways in which the platform shows that a session is over.
func looks(t *testing.T) map[string]http.HandlerFunc {
	html, json := "text/html; charset=UTF-8", "application/json; charset=UTF-8"
	return map[string]http.HandlerFunc{
		"timeout page":         look(html, string(fixture(t, "ended_timeout.html"))),
		"login page":           look(html, string(fixture(t, "ended_loginpage.html"))),
		"200003":               look(json, string(fixture(t, "ended_200003.json"))),
		"-3":                   look(json, string(fixture(t, "ended_3.json"))),
		"-20000":               look(html, string(fixture(t, "ended_20000.json"))),
		"csrf":                 look(json, string(fixture(t, "ended_csrf.json"))),
		"redirect to the root": redirectToRoot,
	}
}

func redirectToRoot(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		look("text/html", "<html><body>公众平台</body></html>")(w, r)
		return
	}
	http.Redirect(w, r, "/", http.StatusFound)
}

func TestClient_TakesUpAnEndedSessionWhateverItsLook(t *testing.T) {
	calls := map[string]func(context.Context, *rig) error{
		"messages": func(ctx context.Context, r *rig) error {
			_, err := r.MessagePage(ctx, r.acc, PageQuery{})
			return err
		},
		"dialog": func(ctx context.Context, r *rig) error { _, err := r.Dialog(ctx, r.acc, "844700001"); return err },
		"contacts": func(ctx context.Context, r *rig) error {
			_, _, _, err := r.Contacts(ctx, r.acc, Cursor{})
			return err
		},
		"card": func(ctx context.Context, r *rig) error { _, err := r.Card(ctx, r.acc, "844700001"); return err },
		"voice": func(ctx context.Context, r *rig) error {
			_, err := r.Media(ctx, r.acc, callbackd.KindVoice, 75)
			return err
		},
		"avatar": func(ctx context.Context, r *rig) error {
			_, err := r.Avatar(ctx, r.acc, &Card{FakeID: "844700001"})
			return err
		},
		"join qr":   func(ctx context.Context, r *rig) error { _, err := r.JoinQR(ctx, r.acc); return err },
		"logged in": func(ctx context.Context, r *rig) error { return r.LoggedIn(ctx, r.acc) },
	}
	for lookName, ended := range looks(t) {
		for callName, call := range calls {
			t.Run(callName+" "+lookName, func(t *testing.T) {
				r := newRig(t, callbackd.Dialect2014)
				r.platform.ended = ended
				if err := r.LoggedIn(t.Context(), r.acc); err != nil {
					t.Fatal(err)
				}
				r.platform.loginElsewhere()
				began := r.platform.clock.Now()
				if err := call(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if r.platform.logins != 2 {
					t.Errorf("%d logins, want one more", r.platform.logins)
				}
				if took := r.platform.clock.Now().Sub(began); took > 5*time.Second {
					t.Errorf("took %s by the clock of the pace", took)
				}
			})
		}
	}
}

func TestClient_AnyHTMLWhereAFileWasAskedIsALostSession(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.ended = look("text/html; charset=UTF-8", "<p>a page that nobody has described</p>")
	if err := r.LoggedIn(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	r.platform.loginElsewhere()
	if _, err := r.Media(t.Context(), r.acc, callbackd.KindVoice, 75); err != nil || r.platform.logins != 2 {
		t.Errorf("got %v after %d logins", err, r.platform.logins)
	}
}

func TestClient_EndedHomePageWithoutATicket(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.ended = look("text/html", string(fixture(t, "home_ended.html")))
	for range 2 {
		r.platform.loginElsewhere()
		if err := r.LoggedIn(t.Context(), r.acc); err != nil {
			t.Fatal(err)
		}
	}
	if r.platform.logins != 2 {
		t.Errorf("%d logins", r.platform.logins)
	}
}

func TestClient_EndedAgainAfterTheLoginGivesUp(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.set(func(p *platform) {
		p.answer = func(w http.ResponseWriter, req *http.Request) bool {
			if req.URL.Path != "/cgi-bin/message" {
				return false
			}
			look("application/json", `{"base_resp":{"ret":200003}}`)(w, req)
			return true
		}
	})
	for n := 1; n <= 2; n++ {
		if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); !errors.Is(err, ErrEnded) || !errors.Is(err, callbackd.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if r.platform.logins != n {
			t.Errorf("%d logins after %d calls", r.platform.logins, n)
		}
	}
}

func TestClient_SessionThatDoesNotHoldAfterLogin(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.set(func(p *platform) {
		p.answer = func(w http.ResponseWriter, req *http.Request) bool {
			p.ended(w, req)
			return true
		}
	})
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); !errors.Is(err, ErrEnded) || r.platform.logins != 1 {
		t.Errorf("got %v after %d logins", err, r.platform.logins)
	}
	if st, err := r.Status(t.Context(), r.acc); err != nil || st.State != SessionEnded {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestClient_SessionOutlivesTheProcess(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	if err := r.LoggedIn(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	before := len(r.platform.all())
	again := r.newClient(t)
	if _, err := again.JoinQR(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	if n := len(r.platform.all()) - before; r.platform.logins != 1 || n != 1 {
		t.Errorf("%d logins, %d requests after a restart", r.platform.logins, n)
	}
	if st, err := again.Status(t.Context(), r.acc); err != nil || st.State != SessionOK || st.LoggedInAt.IsZero() {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestClient_TakesTheSessionThatAnotherProcessStored(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	other := r.newClient(t)
	if err := r.LoggedIn(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	// While our request is under way another process logs in and stores that.
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		r.platform.set(func(p *platform) { p.answer = nil })
		s, err := other.load(t.Context(), r.acc)
		if err != nil {
			t.Error(err)
		}
		s.state = SessionEnded
		if _, err := other.login(t.Context(), r.acc, other.gate(r.acc.ID), s); err != nil {
			t.Error(err)
		}
		look("application/json", `{"base_resp":{"ret":200003}}`)(w, req)
	})
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
		t.Fatal(err)
	}
	if r.platform.logins != 2 {
		t.Errorf("%d logins: the other process's session is to be used", r.platform.logins)
	}
}

func TestClient_UnreadableSessionIsNoSession(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	if err := r.store.SetSession(t.Context(), r.acc.ID, []byte("torn")); err != nil {
		t.Fatal(err)
	}
	if err := r.LoggedIn(t.Context(), r.acc); err != nil || r.platform.logins != 1 {
		t.Errorf("got %v after %d logins", err, r.platform.logins)
	}
}

func TestClient_LoginThatWasGrantedIsKeptAlthoughTheCallerLeft(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	ctx, cancel := context.WithCancel(t.Context())
	// The caller leaves between the login's answer and the next request.
	r.Client.observe = func(_ callbackd.Slug, page, _ string) {
		if page == "login" {
			cancel()
		}
	}
	if _, err := r.MessagePage(ctx, r.acc, PageQuery{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil || r.platform.logins != 1 {
		t.Errorf("got %v after %d logins", err, r.platform.logins)
	}
}

func TestClient_NeedsAHumanAndDoesNotHammer(t *testing.T) {
	const json = "application/json"
	for name, row := range map[string]struct {
		login  http.HandlerFunc
		reason string
	}{
		"captcha":            {look(json, string(fixture(t, "login_b_captcha.json"))), ReasonCaptcha},
		"captcha, variant A": {look(json, string(fixture(t, "login_a_captcha.json"))), ReasonCaptcha},
		"login protection":   {look(json, string(fixture(t, "login_b_readtemplate.json"))), ReasonQR},
		"scan page":          {look(json, `{"base_resp":{"ret":0},"redirect_url":"/cgi-bin/bizlogin?action=validate"}`), ReasonQR},
		"wrong password":     {look(json, string(fixture(t, "login_b_password.json"))), ReasonPassword},
		"restricted":         {look(json, `{"base_resp":{"ret":-7}}`), ReasonRestricted},
		"no such page":       {http.NotFound, ReasonQR},
		"login page again":   {look("text/html", string(fixture(t, "ended_loginpage.html"))), ReasonQR},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, callbackd.Dialect2016)
			r.platform.login = row.login
			for range 3 {
				_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
				var human *NeedsHumanError
				if !errors.As(err, &human) || human.Reason != row.reason || !errors.Is(err, callbackd.ErrUnavailable) {
					t.Fatalf("got %v", err)
				}
			}
			again := r.newClient(t) // neither does a new process
			if _, err := again.MessagePage(t.Context(), r.acc, PageQuery{}); err == nil {
				t.Error("a new process should need a human too")
			}
			if n := r.platform.count("/cgi-bin/login"); n != 1 || len(r.platform.all()) != 1 {
				t.Errorf("%d logins, %d requests: a refused password is sent once", n, len(r.platform.all()))
			}
			if st, err := r.Status(t.Context(), r.acc); err != nil || st.State != SessionNeedsHuman || st.Reason != row.reason {
				t.Errorf("status %+v, %v", st, err)
			}
			// New credentials are tried, once.
			r.platform.set(func(p *platform) { p.login = nil; p.password = "a new password 123" })
			r.acc.MPWeb.Password = "a new password 123"
			if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
				t.Errorf("with new credentials: %v", err)
			}
		})
	}
}

func TestClient_HumanLoginEndsTheWaiting(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.login = look("application/json", string(fixture(t, "login_b_captcha.json")))
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err == nil {
		t.Fatal("want an error")
	}
	r.platform.set(func(p *platform) { p.token, p.sid = "1000000777", "sid-by-hand" })
	s := &session{state: SessionOK, token: "1000000777", cookies: []cookie{{"slave_sid", "sid-by-hand"}}}
	if err := r.newClient(t).save(t.Context(), r.acc, s); err != nil {
		t.Fatal(err)
	}
	if _, err := r.JoinQR(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	if got := r.platform.last().query.Get("fakeid"); got != testUIN {
		t.Errorf("join QR of FakeID %q: the home page tells the account's own", got)
	}
	if r.platform.count("/cgi-bin/login") != 1 {
		t.Error("no password is sent while the session holds")
	}
}

func TestClient_WithoutAPasswordAHumanIsNeeded(t *testing.T) {
	r := newRig(t, callbackd.Dialect2016)
	r.acc.MPWeb.Password = ""
	_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
	var human *NeedsHumanError
	if !errors.As(err, &human) || human.Reason != ReasonQR || len(r.platform.all()) != 0 {
		t.Errorf("got %v after %d requests", err, len(r.platform.all()))
	}
}

func TestClient_PlatformTroubleAtLoginIsNotRemembered(t *testing.T) {
	for name, login := range map[string]http.HandlerFunc{
		"busy":        look("application/json", `{"base_resp":{"ret":-1}}`),
		"502":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"maintenance": look("text/html", "<html><body>维护中</body></html>"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, callbackd.Dialect2014)
			r.platform.login = login
			_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
			var human *NeedsHumanError
			if !errors.Is(err, callbackd.ErrUnavailable) || errors.As(err, &human) {
				t.Fatalf("got %v", err)
			}
			r.platform.set(func(p *platform) { p.login = nil })
			if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestClient_CaptchaOnAPage(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/message", look("application/json", string(fixture(t, "captcha.json"))))
	for range 2 {
		_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
		var human *NeedsHumanError
		if !errors.As(err, &human) || human.Reason != ReasonCaptcha {
			t.Fatalf("got %v", err)
		}
	}
	if r.platform.count("/cgi-bin/message") != 1 || r.platform.logins != 1 {
		t.Error("after a captcha nothing goes out")
	}
}

func TestClient_FrequencyControlGrowsAndEnds(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	frequency := look("application/json", string(fixture(t, "frequency.json")))
	ask := func(c *Client) time.Duration {
		t.Helper()
		_, err := c.MessagePage(t.Context(), r.acc, PageQuery{})
		if err == nil {
			return 0
		}
		var f *FrequencyError
		if !errors.As(err, &f) || !errors.Is(err, callbackd.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		return f.After
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 24, 24} {
		r.platform.answerOnce("/cgi-bin/message", frequency)
		if got := ask(r.Client); got != want*time.Hour {
			t.Errorf("time %d: quiet for %s, want %d h", i, got, want)
		}
		before := len(r.platform.all())
		r.platform.clock.Advance(want*time.Hour - time.Minute)
		for _, c := range []*Client{r.Client, r.newClient(t)} { // a new process keeps quiet too
			if left := ask(c); left <= 0 || left > time.Minute {
				t.Errorf("time %d: %s left, want a minute", i, left)
			}
		}
		if len(r.platform.all()) != before {
			t.Error("a request went out during the quiet")
		}
		r.platform.clock.Advance(time.Minute)
	}
	if left := ask(r.Client); left != 0 {
		t.Errorf("after the quiet: %s left", left)
	}
	r.platform.answerOnce("/cgi-bin/message", frequency)
	if got := ask(r.Client); got != time.Hour {
		t.Errorf("after a success the quiet begins anew: got %s", got)
	}
}

func TestClient_FrequencyControlAtLogin(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.login = look("application/json", string(fixture(t, "frequency.json")))
	for range 2 {
		_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
		var f *FrequencyError
		if !errors.As(err, &f) || f.After <= 59*time.Minute {
			t.Fatalf("got %v", err)
		}
	}
	if len(r.platform.all()) != 1 {
		t.Errorf("%d requests", len(r.platform.all()))
	}
}

func TestClient_RefusedHomePageIsNoEndedSession(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	if err := r.LoggedIn(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	r.platform.answerOnce("/cgi-bin/home", look("text/html", string(fixture(t, "refused.html"))))
	var answer *AnswerError
	if err := r.LoggedIn(t.Context(), r.acc); !errors.As(err, &answer) || answer.Ret != -1 {
		t.Errorf("got %v", err)
	}
	r.platform.answerOnce("/cgi-bin/home", look("text/html", string(fixture(t, "frequency.html"))))
	var f *FrequencyError
	if err := r.LoggedIn(t.Context(), r.acc); !errors.As(err, &f) || r.platform.logins != 1 {
		t.Errorf("got %v after %d logins", err, r.platform.logins)
	}
}

func TestClient_CookiesThatChangeAreKept(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "rand_info", Value: "turned", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "bizuin", Value: "EXPIRED", Path: "/"})
		look("application/json", `{"base_resp":{"ret":0},"msg_items":"{\"msg_item\":[]}"}`)(w, req)
	})
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
		t.Fatal(err)
	}
	if err := r.newClient(t).LoggedIn(t.Context(), r.acc); err != nil {
		t.Fatal(err)
	}
	cookies := r.platform.last().cookies
	if cookies["rand_info"] != "turned" || cookies["bizuin"] != "" || cookies["slave_sid"] == "" {
		t.Errorf("cookies after a restart: %v", cookies)
	}
}

func TestClient_SecretsStayInside(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	var mu sync.Mutex
	var errs []string
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs = append(errs, fmt.Sprintf("%v | %+v | %#v", err, err, err))
		}
	}
	ctx := t.Context()
	note(r.LoggedIn(ctx, r.acc))
	echo := func(w http.ResponseWriter, req *http.Request) { // a page that shows everything it was told
		fmt.Fprintf(w, `<html>%s %s %q token: "%s" ticket:"ticket-of-the-home-page" token%%3D987654321 %s</html>`,
			req.URL, req.Header, req.Cookies(), req.URL.Query().Get("token"), testPassword)
	}
	r.platform.answerOnce("/cgi-bin/message", echo)
	_, err := r.MessagePage(ctx, r.acc, PageQuery{})
	note(err)
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Location", "http://%zz/?tofakeid="+openID1+"&"+req.URL.RawQuery+req.Header.Get("Cookie"))
		w.WriteHeader(http.StatusFound)
	})
	_, err = r.MessagePage(ctx, r.acc, PageQuery{})
	note(err)
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Length", "1000") // torn
		fmt.Fprint(w, req.URL)
	})
	_, err = r.MessagePage(ctx, r.acc, PageQuery{})
	note(err)
	r.platform.loginElsewhere()
	r.platform.set(func(p *platform) {
		p.login = func(w http.ResponseWriter, req *http.Request) {
			fmt.Fprintf(w, `{"base_resp":{"ret":-23,"err_msg":"%s %s"}}`, req.PostForm.Get("pwd"), testPassword)
		}
	})
	_, err = r.MessagePage(ctx, r.acc, PageQuery{})
	note(err)
	r.platform.Close()
	r.acc.MPWeb.Password = "another " + testPassword
	_, err = r.MessagePage(ctx, r.acc, PageQuery{})
	note(err)
	if len(errs) != 5 {
		t.Fatalf("%d errors: %s", len(errs), errs)
	}
	s, err := r.load(ctx, r.acc)
	if err != nil {
		t.Fatal(err)
	}
	s.cookies, s.token = []cookie{{"slave_sid", "sid-of-login-1"}}, "1000000001"
	if strings.Contains(strings.Join(errs, "\n")+r.witness.logText(), openID1) {
		t.Errorf("an openID came out: %s", errs)
	}
	out := strings.Join(errs, "\n") + r.witness.logText() + fmt.Sprintf("%v %+v %#v %s", s, s, s, s)
	for page, body := range r.witness.kept {
		out += "\n" + page + ": " + string(body)
	}
	if !strings.Contains(out, "home:") || !strings.Contains(out, "messages:") || !strings.Contains(out, "login:") {
		t.Fatalf("pages were not kept: %v", out)
	}
	for _, secret := range []string{
		testPassword, passwordDigest(testPassword), "1000000001", "sid-of-login-1", "ticket-of-the-home-page", "987654321",
	} {
		if strings.Contains(out, secret) {
			t.Errorf("%q came out:\n%s", secret, out)
		}
	}
}
