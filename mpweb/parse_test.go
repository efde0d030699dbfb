package mpweb

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
	"time"

	"callbackd"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	openID1 = "oFIXTURE00000000000000000001"
	openID2 = "oFIXTURE00000000000000000002"
	openID3 = "oFIXTURE00000000000000000003"
)

// wantEntries is what messages_*.{html,json} hold, for the given people.
func wantEntries(ming, hong, gang callbackd.FakeID, locationBreak string) []Entry {
	return []Entry{
		{ID: 78, Type: 4, Kind: callbackd.KindVideo, FakeID: gang, Nickname: "小刚", Time: 1380000010, PlayLength: 12 * time.Second},
		{ID: 77, Type: 1, Kind: callbackd.KindText, FakeID: hong, Nickname: "小红", Content: "我的位置:" + locationBreak + "http://url.example.com/a", Time: 1380000008},
		{ID: 76, Type: 2, Kind: callbackd.KindImage, FakeID: hong, Nickname: "小红", Time: 1380000005},
		{ID: 75, Type: 1, Kind: callbackd.KindText, FakeID: ming, Nickname: "小明", Content: "a<b> &amp; \"你好\" '/::)\n登录超时，请重新登录 }]}", Time: 1380000001},
		{ID: 74, Type: 3, Kind: callbackd.KindVoice, FakeID: hong, Nickname: "小红", Time: 1379999990, PlayLength: 1859 * time.Millisecond},
	}
}

