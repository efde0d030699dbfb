package mpweb

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"callbackd"
)

// Entry is one message as the operator pages show it. A page tells neither
// openID (dialect 2014) nor MediaId nor the MsgId of the push.
type Entry struct {
	ID         uint64           // console id; from 2013 to 2018 the low word of the push's MsgId
	Type       int              // the page's own number, see Kind
	Kind       callbackd.Kind   // empty where we know no kind; places and stickers come as text
	FakeID     callbackd.FakeID // who wrote it
	Nickname   string
	Content    string        // words, unescaped; empty for files
	Time       int64         // unix seconds by the platform's clock, −2…+10 s beside the push's CreateTime
	PlayLength time.Duration // voices (the page counts ms) and videos (it counts s)
	Own        bool          // the account's own answer, as dialogs hold them
}

var reMsgItem = regexp.MustCompile(`\{\s*"msg_item"\s*:`)

// ParseMessages reads the message list, as HTML or as f=json
// (wechat-protocol.md §4.6), newest first as it stands there. uin is the
// account's own FakeID; empty where it is not known.
func ParseMessages(body []byte, uin string) ([]Entry, error) {
	object, ok := listObject(body, "msg_items", reMsgItem)
	if !ok {
		return nil, unreadable("messages")
	}
	return parseEntries(object, uin, "messages")
}

// ParseDialog reads the dialog with one person, as HTML or as f=json
// (wechat-protocol.md §4.7). It holds the account's own answers too.
func ParseDialog(body []byte, uin string) ([]Entry, error) {
	object := []byte(nil)
	if looksLikeJSON(body) {
		info, ok := listObject(body, "page_info", nil)
		if ok {
			object, ok = listObject(info, "msg_items", nil)
		}
		if !ok {
			return nil, unreadable("dialog")
		}
	} else if cut, ok := cutObject(body, reMsgItem); ok {
		object = cut
	}
	if object == nil {
		return nil, unreadable("dialog")
	}
	return parseEntries(object, uin, "dialog")
}

func parseEntries(object []byte, uin, page string) ([]Entry, error) {
	var list struct {
		Items *[]json.RawMessage `json:"msg_item"`
	}
	if decode(object, &list) != nil || list.Items == nil {
		return nil, unreadable(page)
	}
	entries := make([]Entry, 0, len(*list.Items))
	for _, raw := range *list.Items {
		if e, ok := parseEntry(raw, uin); ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// parseEntry reads one line; false where it has no id or no sender.
func parseEntry(raw json.RawMessage, uin string) (Entry, bool) {
	var i struct {
		ID         word   `json:"id"`
		Type       number `json:"type"`
		FakeID     word   `json:"fakeid"`
		NickName   word   `json:"nick_name"`
		DateTime   number `json:"date_time"`
		Content    word   `json:"content"`
		Source     word   `json:"source"`
		PlayLength number `json:"play_length"`
	}
	if json.Unmarshal(raw, &i) != nil {
		return Entry{}, false
	}
	id, err := strconv.ParseUint(string(i.ID), 10, 64)
	if err != nil || id == 0 || i.FakeID == "" {
		return Entry{}, false
	}
	e := Entry{
		ID: id, Type: int(i.Type), Kind: entryKind(int(i.Type)),
		FakeID: callbackd.FakeID(i.FakeID), Nickname: i.NickName.text(),
		Content: i.Content.text(), Time: int64(i.DateTime),
		Own: i.Source == "biz" || uin != "" && string(i.FakeID) == uin,
	}
	if i.PlayLength > 0 && i.PlayLength < 1e8 {
		switch e.Kind {
		case callbackd.KindVoice:
			e.PlayLength = time.Duration(i.PlayLength) * time.Millisecond
		case callbackd.KindVideo:
			e.PlayLength = time.Duration(i.PlayLength) * time.Second
		}
	}
	return e, true
}

// entryKind maps the pages' type numbers.
func entryKind(t int) callbackd.Kind {
	switch t {
	case 1:
		return callbackd.KindText
	case 2:
		return callbackd.KindImage
	case 3:
		return callbackd.KindVoice
	case 4, 15, 16:
		return callbackd.KindVideo
	case 5, 6, 10, 11:
		return callbackd.KindLink
	}
	return ""
}
