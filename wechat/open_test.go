package wechat

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"callbackd"
)

var allModes = []callbackd.Mode{callbackd.ModePlain, callbackd.ModeCompatible, callbackd.ModeSafe}

// attempt is one request to one account at one time; a fault changes it.
type attempt struct {
	acc  *callbackd.Account
	s    sender
	doc  string
	q    url.Values
	body []byte
	now  time.Time
}

// build makes the request after the sender or the document was changed.
func (a *attempt) build() { a.q, a.body = a.s.request(a.acc.Mode, a.doc) }

// reseal puts another ciphertext under a right msg_signature.
func (a *attempt) reseal(ciphertext string) {
	a.q, a.body = a.s.envelope(a.acc.Mode, a.doc, ciphertext)
}

// plaintext is what a ciphertext of the document would hold, without padding.
func (a *attempt) plaintext(length uint32) []byte {
	b := append([]byte("0123456789abcdef"), byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
	return append(append(b, a.doc...), a.s.appID...)
}

func padWith(b []byte, pad byte, blocks int) []byte {
	for n := blocks - len(b)%blocks; n > 0; n-- {
		b = append(b, pad)
	}
	return b
}

// outcomes of a fault by mode; nil is a push that is taken.
type outcomes struct{ plain, compatible, safe error }

func (o outcomes) of(m callbackd.Mode) error {
	return map[callbackd.Mode]error{callbackd.ModePlain: o.plain, callbackd.ModeCompatible: o.compatible, callbackd.ModeSafe: o.safe}[m]
}

func everywhere(err error) outcomes { return outcomes{err, err, err} }

type fault struct {
	name string
	do   func(*attempt)
	want outcomes
}

func authFaults() []fault {
	return []fault{
		{"none", func(*attempt) {}, everywhere(nil)},
		{"no Content-Type, openid in the query", func(a *attempt) { a.q.Set("openid", "oyORnuP8q7ou2gfYjqLzSIWZf0rs") }, everywhere(nil)},
		{"bad signature", func(a *attempt) { a.q.Set("signature", strings.Repeat("0", 40)) }, everywhere(ErrForged)},
		{"signature in capitals", func(a *attempt) { a.q.Set("signature", strings.ToUpper(a.q.Get("signature"))) }, everywhere(ErrForged)},
		{"empty signature", func(a *attempt) { a.q.Set("signature", "") }, everywhere(ErrForged)},
		{"no signature", func(a *attempt) { a.q.Del("signature") }, outcomes{ErrForged, nil, nil}},
		{"no timestamp", func(a *attempt) { a.q.Del("timestamp") }, everywhere(ErrForged)},
		{"no timestamp, signed", func(a *attempt) { a.s.timestamp = ""; a.build() }, everywhere(ErrForged)},
		{"timestamp of letters, signed", func(a *attempt) { a.s.timestamp = "now"; a.build() }, everywhere(ErrForged)},
		{"timestamp in milliseconds, signed", func(a *attempt) { a.s.timestamp += "000"; a.build() }, everywhere(ErrForged)},
		{"no nonce", func(a *attempt) { a.q.Del("nonce") }, everywhere(ErrForged)},
		{"no nonce, signed", func(a *attempt) { a.s.nonce = ""; a.build() }, everywhere(ErrForged)},
		{"another token", func(a *attempt) { a.s.token = "Spamtest"; a.build() }, everywhere(ErrForged)},
		{"account without a token, signed without one", func(a *attempt) { a.acc.Token, a.s.token = "", ""; a.build() }, everywhere(ErrForged)},
		{"just within the window, past", func(a *attempt) { a.now = noon.Add(Window) }, everywhere(nil)},
		{"just within the window, future", func(a *attempt) { a.now = noon.Add(-Window) }, everywhere(nil)},
		{"stale", func(a *attempt) { a.now = noon.Add(Window + time.Second) }, everywhere(ErrStale)},
		{"from the future", func(a *attempt) { a.now = noon.Add(-Window - time.Second) }, everywhere(ErrStale)},
		{"body is no XML", func(a *attempt) { a.body = []byte(`{"a":1}`) }, outcomes{ErrUnreadable, ErrForged, ErrForged}},
		{"empty body", func(a *attempt) { a.body = nil }, outcomes{ErrUnreadable, ErrForged, ErrForged}},
		{"plaintext where ciphertext is required", func(a *attempt) { a.q, a.body = a.s.query(), []byte(a.doc) }, outcomes{nil, ErrForged, ErrForged}},
		{"plaintext with an empty msg_signature", func(a *attempt) { a.q, a.body = a.s.query(), []byte(a.doc); a.q.Set("msg_signature", "") }, outcomes{nil, ErrForged, ErrForged}},
		{"plaintext under the signature of no ciphertext", func(a *attempt) {
			a.q, a.body = a.s.sealedQuery(""), []byte(a.doc)
		}, outcomes{nil, ErrForged, ErrForged}},
		{"document without sender", func(a *attempt) { a.doc = "<xml><MsgType>text</MsgType></xml>"; a.build() }, everywhere(ErrUnreadable)},
		{"document without type", func(a *attempt) { a.doc = "<xml><FromUserName>oX</FromUserName></xml>"; a.build() }, everywhere(ErrUnreadable)},
		{"document cut off", func(a *attempt) { a.doc = a.doc[:len(a.doc)-8]; a.s.cutOff(a) }, everywhere(ErrUnreadable)},
	}
}

// cutOff seals a document that is no longer closed; in compatible mode the
// envelope around it is whole.
func (s sender) cutOff(a *attempt) {
	if a.acc.Mode == callbackd.ModePlain {
		a.build()
		return
	}
	a.q, a.body = s.envelope(callbackd.ModeSafe, "", s.encrypt([]byte(a.doc)))
}

// sealFaults are faults of the ciphertext, which a plain push has not.
func sealFaults() []fault {
	exactly := func(n uint32) func(*attempt) {
		return func(a *attempt) { a.reseal(a.s.encryptBlocks(padded(a.plaintext(n)))) }
	}
	length := func(more int) func(*attempt) {
		return func(a *attempt) { exactly(uint32(len(a.doc) + more))(a) }
	}
	pad := func(p byte) func(*attempt) {
		return func(a *attempt) {
			a.reseal(a.s.encryptBlocks(padWith(a.plaintext(uint32(len(a.doc))), p, 32)))
		}
	}
	return []fault{
		{"bad msg_signature", func(a *attempt) { a.q.Set("msg_signature", strings.Repeat("0", 40)) }, everywhere(ErrForged)},
		{"no msg_signature", func(a *attempt) { a.q.Del("msg_signature") }, everywhere(ErrForged)},
		{"signature in place of msg_signature", func(a *attempt) { a.q.Set("msg_signature", a.q.Get("signature")) }, everywhere(ErrForged)},
		{"no encrypt_type", func(a *attempt) { a.q.Del("encrypt_type") }, everywhere(nil)},
		{"encrypt_type raw", func(a *attempt) { a.q.Set("encrypt_type", "raw") }, everywhere(nil)},
		{"wrong appid inside", func(a *attempt) { a.s.appID = "wx0000000000000000"; a.build() }, everywhere(ErrForged)},
		{"no appid inside", func(a *attempt) { a.s.appID = ""; a.build() }, everywhere(ErrForged)},
		{"account without an appid, none inside", func(a *attempt) { a.acc.AppID, a.s.appID = "", ""; a.build() }, everywhere(ErrForged)},
		{"account without a key", func(a *attempt) { a.acc.AESKey = "" }, everywhere(ErrForged)},
		{"account with a key of 42 characters", func(a *attempt) { a.acc.AESKey = callbackd.Secret(strings.TrimSuffix(testKey, "G")) }, everywhere(ErrForged)},
		{"another key", func(a *attempt) { a.s.key = otherKey; a.build() }, everywhere(ErrForged)},
		{"ciphertext changed", func(a *attempt) { a.body[bytes.Index(a.body, []byte("<Encrypt>"))+40] ^= 1 }, everywhere(ErrForged)},
		{"ciphertext without its last byte", func(a *attempt) { c := a.s.encrypt([]byte(a.doc)); a.reseal(c[:len(c)-4]) }, everywhere(ErrForged)},
		{"ciphertext without its last block", func(a *attempt) { c := a.s.encrypt([]byte(a.doc)); a.reseal(c[:len(c)/2/64*64]) }, everywhere(ErrForged)},
		{"ciphertext of one block", func(a *attempt) { a.reseal(a.s.encryptBlocks([]byte(strings.Repeat("\x01", 16)))) }, everywhere(ErrForged)},
		{"ciphertext of nothing but padding", func(a *attempt) { a.reseal(a.s.encryptBlocks([]byte(strings.Repeat("\x20", 32)))) }, everywhere(ErrForged)},
		{"ciphertext is no base64", func(a *attempt) { a.reseal("***") }, everywhere(ErrForged)},
		{"pad 0", pad(0), everywhere(ErrForged)},
		{"pad 33", pad(33), everywhere(ErrForged)},
		{"pad 255", pad(255), everywhere(ErrForged)},
		{"padded to 16", func(a *attempt) {
			// a space behind the root per byte, until the whole is an odd number of AES blocks
			for len(a.plaintext(0))%32 != 9 {
				a.doc += " "
			}
			a.reseal(a.s.encryptBlocks(padWith(a.plaintext(uint32(len(a.doc))), 7, 16)))
		}, everywhere(nil)},
		{"length one too large", length(1), everywhere(ErrForged)},
		{"length over the end", length(100), everywhere(ErrForged)},
		{"huge length", exactly(1<<32 - 1), everywhere(ErrForged)},
		{"length that wraps", exactly(1<<32 - 20), everywhere(ErrForged)},
		{"length 0", exactly(0), everywhere(ErrForged)},
		{"empty message", func(a *attempt) { a.reseal(a.s.encrypt(nil)) }, everywhere(ErrUnreadable)},
	}
}

func padded(b []byte) []byte { return padWith(b, byte(32-len(b)%32), 32) }

func TestOpen_AllModesAllFaults(t *testing.T) {
	for _, m := range allModes {
		faults := authFaults()
		if m.Encrypted() {
			faults = append(faults, sealFaults()...)
		}
		for _, f := range faults {
			t.Run(string(m)+"/"+f.name, func(t *testing.T) {
				a := &attempt{acc: testAccount(m), s: newSender(), doc: textPush("<![CDATA[words]]>"), now: noon}
				a.build()
				f.do(a)
				p, err := Open(a.acc, a.q, a.body, a.now)
				checkOutcome(t, p, err, f.want.of(m))
			})
		}
	}
}

// A ciphertext that comes to an account without a key is genuine by its
// signature, and unreadable: it is kept until a key is there.
func TestOpen_PlainAccountWithoutAKeyKeepsCiphertext(t *testing.T) {
	q, body := newSender().request(callbackd.ModeSafe, textPush("<![CDATA[words]]>"))
	p, err := Open(testAccount(callbackd.ModePlain), q, body, noon)
	checkOutcome(t, p, err, ErrUnreadable)
	if string(p.Raw) != string(body) {
		t.Error("the bytes are not kept")
	}
}

func checkOutcome(t *testing.T, p *Push, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v; want %v", err, want)
	}
	switch want {
	case nil:
		if p == nil || p.Content != "words" || p.Misdirected {
			t.Fatalf("push is not whole: %v", p)
		}
	case ErrUnreadable:
		if p == nil || p.RequestDigest() == [32]byte{} || p.BodyDigest() == [32]byte{} || p.Key() == "" {
			t.Fatal("an unreadable push must still carry its bytes' digests and a key")
		}
	default:
		if p != nil {
			t.Fatal("content of a refused request came back")
		}
	}
}

