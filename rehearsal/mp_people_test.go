package rehearsal_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

func TestHome_HoldsWhatScrapersCutOut(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	a := d.get("/cgi-bin/home?t=home/index&lang=zh_CN")
	for expr, want := range map[string]string{
		`user_name:"(.*)"`: d.a.Config.OriginalID,
		`uin:"(.*)"`:       d.a.Uin(),
		`nick_name:"(.*)"`: "春晚现场",
		`\bt:"(.*)"`:       d.token,
		`ticket:"(.*)"`:    "",
	} {
		m := regexp.MustCompile(expr).FindStringSubmatch(a.body)
		if m == nil || want != "" && m[1] != want || m[1] == "" {
			t.Errorf("%s found %q, want %q", expr, m, want)
		}
	}
	if !a.html() || !strings.Contains(a.body, "wx.commonData={data:{") {
		t.Errorf("page %.300q", a.body)
	}
}

type mpContacts struct {
	Contacts []struct {
		ID       int64  `json:"id"`
		NickName string `json:"nick_name"`
		GroupID  int    `json:"group_id"`
	} `json:"contacts"`
}

func TestContacts_PageNewestFirstInBothForms(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	var people []rehearsal.Contact
	for i := range 23 {
		people = append(people, d.person(fmt.Sprintf("甲%d", i)))
	}
	d.login()
	var ids []string
	for page := range 4 {
		idx := strconv.Itoa(page)
		html := d.get("/cgi-bin/contactmanage?t=user/index&pagesize=10&type=0", "pageidx", idx)
		fromHTML := mpDecode[mpContacts](t, mpBetween(t, html.body, "friendsList:(", ").contacts,"))
		if !html.html() || !strings.Contains(html.body, "pageIdx:"+idx+",pageCount:3,pageSize:10,") || !strings.Contains(html.body, "totalCount:'23'*1") {
			t.Errorf("page %d: %.400q", page, html.body)
		}
		type answer struct {
			ContactList string `json:"contact_list"`
			GroupList   string `json:"group_list"`
		}
		js := mpDecode[answer](t, d.get("/cgi-bin/contactmanage?t=user/index&pagesize=10&type=0", "pageidx", idx, "f", "json").body)
		fromJSON := mpDecode[mpContacts](t, js.ContactList)
		if fmt.Sprint(fromHTML) != fmt.Sprint(fromJSON) || !strings.Contains(js.GroupList, `"name":"未分组","cnt":23`) {
			t.Errorf("page %d: forms differ: %v, %v", page, fromHTML, fromJSON)
		}
		for _, c := range fromHTML.Contacts {
			ids = append(ids, strconv.FormatInt(c.ID, 10))
		}
	}
	if len(ids) != 23 {
		t.Fatalf("%d contacts on all pages", len(ids))
	}
	for i, id := range ids {
		if want := string(people[len(people)-1-i].Number); id != want {
			t.Fatalf("entry %d is %s, want the newest first: %s", i, id, want)
		}
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.MaxPageSize = 5 })
	limited := d.get("/cgi-bin/contactmanage?pagesize=500").body
	if got := mpDecode[mpContacts](t, mpBetween(t, limited, "friendsList:(", ").contacts,")); len(got.Contacts) != 5 {
		t.Errorf("%d contacts on a page of at most 5", len(got.Contacts))
	}
	d.a.Unfollow(people[22].Number)
	if a := d.get("/cgi-bin/contactmanage?pagesize=10"); strings.Contains(a.body, "甲22") || !strings.Contains(a.body, "甲21") {
		t.Error("who has unfollowed is not on the list")
	}
}

