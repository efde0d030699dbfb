package handlers_test

import (
	"context"
	"errors"
	"image"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"callbackd"
	"callbackd/notify"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wechat"
)

const bindingPath = "/api/v1/me/binding"

// start begins to bind a viewer and returns the code.
func (s *apiSite) start(v viewer) string {
	s.Helper()
	return s.want(200, "POST", bindingPath, "", v.bearer()).field("code")
}

// command is what a follower sends to the account.
func (s *apiSite) command(who callbackd.Sender, c callbackd.Command, want callbackd.CommandOutcome) {
	s.Helper()
	a, err := s.db.GetAccountByID(context.Background(), who.Account)
	s.must(err)
	now := s.clock.Now()
	out, err := s.db.Accept(context.Background(), &store.Callback{Account: a, Key: string(callbackd.NewPublicID()), ReceivedAt: now, CreateTime: now, Outcome: store.OutcomeAccepted,
		MsgType: "text", From: who.OpenID, Command: &c, Reply: notify.ReplyTo, Message: &callbackd.Message{Kind: callbackd.KindText, Text: "x", SentAt: now}})
	s.must(err)
	if out.Command.Outcome != want {
		s.Fatalf("%s: %q, want %q", c.Kind, out.Command.Outcome, want)
	}
}

// agree is the follower's part: the code is sent to the account, and its question
// answered with yes.
func (s *apiSite) agree(code string, who callbackd.Sender) {
	s.Helper()
	s.command(who, callbackd.Command{Kind: callbackd.CommandBind, Code: code}, callbackd.CommandAsk)
	s.command(who, callbackd.Command{Kind: callbackd.CommandYes}, callbackd.CommandAgreed)
}

func (s *apiSite) binding(v viewer, state, name string) {
	s.Helper()
	r := s.want(200, "GET", bindingPath, "", v.bearer())
	if r.field("state") != state || r.field("name") != name || strings.Contains(r.body, "name") != (name != "") {
		s.Errorf("binding is %s, want %s %s", r.body, state, name)
	}
}

// TestBinding_TakesTheYesOfBoth goes through all states.
func TestBinding_TakesTheYesOfBoth(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "小明")
	v := s.viewer(s.acc, callbackd.Sender{})
	s.binding(v, "none", "")
	r := s.want(200, "POST", bindingPath, "", v.bearer())
	code := r.field("code")
	if !regexp.MustCompile(`^[2-9A-HJ-NP-Z]{8,}$`).MatchString(code) || r.field("qr") != "http://weixin.example/q/bind-"+code ||
		r.field("expires_at") != s.clock.Now().Add(5*time.Minute).Format(time.RFC3339) {
		t.Errorf("%s", r.body)
	}
	s.binding(v, "waiting", "")
	s.want(409, "POST", bindingPath+"/confirm", "", v.bearer())
	s.command(who, callbackd.Command{Kind: callbackd.CommandBind, Code: code}, callbackd.CommandAsk)
	s.binding(v, "waiting", "") // who was only asked is not named
	s.want(409, "POST", bindingPath+"/confirm", "", v.bearer())
	s.want(409, "GET", "/api/v1/me/preferences", "", v.bearer())
	s.command(who, callbackd.Command{Kind: callbackd.CommandYes}, callbackd.CommandAgreed)
	s.binding(v, "confirm", "小明")
	s.want(409, "GET", "/api/v1/me/preferences", "", v.bearer())
	if r := s.want(200, "POST", bindingPath+"/confirm", "", v.bearer()); r.field("state") != "bound" || r.field("name") != "小明" {
		t.Errorf("%s", r.body)
	}
	s.binding(v, "bound", "小明")
	s.want(409, "POST", bindingPath+"/confirm", "", v.bearer()) // once
	s.want(200, "GET", "/api/v1/me/preferences", "", v.bearer())
	if changed := s.notices.since(); !slices.Equal(changed, []callbackd.SenderID{who.ID}) {
		t.Errorf("changed %v", changed)
	}
	if viewers, devices := s.live.dropped(); len(viewers)+len(devices) != 0 {
		t.Errorf("dropped %v %v", viewers, devices)
	}
	device := s.device(v)
	s.notices.since()
	s.want(204, "DELETE", bindingPath, "", v.bearer())
	s.binding(v, "none", "")
	viewers, devices := s.live.dropped()
	if !slices.Equal(viewers, []callbackd.ViewerID{v.ID}) || !slices.Equal(devices, []callbackd.PublicID{callbackd.PublicID(device)}) {
		t.Errorf("unbinding dropped %v %v", viewers, devices)
	}
	if changed := s.notices.since(); !slices.Equal(changed, []callbackd.SenderID{who.ID}) {
		t.Errorf("unbinding changed %v", changed)
	}
	s.want(204, "DELETE", bindingPath, "", v.bearer())
	if viewers, devices := s.live.dropped(); len(viewers)+len(devices) != 0 {
		t.Errorf("unbinding again dropped %v %v", viewers, devices)
	}
}

