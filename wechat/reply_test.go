package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"callbackd"
)

type answerEnvelope struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string
	MsgSignature string
	TimeStamp    int64
	Nonce        string
}

type answerText struct {
	XMLName                                    xml.Name `xml:"xml"`
	ToUserName, FromUserName, MsgType, Content string
	CreateTime                                 int64
}

// openAnswer takes a sealed answer apart as the platform does, with its own
// decryption, and returns its random bytes and its text.
func openAnswer(t *testing.T, s sender, answer []byte) (random string, text answerText) {
	t.Helper()
	var e answerEnvelope
	if err := xml.Unmarshal(answer, &e); err != nil {
		t.Fatalf("the answer is no XML: %v\n%s", err, answer)
	}
	s.timestamp, s.nonce = itoa(e.TimeStamp), e.Nonce
	if e.Nonce == "" || e.MsgSignature != s.sign(e.Encrypt) {
		t.Fatal("MsgSignature of the answer does not fit")
	}
	key, err := base64.StdEncoding.DecodeString(s.key + "=")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(e.Encrypt)
	if err != nil || len(plain)%32 != 0 {
		t.Fatalf("ciphertext of %d bytes: %v", len(plain), err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(plain, plain)
	plain = plain[:len(plain)-int(plain[len(plain)-1])]
	n := int(binary.BigEndian.Uint32(plain[16:20]))
	if got := string(plain[20+n:]); got != s.appID {
		t.Fatalf("app id of the answer is %q", got)
	}
	return string(plain[:16]), readAnswer(t, plain[20:20+n])
}

func readAnswer(t *testing.T, reply []byte) answerText {
	t.Helper()
	var a answerText
	if err := xml.Unmarshal(reply, &a); err != nil {
		t.Fatalf("the reply is no XML: %v\n%s", err, reply)
	}
	return a
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestTextReply_NamesAreSwappedAndTextArrives(t *testing.T) {
	p := opened(t, textPush("<![CDATA[words]]>"))
	for _, c := range []struct{ name, text, want string }{
		{"words", "收到😀/::)", "收到😀/::)"},
		{"end of CDATA", "a]]>b]]]]>>", "a]]>b]]]]>>"},
		{"markup", `<b>&amp;</b>"'`, `<b>&amp;</b>"'`},
		{"forbidden characters", "a\x00b\x14c\uFFFEd\ne\tf", "abcd\ne\tf"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := readAnswer(t, TextReply(p, c.text, noon))
			want := answerText{ToUserName: string(p.From), FromUserName: testGH, MsgType: "text", Content: c.want, CreateTime: noon.Unix()}
			a.XMLName = xml.Name{}
			if a != want {
				t.Errorf("%+v; want %+v", a, want)
			}
		})
	}
}

func TestTextReply_CutsLongTextBetweenCharacters(t *testing.T) {
	p := opened(t, textPush("<![CDATA[words]]>"))
	for _, c := range []struct {
		text string
		want int
	}{
		{strings.Repeat("a", 2048), 2048},
		{strings.Repeat("a", 2049), 2048},
		{strings.Repeat("你", 683), 2046},
		{"a" + strings.Repeat("😀", 600), 2045},
	} {
		got := readAnswer(t, TextReply(p, c.text, noon)).Content
		if len(got) != c.want || !utf8.ValidString(got) || !strings.HasPrefix(c.text, got) {
			t.Errorf("%d bytes were cut to %d; want %d whole characters' bytes", len(c.text), len(got), c.want)
		}
	}
}

func TestTextReply_NothingToSayIsNoReply(t *testing.T) {
	for _, m := range allModes {
		acc := testAccount(m)
		q, body := newSender().request(m, textPush("<![CDATA[words]]>"))
		p := mustOpen(t, acc, q, body)
		for _, text := range []string{"", " \n", "\x00"} {
			if r := TextReply(p, text, noon); r != nil {
				t.Errorf("%q: reply %s; an empty Content is a fault to the platform", text, r)
			}
		}
		if got, err := p.Seal(nil, noon); err != nil || len(got) != 0 {
			t.Errorf("%s: Seal(nil) = %q, %v", m, got, err)
		}
	}
}

func TestTextReply_PushWithoutToUserNameIsAnsweredByTheAccount(t *testing.T) {
	p := opened(t, "<xml><FromUserName>oX</FromUserName><MsgType>text</MsgType></xml>")
	if a := readAnswer(t, TextReply(p, "ok", noon)); a.FromUserName != testGH || a.ToUserName != "oX" {
		t.Errorf("%+v", a)
	}
}

func TestSeal_AnswersInTheModeOfTheRequest(t *testing.T) {
	later := noon.Add(3 * time.Second)
	for _, m := range allModes {
		t.Run(string(m), func(t *testing.T) {
			s := newSender()
			q, body := s.request(m, textPush("<![CDATA[words]]>"))
			p := mustOpen(t, testAccount(m), q, body)
			reply := TextReply(p, "收到", noon)
			answer, err := p.Seal(reply, later)
			if err != nil {
				t.Fatal(err)
			}
			if m == callbackd.ModePlain {
				if string(answer) != string(reply) {
					t.Errorf("a plain reply was changed: %s", answer)
				}
				return
			}
			random, text := openAnswer(t, s, answer)
			if text.Content != "收到" || text.ToUserName != string(p.From) {
				t.Errorf("%+v", text)
			}
			if !strings.Contains(string(answer), "<TimeStamp>"+itoa(later.Unix())+"</TimeStamp>") {
				t.Error("TimeStamp is not the time of the answer")
			}
			again, err := p.Seal(reply, later)
			if err != nil {
				t.Fatal(err)
			}
			if r, _ := openAnswer(t, s, again); r == random || string(again) == string(answer) {
				t.Error("random bytes are used twice")
			}
		})
	}
}