func TestOpen_PreviousKeyOpensUntilItsEndAndSealsTheAnswer(t *testing.T) {
	end := noon.Add(time.Minute)
	for _, c := range []struct {
		name string
		now  time.Time
		want error
	}{
		{"before its end", end.Add(-time.Nanosecond), nil},
		{"at its end", end, ErrForged},
		{"after its end", end.Add(time.Second), ErrForged},
	} {
		t.Run(c.name, func(t *testing.T) {
			acc := testAccount(callbackd.ModeSafe)
			acc.AESKey, acc.PreviousAESKey, acc.PreviousAESKeyUntil = otherKey, testKey, end
			s := newSender() // seals with what is now the previous key
			q, body := s.request(acc.Mode, textPush("<![CDATA[words]]>"))
			p, err := Open(acc, q, body, c.now)
			checkOutcome(t, p, err, c.want)
			if c.want != nil {
				return
			}
			answer, err := p.Seal(TextReply(p, "ok", c.now), c.now)
			if err != nil {
				t.Fatal(err)
			}
			openAnswer(t, s, answer)
		})
	}
}

func TestOpen_CurrentKeyOpensBesideAPreviousOne(t *testing.T) {
	acc := testAccount(callbackd.ModeCompatible)
	acc.PreviousAESKey, acc.PreviousAESKeyUntil = otherKey, noon.Add(time.Hour)
	q, body := newSender().request(acc.Mode, textPush("<![CDATA[words]]>"))
	p, err := Open(acc, q, body, noon)
	checkOutcome(t, p, err, nil)
	acc.AESKey = "not a key" // a broken current key must not hide the previous one
	acc.PreviousAESKey = testKey
	p, err = Open(acc, q, body, noon)
	checkOutcome(t, p, err, nil)
}