func TestNames_AreEscapedAndKeepTheirControlCharacters(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小\x01明\t<b> \"A\" \\ 😀")
	d.login()
	want := "小\x01明\t&lt;b&gt;&nbsp;&quot;A&quot;&nbsp;\\\\&nbsp;😀"
	card := func() mpAnswer { return d.post("/cgi-bin/getcontactinfo", "fakeid", string(c.Number), "f", "json") }
	if a := card(); !strings.Contains(a.body, `"nick_name":"`+want+`"`) {
		t.Errorf("card %q", a.body)
	}
	if a := d.get("/cgi-bin/contactmanage"); !strings.Contains(a.body, `"nick_name":"`+want+`"`) {
		t.Errorf("list %q", a.body)
	}
	inString := strings.ReplaceAll(want, `\`, `\\`)
	if a := d.get("/cgi-bin/contactmanage", "f", "json"); !strings.Contains(a.body, `\"nick_name\":\"`+inString+`\"`) {
		t.Errorf("list in a string %q", a.body)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.PlainNames = true })
	if a := card(); !strings.Contains(a.body, `"nick_name":"小`+"\x01明\t"+`<b> \"A\" \\ 😀"`) {
		t.Errorf("plain %q", a.body)
	}
}

func TestCard_ShowsTheProfileAndTheOpenIDOnlyWithUserPage(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.follower(rehearsal.Follower{Number: "844735403", Profile: callbackd.Profile{
		Nickname: "小明", Signature: "你好", City: "武汉", Province: "湖北", Country: "中国", Gender: callbackd.GenderMale,
	}})
	d.login()
	card := func(fakeID string) mpAnswer {
		return d.post("/cgi-bin/getcontactinfo", "lang", "zh_CN", "random", "0.1", "f", "json", "ajax", "1", "t", "ajax-getcontactinfo", "fakeid", fakeID)
	}
	want := `{"base_resp":{"ret":0,"err_msg":"ok"},"contact_info":{"fake_id":844735403,"nick_name":"小明","user_name":"","remark_name":"",` +
		`"signature":"你好","city":"武汉","province":"湖北","country":"中国","gender":1,"group_id":0},"groups":{"groups":[{"id":0,"name":"未分组","cnt":1},`
	if a := card("844735403"); !strings.HasPrefix(a.body, want) {
		t.Errorf("card %s", a.body)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.UserPage = true })
	if a := card("844735403"); !strings.Contains(a.body, `"open_id":"`+string(c.OpenID)+`"`) {
		t.Errorf("card with both ids %s", a.body)
	}
	if a := card(""); !strings.Contains(a.body, `"err_msg":"invalid bizpay url"`) {
		t.Errorf("empty fakeid: %s", a.body)
	}
	if got := mpRet(t, card("1")); got != 2 {
		t.Errorf("nobody: ret %d", got)
	}
	if got := mpRet(t, card(string(c.OpenID))); got != 2 {
		t.Errorf("an openID is no FakeID in 2014: ret %d", got)
	}
	d.a.Unfollow(c.Number)
	if a := card("844735403"); mpRet(t, a) != 1 || strings.Contains(a.body, "contact_info") {
		t.Errorf("unfollowed: %s", a.body)
	}
}

type mpFans struct {
	UserList struct {
		List []struct {
			OpenID     string  `json:"user_openid"`
			Name       *string `json:"user_name"`
			HeadImg    string  `json:"user_head_img"`
			City       string  `json:"user_city"`
			CreateTime int64   `json:"user_create_time"`
		} `json:"user_info_list"`
	} `json:"user_list"`
}

