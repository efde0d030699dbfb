package rehearsal

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"callbackd"
)

func TestPush_QueryAndBodyOfEachMode(t *testing.T) {
	for _, mode := range []callbackd.Mode{callbackd.ModePlain, callbackd.ModeCompatible, callbackd.ModeSafe} {
		t.Run(string(mode), func(t *testing.T) {
			s := newStage(t, Options{}, AccountConfig{Mode: mode})
			rc := newReceiver(t, saySuccess)
			s.a.SetCallbackURL(rc.url)
			r, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "你好]]>\x01😀/::)"}, SendOptions{})
			if err != nil || v.Outcome != OutcomeSuccess {
				t.Fatalf("verdict %+v, err %v", v, err)
			}
			got := rc.all()[0]
			q := got.query
			if q["signature"] != sign(s.a.Config.Token, q["timestamp"], q["nonce"]) || q["openid"] != string(r.OpenID) {
				t.Errorf("query %v", q)
			}
			plain := got.body
			if mode.Encrypted() {
				plain = openPush(t, s.a, got)
			}
			if !strings.Contains(plain, "<Content><![CDATA[你好]]]]><![CDATA[>\x01😀/::)]]></Content>") {
				t.Errorf("body %q", plain)
			}
			if has := strings.Contains(got.body, "<Content>"); has == (mode == callbackd.ModeSafe) {
				t.Errorf("plain elements in the body: %v", has)
			}
			if got.header.Get("Content-Type") != "text/xml" {
				t.Errorf("content type %q", got.header.Get("Content-Type"))
			}
		})
	}
}

// openPush checks msg_signature and decrypts the push with the account's key.
func openPush(t *testing.T, a *Account, got received) string {
	t.Helper()
	q, enc := got.query, got.element("Encrypt")
	if q["encrypt_type"] != "aes" || q["msg_signature"] != sign(a.Config.Token, q["timestamp"], q["nonce"], enc) {
		t.Errorf("encrypt_type and msg_signature: %v", q)
	}
	key, err := decodeKey(a.Config.AESKey)
	if err != nil {
		t.Fatal(err)
	}
	in, err := decrypt(key, enc)
	if err != nil {
		t.Fatal(err)
	}
	if in.appID != a.Config.AppID {
		t.Errorf("appid inside: %q", in.appID)
	}
	return string(in.msg)
}

