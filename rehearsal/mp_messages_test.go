package rehearsal_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

type mpItem struct {
	ID         uint32  `json:"id"`
	Type       int     `json:"type"`
	FakeID     string  `json:"fakeid"`
	NickName   string  `json:"nick_name"`
	DateTime   int64   `json:"date_time"`
	Content    *string `json:"content"`
	PlayLength int64   `json:"play_length"`
	Length     int     `json:"length"`
	Source     string  `json:"source"`
	MsgStatus  int     `json:"msg_status"`
	HasReply   int     `json:"has_reply"`
	ToUin      int64   `json:"to_uin"`
}

type mpItems struct {
	Items []mpItem `json:"msg_item"`
}

// list reads the message list in the form f=json.
func (d *mpDesk) list(pairs ...string) []mpItem {
	d.t.Helper()
	type answer struct {
		MsgItems string `json:"msg_items"`
	}
	a := mpDecode[answer](d.t, d.get("/cgi-bin/message?t=message/list&f=json", pairs...).body)
	return mpDecode[mpItems](d.t, a.MsgItems).Items
}

func mpIDs(items []mpItem) string {
	var ids []string
	for _, it := range items {
		ids = append(ids, strconv.Itoa(int(it.ID)))
	}
	return strings.Join(ids, " ")
}

func TestMessages_AreTheSameInBothForms(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	first := d.text(c, "你好/::)")
	d.clock.pass(time.Second)
	r := d.text(c, "a <b> & \"c\"\nsecond  line 'd'")
	d.login()
	want := fmt.Sprintf(`{"id":%d,"type":1,"fakeid":"%s","nick_name":"小明","date_time":%d,`+
		`"content":"a&nbsp;&lt;b&gt;&nbsp;&amp;&nbsp;&quot;c&quot;<br/>second&nbsp;&nbsp;line&nbsp;&#39;d&#39;",`+
		`"source":"","msg_status":4,"has_reply":0,"refuse_reason":"","multi_item":[],"to_uin":%s,"send_stat":{"total":0,"succ":0,"fail":0}}`,
		r.ConsoleID, c.Number, r.CreatedAt.Unix(), d.a.Uin())

	html := d.get("/cgi-bin/message?t=message/list&count=20&day=7")
	if !html.html() || !strings.Contains(html.body, fmt.Sprintf("latest_msg_id:'%d'*1||0", r.ConsoleID)) || !strings.Contains(html.body, "total_count:2,") {
		t.Errorf("page %s", html.body)
	}
	list := mpBetween(t, html.body, "list : (", ").msg_item")
	if !strings.HasPrefix(list, `{"msg_item":[`+want+`,{"id":`+strconv.Itoa(int(first.ConsoleID))) {
		t.Errorf("list %s\nwant %s", list, want)
	}
	js := d.get("/cgi-bin/message?t=message/list&count=20&day=7", "f", "json")
	type answer struct {
		MsgItems string `json:"msg_items"`
		Latest   uint32 `json:"latest_msg_id"`
		Total    int    `json:"total_msg_cnt"`
	}
	a := mpDecode[answer](t, js.body)
	if a.MsgItems != list || a.Latest != r.ConsoleID || a.Total != 2 {
		t.Errorf("f=json: %s", js.body)
	}
}

func TestMessages_ShowNeitherOpenIDNorMediaIDNorMsgIDIn2014(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	r := d.say(rehearsal.Message{From: c.Number, Type: rehearsal.TypeVoice, Asset: mpVoice()})
	d.login()
	for _, f := range []string{"", "json"} {
		for _, page := range []string{"/cgi-bin/message", "/cgi-bin/singlesendpage?tofakeid=" + string(c.Number)} {
			body := d.get(page, "f", f).body
			if !strings.Contains(body, strconv.Itoa(int(r.ConsoleID))) {
				t.Fatalf("%s %s does not show the message: %s", page, f, body)
			}
			for _, secret := range []string{string(c.OpenID), r.MediaID, strconv.FormatUint(r.MsgID, 10)} {
				if strings.Contains(body, secret) {
					t.Errorf("%s %s shows %s", page, f, secret)
				}
			}
		}
	}
}

