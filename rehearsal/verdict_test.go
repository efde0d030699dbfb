package rehearsal

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// answerTo renders a reply to a push, plain.
func answerTo(a *Account, r received, content string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName>"+
		"<CreateTime>1380000001</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content></xml>",
		r.query["openid"], a.Config.OriginalID, content)
}

// sealTo encrypts a reply; change spoils a part of it.
func sealTo(t *testing.T, a *Account, key, plain string, change func(enc, sig *string)) string {
	t.Helper()
	k, err := decodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := encrypt(k, []byte("0123456789abcdef"), []byte(plain), a.Config.AppID)
	if err != nil {
		t.Fatal(err)
	}
	sig := sign(a.Config.Token, "1380000001", "42", enc)
	if change != nil {
		change(&enc, &sig)
	}
	return "<xml><Encrypt><![CDATA[" + enc + "]]></Encrypt><MsgSignature><![CDATA[" + sig +
		"]]></MsgSignature><TimeStamp>1380000001</TimeStamp><Nonce><![CDATA[42]]></Nonce></xml>"
}

func TestVerdict_OnEachAnswer(t *testing.T) {
	previous := strings.Repeat("p", 43)
	plain, safe, both := callbackd.ModePlain, callbackd.ModeSafe, callbackd.ModeCompatible
	for _, c := range []struct {
		name    string
		mode    callbackd.Mode
		forgery Forgery
		answer  func(t *testing.T, a *Account, r received) string
		want    Outcome
		why     string
	}{
		{"success", plain, "", text("success"), OutcomeSuccess, ""},
		{"empty", safe, "", text(""), OutcomeEmpty, ""},
		{"success and a line break", plain, "", text("success\n"), OutcomeFault, "not the XML"},
		{"JSON", plain, "", text(`{"ok":true}`), OutcomeFault, "not the XML"},
		{"an HTML page", plain, "", text("<html><body>error</body></html>"), OutcomeFault, "not the XML"},
		{"reply", plain, "", reply("收到"), OutcomeReply, ""},
		{"reply in compatible mode", both, "", reply("收到"), OutcomeReply, ""},
		{"plain reply in safe mode", safe, "", reply("收到"), OutcomeFault, "plain answer in safe mode"},
		{"empty Content", plain, "", reply(""), OutcomeFault, "Content is empty"},
		{"long Content", plain, "", reply(strings.Repeat("x", 2049)), OutcomeFault, "longer than 2048"},
		{"control character", plain, "", reply("a\x14b"), OutcomeFault, "not the XML"},
		{"broken UTF-8", plain, "", reply("a\xffb"), OutcomeFault, "UTF-8"},
		{"names not swapped", plain, "", edit(reply("x"), func(a *Account, r received, s string) string {
			s = strings.Replace(s, r.query["openid"], "T", 1)
			s = strings.Replace(s, a.Config.OriginalID, r.query["openid"], 1)
			return strings.Replace(s, "[T]", "["+a.Config.OriginalID+"]", 1)
		}), OutcomeFault, "not swapped"},
		{"to somebody else", plain, "", edit(reply("x"), func(_ *Account, r received, s string) string {
			return strings.Replace(s, r.query["openid"], "o-somebody-else", 1)
		}), OutcomeFault, "not swapped"},
		{"from somebody else", plain, "", edit(reply("x"), func(a *Account, _ received, s string) string {
			return strings.Replace(s, a.Config.OriginalID, "gh_000000000000", 1)
		}), OutcomeFault, "not swapped"},
		{"milliseconds", plain, "", edit(reply("x"), func(_ *Account, _ received, s string) string {
			return strings.Replace(s, "1380000001", "1380000001000", 1)
		}), OutcomeFault, "CreateTime"},
		{"unknown type", plain, "", edit(reply("x"), func(_ *Account, _ received, s string) string {
			return strings.Replace(s, "[text]", "[card]", 1)
		}), OutcomeFault, "MsgType"},
		{"two roots", plain, "", edit(reply("x"), func(_ *Account, _ received, s string) string { return s + s }), OutcomeFault, "goes on"},
		{"sealed", safe, "", sealed("", nil), OutcomeReply, ""},
		{"sealed in compatible mode", both, "", sealed("", nil), OutcomeReply, ""},
		{"sealed with the key of the push", safe, PreviousKey, sealed(previous, nil), OutcomeReply, ""},
		{"sealed with the other key", safe, PreviousKey, sealed("", nil), OutcomeFault, "does not decrypt"},
		{"sealed with a wrong signature", safe, "", sealed("", func(_, sig *string) { *sig = strings.Repeat("0", 40) }), OutcomeFault, "signature"},
		{"sealed with another appid", safe, "", func(t *testing.T, a *Account, r received) string {
			other := *a
			other.Config.AppID = "wx0123456789abcdef"
			return sealTo(t, &other, a.Config.AESKey, answerTo(a, r, "x"), nil)
		}, OutcomeFault, "appid"},
		{"sealed in plain mode", plain, "", func(t *testing.T, a *Account, r received) string {
			return sealTo(t, a, previous, answerTo(a, r, "x"), nil)
		}, OutcomeFault, "plain mode"},
		{"sealed, nothing inside", safe, "", func(t *testing.T, a *Account, _ received) string {
			return sealTo(t, a, a.Config.AESKey, "", nil)
		}, OutcomeFault, "not the XML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, Options{}, AccountConfig{Mode: c.mode, Push: PushConfig{PreviousAESKey: previous}})
			rc := newReceiver(t, func(_ int, r received, w http.ResponseWriter) { _, _ = io.WriteString(w, c.answer(t, s.a, r)) })
			s.a.SetCallbackURL(rc.url)
			_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{PrepareOptions: PrepareOptions{Forgery: c.forgery}})
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != c.want || !strings.Contains(v.Why, c.why) || (c.why == "") != (v.Why == "") {
				t.Errorf("outcome %s, why %q; want %s, %q", v.Outcome, v.Why, c.want, c.why)
			}
			if len(rc.all()) != 1 {
				t.Errorf("%d deliveries of a push that was answered", len(rc.all()))
			}
			if got := s.Verdicts(); len(got) != 1 || got[0].Outcome != c.want || got[0].Number != s.number {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func text(s string) func(*testing.T, *Account, received) string {
	return func(*testing.T, *Account, received) string { return s }
}

func reply(content string) func(*testing.T, *Account, received) string {
	return func(_ *testing.T, a *Account, r received) string { return answerTo(a, r, content) }
}

func edit(f func(*testing.T, *Account, received) string, change func(*Account, received, string) string) func(*testing.T, *Account, received) string {
	return func(t *testing.T, a *Account, r received) string { return change(a, r, f(t, a, r)) }
}

func sealed(key string, change func(enc, sig *string)) func(*testing.T, *Account, received) string {
	return func(t *testing.T, a *Account, r received) string {
		k := key
		if k == "" {
			k = a.Config.AESKey
		}
		return sealTo(t, a, k, answerTo(a, r, "收到"), change)
	}
}

func TestVerdict_ReplyStandsInTheDialogAndNotInTheList(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Mode: callbackd.ModePlain})
	rc := newReceiver(t, func(_ int, r received, w http.ResponseWriter) { _, _ = io.WriteString(w, answerTo(s.a, r, "收到")) })
	s.a.SetCallbackURL(rc.url)
	if _, _, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{}); err != nil {
		t.Fatal(err)
	}
	if list := s.a.Records(Query{}); len(list) != 1 || list[0].Own {
		t.Errorf("list %+v", list)
	}
	if dialog := s.a.Records(Query{Own: true}); len(dialog) != 2 || !dialog[0].Own || dialog[0].Content != "收到" {
		t.Errorf("dialog %+v", dialog)
	}
}

func TestDeadline_IsFiveSecondsUnlessTold(t *testing.T) {
	for o, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Hour: time.Hour} {
		ctx, cancel := New(Options{Timeout: o}).deadline(t.Context())
		at, ok := ctx.Deadline()
		if left := time.Until(at); !ok || left > want || left < want-time.Minute {
			t.Errorf("timeout %s leaves %s", o, left)
		}
		cancel()
	}
}

func TestVerdicts_KeepTheLatest(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	for n := range maxVerdicts + 2 {
		s.record(s.a, Verdict{MsgID: uint64(n), Outcome: OutcomeSuccess})
	}
	if got := s.Verdicts(); len(got) != maxVerdicts || got[0].MsgID != 2 {
		t.Errorf("%d verdicts, the first %d", len(got), got[0].MsgID)
	}
}
