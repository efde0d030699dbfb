package handlers_test

import (
	"bytes"
	"context"
	"html"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit/axe"
	"callbackd/wall"
)

// upload sends a form with a file.
func (c *deskClient) upload(path string, content []byte, pairs ...string) int {
	c.s.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	c.s.must(form.WriteField("csrf", c.csrf))
	for i := 0; i+1 < len(pairs); i += 2 {
		c.s.must(form.WriteField(pairs[i], pairs[i+1]))
	}
	file, err := form.CreateFormFile("file", "logo.png")
	c.s.must(err)
	_, err = file.Write(content)
	c.s.must(err)
	c.s.must(form.Close())
	req, err := http.NewRequest(http.MethodPost, c.s.http.URL+path, &body)
	c.s.must(err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.AddCookie(&http.Cookie{Name: "desk", Value: c.cookie})
	resp, err := http.DefaultTransport.RoundTrip(req)
	c.s.must(err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestDesk_RunsEventsAndTheWall takes an event from draft to its end from the desk.
func TestDesk_RunsEventsAndTheWall(t *testing.T) {
	s := newDeskSite(t)
	ctx := context.Background()
	c := s.as(s.owner(), nil)
	c.get("/desk/spring/events")
	s.want("add", c.post("/desk/spring/events", "name", "元宵", "start", "2031-02-16T20:00", "zone", "Asia/Shanghai", "moderation", "open"), 303, "/desk/spring/events")
	events, err := s.db.ListEvents(ctx, s.acc.ID, 10)
	s.must(err)
	if len(events) != 1 || events[0].StartsAt.Format("2006-01-02 15:04") != "2031-02-16 12:00" || events[0].Moderation != callbackd.ModerationOpen {
		t.Fatalf("%+v", events)
	}
	path := "/desk/spring/events/" + string(events[0].PublicID)
	if a := c.post(path, "name", "元宵", "ground", "#ffffff", "ink", "#777777"); a.code != 400 || !strings.Contains(a.body, "4.47:1") {
		t.Errorf("colours that cannot be read: %d", a.code)
	}
	eventRefusals(t, s, c, path)
	s.want("set", c.post(path, "name", "元宵", "title", "元宵晚会", "still.title", "稍等", "still.text", "两行\r\n文字", "footer.icp", "京ICP备1号"), 303, "/desk/spring/events")
	var picture bytes.Buffer
	s.must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 900, 900))))
	large := append(picture.Bytes(), make([]byte, 2<<20)...) // more than other forms may send
	if code := c.upload(path+"/picture", large, "which", "logo"); code != 303 {
		t.Errorf("a logo: %d", code)
	}
	if code := c.upload(path+"/picture", []byte("no picture"), "which", "background"); code != 400 {
		t.Errorf("no picture: %d", code)
	}
	if code := c.upload(path, large, "name", "x"); code != 413 && code != 400 {
		t.Errorf("a file where none belongs: %d", code)
	}
	s.want("start", c.post(path+"/step", "do", "start"), 303, "/desk/spring/events")
	s.want("panic", c.post("/desk/spring/control", "do", "panic"), 303, "/desk/spring")
	stage := func() callbackd.PublicControl {
		st, _, err := s.db.GetStage(ctx, s.acc.ID)
		s.must(err)
		p, err := wall.ControlOf(ctx, s.db, st)
		s.must(err)
		return p
	}
	if p := stage(); p.State != "panic" || p.Card.Text != "两行\n文字" || p.Event.Logo == "" || p.Event.Title != "元宵晚会" {
		t.Errorf("%+v", p)
	}
	s.want("resume", c.post("/desk/spring/control", "do", "resume"), 303, "/desk/spring")
	s.want("say", c.post("/desk/spring/say", "text", "请看舞台"), 303, "/desk/spring")
	if m := s.rows(s.acc)[0].Message; !m.Host || m.Text != "请看舞台" || m.Event != events[0].ID {
		t.Errorf("%+v", m)
	}
	if a := c.post("/desk/spring/control", "do", "explode"); a.code != 400 {
		t.Errorf("no such step: %d", a.code)
	}
	s.want("end", c.post(path+"/step", "do", "end"), 303, "/desk/spring/events")
	if p := stage(); p.State != "ended" {
		t.Errorf("%+v", p)
	}
	if a := c.post("/desk/spring/say", "text", "太晚了"); a.code != 409 {
		t.Errorf("words after the end: %d", a.code)
	}
	entries, err := s.db.ListAudit(ctx, s.acc.ID, 0, 1)
	s.must(err)
	if entries[0].Actor != "operator:所有者" || entries[0].Action != "event-end" {
		t.Errorf("%+v", entries)
	}
	eventsPage(t, s, c)
}