func TestOpen_CompatibleUsesOnlyWhatWasDecrypted(t *testing.T) {
	s := newSender()
	inner := textPush("<![CDATA[words]]>")
	forged := strings.NewReplacer("words", "forged words", "oyORnuP8q7ou2gfYjqLzSIWZf0rs", "oForged").Replace(inner)
	q, body := s.envelope(callbackd.ModeCompatible, forged, s.encrypt([]byte(inner)))
	p, err := Open(testAccount(callbackd.ModeCompatible), q, body, noon)
	checkOutcome(t, p, err, nil)
	if p.From != "oyORnuP8q7ou2gfYjqLzSIWZf0rs" || string(p.Raw) != inner {
		t.Error("the plain elements beside the ciphertext were believed")
	}
}

func TestOpen_UnknownModeIsTreatedAsSafe(t *testing.T) {
	acc := testAccount("")
	s := newSender()
	q, body := s.request(callbackd.ModePlain, textPush("<![CDATA[words]]>"))
	p, err := Open(acc, q, body, noon)
	checkOutcome(t, p, err, ErrForged)
	q, body = s.request(callbackd.ModeSafe, textPush("<![CDATA[words]]>"))
	p, err = Open(acc, q, body, noon)
	checkOutcome(t, p, err, nil)
}