func TestPrepare_WhatEachForgeryBreaks(t *testing.T) {
	rightSignature := func(a *Account, p Prepared) bool {
		return p.Query.Get("signature") == sign(a.Config.Token, p.Query.Get("timestamp"), p.Query.Get("nonce"))
	}
	rightMsgSignature := func(a *Account, p Prepared) bool {
		enc := received{body: string(p.Body)}.element("Encrypt")
		return p.Query.Get("msg_signature") == sign(a.Config.Token, p.Query.Get("timestamp"), p.Query.Get("nonce"), enc)
	}
	open := func(a *Account, p Prepared, key string) (opened, error) {
		k, err := decodeKey(key)
		if err != nil {
			return opened{}, err
		}
		return decrypt(k, received{body: string(p.Body)}.element("Encrypt"))
	}
	previous := strings.Repeat("p", 43)
	for _, c := range []struct {
		forgery Forgery
		is      func(a *Account, p Prepared) bool
	}{
		{Genuine, func(a *Account, p Prepared) bool {
			in, err := open(a, p, a.Config.AESKey)
			return err == nil && in.appID == a.Config.AppID && rightSignature(a, p) && rightMsgSignature(a, p)
		}},
		{ForgeSignature, func(a *Account, p Prepared) bool { return !rightSignature(a, p) && !rightMsgSignature(a, p) }},
		{ForgeMsgSignature, func(a *Account, p Prepared) bool { return rightSignature(a, p) && !rightMsgSignature(a, p) }},
		{ForgeNoMsgSig, func(a *Account, p Prepared) bool { return rightSignature(a, p) && !p.Query.Has("msg_signature") }},
		{ForgeAppID, func(a *Account, p Prepared) bool {
			in, err := open(a, p, a.Config.AESKey)
			return err == nil && in.appID != a.Config.AppID && rightMsgSignature(a, p)
		}},
		{ForgeKey, func(a *Account, p Prepared) bool {
			in, err := open(a, p, a.Config.AESKey)
			return (err != nil || in.appID != a.Config.AppID) && rightMsgSignature(a, p)
		}},
		{ForgePlain, func(a *Account, p Prepared) bool {
			return rightSignature(a, p) && strings.Contains(string(p.Body), "<Content>") && !strings.Contains(string(p.Body), "<Encrypt>")
		}},
		{ForgeStale, func(a *Account, p Prepared) bool {
			return p.Query.Get("timestamp") == "1379996400" && rightSignature(a, p) && rightMsgSignature(a, p)
		}},
		{ForgePadding, func(a *Account, p Prepared) bool {
			_, err := open(a, p, a.Config.AESKey)
			return err != nil && rightMsgSignature(a, p)
		}},
		{ForgeTruncated, func(a *Account, p Prepared) bool {
			_, err := open(a, p, a.Config.AESKey)
			return err != nil && rightMsgSignature(a, p)
		}},
		{PreviousKey, func(a *Account, p Prepared) bool {
			in, err := open(a, p, previous)
			return err == nil && in.appID == a.Config.AppID && rightMsgSignature(a, p)
		}},
		{NoContentType, func(a *Account, p Prepared) bool {
			return p.Header.Get("Content-Type") == "" && rightMsgSignature(a, p)
		}},
		{Misdirected, func(a *Account, p Prepared) bool {
			in, err := open(a, p, a.Config.AESKey)
			return err == nil && !strings.Contains(string(in.msg), a.Config.OriginalID) && strings.Contains(string(in.msg), "<ToUserName><![CDATA[gh_")
		}},
	} {
		t.Run(string(c.forgery), func(t *testing.T) {
			s := newStage(t, Options{}, AccountConfig{Push: PushConfig{PreviousAESKey: previous}})
			r, err := s.a.Say(Message{From: s.number, Content: "words"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.a.Prepare(s.a.Payload(r), PrepareOptions{Forgery: c.forgery})
			if err != nil {
				t.Fatal(err)
			}
			if !c.is(s.a, p) {
				t.Errorf("query %v body %.200s", p.Query, p.Body)
			}
		})
	}
}

func TestPrepare_OnlyWhatAModeCanHave(t *testing.T) {
	want := map[callbackd.Mode]int{callbackd.ModePlain: 4, callbackd.ModeCompatible: 13, callbackd.ModeSafe: 12}
	for mode, n := range want {
		s := newStage(t, Options{}, AccountConfig{Mode: mode, Push: PushConfig{PreviousAESKey: strings.Repeat("p", 43)}})
		r := s.say(t, Message{Content: "words"})
		for _, f := range Forgeries() {
			_, err := s.a.Prepare(s.a.Payload(r), PrepareOptions{Forgery: f})
			if (err == nil) != f.Applies(mode) {
				t.Errorf("%s in %s: %v", f, mode, err)
			}
			if err == nil {
				n--
			}
		}
		if n != 0 {
			t.Errorf("%s: %d forgeries too few", mode, n)
		}
	}
}

func TestPrepare_CompatibleModeMayLieInItsPlainElements(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Mode: callbackd.ModeCompatible})
	r, err := s.a.Say(Message{From: s.number, Content: "said"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.a.Prepare(s.a.Payload(r), PrepareOptions{Forgery: ForgePlainLies})
	if err != nil {
		t.Fatal(err)
	}
	got := received{body: string(p.Body), query: map[string]string{}}
	for k := range p.Query {
		got.query[k] = p.Query.Get(k)
	}
	if got.element("Content") != "never said: said" || !strings.Contains(openPush(t, s.a, got), "<![CDATA[said]]>") {
		t.Errorf("body %s", p.Body)
	}
}

func TestSend_RepeatsWhatFails(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts int
		same     bool
		good     int // the request that is answered well; -1: none
		want     int
		outcome  Outcome
	}{
		{"three in all", 0, false, -1, 3, OutcomeFault},
		{"one", 1, false, -1, 1, OutcomeFault},
		{"four", 4, false, -1, 4, OutcomeFault},
		{"ends with the good one", 0, false, 1, 2, OutcomeSuccess},
		{"the same again", 0, true, -1, 3, OutcomeFault},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, Options{}, AccountConfig{Push: PushConfig{Attempts: c.attempts, RepeatSame: c.same}})
			rc := newReceiver(t, func(n int, r received, w http.ResponseWriter) {
				if n == c.good {
					saySuccess(n, r, w)
					return
				}
				w.WriteHeader(http.StatusInternalServerError)
			})
			s.a.SetCallbackURL(rc.url)
			_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := rc.all()
			if len(got) != c.want || len(v.Attempts) != c.want || v.Outcome != c.outcome {
				t.Fatalf("%d requests, %d attempts, outcome %s", len(got), len(v.Attempts), v.Outcome)
			}
			if c.want > 1 {
				if same := got[0].query["nonce"] == got[1].query["nonce"] && got[0].body == got[1].body; same != c.same {
					t.Errorf("repeat is the same: %v", same)
				}
			}
			lines := 0
			if c.outcome == OutcomeFault {
				lines = 1
			}
			if n := s.a.FaultLines(s.number); n != lines {
				t.Errorf("the follower read %d fault lines, want %d", n, lines)
			}
		})
	}
}