func TestUserTag_CursorWalksTheWholeListBothWays(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	var want []string
	for i := range 13 {
		c := d.person(fmt.Sprint("乙", i))
		want = append([]string{string(c.OpenID)}, want...)
		d.clock.pass(time.Duration(i%2) * time.Second) // two follow in the same second
	}
	d.login()
	list := func(pairs ...string) mpFans {
		return mpDecode[mpFans](t, d.get("/cgi-bin/user_tag?action=get_user_list&lang=zh_CN&f=json&ajax=1&random=0.5",
			append([]string{"limit", "4", "offset", "0", "backfoward", "1", "begin_openid", "-1", "begin_create_time", "-1", "groupid", "-2"}, pairs...)...).body)
	}
	var got []string
	openID, at := "-1", "-1"
	for len(got) < 20 {
		page := list("begin_openid", openID, "begin_create_time", at).UserList.List
		if len(page) == 0 {
			break
		}
		for _, f := range page {
			got = append(got, f.OpenID)
		}
		last := page[len(page)-1]
		openID, at = last.OpenID, strconv.FormatInt(last.CreateTime, 10)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("walked %d, want %d, newest first:\n%v\n%v", len(got), len(want), got, want)
	}
	newer := list("begin_openid", openID, "begin_create_time", at, "backfoward", "0").UserList.List
	if len(newer) != 4 || newer[0].OpenID != want[8] || newer[3].OpenID != want[11] {
		t.Errorf("newer than the last: %v", newer)
	}
	if gone := list("groupid", "-1").UserList.List; len(gone) != 0 {
		t.Error("nobody is blacklisted")
	}

	// A cursor that unfollowed meanwhile counts by its time.
	second := list().UserList.List[3]
	c, _ := d.a.ContactByOpenID(callbackd.OpenID(second.OpenID))
	d.a.Unfollow(c.Number)
	next := list("begin_openid", second.OpenID, "begin_create_time", strconv.FormatInt(second.CreateTime, 10)).UserList.List
	if len(next) == 0 || next[0].CreateTime >= second.CreateTime {
		t.Errorf("after a cursor that is gone: %v", next)
	}
	page := d.get("/cgi-bin/user_tag?action=get_all_data&lang=zh_CN")
	if !page.html() || !strings.Contains(page.body, "wx.cgiData={total_user_num:'12'*1,") {
		t.Errorf("page %.300q", page.body)
	}
}

func TestFansInfo_IsTheCardOf2016(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{UserPage: true})
	c := d.follower(rehearsal.Follower{Avatar: mpPicture(t, 64, 64), Profile: callbackd.Profile{Nickname: "小红", City: "成都"}})
	d.login()
	card := func(id callbackd.OpenID) mpAnswer {
		return d.post("/cgi-bin/user_tag?action=get_fans_info", "action", "get_fans_info", "user_openid", string(id), "random", "0.2", "f", "json", "ajax", "1")
	}
	a := card(c.OpenID)
	f := mpDecode[mpFans](t, a.body).UserList.List
	if len(f) != 1 || f[0].Name == nil || *f[0].Name != "小红" || f[0].City != "成都" || f[0].OpenID != string(c.OpenID) {
		t.Fatalf("card %s", a.body)
	}
	if !strings.Contains(a.body, `"group_info":{"group_info_list":[{"group_id":0,"group_name":"未分组","group_cnt":1}`) || strings.Contains(a.body, "open_id\":\"o\"") {
		t.Errorf("card %s", a.body)
	}
	if !strings.HasPrefix(f[0].HeadImg, "http://") || !strings.HasSuffix(f[0].HeadImg, "/64") {
		t.Fatalf("picture at %s", f[0].HeadImg)
	}
	resp, err := d.client.Get(strings.TrimSuffix(f[0].HeadImg, "/64") + "/0")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("picture: %s", resp.Status)
	}
	d.a.Unfollow(c.Number)
	if f := mpDecode[mpFans](t, card(c.OpenID).body).UserList.List; len(f) != 1 || f[0].Name != nil {
		t.Errorf("who has unfollowed has no user_name: %v", f)
	}
	if f := mpDecode[mpFans](t, card("oAAAAAAAAAAAAAAAAAAAAAAAAAAA").body).UserList.List; len(f) != 0 {
		t.Errorf("a stranger: %v", f)
	}
}

func TestPages_OfTheOtherDialectAreNotThere(t *testing.T) {
	old := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	old.login()
	if a := old.get("/cgi-bin/user_tag?action=get_all_data"); a.status != 404 {
		t.Errorf("user_tag in 2014: %d", a.status)
	}
	now := newDesk(t, callbackd.Dialect2016, rehearsal.OperatorFaults{})
	now.login()
	if a := now.get("/cgi-bin/contactmanage"); a.status != 404 {
		t.Errorf("contactmanage in 2016: %d", a.status)
	}
	if a := now.post("/cgi-bin/getcontactinfo", "fakeid", "1"); a.status != 404 {
		t.Errorf("getcontactinfo in 2016: %d", a.status)
	}
}