func TestOpen_PlainAccountWithAKeyOpensCiphertext(t *testing.T) {
	acc := testAccount(callbackd.ModePlain)
	acc.AESKey = testKey
	s := newSender()
	for _, m := range allModes {
		q, body := s.request(m, textPush("<![CDATA[words]]>"))
		p, err := Open(acc, q, body, noon)
		checkOutcome(t, p, err, nil)
		if p.Encrypted() != m.Encrypted() {
			t.Errorf("%s: Encrypted = %v", m, p.Encrypted())
		}
		if !m.Encrypted() {
			continue
		}
		q.Set("msg_signature", strings.Repeat("0", 40))
		p, err = Open(acc, q, body, noon)
		checkOutcome(t, p, err, ErrForged)
	}
}

func TestOpen_PlainAccountWithoutAKeyReadsTheElementsOfCompatible(t *testing.T) {
	q, body := newSender().request(callbackd.ModeCompatible, textPush("<![CDATA[words]]>"))
	p, err := Open(testAccount(callbackd.ModePlain), q, body, noon)
	checkOutcome(t, p, err, nil)
	if p.Encrypted() {
		t.Error("a push that was read in plain text is answered in plain text")
	}
}

func TestOpen_Misdirected(t *testing.T) {
	const other = "gh_000000000000"
	doc := textPush("<![CDATA[words]]>")
	for _, c := range []struct {
		name         string
		ours         string
		inner, outer string
		want         bool
	}{
		{"ours", testGH, testGH, testGH, false},
		{"inner of another account", testGH, other, testGH, true},
		{"outer of another account", testGH, testGH, other, true},
		{"inner missing", testGH, "", testGH, false},
		{"outer missing", testGH, testGH, "", false},
		{"another case", testGH, "GH_10f6c3c3ac5a", testGH, true},
		{"ours unknown, both agree", "", other, other, false},
		{"ours unknown, they differ", "", other, testGH, true},
	} {
		for _, m := range allModes {
			if m == callbackd.ModePlain && c.inner == testGH && c.outer == other || m == callbackd.ModePlain && c.ours == "" {
				continue // a plain push has no outer name
			}
			t.Run(string(m)+"/"+c.name, func(t *testing.T) {
				acc := testAccount(m)
				acc.OriginalID = c.ours
				s := newSender()
				inner := strings.Replace(doc, testGH, c.inner, 1)
				q, body := s.request(m, inner)
				if m.Encrypted() {
					s.outer = c.outer
					q, body = s.envelope(m, strings.Replace(doc, testGH, c.outer, 1), s.encrypt([]byte(inner)))
				}
				p, err := Open(acc, q, body, noon)
				if err != nil {
					t.Fatal(err)
				}
				if p.Misdirected != c.want || p.Content != "words" {
					t.Errorf("Misdirected = %v, content %q; want %v", p.Misdirected, p.Content, c.want)
				}
			})
		}
	}
}

