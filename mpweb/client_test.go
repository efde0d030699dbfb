package mpweb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

func TestClient_ReadsEveryPageOfBothDialects(t *testing.T) {
	for dialect, fakeID := range map[callbackd.Dialect]callbackd.FakeID{callbackd.Dialect2014: "844700001", callbackd.Dialect2016: openID1} {
		t.Run(string(dialect), func(t *testing.T) {
			r := newRig(t, dialect)
			ctx := t.Context()
			entries, err := r.MessagePage(ctx, r.acc, PageQuery{Count: 50, FromID: 75, Day: DayToday})
			if err != nil || len(entries) != 1 || entries[0].ID != 75 {
				t.Fatalf("message page: got %+v, %v", entries, err)
			}
			q := r.platform.last().query
			if q.Get("count") != "50" || q.Get("frommsgid") != "75" || q.Get("day") != "0" {
				t.Errorf("message page asked with %v", q)
			}
			entries, err = r.Dialog(ctx, r.acc, fakeID)
			if err != nil || len(entries) != 2 || !entries[0].Own || entries[1].Own || entries[1].FakeID != fakeID {
				t.Errorf("dialog: got %+v, %v", entries, err)
			}
			card, err := r.Card(ctx, r.acc, fakeID)
			if err != nil || card.FakeID != fakeID || card.Profile.Nickname != "小明" {
				t.Errorf("card: got %+v, %v", card, err)
			}
			if qr, err := r.JoinQR(ctx, r.acc); err != nil || string(qr) != "bytes of /misc/getqrcode "+testUIN {
				t.Errorf("join QR: got %q, %v", qr, err)
			}
			if err := r.LoggedIn(ctx, r.acc); err != nil {
				t.Error(err)
			}
			if r.platform.logins != 1 {
				t.Errorf("%d logins", r.platform.logins)
			}
		})
	}
}

func TestClient_PagesThroughContacts(t *testing.T) {
	for _, row := range []struct {
		dialect              callbackd.Dialect
		limit, people, pages int
	}{
		{callbackd.Dialect2014, 500, 150, 2},
		{callbackd.Dialect2016, 500, 150, 2},
		{callbackd.Dialect2014, 40, 150, 4}, // the platform gives fewer than asked
		{callbackd.Dialect2016, 40, 150, 4},
		{callbackd.Dialect2014, 500, 200, 3}, // the last page is full: an empty one tells the end
		{callbackd.Dialect2014, 500, 7, 1},
		{callbackd.Dialect2016, 500, 0, 1},
	} {
		r := newRig(t, row.dialect)
		r.platform.limit, r.platform.people = row.limit, row.people
		var cursor Cursor
		names := map[string]bool{}
		pages := 0
		for more := true; more; {
			var contacts []Contact
			var err error
			contacts, cursor, more, err = r.Contacts(t.Context(), r.acc, cursor)
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, c := range contacts {
				names[c.Nickname] = true
			}
		}
		if len(names) != row.people || pages != row.pages {
			t.Errorf("%+v: %d contacts on %d pages", row, len(names), pages)
		}
	}
}

func TestClient_SendsWhatABrowserWould(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	if _, err := r.Card(t.Context(), r.acc, "844700001"); err != nil {
		t.Fatal(err)
	}
	all := r.platform.all()
	login, home, card := all[0], all[1], all[2]
	if login.path != "/cgi-bin/login" || login.form.Get("pwd") != passwordDigest("correct horse ba") || login.form.Get("f") != "json" || len(login.cookies) != 0 {
		t.Errorf("login: %+v", login)
	}
	if home.path != "/cgi-bin/home" || home.cookies["slave_sid"] == "" || home.header.Get("X-Requested-With") != "" {
		t.Errorf("home: %+v", home)
	}
	want := map[string]string{
		"fakeid": "844700001", "t": "ajax-getcontactinfo", "f": "json", "ajax": "1", "lang": "zh_CN", "token": "1000000001",
	}
	for k, v := range want {
		if card.form.Get(k) != v {
			t.Errorf("card form %s = %q, want %q", k, card.form.Get(k), v)
		}
	}
	if card.method != "POST" || card.form.Get("random") == "" || card.query.Get("token") != "1000000001" || card.query.Get("lang") != "zh_CN" {
		t.Errorf("card: %+v", card)
	}
	if card.header.Get("X-Requested-With") != "XMLHttpRequest" || !strings.HasPrefix(card.header.Get("Referer"), r.platform.URL+"/cgi-bin/message?t=message/list") {
		t.Errorf("card headers: %v", card.header)
	}
	for _, name := range []string{"slave_sid", "slave_user", "bizuin"} {
		if card.cookies[name] == "" {
			t.Errorf("card came without cookie %s", name)
		}
	}
}