func TestMessages_OfEachKind(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	words := "你好。"
	picture := &rehearsal.Asset{Type: "image/jpeg", Bytes: mpPicture(t, 8, 8), Page: mpPicture(t, 8, 8), PageType: "image/jpeg"}
	said := []rehearsal.Message{
		{Type: rehearsal.TypeImage, Asset: picture},
		{Type: rehearsal.TypeVoice, Asset: mpVoice()},
		{Type: rehearsal.TypeVoice, Asset: mpVoice(), Recognition: &words},
		{Type: rehearsal.TypeVideo, Asset: mpVideo()},
		{Type: rehearsal.TypeShortVideo, Asset: mpVideo()},
		{Type: rehearsal.TypeLocation, Place: &callbackd.Place{Label: "天河区", Lat: 23.1, Lon: 113.3}},
		{Type: rehearsal.TypeUnsupported},
		{Type: rehearsal.TypeLink, Link: &callbackd.Link{Title: "一篇", Description: "d", URL: "https://example.com/a?b=1&c=2"}},
	}
	for i := range said {
		said[i].From = c.Number
		d.say(said[i])
	}
	d.login()
	items := d.list("count", "20")
	want := []struct {
		kind       int
		content    string // "-" is none
		playLength int64
		length     int
	}{
		{2, "-", 0, 0}, {3, "-", 1859, 29}, {3, "-", 1859, 29}, {4, "-", 3, 5}, {4, "-", 3, 5},
		{1, "我的位置:<br/>http://url.cn/", 0, 0}, {1, "【收到不支持的消息类型，暂无法显示】", 0, 0}, {6, "-", 0, 0},
	}
	for i, w := range want {
		it := items[len(items)-1-i]
		content := "-"
		if it.Content != nil {
			content = *it.Content
		}
		if it.Type != w.kind || !strings.HasPrefix(content, w.content) || it.PlayLength != w.playLength || it.Length != w.length {
			t.Errorf("%s: type %d, content %q, play_length %d, length %d; want %+v", said[i].Type, it.Type, content, it.PlayLength, it.Length, w)
		}
	}
}

func TestMessages_AppearOnlyWhenListedAndStayFiveDays(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	slow, skew := 3*time.Second, 7*time.Second
	late := d.say(rehearsal.Message{From: c.Number, Content: "慢", Listing: &slow, Skew: &skew})
	soon := d.text(c, "快")
	d.login()
	if got := mpIDs(d.list()); got != fmt.Sprint(soon.ConsoleID) {
		t.Errorf("at once: %s", got)
	}
	if a := d.get("/cgi-bin/getvoicedata", "msgid", fmt.Sprint(late.ConsoleID)); a.body != "" {
		t.Error("its media is not there either")
	}
	d.clock.pass(slow)
	items := d.list()
	if got := mpIDs(items); got != fmt.Sprintf("%d %d", soon.ConsoleID, late.ConsoleID) {
		t.Errorf("later: %s", got)
	}
	if got := items[1].DateTime - late.CreatedAt.Unix(); got != 7 {
		t.Errorf("skew of date_time %d s, want 7", got)
	}
	d.clock.pass(5*24*time.Hour - slow)
	if got := mpIDs(d.list()); got != fmt.Sprintf("%d %d", soon.ConsoleID, late.ConsoleID) {
		t.Errorf("after five days: %s", got)
	}
	d.clock.pass(time.Second)
	if got := mpIDs(d.list()); got != fmt.Sprint(late.ConsoleID) {
		t.Errorf("a second more: %s", got)
	}
}

func TestMessages_AreCutByCountOffsetFromAndDay(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	var ids []string // newest first
	for i := range 25 {
		r := d.say(rehearsal.Message{From: c.Number, Content: fmt.Sprint("第", i), At: mpNoon.Add(time.Duration(i-25) * 4 * time.Hour)})
		ids = append([]string{fmt.Sprint(r.ConsoleID)}, ids...)
	}
	d.login()
	span := func(from, to int) string { return strings.Join(ids[from:to], " ") }
	for _, row := range []struct {
		name   string
		params []string
		want   string
	}{
		{"twenty are given unasked", nil, span(0, 20)},
		{"count", []string{"count", "3"}, span(0, 3)},
		{"more than there are", []string{"count", "500"}, span(0, 25)},
		{"offset", []string{"count", "3", "offset", "5"}, span(5, 8)},
		{"behind the end", []string{"offset", "25"}, ""},
		{"from an id on", []string{"count", "2", "frommsgid", ids[7]}, span(7, 9)},
		{"from an id on with offset", []string{"count", "2", "frommsgid", ids[7], "offset", "1"}, span(8, 10)},
		{"today in China: since 0:00, the messages of 8:00, 4:00 and 0:00", []string{"day", "0"}, span(0, 3)},
		{"yesterday", []string{"day", "1"}, span(3, 9)},
		{"the day before", []string{"day", "2"}, span(9, 15)},
		{"earlier", []string{"day", "3"}, span(15, 25)},
		{"all", []string{"day", "7", "count", "99"}, span(0, 25)},
		{"search", []string{"action", "search", "keyword", "第24"}, span(0, 1)},
		{"starred", []string{"action", "star"}, ""},
	} {
		if got := mpIDs(d.list(row.params...)); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.MaxCount = 4 })
	if got := mpIDs(d.list("count", "100")); got != span(0, 4) {
		t.Errorf("limited: %s", got)
	}
	type poll struct {
		N int `json:"newTotalMsgCount"`
	}
	if got := mpDecode[poll](t, d.post("/cgi-bin/getnewmsgnum?f=json&t=ajax-getmsgnum", "lastmsgid", ids[6]).body); got.N != 6 {
		t.Errorf("%d new messages, want 6", got.N)
	}
}

