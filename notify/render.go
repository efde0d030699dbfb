package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"sort"

	"callbackd"
	"callbackd/notify/push"
)

// What a payload may weigh, in bytes. APNs and FCM wrap theirs: see Vendors.
const (
	BudgetWebPush = push.MaxWebPushPayload
	BudgetWeChat  = 2048 // of a customer-service text
	BudgetChannel = 16 << 10
)

// Alert is everything that a notice could say. What of it goes out is Render's
// to choose.
type Alert struct {
	Notice  callbackd.NoticeID
	Seq     int64
	Account callbackd.Slug
	Reason  callbackd.Reason
	Name    string // the sender's public name
	Words   string // of the message; for one without words, Label of its kind
	Count   int    // of messages that are told together; 0: one message, or a test
	Silent  bool
}

// tag keeps alerts about messages in general to one at a time on a device, and
// those about a mention each to itself.
func (a Alert) tag() string {
	if a.Reason == callbackd.ReasonReceive {
		return string(a.Account)
	}
	return string(a.Notice)
}

// sentence is what level 0 says of it.
func (a Alert) sentence() Text {
	if a.Count > 0 {
		return Text{fmt.Sprintf("%d 条新消息", a.Count), fmt.Sprintf("%d new messages", a.Count)}
	}
	return Sentence(a.Reason)
}

// Frame is what a device gets, on its channel and as payload of every vendor.
type Frame struct {
	Type    string             `json:"type"` // notify
	Notice  callbackd.NoticeID `json:"nid"`
	Seq     int64              `json:"seq"`
	Account callbackd.Slug     `json:"account"`
	Level   callbackd.Level    `json:"level"`
	Title   string             `json:"title"`
	Body    string             `json:"body"`
	URL     string             `json:"url"` // a path on this server
	Tag     string             `json:"tag"` // a later alert with the same one takes its place on the device
	Silent  bool               `json:"silent,omitempty"`
}

// JSON is the frame's payload.
func (f Frame) JSON() []byte { return encode(f) }

// CancelFrame takes a notice back from a device.
func CancelFrame(id callbackd.NoticeID) []byte {
	return encode(struct {
		Type   string             `json:"type"`
		Notice callbackd.NoticeID `json:"nid"`
	}{"cancel", id})
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it never stands in a page; the bytes count
	if err := e.Encode(v); err != nil {
		panic("a frame of strings and numbers is always JSON: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Sentence is what level 0 says, and all that it says: claim 2 of CN104144110A.
func Sentence(why callbackd.Reason) Text {
	switch why {
	case callbackd.ReasonMention:
		return Text{"有人提到了你", "You were mentioned"}
	case callbackd.ReasonTest:
		return Text{"测试提醒：这台设备收得到", "A test: this device gets notices"}
	}
	return Text{"有新消息", "New message"}
}

// Label stands for the words of a message that has none.
func Label(k callbackd.Kind) Text {
	switch k {
	case callbackd.KindImage:
		return Text{"[图片]", "picture"}
	case callbackd.KindVoice:
		return Text{"[语音]", "voice"}
	case callbackd.KindVideo:
		return Text{"[视频]", "video"}
	case callbackd.KindLocation:
		return Text{"[位置]", "place"}
	case callbackd.KindLink:
		return Text{"[链接]", "link"}
	}
	return Text{"[消息]", "message"}
}

// Render is the only way from a message to what a device gets: at most the
// level that its follower chose, in at most so many bytes of JSON. Words that are
// too long are cut between characters; where not even the first one fits, or the
// name does not, the level steps down, 2 → 1 → 0. The error means that not even
// the fixed sentence fits.
func Render(a Alert, level callbackd.Level, budget int) (Frame, error) {
	f, ok := fit(a, level, func(f Frame) bool { return len(f.JSON()) <= budget })
	if !ok {
		return Frame{}, tooFew(budget)
	}
	return f, nil
}

// RenderText is Render for a WeChat message: words for people with the full
// address, which is base and the frame's path.
func RenderText(a Alert, level callbackd.Level, base string, budget int) (string, error) {
	f, ok := fit(a, level, func(f Frame) bool { return len(f.text(base)) <= budget })
	if !ok {
		return "", tooFew(budget)
	}
	return f.text(base), nil
}

func tooFew(budget int) error {
	return fmt.Errorf("%w: %d bytes are too few for any notice", callbackd.ErrInvalid, budget)
}

func (f Frame) text(base string) string {
	s := f.Title
	if f.Body != "" {
		s += "：" + f.Body
	}
	return s + "\n" + base + f.URL
}

// fit shows as much as fits, stepping down; false: not even the sentence does.
func fit(a Alert, level callbackd.Level, fits func(Frame) bool) (Frame, bool) {
	name, words := clean(a.Name), clean(a.Words)
	level = What(callbackd.Preferences{Detail: level}) // what is no level shows nothing
	f := Frame{
		Type: "notify", Notice: a.Notice, Seq: a.Seq, Account: a.Account, Silent: a.Silent,
		URL: "/wall/" + url.PathEscape(string(a.Account)) + "?notice=" + url.QueryEscape(string(a.Notice)), Tag: a.tag(),
	}
	if level >= callbackd.LevelWords && name != "" && words != "" {
		f.Level, f.Title = callbackd.LevelWords, name
		if body, ok := longest(words, func(s string) bool { f.Body = s; return fits(f) }); ok {
			f.Body = body
			return f, true
		}
	}
	if level >= callbackd.LevelName && name != "" {
		f.Level, f.Title, f.Body = callbackd.LevelName, name, ""
		if fits(f) {
			return f, true
		}
	}
	f.Level, f.Title, f.Body = callbackd.LevelHint, a.sentence().Both(), ""
	return f, fits(f)
}

// longest returns the whole text, or as many characters of it as fit, with an
// ellipsis; false: not even one does.
func longest(s string, fits func(string) bool) (string, bool) {
	if fits(s) {
		return s, true
	}
	at := cuts(s)
	// at[0] is the empty text and at[len-1] the whole one; size grows with the cut
	n := sort.Search(len(at)-1, func(i int) bool { return !fits(s[:at[i]] + "…") })
	if n < 2 {
		return "", false
	}
	return s[:at[n-1]] + "…", true
}
