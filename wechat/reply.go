package wechat

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/util"
)

// maxReply is the longest content of a text reply in bytes; longer ones show
// the follower a fault line.
const maxReply = 2048

// TextReply writes a passive text reply to a push, in plain XML: the same
// bytes can be kept as the answer to repeats, and Seal wraps them for one
// request. Content over 2048 bytes is cut between two characters; characters
// that XML forbids are dropped. It is nil for a text of nothing but spaces,
// which the platform takes for a fault: answer success instead.
func TextReply(p *Push, text string, now time.Time) []byte {
	text = cut(clean([]byte(text)), maxReply)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	from := p.ToUser
	if from == "" && p.reply != nil {
		from = p.reply.account
	}
	var b bytes.Buffer
	b.Grow(256 + len(text))
	b.WriteString("<xml><ToUserName>")
	cdata(&b, string(p.From))
	b.WriteString("</ToUserName><FromUserName>")
	cdata(&b, from)
	b.WriteString("</FromUserName><CreateTime>")
	b.WriteString(strconv.FormatInt(now.Unix(), 10))
	b.WriteString("</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>")
	cdata(&b, text)
	b.WriteString("</Content></xml>")
	return b.Bytes()
}

// Seal wraps a reply in the form in which the push came: as it is for a plain
// push, else encrypted by the key that opened the push, with fresh random
// bytes and nonce. An empty reply stays empty in every mode, which is legal:
// how the platform takes an encrypted empty message is not known.
func (p *Push) Seal(reply []byte, now time.Time) ([]byte, error) {
	if len(reply) == 0 || !p.Encrypted() {
		return reply, nil
	}
	var random [24]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read never fails since Go 1.24
	nonce := strconv.FormatUint(binary.BigEndian.Uint64(random[16:])>>1, 10)
	stamp := strconv.FormatInt(now.Unix(), 10)
	encrypted, err := encrypt(random[:16], reply, p.reply.key, p.reply.appID)
	if err != nil {
		return nil, fmt.Errorf("seal reply: %w", err)
	}
	signature := util.Signature(p.reply.token.Reveal(), stamp, nonce, encrypted)
	var b bytes.Buffer
	b.Grow(256 + len(encrypted))
	b.WriteString("<xml><Encrypt><![CDATA[")
	b.WriteString(encrypted)
	b.WriteString("]]></Encrypt><MsgSignature><![CDATA[")
	b.WriteString(signature)
	b.WriteString("]]></MsgSignature><TimeStamp>")
	b.WriteString(stamp)
	b.WriteString("</TimeStamp><Nonce><![CDATA[")
	b.WriteString(nonce)
	b.WriteString("]]></Nonce></xml>")
	return b.Bytes(), nil
}

// cdata writes a text as character data; the end mark "]]>" within it is split
// over two sections.
func cdata(b *bytes.Buffer, text string) {
	b.WriteString("<![CDATA[")
	b.WriteString(strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>"))
	b.WriteString("]]>")
}

// cut shortens a text to at most n bytes without halving a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