// TestBinding_FromTheCodeToUnbindingInWeChat is the way of a follower, in the
// platform's callbacks.
func TestBinding_FromTheCodeToUnbindingInWeChat(t *testing.T) {
	s := newAPISite(t, nil)
	sim, a := s.account("gala", callbackd.ModeSafe, callbackd.ModerationOpen)
	number := sim.Contacts()[0].Number
	says := func(words string) string {
		t.Helper()
		s.clock.Advance(time.Second)
		v := s.say(sim, 0, words, rehearsal.SendOptions{Copies: 2})
		if v.Outcome == rehearsal.OutcomeFault {
			t.Fatalf("%s: %s", words, v.Why)
		}
		if v.Reply == nil {
			return ""
		}
		return v.Reply.Content
	}
	v, phone := s.viewer(a, callbackd.Sender{}), s.viewer(a, callbackd.Sender{})
	if says("大家好") != "" || len(s.notices.since()) != 0 {
		t.Error("words are taken for a command")
	}
	if reply := says(s.start(v)); !strings.Contains(reply, "1") {
		t.Errorf("the code is answered %q", reply)
	}
	says("1")
	scan, err := sim.PushEvent(context.Background(), rehearsal.ScanScene(number, callbackd.SceneOfCode(s.start(phone)), "ticket"), rehearsal.SendOptions{})
	s.must(err)
	if scan.Outcome != rehearsal.OutcomeReply || !strings.Contains(scan.Reply.Content, "1") {
		t.Errorf("the scan is answered %s %s", scan.Outcome, scan.Reply.Content)
	}
	says("1")
	for _, v := range []viewer{v, phone} {
		if r := s.want(200, "POST", bindingPath+"/confirm", "", v.bearer()); r.field("state") != "bound" {
			t.Fatalf("%s", r.body)
		}
	}
	who := s.rows(a)[0].Sender.ID
	s.device(phone)
	s.live.dropped()
	s.notices.since()
	says("通知 开")
	if r := s.want(200, "GET", "/api/v1/me/preferences", "", v.bearer()); !strings.Contains(r.body, `"receive":true`) || !slices.Equal(s.notices.since(), []callbackd.SenderID{who}) {
		t.Errorf("%s", r.body)
	}
	says("解绑")
	if viewers, _ := s.live.dropped(); !slices.Equal(viewers, []callbackd.ViewerID{v.ID, phone.ID}) || !slices.Equal(s.notices.since(), []callbackd.SenderID{who}) {
		t.Errorf("dropped %v", viewers)
	}
	for _, v := range []viewer{v, phone} {
		s.binding(v, "none", "")
		s.want(409, "GET", "/api/v1/me/devices", "", v.bearer())
	}
	if n := len(s.rows(a)); n != 1 {
		t.Errorf("%d messages: commands are none", n)
	}
}

func TestBinding_IsOverInFiveMinutes(t *testing.T) {
	s := newAPISite(t, nil)
	v, who := s.viewer(s.acc, callbackd.Sender{}), s.follower(s.acc, "小明")
	code := s.start(v)
	s.agree(code, who)
	s.clock.Advance(5*time.Minute - time.Millisecond)
	s.binding(v, "confirm", "小明")
	s.clock.Advance(time.Millisecond)
	s.binding(v, "none", "")
	s.want(409, "POST", bindingPath+"/confirm", "", v.bearer())
	s.want(404, "GET", bindingPath+"/qr.svg", "", v.bearer())
}

