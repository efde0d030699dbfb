package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
)

const (
	testKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	otherKey  = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	testAppID = "wx2c2769f8efd9abc2"
	testGH    = "gh_10f6c3c3ac5a"
)

// noon is the clock of the tests.
var noon = time.Unix(1409735669, 0)

func testAccount(m callbackd.Mode) *callbackd.Account {
	acc := &callbackd.Account{OriginalID: testGH, AppID: testAppID, Token: "spamtest", Mode: m}
	if m != callbackd.ModePlain {
		acc.AESKey = testKey
	}
	return acc
}

// sender is a platform of our own making: it builds requests with the standard
// library alone, so that a mistake of the package is not checked against itself.
type sender struct {
	token, key, appID string
	timestamp, nonce  string
	outer             string // ToUserName beside the ciphertext
}

func newSender() sender {
	return sender{token: "spamtest", key: testKey, appID: testAppID,
		timestamp: strconv.FormatInt(noon.Unix(), 10), nonce: "1320562132", outer: testGH}
}

func (s sender) sign(more ...string) string {
	parts := append([]string{s.token, s.timestamp, s.nonce}, more...)
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func (s sender) query() url.Values {
	return url.Values{"timestamp": {s.timestamp}, "nonce": {s.nonce}, "signature": {s.sign()}}
}

func (s sender) sealedQuery(ciphertext string) url.Values {
	q := s.query()
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", s.sign(ciphertext))
	return q
}

// request builds a push of a mode around the inner document.
func (s sender) request(m callbackd.Mode, inner string) (url.Values, []byte) {
	if m == callbackd.ModePlain {
		return s.query(), []byte(inner)
	}
	return s.envelope(m, inner, s.encrypt([]byte(inner)))
}

func (s sender) envelope(m callbackd.Mode, inner, ciphertext string) (url.Values, []byte) {
	enc := "<Encrypt><![CDATA[" + ciphertext + "]]></Encrypt>"
	q := s.sealedQuery(ciphertext)
	if m == callbackd.ModeCompatible {
		return q, []byte(strings.Replace(inner, "</xml>", enc+"\n</xml>", 1))
	}
	return q, []byte("<xml>\n<ToUserName><![CDATA[" + s.outer + "]]></ToUserName>\n" + enc + "\n</xml>")
}

func (s sender) encrypt(msg []byte) string {
	plain := make([]byte, 20, 64+len(msg))
	_, _ = rand.Read(plain[:16])
	binary.BigEndian.PutUint32(plain[16:], uint32(len(msg)))
	plain = append(append(plain, msg...), s.appID...)
	pad := 32 - len(plain)%32
	return s.encryptBlocks(append(plain, []byte(strings.Repeat(string(rune(pad)), pad))...))
}

// encryptBlocks encrypts a plaintext that is padded already, rightly or not.
func (s sender) encryptBlocks(plain []byte) string {
	key, err := base64.StdEncoding.DecodeString(s.key + "=")
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

// textPush is a text message with more elements added to it.
func textPush(content string, more ...string) string {
	return "<xml><ToUserName><![CDATA[" + testGH + "]]></ToUserName>\n" +
		"<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n" +
		"<CreateTime>1409735668</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n" +
		"<Content>" + content + "</Content>\n<MsgId>6054768590064713728</MsgId>\n" +
		strings.Join(more, "\n") + "</xml>"
}

// push is a push of any elements beside the names and the time.
func push(elements ...string) string {
	return "<xml><ToUserName><![CDATA[" + testGH + "]]></ToUserName>" +
		"<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>" +
		"<CreateTime>1409735668</CreateTime>" + strings.Join(elements, "") + "</xml>"
}

// opened opens a plain push that must be genuine and readable.
func opened(t *testing.T, doc string) *Push {
	t.Helper()
	q, body := newSender().request(callbackd.ModePlain, doc)
	p, err := Open(testAccount(callbackd.ModePlain), q, body, noon)
	if err != nil {
		t.Fatalf("Open: %v\n%s", err, doc)
	}
	return p
}

type vectors struct {
	Signatures []struct {
		Name, Token, Timestamp, Nonce, Echostr, Signature string
	}
	AES []struct {
		Name, Token, AESKey, AppID, Timestamp, Nonce, Random, Msg, Encrypt, MsgSignature string
		Pad                                                                              int
	}
}

func loadVectors(t testing.TB) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/callback-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Signatures) < 4 || len(v.AES) < 11 {
		t.Fatalf("%d signatures and %d ciphertexts: vectors are missing", len(v.Signatures), len(v.AES))
	}
	return v
}