// eventRefusals are told in the reader's language, with their values.
func eventRefusals(t *testing.T, s *deskSite, c *deskClient, path string) {
	other := callbackd.Event{Account: s.acc.ID, Name: "跨年", State: callbackd.EventDraft}
	s.must(s.db.InsertEvent(context.Background(), &other, "test"))
	step := "/desk/spring/events/" + string(other.PublicID) + "/step"
	s.want("start", c.post(step, "do", "start"), 303, "/desk/spring/events")
	for _, x := range []struct {
		code    int
		zh, en  string
		path    string
		answers []string
	}{
		{400, "“文字颜色”#777777 在底色 #ffffff 上的对比度只有 4.47:1，看不清；文字至少要 4.5:1。", "“Ink” #777777 on ground #ffffff has a contrast of only 4.47:1; text needs 4.5:1.", path, []string{"name", "元宵", "ground", "#ffffff", "ink", "#777777"}},
		{400, "结束时间要晚于开始时间。", "An event ends after it starts.", path, []string{"name", "元宵", "start", "2031-02-16T20:00", "end", "2031-02-16T19:00"}},
		{400, "“2月30日” 不是时间。", "“2月30日” is no time.", path, []string{"name", "元宵", "start", "2月30日"}},
		{400, "“结束画面：标题”最多 60 个字。", "“Closing card: title” has at most 60 characters.", path, []string{"name", "元宵", "closing.title", strings.Repeat("长", 61)}},
		{409, "活动“跨年”还在进行，请先结束它。", "The event “跨年” is the current one. End it first.", path + "/step", []string{"do", "start"}},
		{409, "活动“元宵”现在是“未开始”，不能“暂停”。", "The event “元宵” is “draft”: “Pause” is no step from there.", path + "/step", []string{"do", "pause"}},
		{400, "主持人的话是 1 到 300 个字。", "An announcement has 1 to 300 characters.", "/desk/spring/say", []string{"text", ""}},
		{400, "“which”的值不对。", "The value of “which” is not right.", path + "/picture", []string{"which", "face"}},
	} {
		for lang, want := range map[string]string{"zh-CN": x.zh, "en": x.en} {
			if a := c.post(x.path+"?lang="+lang, x.answers...); a.code != x.code || !strings.Contains(html.UnescapeString(a.body), want) {
				t.Errorf("%s %q: %d, want %d %s", x.path, x.answers, a.code, x.code, want)
			}
		}
	}
	s.want("end", c.post(step, "do", "end"), 303, "/desk/spring/events")
}

// eventsPage opens the page with an event on it.
func eventsPage(t *testing.T, s *deskSite, c *deskClient) {
	tab := s.deskTab(c, 390, 844)
	s.must(chromedp.Do(tab, chromedp.Navigate(s.http.URL+"/desk/spring/events?lang=zh-CN")))
	_, err := chromedp.Run(tab, chromedp.Evaluate[bool](`(() => { document.querySelector('details').open = true; return true; })()`))
	s.must(err)
	violations, err := axe.Check(tab)
	s.must(err)
	for _, v := range violations {
		t.Errorf("%s", v)
	}
	if os.Getenv("CALLBACKD_PICTURES") != "" {
		s.picture(tab, "events-open")
	}
}