func TestParseMessages_EveryForm(t *testing.T) {
	numbers := wantEntries("844700001", "844700002", "844700003", "\n")
	for name, want := range map[string][]Entry{
		"messages_2014.html":         numbers,
		"messages_2014.json":         numbers,
		"messages_2014_control.html": numbers,
		"messages_2014_control.json": numbers,
		"messages_2016.json":         wantEntries(openID1, openID2, openID3, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseMessages(fixture(t, name), "2391000001")
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParseMessages_OddLinesAreSkippedNotThePage(t *testing.T) {
	page := `{"base_resp":{"ret":0},"msg_items":"{\"msg_item\":[7,{\"id\":\"x\"},{\"id\":5,\"type\":\"1\",\"fakeid\":844700001,\"date_time\":\"1380000000\",\"content\":12,\"source\":{}},{\"id\":6,\"type\":99,\"fakeid\":\"844700002\",\"play_length\":-4}]}"}`
	got, err := ParseMessages([]byte(page), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{ID: 5, Type: 1, Kind: callbackd.KindText, FakeID: "844700001", Content: "12", Time: 1380000000},
		{ID: 6, Type: 99, FakeID: "844700002"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseMessages_JavaScriptEscapes(t *testing.T) {
	page := `<script>wx.cgiData={list : ({"msg_item":[{"id":5,"type":1,"fakeid":"844700001","content":"it\'s \x3cb\x3e \"q\" \u4f60"}]}).msg_item}</script>`
	got, err := ParseMessages([]byte(page), "")
	if err != nil || len(got) != 1 || got[0].Content != `it's <b> "q" 你` {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseDialog_EveryForm(t *testing.T) {
	for name, fakeID := range map[string]callbackd.FakeID{
		"dialog.json": "844700001", "dialog.html": "844700001", "dialog_2016.json": openID1,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseDialog(fixture(t, name), "2391000001")
			if err != nil {
				t.Fatal(err)
			}
			want := []Entry{
				{ID: 79, Type: 1, Kind: callbackd.KindText, FakeID: "2391000001", Nickname: "春晚现场", Content: "收到", Time: 1380000012, Own: true},
				{ID: 75, Type: 1, Kind: callbackd.KindText, FakeID: fakeID, Nickname: "小明", Content: "你好<3", Time: 1380000001},
				{ID: 70, Type: 3, Kind: callbackd.KindVoice, FakeID: fakeID, Nickname: "小明", Time: 1379999001, PlayLength: 2 * time.Second},
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParse_EscapedControlCharactersGoToo(t *testing.T) {
	got, err := ParseMessages([]byte(`{"msg_items":{"msg_item":[{"id":5,"type":1,"fakeid":"844700001","nick_name":"\u0007小\u001f明","content":"a\u0000b\tc\nd"}]}}`), "")
	if err != nil || len(got) != 1 || got[0].Nickname != "小明" || got[0].Content != "ab\tc\nd" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseDialog_OwnBySourceAlone(t *testing.T) {
	got, err := ParseDialog(fixture(t, "dialog.json"), "")
	if err != nil || len(got) != 3 || !got[0].Own || got[1].Own || got[2].Own {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseDialog_OwnBySenderAlone(t *testing.T) {
	page := []byte(`{"base_resp":{"ret":0},"page_info":{"msg_items":{"msg_item":[{"id":1,"type":1,"fakeid":"2391000001","content":"a","source":""}]}}}`)
	for uin, own := range map[string]bool{"2391000001": true, "": false} {
		got, err := ParseDialog(page, uin)
		if err != nil || len(got) != 1 || got[0].Own != own {
			t.Errorf("uin %q: got %+v, %v", uin, got, err)
		}
	}
}

func TestParseContacts_EveryForm(t *testing.T) {
	want := []Contact{
		{FakeID: "844700003", Nickname: "A&B <三>"},
		{FakeID: "844700002", Nickname: "小红 }]"},
		{FakeID: "844700001", Nickname: "小明"},
	}
	for _, name := range []string{"contacts_2014.html", "contacts_2014.json"} {
		got, err := ParseContacts2014(fixture(t, name))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	got, err := ParseContacts2016(fixture(t, "contacts_2016.json"))
	want2016 := []Contact{
		{FakeID: openID2, OpenID: openID2, Nickname: `小红 "二"`, CreatedAt: time.Unix(1469170565, 0).UTC()},
		{FakeID: openID1, OpenID: openID1, Nickname: "小明", CreatedAt: time.Unix(1469170001, 0).UTC()},
	}
	if err != nil || !reflect.DeepEqual(got, want2016) {
		t.Errorf("2016: got %+v, %v", got, err)
	}
}

func TestParseCard2014_WithAndWithoutOpenID(t *testing.T) {
	profile := callbackd.Profile{
		Nickname: "小明's", Gender: callbackd.GenderMale, Country: "中国", Province: "湖北", City: "武汉", Signature: "早<安>\n世界",
	}
	for name, openID := range map[string]callbackd.OpenID{
		"card_2014.json": "", "card_2014_openid.json": openID1, "card_2014_control.json": openID1,
	} {
		got, err := ParseCard2014(fixture(t, name))
		want := &Card{FakeID: "844700001", OpenID: openID, HasOpenID: openID != "", Profile: profile}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestParseCard2016(t *testing.T) {
	got, err := ParseCard2016(fixture(t, "card_2016.json"))
	want := &Card{
		FakeID: openID2, OpenID: openID2, HasOpenID: true, AvatarURL: "http://wx.example.com/mmhead/two/0",
		Profile: callbackd.Profile{Nickname: `小红 "二"`, Country: "中国", Province: "湖北", City: "武汉"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseCard_Nobody(t *testing.T) {
	for _, row := range []struct {
		name       string
		parse      func([]byte) (*Card, error)
		unfollowed bool
	}{
		{"card_2014_unfollowed.json", ParseCard2014, true},
		{"card_2014_silent.json", ParseCard2014, false},
		{"card_2016_unfollowed.json", ParseCard2016, true},
	} {
		card, err := row.parse(fixture(t, row.name))
		if card != nil || !errors.Is(err, ErrNoCard) || !errors.Is(err, callbackd.ErrNotFound) || errors.Is(err, ErrUnfollowed) != row.unfollowed {
			t.Errorf("%s: got %+v, %v", row.name, card, err)
		}
	}
	var answer *AnswerError
	if _, err := ParseCard2014([]byte(`{"base_resp":{"ret":-1}}`)); !errors.As(err, &answer) || answer.Ret != -1 {
		t.Errorf("an unknown ret is told: got %v", err)
	}
}

func TestParseLogin_EveryVariant(t *testing.T) {
	for name, want := range map[string]LoginAnswer{
		"login_b_ok.json":           {Outcome: LoginOK, Token: "1000000001"},
		"login_b_captcha.json":      {Outcome: LoginCaptcha, Code: -8},
		"login_b_password.json":     {Outcome: LoginPassword, Code: -23},
		"login_b_readtemplate.json": {Outcome: LoginQR},
		"login_a_ok.json":           {Outcome: LoginOK, Token: "1000000001"},
		"login_a_captcha.json":      {Outcome: LoginCaptcha, Code: -6},
	} {
		if got, err := ParseLogin(fixture(t, name)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for body, want := range map[string]LoginOutcome{
		`{"base_resp":{"ret":0},"redirect_url":"/cgi-bin/bizlogin?action=validate"}`: LoginQR,
		`{"base_resp":{"ret":-1}}`:                    LoginBusy,
		`{"base_resp":{"ret":-21}}`:                   LoginPassword,
		`{"base_resp":{"ret":-7}}`:                    LoginRestricted,
		`{"base_resp":{"ret":-27}}`:                   LoginCaptcha,
		`{"base_resp":{"ret":200013}}`:                LoginFrequency,
		`{"base_resp":{"ret":15406}}`:                 LoginRestricted,
		`{"Ret":302,"ErrMsg":"/x","ErrCode":65202}`:   LoginQR,
		`{"Ret":400,"ErrMsg":"","ErrCode":-3}`:        LoginPassword,
		`{"Ret":400,"ErrMsg":"token=5","ErrCode":-5}`: LoginRestricted,
		`{"Ret":400,"ErrMsg":"?token=5","ErrCode":0}`: LoginRestricted,
	} {
		if got, err := ParseLogin([]byte(body)); err != nil || got.Outcome != want || got.Token != "" {
			t.Errorf("%s: got %+v, %v, want %s", body, got, err, want)
		}
	}
}

func TestParseHome(t *testing.T) {
	got, err := ParseHome(fixture(t, "home.html"))
	want := Home{Ticket: "0123456789abcdef0123456789abcdef01234567", UIN: "2391000001", UserName: "gh_0123456789ab", Token: "1000000001"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ParseHome(fixture(t, "home_ended.html")); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a home page without a ticket: got %v", err)
	}
}

func TestParseQRPoll(t *testing.T) {
	for name, want := range map[string]QRStatus{
		"qr_waiting.json": QRWaiting, "qr_confirmed.json": QRConfirmed, "qr_expired.json": QRExpired,
		"qr_scanned.json": QRScanned, "qr_choosing.json": QRScanned,
	} {
		if got, err := ParseQRPoll(fixture(t, name)); err != nil || got != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, body := range []string{`{}`, `{"status":9}`, ``, `<html>`} {
		if got, err := ParseQRPoll([]byte(body)); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q: got %q, %v", body, got, err)
		}
	}
}

func TestRecognise_EveryLook(t *testing.T) {
	const html, json = "text/html; charset=UTF-8", "application/json"
	for _, row := range []struct {
		name, contentType string
		want              Trouble
	}{
		{"ended_timeout.html", html, TroubleEnded},
		{"ended_loginpage.html", html, TroubleEnded},
		{"ended_200003.json", json, TroubleEnded},
		{"ended_3.json", html, TroubleEnded},
		{"ended_20000.json", json, TroubleEnded},
		{"ended_csrf.json", json, TroubleEnded},
		{"frequency.json", json, TroubleFrequency},
		{"captcha.json", json, TroubleCaptcha},
		{"login_b_captcha.json", json, TroubleCaptcha},
		{"home.html", html, TroubleNone},
		{"messages_2014.html", html, TroubleNone}, // a follower wrote 登录超时，请重新登录
		{"messages_2014.json", json, TroubleNone},
		{"dialog.html", html, TroubleNone},
		{"contacts_2014.html", html, TroubleNone},
		{"card_2014_unfollowed.json", json, TroubleNone},
		{"frequency.html", html, TroubleFrequency},
		{"refused.html", html, TroubleNone},
	} {
		if got := Recognise(row.contentType, fixture(t, row.name)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
		if got := Expired(row.contentType, fixture(t, row.name)); got != (row.want == TroubleEnded) {
			t.Errorf("%s: Expired %v", row.name, got)
		}
	}
}

func TestMediaExpired(t *testing.T) {
	if !MediaExpired("text/html; charset=UTF-8", []byte("<p>anything</p>")) {
		t.Error("HTML where a file was asked is a login page")
	}
	for _, body := range []string{"", "ID3\x03", "\xff\xd8\xff"} {
		if MediaExpired("image/jpg", []byte(body)) || MediaExpired("text/html", []byte("")) {
			t.Errorf("%q is no login page", body)
		}
	}
	if MediaExpired("text/html", fixture(t, "frequency.json")) || !MediaExpired("text/html", fixture(t, "ended_200003.json")) {
		t.Error("JSON is judged by its ret, whatever its type says")
	}
}

func TestParsers_RefuseWhatIsNoPage(t *testing.T) {
	for _, body := range []string{"", "{", "{}", "[]", "null", "<html></html>", `{"base_resp":{"ret":0}}`, `{"msg_items":"x","contact_list":7,"page_info":{"msg_items":[]}}`, `{"msg_item":`} {
		b := []byte(body)
		for name, parse := range map[string]func() error{
			"messages":      func() error { _, err := ParseMessages(b, ""); return err },
			"dialog":        func() error { _, err := ParseDialog(b, ""); return err },
			"contacts 2014": func() error { _, err := ParseContacts2014(b); return err },
			"contacts 2016": func() error { _, err := ParseContacts2016(b); return err },
			"card 2014":     func() error { _, err := ParseCard2014(b); return err },
			"card 2016":     func() error { _, err := ParseCard2016(b); return err },
			"home":          func() error { _, err := ParseHome(b); return err },
		} {
			if err := parse(); !errors.Is(err, ErrUnreadable) {
				t.Errorf("%s of %q: got %v", name, body, err)
			}
		}
	}
}

// TestFixturesHoldNoSecrets keeps fixtures synthetic: the only token, ids and
// addresses in them are invented ones.
func TestFixturesHoldNoSecrets(t *testing.T) {
	rules := map[string]*regexp.Regexp{
		"token":  regexp.MustCompile(`token=(\d+)`),
		"openID": regexp.MustCompile(`\bo[A-Za-z0-9_-]{27}\b`),
		"gh id":  regexp.MustCompile(`gh_[0-9a-f]{12}`),
		"number": regexp.MustCompile(`\b\d{9,10}\b`),
		"cookie": regexp.MustCompile(`(?i)set-cookie|slave_sid|data_ticket|rand_info`),
		"app id": regexp.MustCompile(`\bwx[0-9a-f]{16}\b`),
		"host":   regexp.MustCompile(`https?://[^/"'\\]+`),
	}
	allowed := regexp.MustCompile(`^(?:token=1000000001|1000000001|oFIXTURE0{19}[1-3]|gh_0123456789ab|8447000\d\d|2391000001|13800000\d\d|1379999\d{3}|1469170\d{3}|http://(?:wx|url)\.example\.com)$`)
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for what, rule := range rules {
			for _, hit := range rule.FindAllString(string(b), -1) {
				if !allowed.MatchString(hit) {
					t.Errorf("%s holds a %s that looks real: %s", file, what, hit)
				}
			}
		}
	}
}
