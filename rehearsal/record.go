package rehearsal

import (
	"sort"
	"time"

	"callbackd"
)

// Asset is a file of the crowd. It is immutable and shared.
type Asset struct {
	Name     string        // within the package, for reports: "voice-zh-1"
	Type     string        // MIME type by content: audio/amr, audio/amr-wb, image/jpeg, image/png, image/gif, video/mp4
	Ext      string        // as in the API's Content-disposition, with the dot
	Bytes    []byte        // what the official API gives
	Page     []byte        // what the operator pages give: MP3 for a voice, else the same as Bytes
	PageType string        // MIME type of Page
	Thumb    []byte        // JPEG: a video's ThumbMediaId
	HighRes  []byte        // AMR-WB of the same words: MediaId16K; nil: none
	Duration time.Duration // voices and videos
	Words    string        // what is said, for Recognition; "" for pictures
}

// MsgType is the MsgType element of a push.
type MsgType string

// The message types of wechat-protocol 2.2.
const (
	TypeText        MsgType = "text"
	TypeImage       MsgType = "image"
	TypeVoice       MsgType = "voice"
	TypeVideo       MsgType = "video"
	TypeShortVideo  MsgType = "shortvideo"
	TypeLocation    MsgType = "location"
	TypeLink        MsgType = "link"
	TypeUnsupported MsgType = "unsupported" // a sticker: pushed as text with Content UnsupportedContent
)

// UnsupportedContent is what the platform writes for what it cannot show.
const UnsupportedContent = "【收到不支持的消息类型，暂无法显示】"

// Record is one message as the platform keeps it. A value is a copy.
type Record struct {
	ConsoleID uint32           // id on the operator pages: increasing within the account
	MsgID     uint64           // of the push; low word is ConsoleID in scheme old; 0 for own replies
	Number    callbackd.FakeID // the person, also of own replies (then: who it was sent to)
	OpenID    callbackd.OpenID
	Own       bool // written by the account: in the dialog only, never in the list

	Type    MsgType
	Content string // text as the push has it, not escaped

	Times
	File

	Place *callbackd.Place
	Link  *callbackd.Link
	Extra string // more elements of the push, ready-made XML: bizmsgmenuid, MsgDataId …
}

// Times is when the world learns of a message.
type Times struct {
	SaidAt    time.Time // when the person sent it
	CreatedAt time.Time // CreateTime of the push: SaidAt in whole seconds
	ConsoleAt time.Time // date_time of the operator pages: CreatedAt + skew; whole seconds
	PushAt    time.Time // when the push is due
	ListedAt  time.Time // from when the operator pages show it: PushAt + listing delay
}

// File is what a message of type image, voice, video or shortvideo brings.
type File struct {
	Asset        *Asset // nil: nothing
	MediaID      string
	MediaID16K   string
	ThumbMediaID string
	PicURL       string // images
	Recognition  string // recognised words of a voice; then MsgID has low word 0
	Recognized   bool   // the push has a Recognition element, empty or not
}

// pageDays is how long the operator pages keep messages (wechat-protocol 4.6).
const pageDays = 5 * 24 * time.Hour

// Query narrows a list of records. The zero Query is the whole message list.
type Query struct {
	FakeID callbackd.FakeID // of one person, in this account's dialect; "" everybody
	Own    bool             // with the account's own replies (the dialog)
	From   uint32           // this console id and older ones; 0: from the newest
	Limit  int              // 0: all
}

// Records lists what the operator pages show now, newest first: listed already
// (ListedAt), not older than five days, not the account's own unless asked for.
func (a *Account) Records(q Query) []Record {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	now := a.p.now()
	var out []Record
	for i := len(a.records) - 1; i >= 0; i-- {
		r := a.records[i]
		if q.From != 0 && r.ConsoleID > q.From || r.Own && !q.Own || !r.listed(now) {
			continue
		}
		if q.FakeID != "" && q.FakeID != a.fakeIDOf(r) {
			continue
		}
		out = append(out, *r)
		if q.Limit > 0 && len(out) == q.Limit {
			break
		}
	}
	return out
}

// Record finds a message by its console id, if the pages show it now.
func (a *Account) Record(id uint32) (Record, bool) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	r := a.byConsole[id]
	if r == nil || !r.listed(a.p.now()) {
		return Record{}, false
	}
	return *r, true
}

// Truth lists every message that people ever sent to the account, oldest
// first, whether the pages show it or not. Tests and benches judge by it.
func (a *Account) Truth() []Record {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	var out []Record
	for _, r := range a.records {
		if !r.Own {
			out = append(out, *r)
		}
	}
	return out
}

// Reply records the account's own words to a person, as the dialog shows them.
func (a *Account) Reply(number callbackd.FakeID, content string) (Record, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return a.replyLocked(number, content)
}

func (r *Record) listed(now time.Time) bool {
	return !r.ListedAt.After(now) && now.Sub(r.ConsoleAt) <= pageDays
}

func (a *Account) fakeIDOf(r *Record) callbackd.FakeID {
	if a.Dialect() == callbackd.Dialect2016 {
		return callbackd.FakeID(r.OpenID)
	}
	return r.Number
}

func (a *Account) contactsLocked() []Contact {
	list := make([]*contact, 0, len(a.contacts))
	for _, c := range a.contacts {
		if c.following {
			list = append(list, c)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].order > list[j].order })
	out := make([]Contact, len(list))
	for i, c := range list {
		out[i], _ = copyContact(c)
	}
	return out
}
