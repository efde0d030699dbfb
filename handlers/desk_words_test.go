package handlers_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"callbackd"
	"callbackd/store"
)

// uploadList sends a form with a file, as a browser does without any script.
func (c *deskClient) uploadList(path, name, file, content string) answer {
	c.s.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	c.s.must(form.WriteField("csrf", c.csrf))
	c.s.must(form.WriteField("name", name))
	part, err := form.CreateFormFile("file", file)
	c.s.must(err)
	_, err = part.Write([]byte(content))
	c.s.must(err)
	c.s.must(form.Close())
	req, err := http.NewRequest(http.MethodPost, c.s.http.URL+path, &b)
	c.s.must(err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.AddCookie(&http.Cookie{Name: "desk", Value: c.cookie})
	resp, err := http.DefaultTransport.RoundTrip(req)
	c.s.must(err)
	defer resp.Body.Close()
	return answer{code: resp.StatusCode, location: resp.Header.Get("Location")}
}

// TestDeskWords_ListsFiltersAndATry goes through the page as somebody who sets up
// auto moderation does.
func TestDeskWords_ListsFiltersAndATry(t *testing.T) {
	const page = "/desk/spring/words"
	s := newDeskSite(t)
	ctx := context.Background()
	admin := s.as(s.operator("admin", callbackd.Grant{Account: s.acc.ID, Role: callbackd.RoleAdmin}), nil)
	shows := func(what string, a answer, texts ...string) {
		t.Helper()
		for _, text := range texts {
			hidden := strings.HasPrefix(text, "!")
			if strings.Contains(a.body, strings.TrimPrefix(text, "!")) == hidden {
				t.Errorf("%s: shown %v: %q (%d)", what, !hidden, strings.TrimPrefix(text, "!"), a.code)
			}
		}
	}
	const none = "No word list is loaded: until you import one, auto behaves as hold"
	shows("before", admin.get(page+"?lang=en"), none)
	shows("tried without a list", admin.post(page+"/try", "text", "大家好"), "It waits for a moderator", "There is no word list")

	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("# 备注\r\n代购\r\n刷单，兼职\r\n")
	s.must(err)
	s.want("a file", admin.uploadList(page+"/lists", "", "市场.v2.txt", gbk), http.StatusSeeOther, page)
	s.want("a large file", admin.uploadList(page+"/lists", "大", "l.txt", "词\n# "+strings.Repeat("x", 2<<20)), http.StatusSeeOther, page)
	s.want("a paste", admin.post(page+"/lists", "name", "脏话", "words", "坏话\n!!!"), http.StatusSeeOther, page)
	shows("after", admin.get(page), "!"+none, "市场", "3 words", "脏话", "1 words", "1 left out")
	lists, err := s.db.GetWords(ctx, s.acc.ID)
	s.must(err)
	if got := strings.Join(lists["市场"], " "); got != "代购 刷单 兼职" {
		t.Errorf("the file was read as %q", got)
	}

	for _, c := range []struct {
		text  string
		shows []string
	}{
		{"大家好", []string{"It goes on the wall at once", "From somebody of whom nothing was approved yet", "!Listed words"}},
		{"找我代-购和兼职", []string{"It waits for a moderator", "Holds a listed word: 代购", ">兼职<", "市场", "!goes on the wall at once"}},
		{"看 example.com", []string{"Holds a link"}},
		{"", []string{"Write a sentence of at most 2000 characters"}},
	} {
		shows("try "+c.text, admin.post(page+"/try", "text", c.text), c.shows...)
	}

	for _, c := range []struct {
		path  string
		form  []string
		shows string
	}{
		{"/lists", []string{"name", "", "words", "词"}, "1 to 40 characters, without bars"},
		{"/lists", []string{"name", "a|b", "words", "词"}, "1 to 40 characters, without bars"},
		{"/lists", []string{"name", "空", "words", "# nothing"}, "There is no word in it"},
		{"/remove", []string{"list", "无"}, "That list is gone already"},
		{"/filters", []string{"per_minute", "1001"}, "Write 0 to 1000"},
		{"/filters", []string{"per_minute", "3", "checker", "ftp://a.example/"}, "Write the checker&#39;s address as http or https"},
	} {
		if a := admin.post(page+c.path, c.form...); a.code < 400 || !strings.Contains(a.body, c.shows) {
			t.Errorf("%s %v: %d, without %q", c.path, c.form, a.code, c.shows)
		}
	}
	s.want("remove", admin.post(page+"/remove", "list", "脏话"), http.StatusSeeOther, page)
	shows("removed", admin.get(page), "!脏话", "市场")

	filters := func(want callbackd.FilterOptions, secret callbackd.Secret, form ...string) {
		t.Helper()
		s.want("filters", admin.post(page+"/filters", form...), http.StatusSeeOther, page)
		a, err := s.db.GetAccountByID(ctx, s.acc.ID)
		s.must(err)
		if a.Filters != want || a.CheckerSecret != secret {
			t.Errorf("%v: %+v, secret right: %v; want %+v", form, a.Filters, a.CheckerSecret == secret, want)
		}
	}
	const url, word = "https://check.example/v1", "hush-hush"
	filters(callbackd.FilterOptions{PerMinute: -1, PassFirst: true, Pinyin: true, Checker: url}, word, "per_minute", "0", "pinyin", "1", "checker", url, "secret", word)
	shows("the secret", admin.get(page), "!"+word, url, "It is kept, and not shown again")
	shows("try with a checker", admin.post(page+"/try", "text", "带够了没有"), "Listed words", "by its sound")
	shows("try with a checker", admin.post(page+"/try", "text", "大家好"), "The checker is asked next", "!at once")
	filters(callbackd.FilterOptions{Checker: url}, word, "per_minute", "6", "hold_first", "1", "checker", url)
	filters(callbackd.FilterOptions{Checker: url + "/b"}, "", "per_minute", "6", "hold_first", "1", "checker", url+"/b")
	filters(callbackd.FilterOptions{}, "", "per_minute", "6", "hold_first", "1", "secret", word)

	trail, err := s.db.ListAudit(ctx, s.acc.ID, 0, 100)
	s.must(err)
	for _, e := range trail {
		if strings.Contains(e.Detail, word) {
			t.Errorf("the trail holds the secret: %+v", e)
		}
	}
}

// TestDeskQueue_SaysWhyANameIsNotShown beside the message that it stands on.
func TestDeskQueue_SaysWhyANameIsNotShown(t *testing.T) {
	s := newDeskSite(t)
	moderator := s.as(nil, s.link(s.acc, "现场"))
	s.plant(s.acc)
	const why = "The name poses as host, staff or the account"
	if a := moderator.get("/desk/spring/queue?lang=en"); a.code != http.StatusOK || strings.Contains(a.body, why) {
		t.Errorf("%d: a name that may be shown", a.code)
	}
	s.must(s.db.SetPerson(context.Background(), s.acc.ID, store.Resolution{FakeID: "84471", OpenID: "oSynthetic-planter", ReadAt: s.clock.Now(),
		Profile: callbackd.Profile{Nickname: "管 理 员"}}))
	if a := moderator.get("/desk/spring/queue"); !strings.Contains(a.body, why) {
		t.Error("the card does not say why")
	}
}