func TestOpen_DigestsTellAReplayFromARepeat(t *testing.T) {
	for _, m := range allModes {
		t.Run(string(m), func(t *testing.T) {
			acc, s := testAccount(m), newSender()
			q, body := s.request(m, textPush("<![CDATA[words]]>"))
			first := mustOpen(t, acc, q, body)
			again := mustOpen(t, acc, q, append([]byte(nil), body...))
			if first.RequestDigest() != again.RequestDigest() || first.BodyDigest() != again.BodyDigest() || first.Key() != again.Key() {
				t.Error("the same request again has other digests")
			}
			changed := mustOpen(t, acc, q, append(append([]byte(nil), body...), '\n'))
			if changed.RequestDigest() != first.RequestDigest() || changed.BodyDigest() == first.BodyDigest() {
				t.Error("another body under one signature is not seen")
			}
			s.nonce = "486452656"
			q, body = s.request(m, textPush("<![CDATA[words]]>"))
			repeat := mustOpen(t, acc, q, body)
			if repeat.RequestDigest() == first.RequestDigest() {
				t.Error("another nonce has the same request digest")
			}
			if repeat.Key() != first.Key() {
				t.Error("a repeat under another nonce has another key")
			}
		})
	}
}

// The signed text is a concatenation: digits moved between nonce and timestamp
// sign the same. They must not make the used request a fresh one.
func TestOpen_DigestIgnoresHowTheSignedTextIsSplit(t *testing.T) {
	acc, s := testAccount(callbackd.ModePlain), newSender()
	s.timestamp, s.nonce = "1409735669", "1409735670"
	q, body := s.request(acc.Mode, textPush("<![CDATA[words]]>"))
	first := mustOpen(t, acc, q, body)
	moved := url.Values{"timestamp": {"1409735670"}, "nonce": {"1409735669"}, "signature": q["signature"]}
	second := mustOpen(t, acc, moved, []byte(textPush("<![CDATA[other words]]>")))
	if first.RequestDigest() != second.RequestDigest() {
		t.Error("a used signature passes as a fresh request")
	}
}

func mustOpen(t *testing.T, acc *callbackd.Account, q url.Values, body []byte) *Push {
	t.Helper()
	p, err := Open(acc, q, body, noon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCheck_NeedsEchostrTokenAndSignatureButNoFreshTime(t *testing.T) {
	acc, s := testAccount(callbackd.ModeSafe), newSender()
	s.timestamp = "1000000000" // years before noon: a GET check may be old
	q := s.query()
	q.Set("echostr", " <b>&\n")
	if echo, err := Check(acc, q); err != nil || echo != " <b>&\n" {
		t.Errorf("Check = %q, %v; want echostr as it came", echo, err)
	}
	q.Del("echostr")
	if _, err := Check(acc, q); !errors.Is(err, ErrForged) {
		t.Errorf("without echostr: %v", err)
	}
	acc.Token, s.token = "", ""
	q = s.query()
	q.Set("echostr", "1")
	if _, err := Check(acc, q); !errors.Is(err, ErrForged) {
		t.Errorf("account without a token: %v", err)
	}
}
