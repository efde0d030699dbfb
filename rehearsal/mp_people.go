package rehearsal

import (
	"encoding/json"
	"fmt"
	"strconv"

	"callbackd"
)

// The groups that every account has.
const (
	groupNone      = 0
	groupBlacklist = 1
	groupStarred   = 2
)

type groupRow struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Cnt  int    `json:"cnt"`
}

func groupRows(followers int) []groupRow {
	return []groupRow{{groupNone, "未分组", followers}, {groupBlacklist, "黑名单", 0}, {groupStarred, "星标组", 0}}
}

type contactRow struct {
	ID         json.Number `json:"id"`
	NickName   string      `json:"nick_name"`
	RemarkName string      `json:"remark_name"`
	GroupID    int         `json:"group_id"`
}

// showContacts is the follower list of dialect 2014, newest follower first
// (wechat-protocol 4.4).
func showContacts(c *opCall) {
	all := c.a.Contacts()
	listed := all
	if g := c.r.FormValue("groupid"); g != "" && g != strconv.Itoa(groupNone) {
		listed = nil // nobody in the rehearsal is blacklisted or starred
	}
	size, page := c.number("pagesize", 10), c.number("pageidx", 0)
	size = c.pageSize(size)
	pages := (len(listed) + size - 1) / size
	rows := []contactRow{}
	for i := page * size; i >= 0 && i < len(listed) && i < (page+1)*size; i++ {
		rows = append(rows, contactRow{ID: json.Number(listed[i].Number), NickName: c.pageName(listed[i].Profile.Nickname)})
	}
	contacts := pageJSON(struct {
		Contacts []contactRow `json:"contacts"`
	}{rows})
	groups := pageJSON(struct {
		Groups []groupRow `json:"groups"`
	}{groupRows(len(all))})
	if c.json() {
		writePageJSON(c.w, struct {
			BaseResp    baseResp `json:"base_resp"`
			ContactList string   `json:"contact_list"`
			GroupList   string   `json:"group_list"`
			PageIdx     int      `json:"page_idx"`
			PageCount   int      `json:"page_count"`
			PageSize    int      `json:"page_size"`
			TotalCount  int      `json:"total_count"`
		}{okResp, contacts, groups, page, pages, size, len(all)})
		return
	}
	writeHTML(c.w, htmlPage("用户管理", fmt.Sprintf(
		"wx.cgiData={isVerifyOn:\"0\"*1,pageIdx:%d,pageCount:%d,pageSize:%d,groupsList:(%s).groups,friendsList:(%s).contacts,"+
			"currentGroupId:'%s',type:\"0\"*1||0,userRole:'1'*1,verifyMsgCount:'0'*1,totalCount:'%d'*1};",
		page, pages, size, groups, contacts, pageText(c.r.FormValue("groupid")), len(all))))
}

// number reads a parameter that should be a number and not negative.
func (c *opCall) number(name string, otherwise int) int {
	n, err := strconv.Atoi(c.r.FormValue(name))
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

// pageSize is how many entries a follower list gives when size are asked for.
func (c *opCall) pageSize(size int) int {
	limit := c.faults.MaxPageSize
	if limit == 0 {
		limit = 500
	}
	return max(1, min(size, limit))
}

// cardRow is contact_info of the card; OpenID is the patent's (see UserPage).
type cardRow struct {
	FakeID     json.Number      `json:"fake_id"`
	OpenID     callbackd.OpenID `json:"open_id,omitempty"`
	NickName   string           `json:"nick_name"`
	UserName   string           `json:"user_name"`
	RemarkName string           `json:"remark_name"`
	Signature  string           `json:"signature"`
	City       string           `json:"city"`
	Province   string           `json:"province"`
	Country    string           `json:"country"`
	Gender     callbackd.Gender `json:"gender"`
	GroupID    int              `json:"group_id"`
}

// showCard is the user card of dialect 2014 (wechat-protocol 4.5).
func showCard(c *opCall) {
	id := callbackd.FakeID(c.r.FormValue("fakeid"))
	if id == "" {
		c.ret(-1, "invalid bizpay url") // what a live session says; used as a probe
		return
	}
	contact, known := c.a.ContactByFakeID(id)
	switch {
	case !known:
		c.ret(2, "no data")
		return
	case !contact.Following:
		c.ret(1, "unsubscribed")
		return
	}
	p := contact.Profile
	row := cardRow{
		FakeID: json.Number(contact.Number), NickName: c.pageName(p.Nickname), Signature: c.pageName(p.Signature),
		City: p.City, Province: p.Province, Country: p.Country, Gender: p.Gender,
	}
	if c.faults.UserPage {
		row.OpenID = contact.OpenID
	}
	type groups struct {
		Groups []groupRow `json:"groups"`
	}
	writePageJSON(c.w, struct {
		BaseResp    baseResp `json:"base_resp"`
		ContactInfo cardRow  `json:"contact_info"`
		Groups      groups   `json:"groups"`
	}{okResp, row, groups{groupRows(len(c.a.Contacts()))}})
}
