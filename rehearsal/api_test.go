package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// get asks the platform; the answer's body comes back whole.
func (s *stage) get(t *testing.T, path string, q url.Values) (*http.Response, []byte) {
	t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = s.url + path
	}
	if q != nil {
		target += "?" + q.Encode()
	}
	return s.do(t, http.MethodGet, target, nil)
}

func (s *stage) post(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	_, out := s.do(t, http.MethodPost, s.url+path, bytes.NewReader(b))
	return object(t, out)
}

func (s *stage) do(t *testing.T, method, target string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, out
}

func object(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v in %.200q", err, b)
	}
	return out
}

// errcode is an answer's errcode; 0 when it has none.
func errcode(m map[string]any) int {
	n, _ := m["errcode"].(float64)
	return int(n)
}

// token fetches a stable token.
func (s *stage) token(t *testing.T) string {
	t.Helper()
	m := s.stable(t, false)
	value, _ := m["access_token"].(string)
	if value == "" {
		t.Fatalf("no token: %v", m)
	}
	return value
}

func (s *stage) stable(t *testing.T, force bool) map[string]any {
	t.Helper()
	return s.post(t, "/cgi-bin/stable_token", map[string]any{
		"grant_type": "client_credential", "appid": s.a.Config.AppID, "secret": s.a.Config.AppSecret, "force_refresh": force,
	})
}

func (s *stage) plainToken(t *testing.T) map[string]any {
	t.Helper()
	_, b := s.get(t, "/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {s.a.Config.AppID}, "secret": {s.a.Config.AppSecret},
	})
	return object(t, b)
}

// works asks for the callback addresses with a token and returns the errcode.
func (s *stage) works(t *testing.T, token any) int {
	t.Helper()
	_, b := s.get(t, "/cgi-bin/getcallbackip", url.Values{"access_token": {fmt.Sprint(token)}})
	return errcode(object(t, b))
}

func TestToken_EachCallReplacesTheOneBefore(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	one, two := s.plainToken(t), s.plainToken(t)
	if one["access_token"] == two["access_token"] || one["expires_in"] != 7200.0 {
		t.Fatalf("%v then %v", one, two)
	}
	s.clock.Add(5*time.Minute - time.Second)
	if a, b := s.works(t, one["access_token"]), s.works(t, two["access_token"]); a != 0 || b != 0 {
		t.Errorf("within five minutes: %d and %d", a, b)
	}
	s.clock.Add(time.Second)
	if a, b := s.works(t, one["access_token"]), s.works(t, two["access_token"]); a != 40001 || b != 0 {
		t.Errorf("after five minutes: %d and %d", a, b)
	}
	s.clock.Add(2 * time.Hour)
	if n := s.works(t, two["access_token"]); n != 42001 {
		t.Errorf("at its end: %d", n)
	}
	if n := s.works(t, "made up"); n != 40014 {
		t.Errorf("made up: %d", n)
	}
	if n := s.works(t, ""); n != 41001 {
		t.Errorf("missing: %d", n)
	}
}

func TestToken_DailyLimit(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.Platform.mu.Lock()
	for range tokensPerDay {
		s.a.tokens.take(quotaToken, dayFormat, tokensPerDay, s.clock.Now())
	}
	s.Platform.mu.Unlock()
	if n := errcode(s.plainToken(t)); n != 45009 {
		t.Errorf("call 2001: %d", n)
	}
	s.clock.Add(24 * time.Hour)
	if n := errcode(s.plainToken(t)); n != 0 {
		t.Errorf("next day: %d", n)
	}
}

func TestStableToken_SameTokenWithWhatIsLeft(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	plain := s.plainToken(t)
	one := s.stable(t, false)
	s.clock.Add(6900*time.Second - time.Second)
	two := s.stable(t, false)
	if one["access_token"] != two["access_token"] || two["expires_in"] != 301.0 {
		t.Errorf("%v then %v", one, two)
	}
	if n := s.works(t, plain["access_token"]); n != 0 {
		t.Errorf("the other kind of token: %d", n)
	}
	s.clock.Add(time.Second)
	three := s.stable(t, false)
	if three["access_token"] == one["access_token"] || three["expires_in"] != 7200.0 {
		t.Errorf("five minutes before the end: %v", three)
	}
	if a, b := s.works(t, one["access_token"]), s.works(t, three["access_token"]); a != 0 || b != 0 {
		t.Errorf("both work in the overlap: %d and %d", a, b)
	}
}

func TestStableToken_MinuteLimit(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.Platform.mu.Lock()
	for range stablePerMin {
		s.a.tokens.take(quotaStable, minuteFormat, stablePerMin, s.clock.Now())
	}
	s.Platform.mu.Unlock()
	if n := errcode(s.stable(t, false)); n != 45011 {
		t.Errorf("call 10001: %d", n)
	}
	s.clock.Add(time.Minute)
	if n := errcode(s.stable(t, false)); n != 0 {
		t.Errorf("next minute: %d", n)
	}
}