func TestSend_CutsASlowAnswerAndHandlersOverlap(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	inside, second := make(chan struct{}), make(chan struct{})
	s.deadline = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		go func() { // the platform's patience ends when the handler is at work
			select {
			case <-inside:
				cancel()
			case <-ctx.Done():
			}
		}()
		return ctx, cancel
	}
	cut := make(chan error, 2)
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n := arrived.Add(1)
		inside <- struct{}{}
		if n == 1 {
			<-second // the first handler is still at work when the second one starts
		} else {
			close(second)
		}
		<-r.Context().Done()
		cut <- r.Context().Err()
	}))
	defer server.Close()
	s.a.SetCallbackURL(server.URL)
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != OutcomeFault || v.Why != "no answer in time" || len(v.Attempts) != 2 || !v.Attempts[0].Cut {
		t.Errorf("verdict %+v", v)
	}
	for range 2 {
		if err := <-cut; !errors.Is(err, context.Canceled) {
			t.Errorf("the receiver saw %v", err)
		}
	}
}

func TestSend_RefusedConnectionIsAFault(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	s := newStage(t, Options{}, AccountConfig{CallbackURL: url})
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{})
	if err != nil || v.Outcome != OutcomeFault || v.Why != "no connection" || len(v.Attempts) != 3 {
		t.Errorf("verdict %+v, err %v", v, err)
	}
}

func TestSend_CopiesArriveTogether(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	var meet = make(chan struct{})
	rc := newReceiver(t, func(n int, r received, w http.ResponseWriter) {
		select { // each waits for the other: only pushes that overlap get through
		case meet <- struct{}{}:
		case <-meet:
		}
		saySuccess(n, r, w)
	})
	s.a.SetCallbackURL(rc.url)
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{Copies: 2})
	if err != nil || v.Outcome != OutcomeSuccess || len(rc.all()) != 2 {
		t.Errorf("verdict %+v, err %v, %d requests", v, err, len(rc.all()))
	}
}

