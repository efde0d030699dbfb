package rehearsal

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"callbackd"
)

// maxVerdicts is how many verdicts a platform keeps.
const maxVerdicts = 10_000

// maxReplyBytes is the longest Content of a passive reply (wechat-protocol 2.4).
const maxReplyBytes = 2048

// Outcome is how the platform took an answer.
type Outcome string

// The outcomes. After OutcomeFault the follower reads 该公众号提供的服务出现故障，请稍后再试.
const (
	OutcomeSuccess Outcome = "success" // the word success: nothing to say
	OutcomeEmpty   Outcome = "empty"   // zero bytes: nothing to say
	OutcomeReply   Outcome = "reply"   // a passive reply that reaches the follower
	OutcomeFault   Outcome = "service fault"
)

// Verdict is what the platform made of a push, after the last attempt.
type Verdict struct {
	Account  callbackd.Slug
	Number   callbackd.FakeID
	OpenID   callbackd.OpenID
	MsgID    uint64
	Event    string
	Outcome  Outcome
	Why      string // of a fault; a fixed phrase
	Reply    *Reply // of OutcomeReply
	Attempts []Attempt
}

// Last is the delivery whose answer counts.
func (v Verdict) Last() Attempt {
	if len(v.Attempts) == 0 {
		return Attempt{}
	}
	return v.Attempts[len(v.Attempts)-1]
}

// Reply is a passive reply.
type Reply struct {
	Type      string // text, image, voice, video, music, news, transfer_customer_service
	Content   string // of text
	Encrypted bool
	XML       []byte // the plaintext
}

func (a *Account) judge(pr Prepared, attempts []Attempt) Verdict {
	v := Verdict{
		Account: a.Config.Slug, Number: pr.payload.Number, OpenID: pr.payload.OpenID,
		MsgID: pr.payload.MsgID, Event: pr.payload.Event, Attempts: attempts, Outcome: OutcomeFault,
	}
	last := v.Last()
	switch {
	case last.Cut:
		v.Why = "no answer in time"
	case last.Err != nil:
		v.Why = "no connection"
	case last.Status != http.StatusOK:
		v.Why = fmt.Sprintf("status %d", last.Status)
	case len(last.Body) == 0:
		v.Outcome = OutcomeEmpty
	case string(last.Body) == "success":
		v.Outcome = OutcomeSuccess
	default:
		reply, err := a.readReply(pr, last.Body)
		if err != nil {
			v.Why = err.Error()
			return v
		}
		v.Outcome, v.Reply = OutcomeReply, reply
	}
	return v
}

type sealedReply struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string   `xml:"Encrypt"`
	MsgSignature string   `xml:"MsgSignature"`
	TimeStamp    string   `xml:"TimeStamp"`
	Nonce        string   `xml:"Nonce"`
}

// readReply opens an answer in the mode of its push.
func (a *Account) readReply(pr Prepared, body []byte) (*Reply, error) {
	var outer sealedReply
	if err := strictXML(body, &outer); err != nil {
		return nil, err
	}
	sealed := outer.Encrypt != ""
	switch {
	case sealed && !pr.mode.Encrypted():
		return nil, errors.New("encrypted answer in plain mode")
	case !sealed && pr.mode == callbackd.ModeSafe:
		return nil, errors.New("plain answer in safe mode")
	case !sealed:
		return a.checkReply(pr, body, false)
	}
	if outer.MsgSignature != sign(a.Server().Token, outer.TimeStamp, outer.Nonce, outer.Encrypt) {
		return nil, errors.New("answer's signature does not fit")
	}
	key, err := decodeKey(pr.key)
	if err != nil {
		return nil, err
	}
	inner, err := decrypt(key, outer.Encrypt)
	if err != nil {
		return nil, errors.New("answer does not decrypt with the key of the push")
	}
	if inner.appID != a.Config.AppID {
		return nil, errors.New("answer's appid is not the account's")
	}
	return a.checkReply(pr, inner.msg, true)
}

type plainReply struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string   `xml:"ToUserName"`
	FromUserName string   `xml:"FromUserName"`
	CreateTime   string   `xml:"CreateTime"`
	MsgType      string   `xml:"MsgType"`
	Content      string   `xml:"Content"`
	ImageID      string   `xml:"Image>MediaId"`
	VoiceID      string   `xml:"Voice>MediaId"`
	VideoID      string   `xml:"Video>MediaId"`
	MusicThumb   string   `xml:"Music>ThumbMediaId"`
	ArticleCount int      `xml:"ArticleCount"`
	Articles     []struct {
		Title string `xml:"Title"`
	} `xml:"Articles>item"`
}

// checkReply holds a passive reply to wechat-protocol 2.4 and 1.6.
func (a *Account) checkReply(pr Prepared, body []byte, sealed bool) (*Reply, error) {
	var r plainReply
	if err := strictXML(body, &r); err != nil {
		return nil, err
	}
	if r.ToUserName != string(pr.payload.OpenID) || r.FromUserName != a.Config.OriginalID {
		return nil, errors.New("reply's ToUserName and FromUserName are missing or not swapped")
	}
	created, err := strconv.ParseInt(r.CreateTime, 10, 64)
	if err != nil || created <= 0 || created > 1<<33 { // beyond: milliseconds
		return nil, errors.New("reply's CreateTime is no number of seconds")
	}
	switch r.MsgType {
	case "text":
		if strings.TrimSpace(r.Content) == "" {
			return nil, errors.New("reply's Content is empty")
		}
		if len(r.Content) > maxReplyBytes {
			return nil, errors.New("reply's Content is longer than 2048 bytes")
		}
	case "image", "voice", "video", "music":
		if r.ImageID+r.VoiceID+r.VideoID+r.MusicThumb == "" {
			return nil, errors.New("reply has no media id")
		}
	case "news":
		if len(r.Articles) == 0 || r.ArticleCount != len(r.Articles) {
			return nil, errors.New("reply's ArticleCount does not fit")
		}
	case "transfer_customer_service":
	default:
		return nil, errors.New("reply's MsgType is unknown")
	}
	return &Reply{Type: r.MsgType, Content: r.Content, Encrypted: sealed, XML: body}, nil
}

// strictXML refuses what the platform refuses: other roots, broken UTF-8,
// characters that XML 1.0 forbids, anything after the root.
func strictXML(body []byte, into any) error {
	if !utf8.Valid(body) {
		return errors.New("answer is not UTF-8")
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		return errors.New("answer is not the XML of a reply")
	}
	if rest := body[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return errors.New("answer goes on after its XML")
	}
	return nil
}