// TestBinding_DeleteEndsTheWish: the browser's no.
func TestBinding_DeleteEndsTheWish(t *testing.T) {
	s := newAPISite(t, nil)
	v, who := s.viewer(s.acc, callbackd.Sender{}), s.follower(s.acc, "小明")
	code := s.start(v)
	s.agree(code, who)
	s.want(204, "DELETE", bindingPath, "", v.bearer())
	s.binding(v, "none", "")
	s.want(409, "POST", bindingPath+"/confirm", "", v.bearer())
}

// TestBinding_NobodysNameIsShownUnreviewed: in a wall that holds, the follower is
// who a moderator let through, or the pseudonym.
func TestBinding_NobodysNameIsShownUnreviewed(t *testing.T) {
	s := newAPISite(t, nil)
	held := s.addAccount("held", callbackd.ModerationHold)
	who := s.follower(held, "还没通过的名字")
	v := s.viewer(held, callbackd.Sender{})
	code := s.start(v)
	s.agree(code, who)
	for _, step := range []func(){func() {}, func() { s.want(200, "POST", bindingPath+"/confirm", "", v.bearer()) }} {
		step()
		if r := s.want(200, "GET", bindingPath, "", v.bearer()); r.field("name") == "" || strings.Contains(r.body, "还没通过") {
			t.Errorf("%s", r.body)
		}
	}
	s.decide(s.rows(held)[0], callbackd.DecisionApprove)
	s.binding(v, "bound", "还没通过的名字")
}

// TestBinding_AnotherFollowerHasNothingOfTheFirst is F31: a shared browser.
func TestBinding_AnotherFollowerHasNothingOfTheFirst(t *testing.T) {
	s := newAPISite(t, nil)
	first, second := s.follower(s.acc, "小明"), s.follower(s.acc, "小红")
	v, elsewhere := s.viewer(s.acc, first), s.viewer(s.acc, first)
	here, there := s.device(v), s.device(elsewhere)
	nid := string(s.notices.notice(first.ID))
	code := s.start(v)
	s.binding(v, "waiting", "")
	s.agree(code, second)
	s.binding(v, "confirm", "小红")
	s.notices.since()
	s.want(200, "POST", bindingPath+"/confirm", "", v.bearer())
	viewers, devices := s.live.dropped()
	if !slices.Equal(viewers, []callbackd.ViewerID{v.ID}) || !slices.Equal(devices, []callbackd.PublicID{callbackd.PublicID(here)}) {
		t.Errorf("dropped %v %v", viewers, devices)
	}
	if changed := s.notices.since(); len(changed) != 2 || !slices.Contains(changed, first.ID) || !slices.Contains(changed, second.ID) {
		t.Errorf("changed %v", changed)
	}
	if r := s.want(200, "GET", "/api/v1/me/devices", "", v.bearer()); r.body != `{"devices":[]}`+"\n" {
		t.Errorf("%s", r.body)
	}
	s.want(404, "POST", "/api/v1/notices/"+nid+"/read", "", v.bearer())
	for _, id := range []string{here, there} {
		s.want(404, "POST", "/api/v1/me/devices/"+id+"/test", "", v.bearer())
		s.want(404, "DELETE", "/api/v1/me/devices/"+id, "", v.bearer())
	}
	if r := s.want(200, "GET", "/api/v1/me/devices", "", elsewhere.bearer()); !strings.Contains(r.body, there) || strings.Contains(r.body, here) {
		t.Errorf("the first one's other browser: %s", r.body)
	}
}

// TestBinding_TheSameFollowerAgainKeepsItsDevices.
func TestBinding_TheSameFollowerAgainKeepsItsDevices(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "小明")
	v := s.viewer(s.acc, who)
	id := s.device(v)
	code := s.start(v)
	s.agree(code, who)
	s.want(200, "POST", bindingPath+"/confirm", "", v.bearer())
	if viewers, devices := s.live.dropped(); len(viewers)+len(devices) != 0 {
		t.Errorf("dropped %v %v", viewers, devices)
	}
	if r := s.want(200, "GET", "/api/v1/me/devices", "", v.bearer()); !strings.Contains(r.body, id) {
		t.Errorf("%s", r.body)
	}
}