func TestDeliver_ReplayIsTheSameRequest(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	rc := newReceiver(t, saySuccess)
	r, err := s.a.Say(Message{From: s.number, Content: "x"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.a.Prepare(s.a.Payload(r), PrepareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.a.Prepare(Payload{XML: []byte("<xml></xml>"), OpenID: r.OpenID}, PrepareOptions{
		Timestamp: p.Query.Get("timestamp"), Nonce: p.Query.Get("nonce"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []Prepared{p, p, other} {
		if got := s.a.Deliver(t.Context(), one, rc.url); got.Status != 200 {
			t.Fatalf("delivery %+v", got)
		}
	}
	got := rc.all()
	if got[0].body != got[1].body || got[0].query["msg_signature"] != got[1].query["msg_signature"] {
		t.Error("a replay differs")
	}
	if got[2].query["signature"] != got[0].query["signature"] || got[2].body == got[0].body {
		t.Error("another body under the same signature was not sent")
	}
}

func TestSend_ForgeriesLeaveNoFaultLine(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	rc := newReceiver(t, func(_ int, _ received, w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) })
	s.a.SetCallbackURL(rc.url)
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{
		PrepareOptions: PrepareOptions{Forgery: ForgeSignature}, Attempts: 1,
	})
	if err != nil || v.Last().Status != http.StatusForbidden {
		t.Fatalf("verdict %+v, err %v", v, err)
	}
	if len(s.Verdicts()) != 0 {
		t.Error("a forgery is in the record of the platform's own pushes")
	}
}

func TestPrepare_OpenIDParameterCanBeLeftOut(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Push: PushConfig{WithoutOpenID: true}})
	p, err := s.a.Prepare(Payload{XML: []byte("<xml></xml>"), OpenID: "o"}, PrepareOptions{})
	if err != nil || p.Query.Has("openid") {
		t.Errorf("query %v, err %v", p.Query, err)
	}
}

func TestCheck_WantsEchostrByteForByte(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	tail := ""
	rc := newReceiver(t, func(_ int, r received, w http.ResponseWriter) {
		q := r.query
		if q["signature"] != sign(s.a.Config.Token, q["timestamp"], q["nonce"]) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, q["echostr"]+tail)
	})
	s.a.SetCallbackURL(rc.url)
	if err := s.a.Check(t.Context(), Genuine); err != nil {
		t.Error(err)
	}
	if err := s.a.Check(t.Context(), ForgeSignature); !errors.Is(err, ErrCheckRefused) {
		t.Errorf("forged check: %v", err)
	}
	tail = "\n"
	if err := s.a.Check(t.Context(), Genuine); !errors.Is(err, ErrCheckRefused) {
		t.Errorf("echostr with a line break: %v", err)
	}
}

func TestSend_AnAnswerThatIsNotWholeIsNone(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Mode: callbackd.ModePlain})
	rc := newReceiver(t, func(n int, r received, w http.ResponseWriter) {
		if n == 0 {
			w.Header().Set("Content-Length", "7")
			_, _ = io.WriteString(w, "succ")
			return
		}
		saySuccess(n, r, w)
	})
	s.a.SetCallbackURL(rc.url)
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{})
	if err != nil || len(v.Attempts) != 2 || v.Attempts[0].Status != 0 || v.Outcome != OutcomeSuccess {
		t.Errorf("verdict %+v, err %v", v, err)
	}
}

func TestSend_FollowsNoRedirect(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	rc := newReceiver(t, func(n int, r received, w http.ResponseWriter) {
		if n > 0 {
			saySuccess(n, r, w)
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
	})
	s.a.SetCallbackURL(rc.url)
	_, v, err := s.a.Push(t.Context(), Message{From: s.number, Content: "x"}, SendOptions{Attempts: 1})
	if err != nil || v.Why != "status 302" || len(rc.all()) != 1 {
		t.Errorf("verdict %+v, err %v, %d requests", v, err, len(rc.all()))
	}
}