func TestStableToken_Forced(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	one := s.stable(t, false)
	two := s.stable(t, true)
	if two["access_token"] == one["access_token"] {
		t.Fatal("force gave the same token")
	}
	if n := s.works(t, one["access_token"]); n != 0 {
		t.Errorf("forced once, the old one: %d", n)
	}
	s.clock.Add(29 * time.Second)
	if again := s.stable(t, true); again["access_token"] != two["access_token"] {
		t.Error("force within 30 s gave a new token")
	}
	s.clock.Add(time.Second)
	s.stable(t, true)
	if n := s.works(t, one["access_token"]); n != 40001 {
		t.Errorf("forced twice, the first one: %d", n)
	}
	for range forcedPerDay - 2 {
		s.clock.Add(forcedPause)
		if n := errcode(s.stable(t, true)); n != 0 {
			t.Fatalf("force: %d", n)
		}
	}
	s.clock.Add(forcedPause)
	if n := errcode(s.stable(t, true)); n != 45009 {
		t.Errorf("force 21: %d", n)
	}
}

func TestToken_WrongCredentials(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	good := url.Values{"grant_type": {"client_credential"}, "appid": {s.a.Config.AppID}, "secret": {s.a.Config.AppSecret}}
	for _, c := range []struct {
		key, value string
		want       int
	}{{"grant_type", "x", 40002}, {"appid", "", 41002}, {"appid", "wx0", 40013}, {"secret", "", 41004}, {"secret", "x", 40125}} {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		q.Set(c.key, c.value)
		if _, b := s.get(t, "/cgi-bin/token", q); errcode(object(t, b)) != c.want {
			t.Errorf("%s=%q: %s", c.key, c.value, b)
		}
	}
}

func TestToken_WhitelistNamesTheAddress(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{API: APIConfig{Whitelist: true}})
	m := s.plainToken(t)
	if errcode(m) != 40164 || !strings.Contains(fmt.Sprint(m["errmsg"]), "invalid ip 127.0.0.1") {
		t.Errorf("%v", m)
	}
	allowed := newStage(t, Options{}, AccountConfig{API: APIConfig{Whitelist: true, AllowedIPs: []string{"127.0.0.1"}}})
	if n := errcode(allowed.plainToken(t)); n != 0 {
		t.Errorf("allowed: %d", n)
	}
}

func TestToken_AccountWithoutAPI(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{API: APIConfig{None: true}})
	if n := errcode(s.plainToken(t)); n != 40013 {
		t.Errorf("errcode %d", n)
	}
}

func TestFaults_SpoiledTokens(t *testing.T) {
	for want, set := range map[int]func(*Faults){
		42001: func(f *Faults) { f.ExpireTokens = true },
		40001: func(f *Faults) { f.DropTokens = true },
	} {
		s := newStage(t, Options{}, AccountConfig{})
		old := s.token(t)
		s.a.SetFaults(set)
		if n := s.works(t, old); n != want {
			t.Errorf("spoiled: %d, want %d", n, want)
		}
		if n := s.works(t, s.token(t)); n != 0 {
			t.Errorf("the next one: %d", n)
		}
	}
}

func TestFaults_ForcedErrors(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	token := s.token(t)
	for _, code := range []int{-1, 40001, 40014, 42001, 45009, 48001, 40164} {
		s.a.SetFaults(func(f *Faults) { f.Force = map[string]ForcedError{"/cgi-bin/getcallbackip": {Code: code, N: 2}} })
		if a, b, c := s.works(t, token), s.works(t, token), s.works(t, token); a != code || b != code || c != 0 {
			t.Errorf("forced %d twice: %d %d %d", code, a, b, c)
		}
	}
	s.a.SetFaults(func(f *Faults) { f.Force = map[string]ForcedError{"*": {Code: 45009, N: -1}} })
	if n := errcode(s.stable(t, false)); n != 45009 {
		t.Errorf("forced everywhere: %d", n)
	}
}

func TestFaults_TailsDownAndEmpty(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	q := url.Values{"access_token": {s.token(t)}, "openid": {"o"}}
	_, b := s.get(t, "/cgi-bin/user/info", q)
	if !strings.Contains(string(b), " rid: ") {
		t.Errorf("%s", b)
	}
	s.a.SetFaults(func(f *Faults) { f.HintTail = true })
	if _, b = s.get(t, "/cgi-bin/user/info", q); !strings.Contains(string(b), " hint: [") {
		t.Errorf("%s", b)
	}
	s.a.SetFaults(func(f *Faults) { f.CloudDown = true })
	if resp, b := s.get(t, "/cgi-bin/user/info", q); resp.StatusCode != 502 || !strings.Contains(string(b), "<html>") {
		t.Errorf("down: %d %s", resp.StatusCode, b)
	}
	s.a.SetFaults(func(f *Faults) { *f = Faults{EmptyTokenAnswer: true} })
	resp, b := s.get(t, "/cgi-bin/token", url.Values{"appid": {s.a.Config.AppID}})
	if resp.StatusCode != 200 || len(b) != 0 || resp.Header.Get("Content-Type") != "text/html; charset=gbk" {
		t.Errorf("empty: %d %q %s", resp.StatusCode, b, resp.Header)
	}
}

