package rehearsal

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func (s *stage) send(t *testing.T, content string) int {
	t.Helper()
	k, _ := s.a.Contact(s.number)
	return errcode(s.post(t, "/cgi-bin/message/custom/send?access_token="+s.token(t), map[string]any{
		"touser": k.OpenID, "msgtype": "text", "text": map[string]any{"content": content},
	}))
}

func TestCustomSend_FiveInTwoDaysAfterAMessage(t *testing.T) {
	for legacy, allowance := range map[bool]int{false: 5, true: 20} {
		s := newStage(t, Options{}, AccountConfig{API: APIConfig{LegacyMessages: legacy}})
		if n := s.send(t, "x"); n != 45015 {
			t.Errorf("before anything was said: %d", n)
		}
		s.say(t, Message{Content: "hello"})
		for i := range allowance {
			if n := s.send(t, fmt.Sprint("answer ", i)); n != 0 {
				t.Fatalf("message %d: %d", i+1, n)
			}
		}
		if n := s.send(t, "one more"); n != 45047 {
			t.Errorf("message %d: %d", allowance+1, n)
		}
		if sent := s.a.Sent(); len(sent) != allowance || sent[0].Content != "answer 0" || sent[0].Number != s.number {
			t.Errorf("sent %+v", sent)
		}
		s.say(t, Message{Content: "again"})
		s.clock.Add(48*time.Hour - time.Second)
		if n := s.send(t, "late"); n != 0 {
			t.Errorf("within 48 h: %d", n)
		}
		s.clock.Add(time.Second)
		if n := s.send(t, "too late"); n != 45015 {
			t.Errorf("after 48 h: %d", n)
		}
	}
}

func TestCustomSend_ThreeInAMinuteAfterAnEvent(t *testing.T) {
	for _, name := range []string{"subscribe", "SCAN", "CLICK"} {
		s := newStage(t, Options{}, AccountConfig{})
		if _, err := s.a.Act(EventSample(name, s.number)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if n := s.send(t, "x"); n != 0 {
				t.Fatalf("%s: %d", name, n)
			}
		}
		if n := s.send(t, "x"); n != 45047 {
			t.Errorf("%s, fourth: %d", name, n)
		}
		s.clock.Add(time.Minute)
		if n := s.send(t, "x"); n != 45015 {
			t.Errorf("%s, after a minute: %d", name, n)
		}
	}
}

func TestCustomSend_Refusals(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.say(t, Message{Content: "hello"})
	path := "/cgi-bin/message/custom/send?access_token=" + s.token(t)
	k, _ := s.a.Contact(s.number)
	for want, body := range map[int]map[string]any{
		40003: {"touser": "o", "msgtype": "text", "text": map[string]any{"content": "x"}},
		40008: {"touser": k.OpenID, "msgtype": "text"},
		45002: {"touser": k.OpenID, "msgtype": "text", "text": map[string]any{"content": ""}},
	} {
		if n := errcode(s.post(t, path, body)); n != want {
			t.Errorf("errcode %d, want %d", n, want)
		}
	}
	typing := func(command string) int {
		return errcode(s.post(t, "/cgi-bin/message/custom/typing?access_token="+s.token(t), map[string]any{"touser": k.OpenID, "command": command}))
	}
	if a, b := typing("Typing"), typing("Dance"); a != 0 || b != 47001 {
		t.Errorf("typing: %d and %d", a, b)
	}
	s.a.Unfollow(s.number)
	if n := s.send(t, "x"); n != 45015 {
		t.Errorf("to who has left: %d", n)
	}
}

