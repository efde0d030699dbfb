package rehearsal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// The types of entries on the operator pages (wechat-protocol 4.6).
const (
	itemText  = 1 // also places, stickers and what the pages cannot show
	itemImage = 2
	itemVoice = 3
	itemVideo = 4
	itemLink  = 6
)

var itemTypes = map[MsgType]int{
	TypeText: itemText, TypeLocation: itemText, TypeUnsupported: itemText,
	TypeImage: itemImage, TypeVoice: itemVoice, TypeVideo: itemVideo, TypeShortVideo: itemVideo, TypeLink: itemLink,
}

type sendStat struct {
	Total int `json:"total"`
	Succ  int `json:"succ"`
	Fail  int `json:"fail"`
}

// messageItem is an entry of the message list or of a dialog. It holds neither
// openID (but in dialect 2016, where that is the FakeID), MediaId nor MsgId.
type messageItem struct {
	ID           uint32           `json:"id"`
	Type         int              `json:"type"`
	FakeID       callbackd.FakeID `json:"fakeid"`
	NickName     string           `json:"nick_name"`
	DateTime     int64            `json:"date_time"`
	Content      *string          `json:"content,omitempty"`
	PlayLength   int64            `json:"play_length,omitempty"` // voices: ms, videos: s
	Length       int              `json:"length,omitempty"`      // bytes
	Title        string           `json:"title,omitempty"`
	Desc         string           `json:"desc,omitempty"`
	ContentURL   string           `json:"content_url,omitempty"`
	Source       string           `json:"source"`
	MsgStatus    int              `json:"msg_status"`
	HasReply     int              `json:"has_reply"`
	RefuseReason string           `json:"refuse_reason"`
	MultiItem    []struct{}       `json:"multi_item"`
	ToUin        json.Number      `json:"to_uin"`
	SendStat     sendStat         `json:"send_stat"`
	SmallHeadImg string           `json:"small_headimg_url,omitempty"` // later pages
}

type messageItems struct {
	Items []messageItem `json:"msg_item"`
}

// item is a message as the pages show it; replied is the console id of the
// account's newest words to the person.
func (c *opCall) item(r Record, replied uint32) messageItem {
	contact, _ := c.a.Contact(r.Number)
	it := messageItem{
		ID: r.ConsoleID, Type: itemTypes[r.Type], FakeID: c.a.FakeID(contact), NickName: c.pageName(contact.Profile.Nickname),
		DateTime: r.ConsoleAt.Unix(), MsgStatus: 4, MultiItem: []struct{}{}, ToUin: json.Number(c.a.Uin()),
	}
	if c.a.Dialect() == callbackd.Dialect2016 {
		it.SmallHeadImg = c.headImg(contact)
	}
	if replied > r.ConsoleID {
		it.HasReply = 1
	}
	if r.Own {
		c.ownItem(&it, contact)
	}
	switch it.Type {
	case itemText:
		text := pageText(c.shownText(r))
		it.Content = &text
	case itemVoice, itemVideo:
		it.PlayLength = playLength(r)
	case itemLink:
		if r.Link != nil {
			it.Title, it.Desc, it.ContentURL = pageText(r.Link.Title), pageText(r.Link.Description), pageText(r.Link.URL)
		}
	}
	if r.Asset != nil && it.Type != itemImage {
		it.Length = len(r.Asset.Bytes)
	}
	return it
}

// ownItem turns an entry into one that the account wrote. In dialect 2016 the
// person has no number that an operator sees, and to_uin says nothing.
func (c *opCall) ownItem(it *messageItem, to Contact) {
	it.FakeID, it.NickName = callbackd.FakeID(c.a.Uin()), c.pageName(c.a.Config.Name)
	it.Source, it.MsgStatus, it.HasReply, it.SmallHeadImg = "biz", 2, 0, ""
	it.ToUin = json.Number(to.Number)
	if c.a.Dialect() == callbackd.Dialect2016 {
		it.ToUin = "0"
	}
}

func (c *opCall) shownText(r Record) string {
	switch r.Type {
	case TypeLocation:
		return "我的位置:\nhttp://url.cn/" + word(c.p.opts.Seed, 7, "place", c.a.Config.OriginalID, r.ConsoleID)
	case TypeUnsupported:
		return UnsupportedContent
	default:
		return r.Content
	}
}

