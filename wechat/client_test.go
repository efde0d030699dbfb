package wechat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// noSecrets fails when a text for logs holds a token, a secret or an id.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{"TOKEN", testSecret, "ffffffff", "oyORnuP8q7ou2gfYjqLzSIWZf0rs", "MEDIA-ID", "WORDS-TOLD"} {
		if strings.Contains(text, s) {
			t.Errorf("%q is in: %s", s, text)
		}
	}
}

const testOpenID = callbackd.OpenID("oyORnuP8q7ou2gfYjqLzSIWZf0rs")

// Whatever goes wrong, no error shows what only the platform and we know.
func TestClient_NoErrorHoldsASecret(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with the Referer %q", r.Referer())
	}))
	t.Cleanup(elsewhere.Close)
	for name, call := range map[string]http.HandlerFunc{
		"status": func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.String(), 500) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.String(), http.StatusFound)
		},
		"hung up":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"echo":       func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.String()) },
		"json error": echoError,
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"a":"TOKEN`)
		},
		"odd status line": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, r.URL.Query().Get("access_token")+" "+r.URL.String()+"\r\n\r\n")
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.call = call
			f.api.Config.ErrorLog = nil
			c, _, log := f.client()
			for _, err := range everyCall(t, c) {
				if err == nil {
					t.Error("no error")
					continue
				}
				for ; err != nil; err = errors.Unwrap(err) {
					noSecrets(t, err.Error())
				}
			}
			noSecrets(t, log.String())
		})
	}
}

func echoError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": 40003, "errmsg": "bad " + r.URL.Query().Get("access_token") + " " +
		r.URL.Query().Get("openid") + " " + r.URL.Query().Get("media_id") + testSecret + string(body)})
}

func everyCall(t *testing.T, c *Client) []error {
	t.Helper()
	_, e1 := c.CallbackIPs(t.Context(), apiAccount())
	_, e2 := c.UserInfo(t.Context(), apiAccount(), testOpenID)
	_, e3 := c.CreateQR(t.Context(), apiAccount(), "wall", time.Hour)
	m, e4 := c.Media(t.Context(), apiAccount(), "MEDIA-ID")
	if e4 == nil { // an error of the transfer comes while reading
		_, e4 = io.Copy(io.Discard, m.Body)
		if e4 == nil {
			e4 = errors.New("a file: media are taken as they come")
		}
		_ = m.Body.Close()
	}
	e5 := c.SendText(t.Context(), apiAccount(), testOpenID, "WORDS-TOLD")
	_, e6 := c.SendTemplate(t.Context(), apiAccount(), testOpenID, testTemplate, "https://wall.example", "x", "WORDS-TOLD")
	return []error{e1, e2, e3, e4, e5, e6}
}

func TestClient_UnreachablePlatformShowsNoURL(t *testing.T) {
	f := newFakeAPI(t)
	c, _, _ := f.client()
	if _, err := c.Token(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	f.api.Close()
	for _, err := range everyCall(t, c) {
		if err == nil {
			t.Error("no error")
			continue
		}
		noSecrets(t, err.Error())
		if strings.Contains(err.Error(), "?") {
			t.Errorf("a query is in: %v", err)
		}
	}
	c.api = "://nonsense"
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); err == nil {
		t.Error("no error for an address that is none")
	} else {
		noSecrets(t, err.Error())
	}
}

func TestAPIError_CutsTheTailAndKeepsWhatHelps(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"invalid media_id hint: [2DlkvA0590e396]", "invalid media_id"},
		{"api unauthorized rid: 654df33c-64386a2f-29857782", "api unauthorized"},
		{"api unauthorized, hints: [ req_id: x ]", "api unauthorized, hints: [ req_id: x ]"},
		{"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 1-2-3", "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist"},
		{"invalid ip 1.2.3.4 hint: [a] rid: b", "invalid ip 1.2.3.4"},
		{"grid: no tail", "grid: no tail"},
		{"a\x00\x1bb", "ab"},
		{strings.Repeat("好", 200), strings.Repeat("好", 66)},
	} {
		if got := newAPIError("/x", 1, c.in, nil).Message; got != c.want {
			t.Errorf("%q → %q; want %q", c.in, got, c.want)
		}
	}
}