func TestUserInfo_BeforeAndAfter2021(t *testing.T) {
	for _, old := range []bool{false, true} {
		s := newStage(t, Options{}, AccountConfig{API: APIConfig{OldProfiles: old}})
		k, _ := s.a.Contact(s.number)
		ask := func(id callbackd.OpenID) map[string]any {
			_, b := s.get(t, "/cgi-bin/user/info", url.Values{"access_token": {s.token(t)}, "openid": {string(id)}})
			return object(t, b)
		}
		m := ask(k.OpenID)
		if m["subscribe"] != 1.0 || m["openid"] != string(k.OpenID) || m["subscribe_time"] != float64(k.FollowedAt.Unix()) {
			t.Errorf("old %v: %v", old, m)
		}
		if known := m["nickname"] == k.Profile.Nickname && m["headimgurl"] != ""; known != old {
			t.Errorf("old %v: nickname %q headimgurl %q", old, m["nickname"], m["headimgurl"])
		}
		if old {
			s.checkAvatar(t, fmt.Sprint(m["headimgurl"]))
		}
		s.a.Unfollow(s.number)
		if m := ask(k.OpenID); m["subscribe"] != 0.0 || len(m) != 2 {
			t.Errorf("who does not follow: %v", m)
		}
		if m := ask("o-somebody-else-of-another-ac"); errcode(m) != 40003 {
			t.Errorf("another account's: %v", m)
		}
	}
}

// checkAvatar fetches a headimgurl, before and after the person changes it.
func (s *stage) checkAvatar(t *testing.T, address string) {
	t.Helper()
	resp, b := s.get(t, address, nil)
	if _, err := jpeg.Decode(bytes.NewReader(b)); err != nil || resp.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("avatar: %v, %s", err, resp.Header)
	}
	if err := s.SetProfile(s.number, func(f *Follower) { f.Avatar = Files().Faces[7] }); err != nil {
		t.Fatal(err)
	}
	if resp, _ := s.get(t, address, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("old avatar: status %d", resp.StatusCode)
	}
}

func TestUserInfo_UnverifiedAccount(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{API: APIConfig{Unverified: true}})
	_, b := s.get(t, "/cgi-bin/user/info", url.Values{"access_token": {s.token(t)}, "openid": {"o"}})
	if errcode(object(t, b)) != 48001 {
		t.Errorf("%s", b)
	}
}

func TestUserGet_PagesToTheEmptyOne(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	next, seen := "", 0
	for range 3 {
		_, b := s.get(t, "/cgi-bin/user/get", url.Values{"access_token": {s.token(t)}, "next_openid": {next}})
		m := object(t, b)
		if m["total"] != 1.0 {
			t.Errorf("%v", m)
		}
		if m["count"] == 0.0 {
			if m["data"] != nil || m["next_openid"] != "" {
				t.Errorf("the page after the last: %v", m)
			}
			break
		}
		seen++
		next = fmt.Sprint(m["next_openid"])
	}
	if seen != 1 {
		t.Errorf("%d pages with followers", seen)
	}
}

func TestCallbackIPs_MixAddressesAndNetworks(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	_, b := s.get(t, "/cgi-bin/getcallbackip", url.Values{"access_token": {s.token(t)}})
	if string(b) != `{"ip_list":["127.0.0.1","101.226.103.0/25"]}` {
		t.Errorf("%s", b)
	}
}

func TestUserInfos_AHundredAtMost(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	k, _ := s.a.Contact(s.number)
	ask := func(n int) map[string]any {
		list := make([]map[string]any, n)
		for i := range list {
			list[i] = map[string]any{"openid": k.OpenID, "lang": "zh_CN"}
		}
		return s.post(t, "/cgi-bin/user/info/batchget?access_token="+s.token(t), map[string]any{"user_list": list})
	}
	if got, _ := ask(100)["user_info_list"].([]any); len(got) != 100 {
		t.Errorf("%d infos", len(got))
	}
	for _, n := range []int{0, 101} {
		if code := errcode(ask(n)); code != 47001 {
			t.Errorf("%d people: %d", n, code)
		}
	}
}

func TestClearQuota_TenTimesAMonth(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	path := "/cgi-bin/clear_quota?access_token=" + s.token(t)
	if n := errcode(s.post(t, path, map[string]any{"appid": "wx"})); n != 40013 {
		t.Errorf("another appid: %d", n)
	}
	s.Platform.mu.Lock()
	for range tokensPerDay {
		s.a.tokens.take(quotaToken, dayFormat, tokensPerDay, s.clock.Now())
	}
	s.Platform.mu.Unlock()
	for i := range 11 {
		want := 0
		if i == 10 {
			want = 48006
		}
		if n := errcode(s.post(t, path, map[string]any{"appid": s.a.Config.AppID})); n != want {
			t.Errorf("clear %d: %d", i+1, n)
		}
	}
	if n := errcode(s.plainToken(t)); n != 0 {
		t.Errorf("token after it: %d", n)
	}
}