func playLength(r Record) int64 {
	if r.Asset == nil {
		return 0
	}
	if itemTypes[r.Type] == itemVideo {
		return int64(r.Asset.Duration.Round(time.Second) / time.Second)
	}
	return r.Asset.Duration.Milliseconds()
}

// onDay reports whether a message belongs to the day asked for, by China's
// clock: 0 today, 1 yesterday, 2 the day before, 3 earlier, everything else all.
func onDay(r Record, now time.Time, day string) bool {
	d := func(t time.Time) int64 { return (t.Unix() + 8*60*60) / (24 * 60 * 60) }
	ago := d(now) - d(r.ConsoleAt)
	switch day {
	case "0":
		return ago <= 0 // a clock that is ahead shows tomorrow's as today's
	case "1", "2":
		return strconv.FormatInt(ago, 10) == day
	case "3":
		return ago >= 3
	default:
		return true
	}
}

// showMessages is the message list: what people sent in the last five days,
// newest first, as far as it is listed already (wechat-protocol 4.6).
func showMessages(c *opCall) {
	all := c.a.Records(Query{Own: true})
	replied := map[callbackd.OpenID]uint32{}
	var received, asked []Record
	action, keyword, day := c.r.FormValue("action"), c.r.FormValue("keyword"), c.r.FormValue("day")
	for _, r := range all {
		if r.Own {
			replied[r.OpenID] = max(replied[r.OpenID], r.ConsoleID)
			continue
		}
		received = append(received, r)
		found := action != "star" && (action != "search" || strings.Contains(r.Content, keyword)) // nothing is starred
		if found && onDay(r, c.p.now(), day) {
			asked = append(asked, r)
		}
	}
	total := len(asked)
	if from := c.number("frommsgid", 0); from > 0 {
		asked = slices.DeleteFunc(asked, func(r Record) bool { return int(r.ConsoleID) > from })
	}
	asked = asked[min(c.number("offset", 0), len(asked)):]
	count := c.number("count", 20)
	if c.faults.MaxCount > 0 {
		count = min(count, c.faults.MaxCount)
	}
	asked = asked[:min(count, len(asked))]
	list := messageItems{[]messageItem{}}
	for _, r := range asked {
		list.Items = append(list.Items, c.item(r, replied[r.OpenID]))
	}
	c.writeMessages(list, received, total, day)
}

func (c *opCall) writeMessages(list messageItems, received []Record, total int, day string) {
	latest := uint32(0)
	for _, r := range received {
		latest = max(latest, r.ConsoleID)
	}
	items := pageJSON(list)
	if !c.json() {
		if day == "" {
			day = "7"
		}
		writeHTML(c.w, htmlPage("消息管理", fmt.Sprintf(
			"wx.cgiData={\nlatest_msg_id:'%d'*1||0,\ntotal_count:%d,\nlist : (%s).msg_item,\nday:'%s',\nfilter_ivr_msg:'0'*1\n};",
			latest, total, items, pageText(day))))
		return
	}
	writePageJSON(c.w, struct {
		BaseResp      baseResp `json:"base_resp"`
		CanSearchMsg  int      `json:"can_search_msg"`
		LastFansMsgID uint32   `json:"last_fans_msg_id"`
		LatestMsgID   uint32   `json:"latest_msg_id"`
		MsgItems      string   `json:"msg_items"`
		NewUserTag    int      `json:"new_user_tag"`
		StarMsgCnt    int      `json:"star_msg_cnt"`
		TotalMsgCnt   int      `json:"total_msg_cnt"`
	}{baseResp{0, ""}, 1, latest, latest, items, 1, 0, total})
}

// showNewCount is POST getnewmsgnum: how many messages have come since one.
func showNewCount(c *opCall) {
	last, n := c.number("lastmsgid", 0), 0
	for _, r := range c.a.Records(Query{}) {
		if int(r.ConsoleID) > last {
			n++
		}
	}
	writePageJSON(c.w, struct {
		BaseResp baseResp `json:"base_resp"`
		New      int      `json:"newTotalMsgCount"`
	}{okResp, n})
}