func TestPasswordDigest_First16UTF16Units(t *testing.T) {
	if got := passwordDigest("hello"); got != "5d41402abc4b2a76b9719d911017c592" {
		t.Errorf("short password: %s", got)
	}
	if passwordDigest("0123456789abcdefXYZ") != passwordDigest("0123456789abcdef") || passwordDigest("0123456789abcde") == passwordDigest("0123456789abcdef") {
		t.Error("the first 16 characters count, and all of them")
	}
	if passwordDigest("一二三四五六七八九十一二三四五六七") != passwordDigest("一二三四五六七八九十一二三四五六") {
		t.Error("characters, not bytes")
	}
	if passwordDigest("😀😀😀😀😀😀😀😀x") != passwordDigest("😀😀😀😀😀😀😀😀") {
		t.Error("an emoji is two units")
	}
}

func TestMedia_EveryKind(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	for kind, path := range map[callbackd.Kind]string{
		callbackd.KindImage: "/cgi-bin/getimgdata", callbackd.KindVoice: "/cgi-bin/getvoicedata", callbackd.KindVideo: "/cgi-bin/getvideodata",
	} {
		rc, err := r.Media(t.Context(), r.acc, kind, 75)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(rc)
		rc.Close()
		if string(b) != "bytes of "+path+" 75" {
			t.Errorf("%s: got %q", kind, b)
		}
	}
	if _, err := r.Media(t.Context(), r.acc, callbackd.KindText, 75); !errors.Is(err, ErrNoSuchMedia) {
		t.Errorf("words have no file: got %v", err)
	}
}

func TestMedia_NothingThere(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	for name, answer := range map[string]http.HandlerFunc{
		"empty body": look("text/html; charset=UTF-8", ""),
		"404":        http.NotFound,
	} {
		r.platform.set(func(p *platform) {
			p.answer = func(w http.ResponseWriter, req *http.Request) bool {
				if req.URL.Path == "/cgi-bin/getvoicedata" {
					answer(w, req)
					return true
				}
				return false
			}
		})
		if _, err := r.Media(t.Context(), r.acc, callbackd.KindVoice, 75); !errors.Is(err, ErrNoSuchMedia) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if r.platform.logins != 1 {
		t.Errorf("%d logins: an empty answer is no lost session", r.platform.logins)
	}
}

func TestMedia_JSONIsNoFile(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/getimgdata", look("image/jpeg", `{"base_resp":{"ret":-1,"err_msg":"system error"}}`))
	var answer *AnswerError
	if _, err := r.Media(t.Context(), r.acc, callbackd.KindImage, 75); !errors.As(err, &answer) || answer.Ret != -1 {
		t.Errorf("got %v", err)
	}
}

// answerOnce answers the next request of a path in another way.
func (p *platform) answerOnce(path string, h http.HandlerFunc) {
	var once sync.Once
	p.set(func(p *platform) {
		p.answer = func(w http.ResponseWriter, r *http.Request) bool {
			done := false
			if r.URL.Path == path {
				once.Do(func() { h(w, r); done = true })
			}
			return done
		}
	})
}

func TestAvatar_OwnHostIsFetchedForeignHostIsTold(t *testing.T) {
	r := newRig(t, callbackd.Dialect2016)
	r.platform.set(func(p *platform) {
		p.answer = func(w http.ResponseWriter, req *http.Request) bool {
			if req.URL.Path == "/avatars/1" {
				look("image/jpeg", "face")(w, req)
				return true
			}
			return false
		}
	})
	card, err := r.Card(t.Context(), r.acc, openID1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Avatar(t.Context(), r.acc, card)
	if err != nil || string(got.Bytes) != "face" || got.URL != "" {
		t.Errorf("own host: got %+v, %v", got, err)
	}
	if r.platform.last().cookies["slave_sid"] == "" {
		t.Error("the platform's own picture is fetched within the session")
	}
	before := len(r.platform.all())
	for _, foreign := range []string{"http://wx.example.com/mmhead/1/64", "//wx.example.com/1", "https://" + strings.TrimPrefix(r.platform.URL, "http://") + "/1"} {
		got, err = r.Avatar(t.Context(), r.acc, &Card{FakeID: openID1, AvatarURL: foreign})
		if err != nil || got.Bytes != nil || got.URL != foreign {
			t.Errorf("%s: got %+v, %v", foreign, got, err)
		}
	}
	if len(r.platform.all()) != before {
		t.Error("a foreign picture must not be fetched here")
	}
	got, err = r.Avatar(t.Context(), r.acc, &Card{FakeID: "844700001"})
	if err != nil || string(got.Bytes) != "bytes of /misc/getheadimg 844700001" {
		t.Errorf("without an address: got %+v, %v", got, err)
	}
}

func TestCard_AnotherPersonsIsRefused(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/getcontactinfo", look("application/json", `{"base_resp":{"ret":0},"contact_info":{"fake_id":844700002,"nick_name":"x"}}`))
	if card, err := r.Card(t.Context(), r.acc, "844700001"); card != nil || !errors.Is(err, ErrUnreadable) {
		t.Errorf("got %+v, %v", card, err)
	}
}

func TestClient_OffWithoutOperatorLogin(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.acc.MPWeb = nil
	_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
	if !errors.Is(err, ErrOff) || len(r.platform.all()) != 0 {
		t.Errorf("got %v after %d requests", err, len(r.platform.all()))
	}
	for name, call := range map[string]func() error{
		"contacts": func() error { _, _, _, err := r.Contacts(t.Context(), r.acc, Cursor{}); return err },
		"card":     func() error { _, err := r.Card(t.Context(), r.acc, "1"); return err },
		"join qr":  func() error { _, err := r.JoinQR(t.Context(), r.acc); return err },
	} {
		if err := call(); !errors.Is(err, ErrOff) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestClient_PaceAndOneAtATime(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.Client.pace = 300 * time.Millisecond
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.platform.logins != 1 {
		t.Errorf("%d logins for 20 calls", r.platform.logins)
	}
	if r.platform.most != 1 {
		t.Errorf("%d requests at the same time", r.platform.most)
	}
	all := r.platform.all()
	if len(all) != 22 { // login, home, 20 pages
		t.Errorf("%d requests", len(all))
	}
	for i := 1; i < len(all); i++ {
		if gap := all[i].at.Sub(all[i-1].at); gap < 300*time.Millisecond {
			t.Errorf("request %d came %s after the one before", i, gap)
		}
	}
}

func TestClient_AccountsDoNotWaitForEachOther(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	arrived, release := make(chan struct{}), make(chan struct{})
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		close(arrived)
		<-release
		look("application/json", `{"base_resp":{"ret":0},"msg_items":"{\"msg_item\":[]}"}`)(w, req)
	})
	done := make(chan error, 1)
	go func() {
		_, err := r.MessagePage(context.Background(), r.acc, PageQuery{})
		done <- err
	}()
	<-arrived
	other := *r.acc
	other.ID, other.Slug = 8, "other"
	if _, err := r.Card(t.Context(), &other, "844700001"); err != nil {
		t.Error(err)
	}
	// The same account's next caller waits, and may give up.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Card(ctx, r.acc, "844700001"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestClient_RedirectToAnotherHostIsNotFollowed(t *testing.T) {
	reached := make(chan struct{}, 10)
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer foreign.Close()
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/message", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, foreign.URL+"/?token="+req.URL.Query().Get("token"), http.StatusFound)
	})
	_, err := r.MessagePage(t.Context(), r.acc, PageQuery{})
	if !errors.Is(err, callbackd.ErrUnavailable) || len(reached) != 0 {
		t.Errorf("got %v, %d requests reached the other host", err, len(reached))
	}
}