func TestOAuth_FromTheClickToTheName(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{API: APIConfig{OAuthDomain: "wall.example"}})
	k, _ := s.a.Contact(s.number)
	ask := func(scope, redirect string) (*http.Response, []byte) {
		return s.get(t, "/connect/oauth2/authorize", url.Values{
			"appid": {s.a.Config.AppID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {scope}, "state": {"s1"},
		})
	}
	if resp, _ := ask(scopeUserInfo, "https://wall.example/me"); resp.StatusCode != 200 {
		t.Errorf("outside the client: status %d", resp.StatusCode)
	}
	s.SetVisitor(s.number)
	if resp, _ := ask(scopeUserInfo, "https://elsewhere.example/me"); resp.StatusCode != 200 {
		t.Errorf("foreign domain: status %d", resp.StatusCode)
	}
	code := func(scope string) string {
		resp, b := ask(scope, "https://wall.example/me?a=b")
		to, err := url.Parse(resp.Header.Get("Location"))
		if resp.StatusCode != http.StatusFound || err != nil || to.Query().Get("state") != "s1" || to.Query().Get("a") != "b" {
			t.Fatalf("%d %s %s", resp.StatusCode, resp.Header, b)
		}
		return to.Query().Get("code")
	}
	trade := func(code string) map[string]any {
		_, b := s.get(t, "/sns/oauth2/access_token", url.Values{
			"appid": {s.a.Config.AppID}, "secret": {s.a.Config.AppSecret}, "code": {code}, "grant_type": {"authorization_code"},
		})
		return object(t, b)
	}
	info := func(m map[string]any) map[string]any {
		_, b := s.get(t, "/sns/userinfo", url.Values{"access_token": {fmt.Sprint(m["access_token"])}, "openid": {fmt.Sprint(m["openid"])}})
		return object(t, b)
	}
	if resp, _ := s.get(t, "/connect/oauth2/authorize", url.Values{
		"appid": {s.a.Config.AppID}, "redirect_uri": {"https://wall.example/me"}, "response_type": {"code"}, "scope": {scopeBase}, "state": {"a b"},
	}); resp.StatusCode != 200 {
		t.Errorf("a state that is no word: status %d", resp.StatusCode)
	}
	c := code(scopeUserInfo)
	if n := s.tradeElsewhere(t, c); n != 40029 {
		t.Errorf("another account's code: %d", n)
	}
	m := trade(c)
	if m["openid"] != string(k.OpenID) || m["expires_in"] != 7200.0 {
		t.Fatalf("%v", m)
	}
	if n := errcode(trade(c)); n != 40163 {
		t.Errorf("the code again: %d", n)
	}
	if n := errcode(trade("made up")); n != 40029 {
		t.Errorf("another code: %d", n)
	}
	if got := info(m); got["nickname"] != k.Profile.Nickname || got["sex"] != 0.0 || got["city"] != "" || got["headimgurl"] == "" {
		t.Errorf("%v", got)
	}
	if n := errcode(info(map[string]any{"access_token": m["access_token"], "openid": "o"})); n != 40003 {
		t.Errorf("another openid: %d", n)
	}
	if n := errcode(info(trade(code(scopeBase)))); n != 48001 {
		t.Errorf("snsapi_base: %d", n)
	}
	old := code(scopeUserInfo)
	s.clock.Add(5 * time.Minute)
	if n := errcode(trade(old)); n != 42003 {
		t.Errorf("a code of five minutes: %d", n)
	}
	_, b := s.get(t, "/sns/oauth2/refresh_token", url.Values{
		"appid": {s.a.Config.AppID}, "grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(m["refresh_token"])},
	})
	if got := info(object(t, b)); got["nickname"] != k.Profile.Nickname {
		t.Errorf("after a refresh: %v", got)
	}
	s.clock.Add(2 * time.Hour)
	if n := errcode(info(m)); n != 42001 {
		t.Errorf("after two hours: %d", n)
	}
}

// tradeElsewhere uses a code with the credentials of another account.
func (s *stage) tradeElsewhere(t *testing.T, code string) int {
	t.Helper()
	other, err := s.AddAccount(AccountConfig{Slug: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	_, b := s.get(t, "/sns/oauth2/access_token", url.Values{
		"appid": {other.Config.AppID}, "secret": {other.Config.AppSecret}, "code": {code}, "grant_type": {"authorization_code"},
	})
	return errcode(object(t, b))
}