// TestBinding_TheQRSaysWhatThePlatformSaid reads the drawn code as a camera would.
func TestBinding_TheQRSaysWhatThePlatformSaid(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, callbackd.Sender{})
	said := s.want(200, "POST", bindingPath, "", v.bearer()).field("qr")
	r := s.want(200, "GET", bindingPath+"/qr.svg", "", v.bearer())
	if typ := r.head.Get("Content-Type"); typ != "image/svg+xml" {
		t.Errorf("type %s", typ)
	}
	if cache := r.head.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control %s", cache)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(drawSVG(t, r.body))
	s.must(err)
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil || read.GetText() != said {
		t.Fatalf("it reads %v, %v", read, err)
	}
	s.want(404, "GET", bindingPath+"/qr.svg", "", s.viewer(s.acc, callbackd.Sender{}).bearer())
	s.qr = func(string) (wechat.QR, error) { return wechat.QR{}, errors.New("no") }
	s.want(200, "POST", bindingPath, "", v.bearer())
	s.want(404, "GET", bindingPath+"/qr.svg", "", v.bearer()) // that of the code before is over
}

// TestBinding_TheCodeIsEnough: whatever the platform does, and nothing of the code
// is in the log.
func TestBinding_TheCodeIsEnough(t *testing.T) {
	s := newAPISite(t, nil)
	var asked atomic.Int32
	for name, answer := range map[string]func(scene string) error{
		"not verified": func(string) error {
			return &wechat.APIError{Call: "/cgi-bin/qrcode/create", Code: 48001, Message: "api unauthorized"}
		},
		"quotes": func(scene string) error {
			return &wechat.APIError{Call: "/cgi-bin/qrcode/create", Code: 40000, Message: "bad scene " + scene}
		},
		"down": func(string) error { return callbackd.ErrUnavailable },
	} {
		s.qr = func(scene string) (wechat.QR, error) { asked.Add(1); return wechat.QR{}, answer(scene) }
		v := s.viewer(s.acc, callbackd.Sender{})
		r := s.want(200, "POST", bindingPath, "", v.bearer())
		if strings.Contains(r.body, "qr") || r.field("code") == "" {
			t.Errorf("%s: %s", name, r.body)
		}
		absent(t, "the log", s.logs.String(), r.field("code"))
	}
	if asked.Load() != 3 {
		t.Fatalf("the platform was asked %d times", asked.Load())
	}
	none := s.addAccount("no-api", callbackd.ModerationOpen)
	none.AppID, none.AppSecret = "", ""
	s.must(s.db.SetAccount(context.Background(), none, "test"))
	v := s.viewer(none, callbackd.Sender{})
	if r := s.want(200, "POST", bindingPath, "", v.bearer()); strings.Contains(r.body, "qr") || asked.Load() != 3 {
		t.Errorf("an account without the API: %s", r.body)
	}
}

var svgRun = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// drawSVG draws the modules of a QR's SVG, eight pixels each.
func drawSVG(t *testing.T, svg string) image.Image {
	t.Helper()
	const scale = 8
	var size int
	number := func(text string) (n int) {
		for _, c := range text {
			n = n*10 + int(c-'0')
		}
		return n
	}
	if m := regexp.MustCompile(`viewBox="0 0 (\d+) \d+"`).FindStringSubmatch(svg); m != nil {
		size = number(m[1])
	}
	if size == 0 || !strings.HasPrefix(svg, "<svg ") {
		t.Fatalf("no SVG of a code: %.80s", svg)
	}
	img := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, m := range svgRun.FindAllStringSubmatch(svg, -1) {
		x, y, n := number(m[1]), number(m[2]), number(m[3])
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+n)*scale; px++ {
				img.Pix[py*img.Stride+px] = 0
			}
		}
	}
	return img
}