func TestClient_TooLargeIsRefusedWhole(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	r.platform.answerOnce("/cgi-bin/message", look("application/json", `{"base_resp":{"ret":0},"msg_items":"{\"msg_item\":[]}"}`+strings.Repeat(" ", maxPage)))
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestClient_CountsRequestsByOutcome(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
		t.Fatal(err)
	}
	r.platform.loginElsewhere()
	if _, err := r.MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
		t.Fatal(err)
	}
	r.platform.answerOnce("/cgi-bin/getvoicedata", look("audio/mp3", ""))
	_, _ = r.Media(t.Context(), r.acc, callbackd.KindVoice, 1)
	r.platform.answerOnce("/cgi-bin/getcontactinfo", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := r.Card(t.Context(), r.acc, "844700001")
	var status *StatusError
	if !errors.As(err, &status) || status.Status != http.StatusBadGateway {
		t.Errorf("got %v", err)
	}
	want := []string{"login:ok", "home:ok", "messages:ok", "messages:ended", "login:ok", "home:ok", "messages:ok", "voice:empty", "card:error"}
	if !slices.Equal(r.witness.outcomes, want) {
		t.Errorf("got %v", r.witness.outcomes)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for _, base := range []string{"ftp://example.com", "nonsense", "http://", "::"} {
		if _, err := New(Config{BaseURL: base, Sessions: &memory{}}); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: got %v", base, err)
		}
	}
	if _, err := New(Config{}); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("without a store: got %v", err)
	}
	c, err := New(Config{Sessions: &memory{}})
	if err != nil || c.base.String() != DefaultBaseURL || fmt.Sprint(c.pace) != "200ms" {
		t.Errorf("defaults: %+v, %v", c, err)
	}
}

func TestNewRequest_NeverLeavesThePlatform(t *testing.T) {
	r := newRig(t, callbackd.Dialect2014)
	for _, path := range []string{"//evil.example.com/x", "http://evil.example.com/x", "https://" + r.base.Host + "/x", "http://" + r.base.Host + "@evil.example.com/"} {
		if _, err := r.newRequest(t.Context(), &session{}, request{path: path}); err == nil {
			t.Errorf("%s: want an error", path)
		}
	}
}