func TestAPIError_Kinds(t *testing.T) {
	for _, c := range []struct {
		name              string
		err               error
		media, perm, busy bool
	}{
		{"invalid media id", &APIError{Code: 40007}, true, false, false},
		{"no media id", &APIError{Code: 41006}, true, false, false},
		{"unauthorized", &APIError{Code: 48001}, false, true, false},
		{"banned", &APIError{Code: 48004}, false, true, false},
		{"limited", &APIError{Code: 50002}, false, true, false},
		{"whitelist", &APIError{Code: 40164}, false, true, false},
		{"component", &APIError{Code: 61003}, false, true, false},
		{"refused token", &APIError{Call: "/x", Code: 40001}, false, false, false},
		{"wrong secret", &APIError{Call: pathStableToken, Code: 40001}, false, true, false},
		{"busy", &APIError{Code: -1}, false, false, true},
		{"daily quota", &APIError{Code: 45009}, false, false, true},
		{"quota of the minute", &APIError{Code: 45011}, false, false, true},
		{"HTTP 502", &statusError{Status: 502}, false, false, true},
		{"HTTP 404", &statusError{Status: 404}, false, false, false},
		{"no API", ErrNoAPI, false, true, false},
		{"another error", io.EOF, false, false, false},
		{"none", nil, false, false, false},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("wrapped: %w", err)
		}
		if IsNoSuchMedia(err) != c.media || IsNoPermission(err) != c.perm || IsBusy(err) != c.busy {
			t.Errorf("%s: media %v, permission %v, busy %v", c.name, IsNoSuchMedia(err), IsNoPermission(err), IsBusy(err))
		}
	}
}

func TestMedia_Files(t *testing.T) {
	for _, c := range []struct{ name, contentType, body string }{
		{"voice", "audio/amr", "#!AMR\n\x3c\x91"},
		{"picture", "image/jpeg", "\xff\xd8\xff\xe0"},
		{"file that claims to be JSON", "application/json", "\xff\xd8\xff{\"errcode\":40007}"},
		{"larger than any buffer", "image/png", "\x89PNG" + strings.Repeat("x", 100_000)},
		{"short", "", "#"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.call = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/cgi-bin/media/get" || r.URL.Query().Get("media_id") != "a_b-c" {
					t.Errorf("asked for %s", r.URL)
				}
				w.Header().Set("Content-Type", c.contentType)
				_, _ = io.WriteString(w, c.body)
			}
			client, _, _ := f.client()
			m, err := client.Media(t.Context(), apiAccount(), "a_b-c")
			if err != nil {
				t.Fatal(err)
			}
			defer m.Body.Close()
			got, err := io.ReadAll(m.Body)
			if err != nil || string(got) != c.body || m.VideoURL != "" {
				t.Errorf("%d bytes, %v, %q; want %d bytes", len(got), err, m.VideoURL, len(c.body))
			}
		})
	}
}

func TestMedia_JSONIsRecognisedWhateverItsContentType(t *testing.T) {
	const gone = `{"errcode":40007,"errmsg":"invalid media_id hint: [x]"}`
	for _, c := range []struct {
		name, contentType, body string
		video                   string
		want                    func(error) bool
	}{
		{"error as JSON", "application/json", gone, "", IsNoSuchMedia},
		{"error as text", "text/plain", gone, "", IsNoSuchMedia},
		{"error as a voice", "audio/amr", gone, "", IsNoSuchMedia},
		{"error after spaces and a BOM", "text/plain", "\xef\xbb\xbf \r\n" + gone, "", IsNoSuchMedia},
		{"video", "text/plain", `{"video_url":"http://video.example.com/a?b=c&d"}`, "http://video.example.com/a?b=c&d", nil},
		{"video, said to be fine", "application/json", `{"errcode":0,"video_url":"https://v.example.com/x","title":"a` + "\x01" + `b"}`, "https://v.example.com/x", nil},
		{"video at an address that is none", "", `{"video_url":"file:///etc/passwd"}`, "", isAnswerError},
		{"video at an address of another kind", "", `{"video_url":"ftp://video.example.com/a"}`, "", isAnswerError},
		{"video without an address", "", `{"video_url":""}`, "", isAnswerError},
		{"JSON of something else", "", `{"a":1}`, "", isAnswerError},
		{"begins like JSON", "", `{\x00`, "", isAnswerError},
		{"empty", "audio/amr", ``, "", isAnswerError},
		{"only spaces", "audio/amr", strings.Repeat(" ", 100), "", isAnswerError},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.call = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.contentType)
				w.Header().Set("Content-Disposition", `attachment; filename="ID.plain"`)
				_, _ = io.WriteString(w, c.body)
			}
			client, _, _ := f.client()
			m, err := client.Media(t.Context(), apiAccount(), "m")
			if c.want != nil {
				if m != nil || !c.want(err) {
					t.Errorf("%v, %v", m, err)
				}
				return
			}
			if err != nil || m.Body != nil || m.VideoURL != c.video {
				t.Errorf("%+v, %v; want %s", m, err, c.video)
			}
		})
	}
}

