package wechat

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/util"

	"callbackd"
)

func FuzzParse(f *testing.F) {
	for _, doc := range []string{
		textPush("<![CDATA[你好😀]]]]><![CDATA[>]]>"), textPush("a&lt;&#x1F600;&amp &#0;\x01\xff"),
		push("<MsgType>event</MsgType><Event>SCAN</Event><EventKey>1</EventKey><Ticket>t</Ticket>"),
		push("<MsgType>location</MsgType><Location_X>1e999</Location_X><Location_Y>-0</Location_Y>"),
		"<xml", "<xml>", "<xml></xml>", "<xml><![CDATA[", "<!DOCTYPE [", "<a b='", "</a>", "<!--", "<?", "<a/>", "",
		strings.Repeat("<a>", 100), "<xml><a><b></a></xml>",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		before := append([]byte(nil), doc...)
		p := &Push{Raw: doc}
		err := p.read()
		if !bytes.Equal(before, doc) {
			t.Fatal("the input was changed")
		}
		if err == nil && (p.From == "" || p.MsgType == "") {
			t.Error("a push without sender or type was taken")
		}
		for _, s := range []string{p.ToUser, string(p.From), p.MsgType, p.Event, p.EventKey, p.Ticket, p.Content, p.Recognition, p.PicURL, p.MediaID} {
			for _, r := range s {
				if !allowed(r) {
					t.Fatalf("forbidden character %U in %q", r, s)
				}
			}
			if !utf8.ValidString(s) {
				t.Fatalf("not UTF-8: %q", s)
			}
		}
		if p.Key() != (&Push{Raw: doc, MsgType: p.MsgType, From: p.From, created: p.created, MsgID: p.MsgID, Event: p.Event, EventKey: p.EventKey}).Key() {
			t.Error("the key depends on more than it should")
		}
		replyIsXML(t, p)
		agreesWithStrict(t, doc, p)
	})
}

// replyIsXML: whatever a follower is called, the answer stays a document.
func replyIsXML(t *testing.T, p *Push) {
	reply := TextReply(p, p.Content, noon)
	if reply == nil {
		return
	}
	var a answerText
	if err := xml.Unmarshal(reply, &a); err != nil {
		t.Fatalf("reply is no XML: %v\n%q", err, reply)
	}
	if want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cut(p.Content, maxReply)); a.Content != want {
		t.Errorf("reply says %q; want %q", a.Content, want)
	}
}

// agreesWithStrict: on documents that encoding/xml reads, both find the same
// direct children. encoding/xml makes \n of \r, and takes the last of several.
func agreesWithStrict(t *testing.T, doc []byte, p *Push) {
	type element struct {
		XMLName xml.Name
		Inner   []byte `xml:",innerxml"`
		Text    string `xml:",chardata"`
	}
	var root struct {
		Children []element `xml:",any"`
	}
	if bytes.ContainsAny(doc, "\r\ufffd") || bytes.Contains(doc, []byte("<!DOCTYPE")) || xml.Unmarshal(doc, &root) != nil {
		return
	}
	for _, c := range root.Children {
		if c.XMLName.Local != "Content" || c.XMLName.Space != "" {
			continue
		}
		if c.Text != p.Content {
			t.Errorf("Content = %q; encoding/xml reads %q\n%s", p.Content, c.Text, doc)
		}
		return
	}
}

func FuzzDecrypt(f *testing.F) {
	for _, v := range loadVectors(f).AES {
		f.Add(v.Encrypt, v.AppID)
	}
	s := newSender()
	for _, plain := range []string{strings.Repeat("\x20", 32), strings.Repeat("\x00", 32), strings.Repeat("\xff", 64), strings.Repeat("\x01", 16)} {
		f.Add(s.encryptBlocks([]byte(plain)), testAppID)
	}
	f.Add("", testAppID)
	f.Add("AAAA", "")
	key, err := aesKey(testKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ciphertext, appID string) {
		msg, err := decrypt(ciphertext, key, appID)
		if err != nil && msg != nil {
			t.Fatal("content of a ciphertext that did not open")
		}
		if err == nil && appID == "" {
			t.Fatal("opened for nobody")
		}
		_, theirs, theirErr := util.DecryptMsg(appID, ciphertext, testKey)
		if theirErr == nil && appID != "" && (err != nil || !bytes.Equal(msg, theirs)) {
			t.Fatalf("util opens %q, we %q, %v", theirs, msg, err)
		}
		if err == nil && theirErr != nil && !paddedTo16(ciphertext) {
			t.Fatalf("we open %q, util says %v", msg, theirErr)
		}
		// the fuzzer's text, sealed: must come back whole
		sealed, err := encrypt([]byte("0123456789abcdef"), []byte(ciphertext), key, testAppID)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decrypt(sealed, key, testAppID); err != nil || string(back) != ciphertext {
			t.Fatalf("round trip: %q, %v", back, err)
		}
	})
}

func paddedTo16(ciphertext string) bool {
	b, err := base64.StdEncoding.DecodeString(ciphertext)
	return err == nil && len(b)%32 == 16
}

func FuzzOpenPlain(f *testing.F) {
	s := newSender()
	good, body := s.request(callbackd.ModePlain, textPush("words"))
	f.Add(good.Encode(), body, "plain")
	good, body = s.request(callbackd.ModeCompatible, textPush("words"))
	f.Add(good.Encode(), body, "compatible")
	good, body = s.request(callbackd.ModeSafe, textPush("words"))
	f.Add(good.Encode(), body, "safe")
	f.Add("", []byte(nil), "plain")
	f.Add("timestamp=1&nonce=1&signature=1", []byte("<xml/>"), "")
	f.Fuzz(func(t *testing.T, query string, body []byte, mode string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		acc := testAccount(callbackd.Mode(mode))
		p, err := Open(acc, q, body, noon)
		switch {
		case errors.Is(err, ErrForged), errors.Is(err, ErrStale):
			if p != nil {
				t.Fatal("content of a refused request")
			}
			return
		case err != nil && !errors.Is(err, ErrUnreadable):
			t.Fatalf("an error without a kind: %v", err)
		}
		if p == nil {
			t.Fatal("no push and no refusal")
		}
		s := sender{token: "spamtest", timestamp: q.Get("timestamp"), nonce: q.Get("nonce")}
		if !p.Encrypted() && (acc.Mode != callbackd.ModePlain || q.Get("signature") != s.sign()) {
			t.Fatal("a forged plain request was taken")
		}
		if p.Encrypted() {
			envelope, _ := readFields(body, only(fEncrypt))
			if q.Get("msg_signature") != s.sign(envelope[fEncrypt]) {
				t.Fatal("a forged ciphertext was taken")
			}
		}
		if _, err := p.Seal([]byte("<xml></xml>"), noon); err != nil {
			t.Fatal(err)
		}
	})
}
