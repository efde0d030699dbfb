package wechat

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"

	"callbackd"
)

// Push is a callback that is genuine: a message or an event. Fields that the
// platform did not send, or sent in a form that cannot be read, are zero.
type Push struct {
	// Raw is what the platform said: the decrypted bytes, in plain mode the
	// body (the same memory, not a copy).
	Raw []byte

	ToUser     string           // gh_… of the account that it is for
	From       callbackd.OpenID // who sent it
	CreateTime int64            // unix seconds by the platform's clock; that of the request where the push has none
	MsgType    string           // text, image, voice, video, shortvideo, location, link, event, …
	MsgID      uint64           // not unique (wechat-protocol 0.1); 0: none

	Event    string // subscribe, SCAN, unsubscribe, …
	EventKey string // qrscene_… on subscribe, the bare scene on SCAN
	Ticket   string // of the QR that was scanned

	Content      string // words of a text, as they were written
	Recognition  string // words that the platform heard in a voice
	PicURL       string
	MediaID      string
	MediaID16K   string // the same voice at 16 kHz, from newer clients
	ThumbMediaID string
	Format       string           // of a voice, as claimed; never believed
	Place        *callbackd.Place // of MsgType location
	Link         *callbackd.Link  // of MsgType link

	// Misdirected says that the push names another account than the one whose
	// address it came to. It is kept and counted, and never shown.
	Misdirected bool

	created int64 // CreateTime as the push says it, for Key
	request [32]byte
	body    [32]byte
	reply   *replyContext
}

// replyContext is what an answer needs. It hangs on a pointer so that printing
// a Push cannot print a key.
type replyContext struct {
	account string // ToUserName of the account, for pushes without one
	token   callbackd.Secret
	appID   string
	key     []byte // the key that opened the push; nil: it came in plain text
}

// String keeps names and words out of logs.
func (p *Push) String() string { return "[push]" }

// LogValue keeps names and words out of logs.
func (p *Push) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Encrypted reports whether the push came as ciphertext, and is answered so.
func (p *Push) Encrypted() bool { return p.reply != nil && p.reply.key != nil }

// RequestDigest stands for (timestamp, nonce, signature) of the request, with
// msg_signature in place of signature where the push came encrypted. One such
// triple carries one body; another body under it is a replay.
//
// It is made from the signature alone, which is a digest of the others: the
// signed text is a plain concatenation, so characters moved from nonce to
// timestamp would give a new triple under an old signature.
func (p *Push) RequestDigest() [32]byte { return p.request }

// BodyDigest is the SHA-256 of the request's body as it came.
func (p *Push) BodyDigest() [32]byte { return p.body }

// Key is equal for the platform's repeats of one callback and differs for any
// other callback of the account. It begins with CreateTime in eight hex digits,
// so that keys of one moment begin alike; the rest is a digest: it holds no
// openID.
//
// For messages: sender, MsgId and CreateTime, because recognised voices of one
// second share a MsgId. For events: sender, CreateTime, Event and EventKey.
// For what has neither MsgId nor Event: sender, CreateTime, MsgType and the
// bytes.
func (p *Push) Key() string {
	var parts []string
	switch {
	case p.MsgType == "event" && p.Event != "":
		parts = []string{"event", string(p.From), number(uint64(p.created)), p.Event, p.EventKey}
	case p.MsgID != 0 && p.MsgType != "event":
		parts = []string{"message", string(p.From), number(p.MsgID), number(uint64(p.created))}
	default:
		sum := sha256.Sum256(p.Raw)
		parts = []string{"bytes", string(p.From), number(uint64(p.created)), p.MsgType, string(sum[:])}
	}
	h := sha256.New()
	for _, part := range parts {
		// each part after its length: no two lists give the same text
		h.Write([]byte(number(uint64(len(part)))))
		h.Write([]byte(part))
	}
	return fmt.Sprintf("%08x", uint32(p.created)) + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func number(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return string(b[:])
}

// unsupported begins the text that the platform puts in place of stickers,
// cards and files.
const unsupported = "【收到不支持的消息类型"

// Message returns what a person sent: its kind and its words (of a voice the
// recognised ones). ok is false for events, for types that we do not know and
// for what the platform itself could not forward: these are callbacks and no
// messages.
func (p *Push) Message() (kind callbackd.Kind, text string, ok bool) {
	switch p.MsgType {
	case "text":
		if strings.HasPrefix(p.Content, unsupported) {
			return "", "", false
		}
		return callbackd.KindText, p.Content, true
	case "image":
		return callbackd.KindImage, "", true
	case "voice":
		return callbackd.KindVoice, p.Recognition, true
	case "video", "shortvideo":
		return callbackd.KindVideo, "", true
	case "location":
		return callbackd.KindLocation, "", true
	case "link":
		return callbackd.KindLink, "", true
	}
	return "", "", false
}