func isAnswerError(err error) bool { return errors.Is(err, ErrAnswer) }

func TestMedia_RefusedTokenIsRenewedThoughItComesAsAFile(t *testing.T) {
	f := newFakeAPI(t).answers("#!AMR\n")
	c, _, _ := f.client()
	_, _ = c.Token(t.Context(), apiAccount())
	f.set(func() { f.valid = "TOKEN-2" })
	m, err := c.Media(t.Context(), apiAccount(), "m")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Body.Close()
	if got, err := io.ReadAll(m.Body); err != nil || string(got) != "#!AMR\n" {
		t.Errorf("%q, %v", got, err)
	}
	f.wants(2, 0, 2)
}

func TestClient_HugeAnswersAreErrorsAndNeverCut(t *testing.T) {
	f := newFakeAPI(t)
	c, _, _ := f.client()
	c.maxMedia, c.maxJSON = 1000, 1000

	big := strings.Repeat("x", 1001)
	flush := false
	f.call = func(w http.ResponseWriter, _ *http.Request) {
		if flush {
			w.(http.Flusher).Flush() // no Content-Length
		}
		_, _ = io.WriteString(w, big)
	}
	if _, err := c.Media(t.Context(), apiAccount(), "m"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("by its Content-Length: %v", err)
	}
	flush = true
	m, err := c.Media(t.Context(), apiAccount(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(m.Body); !errors.Is(err, ErrTooLarge) {
		t.Errorf("while reading: %v", err)
	}
	_ = m.Body.Close()

	big = big[:1000]
	m, err = c.Media(t.Context(), apiAccount(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(m.Body); err != nil || len(got) != 1000 {
		t.Errorf("a file of just the limit: %d bytes, %v", len(got), err)
	}
	_ = m.Body.Close()

	big = `{"errcode":40007,"errmsg":"` + strings.Repeat("x", 1000) + `"}`
	if _, err := c.Media(t.Context(), apiAccount(), "m"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("JSON in place of a file: %v", err)
	}
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("JSON: %v", err)
	}
}

func TestCreateQR(t *testing.T) {
	f := newFakeAPI(t)
	var sent []byte
	f.call = func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"ticket":"gQ+/=","expire_seconds":600,"url":"http:\/\/weixin.qq.com\/q\/abc"}`)
	}
	c, _, _ := f.client()
	qr, err := c.CreateQR(t.Context(), apiAccount(), "墙<1>", time.Hour)
	want := QR{URL: "http://weixin.qq.com/q/abc", Picture: "https://mp.example.com/cgi-bin/showqrcode?ticket=gQ%2B%2F%3D", ExpiresAt: noon.Add(10 * time.Minute)}
	if err != nil || qr != want {
		t.Errorf("%+v, %v; want %+v", qr, err, want)
	}
	const body = `{"expire_seconds":3600,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"墙<1>"}}}`
	if string(bytes.TrimSpace(sent)) != body {
		t.Errorf("sent %s; want %s", sent, body)
	}
	if _, err := c.CreateQR(t.Context(), apiAccount(), "s", 1000*time.Hour); err != nil || !strings.Contains(string(sent), `"expire_seconds":2592000,`) {
		t.Errorf("longer than 30 days: sent %s, %v", sent, err)
	}
	for _, bad := range []struct {
		scene  string
		expire time.Duration
	}{{"", time.Hour}, {strings.Repeat("好", 65), time.Hour}, {"s", 0}, {"s", -time.Hour}} {
		if _, err := c.CreateQR(t.Context(), apiAccount(), bad.scene, bad.expire); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	f.answers(`{"ticket":"t","url":"javascript:alert(1)"}`)
	if _, err := c.CreateQR(t.Context(), apiAccount(), "s", time.Hour); !errors.Is(err, ErrAnswer) {
		t.Errorf("url of another kind: %v", err)
	}
	f.answers(`{"errcode":48001,"errmsg":"api unauthorized"}`)
	if _, err := c.CreateQR(t.Context(), apiAccount(), "s", time.Hour); !IsNoPermission(err) {
		t.Errorf("unverified account: %v", err)
	}
}

func TestUserInfo(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       Follower
	}{
		{"since 2021-12-27", `{"subscribe":1,"openid":"o","nickname":"","sex":0,"language":"zh_CN","city":"","province":"","country":"","headimgurl":"","subscribe_time":1641364601,"tagid_list":[]}`,
			Follower{Subscribe: true}},
		{"before", `{"subscribe":1,"nickname":" 小明😀\u0001 ","sex":1,"city":"广州","province":"广东","country":"中国","headimgurl":"http://wx.qlogo.cn/mmopen/x/0"}`,
			Follower{Subscribe: true, AvatarURL: "http://wx.qlogo.cn/mmopen/x/0", Profile: callbackd.Profile{Nickname: "小明😀", Gender: callbackd.GenderMale, City: "广州", Province: "广东", Country: "中国"}}},
		{"raw control character in the name", "{\"subscribe\":1,\"nickname\":\"a\x14b\"}", Follower{Subscribe: true, Profile: callbackd.Profile{Nickname: "a b"}}},
		{"numbers as strings", `{"subscribe":"1","sex":"2","nickname":"x"}`, Follower{Subscribe: true, Profile: callbackd.Profile{Nickname: "x", Gender: callbackd.GenderFemale}}},
		{"odd numbers", `{"subscribe":1,"sex":{"a":1},"nickname":"x"}`, Follower{Subscribe: true, Profile: callbackd.Profile{Nickname: "x"}}},
		{"unknown gender", `{"subscribe":1,"sex":9}`, Follower{Subscribe: true}},
		{"avatar that is no address", `{"subscribe":1,"headimgurl":"javascript:x"}`, Follower{Subscribe: true}},
		{"does not follow", `{"subscribe":0,"openid":"o"}`, Follower{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.call = func(w http.ResponseWriter, r *http.Request) {
				if q := r.URL.Query(); r.URL.Path != "/cgi-bin/user/info" || q.Get("openid") != string(testOpenID) || q.Get("lang") != "zh_CN" {
					t.Errorf("asked for %s", r.URL)
				}
				_, _ = io.WriteString(w, c.body)
			}
			client, _, _ := f.client()
			got, err := client.UserInfo(t.Context(), apiAccount(), testOpenID)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestUserInfo_EmptyNameNeverOverwritesAKnownOne(t *testing.T) {
	c, _, _ := newFakeAPI(t).answers(`{"subscribe":1,"nickname":"","sex":0}`).client()
	got, err := c.UserInfo(t.Context(), apiAccount(), testOpenID)
	if err != nil {
		t.Fatal(err)
	}
	known := callbackd.Profile{Nickname: "小明", Gender: callbackd.GenderMale}
	if merged := known.Merge(got.Profile); merged != known {
		t.Errorf("%+v", merged)
	}
}

func TestCallbackIPs(t *testing.T) {
	c, _, _ := newFakeAPI(t).answers(`{"ip_list":["127.0.0.1","101.226.103.1/25"," 2001:db8::1 ","nonsense",""]}`).client()
	got, err := c.CallbackIPs(t.Context(), apiAccount())
	if want := "[127.0.0.1/32 101.226.103.0/25 2001:db8::1/128]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
}
