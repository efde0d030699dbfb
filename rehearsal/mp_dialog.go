package rehearsal

import (
	"fmt"
	"slices"

	"callbackd"
)

// showDialog is the page of all messages of one FakeID, the account's own words
// among them, newest first (wechat-protocol 4.7).
func showDialog(c *opCall) {
	id := callbackd.FakeID(c.r.FormValue("tofakeid"))
	contact, known := c.a.ContactByFakeID(id)
	switch {
	case !known:
		c.refuseDialog(baseResp{-21, "fake id not exist"})
		return
	case c.faults.DialogNeedsFollow && !contact.Following:
		c.refuseDialog(baseResp{10700, "not follower"})
		return
	}
	list, replied := messageItems{[]messageItem{}}, uint32(0)
	for _, r := range c.syncFilter(c.a.Records(Query{FakeID: id, Own: true})) {
		if r.Own {
			replied = max(replied, r.ConsoleID)
		}
		list.Items = append(list.Items, c.item(r, replied))
	}
	name := c.pageName(contact.Profile.Nickname)
	if !c.json() {
		writeHTML(c.w, htmlPage("消息管理", fmt.Sprintf(
			"wx.cgiData={\nto_uin:'%s',\nto_nick_name:%s,\nuin:'%s',\nlist : (%s).msg_item,\nquickReply:''\n};",
			id, pageJSON(name), c.a.Uin(), pageJSON(list))))
		return
	}
	type pageInfo struct {
		ToNickName string       `json:"to_nick_name"`
		MsgItems   messageItems `json:"msg_items"`
	}
	writePageJSON(c.w, struct {
		BaseResp baseResp `json:"base_resp"`
		PageInfo pageInfo `json:"page_info"`
	}{okResp, pageInfo{name, list}})
}

// refuseDialog is an HTML page where one was asked for.
func (c *opCall) refuseDialog(b baseResp) {
	if c.json() {
		c.ret(b.Ret, b.ErrMsg)
		return
	}
	writeHTML(c.w, htmlPage("该用户不存在", `wx.cgiData={base_resp:`+pageJSON(b)+`};`))
}

// syncFilter is what action=sync leaves: messages after the account's own
// message lastmsgid (all, if that is not among them), and of those the ones
// that are not older than createtime.
func (c *opCall) syncFilter(all []Record) []Record {
	if c.r.FormValue("action") != "sync" {
		return all
	}
	last, since := c.number("lastmsgid", 0), int64(c.number("createtime", 0))
	own := slices.ContainsFunc(all, func(r Record) bool { return r.Own && int(r.ConsoleID) == last })
	return slices.DeleteFunc(all, func(r Record) bool {
		return own && int(r.ConsoleID) <= last || r.ConsoleAt.Unix() < since
	})
}