func TestMessages_Of2016NameTheOpenID(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	c := d.follower(rehearsal.Follower{Avatar: mpPicture(t, 9, 9), Profile: callbackd.Profile{Nickname: "小红"}})
	d.text(c, "嗨")
	d.login()
	if items := d.list(); len(items) != 1 || items[0].FakeID != string(c.OpenID) {
		t.Errorf("%+v", items)
	}
	if body := d.get("/cgi-bin/message?f=json").body; strings.Contains(body, string(c.Number)) || !strings.Contains(body, `small_headimg_url\":\"http://`) {
		t.Errorf("list %s", body)
	}
	d.text(c, "再来")
	if _, err := d.a.Reply(c.Number, "收到"); err != nil {
		t.Fatal(err)
	}
	if a := d.get("/cgi-bin/singlesendpage", "tofakeid", string(c.OpenID), "f", "json"); strings.Count(a.body, `"id":`) != 3 {
		t.Errorf("dialog by openID: %s", a.body)
	}
}

// dialog reads the dialog in the form f=json, which holds a real object.
func (d *mpDesk) dialog(fakeID string, pairs ...string) []mpItem {
	d.t.Helper()
	type answer struct {
		PageInfo struct {
			ToNickName string  `json:"to_nick_name"`
			MsgItems   mpItems `json:"msg_items"`
		} `json:"page_info"`
	}
	a := d.get("/cgi-bin/singlesendpage?t=message/send&f=json&ajax=1", append([]string{"tofakeid", fakeID, "action", "index"}, pairs...)...)
	return mpDecode[answer](d.t, a.body).PageInfo.MsgItems.Items
}

func TestDialog_HoldsOnePersonAndTheAccountsOwnWords(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c, other := d.person("小明"), d.person("小红")
	one := d.text(c, "一")
	d.text(other, "别人")
	d.clock.pass(10 * time.Second)
	own, err := d.a.Reply(c.Number, "收到 <谢谢>")
	if err != nil {
		t.Fatal(err)
	}
	d.clock.pass(10 * time.Second)
	two := d.text(c, "二")
	d.login()

	items := d.dialog(string(c.Number))
	if got, want := mpIDs(items), fmt.Sprintf("%d %d %d", two.ConsoleID, own.ConsoleID, one.ConsoleID); got != want {
		t.Fatalf("dialog %s, want %s", got, want)
	}
	mine := items[1]
	if mine.FakeID != d.a.Uin() || mine.Source != "biz" || mine.MsgStatus != 2 || fmt.Sprint(mine.ToUin) != string(c.Number) || *mine.Content != "收到&nbsp;&lt;谢谢&gt;" {
		t.Errorf("own words %+v", mine)
	}
	if items[2].HasReply != 1 || items[0].HasReply != 0 || items[0].FakeID != string(c.Number) {
		t.Errorf("has_reply of %+v", items)
	}
	if list := d.list(); len(list) != 3 || list[2].HasReply != 1 || strings.Contains(mpIDs(list), fmt.Sprint(own.ConsoleID)) {
		t.Errorf("the list holds what people sent alone: %+v", list)
	}
	html := d.get("/cgi-bin/singlesendpage?t=message/send&action=index", "tofakeid", string(c.Number))
	if got := mpDecode[mpItems](t, mpBetween(t, html.body, "list : (", ").msg_item")); !html.html() || mpIDs(got.Items) != mpIDs(items) {
		t.Errorf("HTML form %s", html.body)
	}

	sync := func(last uint32, since time.Time) string {
		return mpIDs(d.dialog(string(c.Number), "action", "sync", "lastmsgfromfakeid", d.a.Uin(), "lastmsgid", fmt.Sprint(last), "createtime", fmt.Sprint(since.Unix())))
	}
	if got := sync(own.ConsoleID, time.Unix(0, 0)); got != fmt.Sprint(two.ConsoleID) {
		t.Errorf("after the own message: %s", got)
	}
	if got := sync(one.ConsoleID, time.Unix(0, 0)); got != mpIDs(items) {
		t.Errorf("lastmsgid of somebody else: %s", got)
	}
	if got := sync(0, own.CreatedAt); got != fmt.Sprintf("%d %d", two.ConsoleID, own.ConsoleID) {
		t.Errorf("since a time: %s", got)
	}
}

func TestDialog_WithNobodyAndWithOneWhoLeft(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	d.text(c, "一")
	d.login()
	ask := func(id callbackd.FakeID) mpAnswer {
		return d.get("/cgi-bin/singlesendpage?f=json", "tofakeid", string(id))
	}
	if got := mpRet(t, ask("1")); got != -21 {
		t.Errorf("nobody: ret %d", got)
	}
	d.a.Unfollow(c.Number)
	if got := len(d.dialog(string(c.Number))); got != 1 {
		t.Errorf("one who left: %d entries", got)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.DialogNeedsFollow = true })
	if got := mpRet(t, ask(c.Number)); got != 10700 {
		t.Errorf("one who left, strict: ret %d", got)
	}
	if a := d.get("/cgi-bin/singlesendpage", "tofakeid", string(c.Number)); !a.html() || strings.Contains(a.body, "msg_item") {
		t.Errorf("HTML form: %s", a.body)
	}
}
