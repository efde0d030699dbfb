package rehearsal

import (
	"fmt"
	"strconv"
	"strings"

	"callbackd"
)

// The groups of user_tag that every account has.
const (
	tagAll       = "-2"
	tagBlacklist = "-1"
	tagNone      = "0"
)

// fanRow is an entry of the follower list of dialect 2016.
type fanRow struct {
	OpenID      callbackd.OpenID `json:"user_openid"`
	Name        string           `json:"user_name"`
	Remark      string           `json:"user_remark"`
	GroupID     []int            `json:"user_group_id"`
	CreateTime  int64            `json:"user_create_time"`
	HeadImg     string           `json:"user_head_img"`
	InBlacklist int              `json:"user_in_blacklist"`
}

func (c *opCall) fanRow(f Contact) fanRow {
	return fanRow{
		OpenID: f.OpenID, Name: c.pageName(f.Profile.Nickname), GroupID: []int{},
		CreateTime: f.FollowedAt.Unix(), HeadImg: c.headImg(f),
	}
}

// headImg is the small picture's address; "" for who has none.
func (c *opCall) headImg(f Contact) string {
	whole := c.p.headImgURL(f.Follower)
	if whole == "" {
		return ""
	}
	return strings.TrimSuffix(whole, "/0") + "/64"
}

type tagRow struct {
	ID    int    `json:"group_id"`
	Name  string `json:"group_name"`
	Count int    `json:"group_cnt"`
}

type tagRows struct {
	List []tagRow `json:"group_info_list"`
}

func (c *opCall) tags(followers int) tagRows {
	return tagRows{[]tagRow{{0, "未分组", followers}, {1, "黑名单", 0}, {2, "星标组", 0}}}
}

// showUserTag is the follower page of dialect 2016 and its list
// (wechat-protocol 4.9).
func showUserTag(c *opCall) {
	type list struct {
		UserInfoList []fanRow `json:"user_info_list"`
	}
	all := c.a.Contacts()
	action := c.r.FormValue("action")
	rows := list{[]fanRow{}}
	if action != "get_user_list" && action != "get_all_data" {
		c.ret(200002, "invalid args")
		return
	}
	for _, f := range c.fansAsked(all) {
		rows.UserInfoList = append(rows.UserInfoList, c.fanRow(f))
	}
	if c.json() {
		writePageJSON(c.w, struct {
			BaseResp baseResp `json:"base_resp"`
			UserList list     `json:"user_list"`
		}{baseResp{0, ""}, rows})
		return
	}
	writeHTML(c.w, htmlPage("用户管理", fmt.Sprintf(
		"wx.cgiData={total_user_num:'%d'*1,group_info:(%s).group_info_list,user_list:(%s).user_info_list,now_group_id:'%s'};",
		len(all), pageJSON(c.tags(len(all))), pageJSON(rows), tagAll)))
}

// fansAsked cuts the part of the list that the cursor asks for: what follows
// the entry begin_openid, begin_create_time towards older ones (backfoward=1)
// or newer ones (0). A cursor that has unfollowed meanwhile counts by its time.
func (c *opCall) fansAsked(all []Contact) []Contact {
	if g := c.r.FormValue("groupid"); g == tagBlacklist || g != "" && g != tagAll && g != tagNone {
		return nil
	}
	limit := c.pageSize(c.number("limit", 20))
	offset := c.number("offset", 0)
	begin := callbackd.OpenID(c.r.FormValue("begin_openid"))
	if begin == "" || begin == "-1" {
		return cut(all, offset, offset+limit)
	}
	at, err := strconv.ParseInt(c.r.FormValue("begin_create_time"), 10, 64)
	if err != nil {
		return nil
	}
	older, newer := len(all), len(all) // first entry after the cursor; first that is not before it
	for i, f := range all {
		if f.OpenID == begin {
			older, newer = i+1, i
			break
		}
		if f.FollowedAt.Unix() < at {
			older, newer = i, i
			break
		}
	}
	if c.r.FormValue("backfoward") == "0" {
		return cut(all, newer-offset-limit, newer-offset)
	}
	return cut(all, older+offset, older+offset+limit)
}

// cut is list[from:to] with bounds that may lie outside.
func cut(list []Contact, from, to int) []Contact {
	from, to = max(0, min(from, len(list))), max(0, min(to, len(list)))
	if from >= to {
		return nil
	}
	return list[from:to]
}

// fanCard is the card of dialect 2016. Who does not follow has no user_name.
type fanCard struct {
	OpenID      callbackd.OpenID `json:"user_openid"`
	Name        *string          `json:"user_name,omitempty"`
	HeadImg     string           `json:"user_head_img,omitempty"`
	Remark      string           `json:"user_remark"`
	Country     string           `json:"user_country"`
	Province    string           `json:"user_province"`
	City        string           `json:"user_city"`
	CreateTime  int64            `json:"user_create_time"`
	CommentCnt  int              `json:"user_comment_cnt"`
	MsgCnt      int              `json:"user_msg_cnt"`
	RewardMoney int              `json:"user_reward_money"`
	GroupID     []int            `json:"user_group_id"`
}

// showFan is POST user_tag?action=get_fans_info.
func showFan(c *opCall) {
	if c.r.FormValue("action") != "get_fans_info" {
		c.ret(200002, "invalid args")
		return
	}
	type list struct {
		UserInfoList []fanCard `json:"user_info_list"`
	}
	cards := list{[]fanCard{}}
	id := callbackd.OpenID(c.r.FormValue("user_openid"))
	if f, known := c.a.ContactByOpenID(id); known {
		card := fanCard{OpenID: f.OpenID, GroupID: []int{}}
		if f.Following {
			name := c.pageName(f.Profile.Nickname)
			card.Name, card.HeadImg, card.CreateTime = &name, c.headImg(f), f.FollowedAt.Unix()
			card.Country, card.Province, card.City = f.Profile.Country, f.Profile.Province, f.Profile.City
			card.MsgCnt = len(c.a.Records(Query{FakeID: callbackd.FakeID(id)}))
		}
		cards.UserInfoList = append(cards.UserInfoList, card)
	}
	writePageJSON(c.w, struct {
		BaseResp  baseResp `json:"base_resp"`
		UserList  list     `json:"user_list"`
		GroupInfo tagRows  `json:"group_info"`
	}{baseResp{0, ""}, cards, c.tags(len(c.a.Contacts()))})
}
