package notify_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wall"
)

// What must not be seen by anybody but our own server, and the parts by which a
// cut would show it.
const (
	secretName    = "Nadezhda小海豚"
	secretWords   = "Weihnachtsgans新年快乐"
	secretPicture = "https://mmbiz.qpic.cn/mmbiz_jpg/Geheimnis/0"
)

var secretParts = []string{"Nadezhda", "海豚", "Weihnachtsgans", "快乐", "Geheimnis", "mmbiz"}

// picture lets a follower send one, which is ready to be looked at; it returns
// its address on the wall.
func (o *outside) picture(f *follower) string {
	o.Helper()
	id := o.push(f, "", func(cb *store.Callback) {
		cb.MsgType, cb.Message.Kind = "image", callbackd.KindImage
		cb.Media = &callbackd.Media{Kind: callbackd.KindImage, WeChatID: "Geheimnis-media-id", PicURL: secretPicture}
	})
	row, err := o.db.GetMessage(ctx, o.account.ID, id)
	o.must(err)
	o.must(o.db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: "b", Type: "image/jpeg", Size: 1}}))
	row, err = o.db.GetMessage(ctx, o.account.ID, id)
	o.must(err)
	o.settle()
	m, ok := wall.View(row)
	if !ok || m.Media.URL == "" {
		o.Fatal("the picture is not on the wall")
	}
	return m.Media.URL
}

// waits lets every wait of a chain run out.
func (o *outside) waits() {
	o.Helper()
	for range 5 {
		o.pass(10 * time.Second)
	}
}

// everyWay sends notices by every transport and through every way to fail, and
// returns what must not be found in what left, beside secretParts.
func everyWay(t *testing.T, o *outside, author, reader *follower) (secrets []string) {
	t.Helper()
	html := http.Header{"Content-Type": {"text/html"}}
	tooLarge := pushtest.Answer{Status: 413, Body: `{"reason":"PayloadTooLarge"}`}
	answers := []struct {
		name   string
		script []pushtest.Answer
	}{
		{"taken", nil}, {"400", []pushtest.Answer{{Status: 400, Body: `{"reason":"BadTopic"}`}}}, {"401", []pushtest.Answer{{Status: 401}, {Status: 401}}},
		{"403", []pushtest.Answer{{Status: 403}}}, {"413", []pushtest.Answer{tooLarge, tooLarge, tooLarge}},
		{"429", []pushtest.Answer{{Status: 429, Header: http.Header{"Retry-After": {"5"}}}}}, {"500", []pushtest.Answer{{Status: 500, Header: html, Body: "<html>"}}},
		{"a portal", []pushtest.Answer{{Status: 200, Header: html, Body: "<html>"}}}, {"reset", []pushtest.Answer{{Reset: true}}},
		{"redirect", []pushtest.Answer{{Status: 307, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}}}, {"gone", nil},
	}
	for _, p := range providers {
		d, at := o.end(reader, callbackd.ClassPhone, p, true)
		for _, c := range answers {
			at.Answer(c.script...)
			if c.name == "gone" {
				at.Unregister(o.clock.Now())
			}
			o.service.Presence.Heard(d.ID)
			o.heard(reader, "我也在") // the window of WeChat
			o.say(author, "@王大锤 "+secretWords)
			o.say(author, secretWords)
			secrets = append(secrets, o.picture(author))
			o.channel.set(d.PublicID, c.name != "reset") // a connection that is gone and nobody knows
			o.waits()
			o.must(o.service.Acknowledge(ctx, reader.viewer, o.newest(reader).Notice, callbackd.HowPrompt))
			o.must(o.service.Read(ctx, reader.viewer, o.newest(reader).Notice))
			o.pass(time.Hour)
		}
	}
	o.hang(author, reader)
	for _, c := range platformFaults {
		c.spoil(o, o.numbers[reader.openID])
		o.heard(reader, "还在")
		if c.name == "template" {
			o.pass(store.WeChatWindow)
		}
		o.say(author, "@王大锤 "+secretWords)
		o.waits()
		o.platform.SetFaults(func(f *rehearsal.Faults) { *f = rehearsal.Faults{} })
		o.must(o.platform.SetRefusal(o.numbers[reader.openID], 0))
		o.pass(time.Hour)
	}
	for range 20 { // and what is told as a count
		o.say(author, secretWords)
	}
	o.waits()
	return append(secrets, secretParts...)
}

// hang has every vendor answer nothing, and restarts in the middle of it.
func (o *outside) hang(author, reader *follower) {
	o.Helper()
	o.timeout = 200 * time.Millisecond
	o.start()
	for _, p := range providers {
		_, at := o.end(reader, callbackd.ClassPhone, p, false)
		at.Answer(pushtest.Answer{Hang: true})
		o.say(author, "@王大锤 "+secretWords)
		o.waits()
		o.pass(time.Hour)
	}
	o.push(author, "@王大锤 "+secretWords, nil)
	o.must(o.service.Tell(ctx))
	o.must(o.service.StepDue(ctx))
	o.timeout = 10 * time.Second
	o.start()
	o.must(o.service.Resume(ctx))
	o.waits()
}

// platformFaults are the ways of WeChat's official API.
var platformFaults = []struct {
	name  string
	spoil func(*outside, callbackd.FakeID)
}{
	{"taken", func(*outside, callbackd.FakeID) {}},
	{"refused", func(o *outside, n callbackd.FakeID) { o.must(o.platform.SetRefusal(n, 43019)) }},
	{"outside the window", func(o *outside, _ callbackd.FakeID) {
		o.platform.SetFaults(func(f *rehearsal.Faults) {
			f.Force = map[string]rehearsal.ForcedError{"/cgi-bin/message/custom/send": {Code: 45015, N: -1}}
		})
	}},
	{"token expired", func(o *outside, _ callbackd.FakeID) {
		o.platform.SetFaults(func(f *rehearsal.Faults) { f.ExpireTokens = true })
	}},
	{"down", func(o *outside, _ callbackd.FakeID) {
		o.platform.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	}},
	{"template", func(*outside, callbackd.FakeID) {}},
}

func TestF24_DetailsOffNothingOfTheMessageLeaves(t *testing.T) {
	run := func(detail callbackd.Level) (*outside, []byte, []string) {
		o := newOutside(t, nil)
		author, reader := o.person(secretName), o.bound("王大锤", func(p *callbackd.Preferences) { p.Receive, p.Detail = true, detail })
		secrets := append(everyWay(t, o, author, reader), string(author.openID), wall.Pseudonym(o.sender(author).AvatarSeed), string(o.sender(author).PublicID))
		if strings.Contains(o.logs.String(), string(reader.openID)) {
			t.Error("an openID is logged")
		}
		return o, o.everything(reader), secrets
	}
	o, left, secrets := run(callbackd.LevelHint)
	for _, secret := range secrets {
		if i := bytes.Index(left, []byte(secret)); i >= 0 {
			t.Errorf("%s left: …%s…", secret, left[max(0, i-200):min(len(left), i+100)])
		}
	}
	custom, templates := o.platform.Sent(), o.platform.SentTemplates()
	for vendor, n := range map[pushtest.Vendor]int{pushtest.WebPush: 20, pushtest.APNs: 20, pushtest.FCM: 20} {
		if got := len(o.fake.Requests(vendor)); got < n {
			t.Errorf("%d requests to %s: the search proves nothing", got, vendor)
		}
	}
	if len(custom) < 3 || len(templates) < 1 || len(o.channel.frames) < 40 || bytes.Count(left, []byte("有人提到了你")) < 60 || bytes.Count(left, []byte("有新消息")) < 20 {
		t.Errorf("%d and %d messages in WeChat, %d frames: the search proves nothing", len(custom), len(templates), len(o.channel.frames))
	}
	// what they chose decides, and nothing else: with details on the same ways show them
	o, _, _ = run(callbackd.LevelWords)
	for _, where := range []struct {
		name string
		all  []byte
	}{{"vendors", o.fake.Everything()}, {"WeChat", o.tape.bytes()}, {"the channel", []byte(joinRaw(o.channel))}} {
		if !bytes.Contains(where.all, []byte(secretName)) || !bytes.Contains(where.all, []byte(secretWords)) {
			t.Errorf("details on: %s got no name, or no words", where.name)
		}
	}
	for _, secret := range secretParts { // but never in what operators read
		if strings.Contains(o.logs.String(), secret) {
			t.Errorf("details on: %s is logged", secret)
		}
	}
}

func joinRaw(c *channel) string {
	var all strings.Builder
	for _, f := range c.frames {
		all.WriteString(f.raw)
	}
	return all.String()
}

func (s *stage) sender(f *follower) callbackd.Sender {
	s.Helper()
	sender, err := s.db.GetSender(ctx, f.sender)
	s.must(err)
	return sender
}

// chooses changes what a follower chose, as the API does.
func (s *stage) chooses(f *follower, change func(*callbackd.Preferences)) {
	s.Helper()
	p, err := s.db.GetPreferences(ctx, f.sender)
	s.must(err)
	change(&p)
	s.must(s.db.SetPreferences(ctx, s.account.ID, f.sender, p))
	s.service.Changed(ctx, f.sender)
}

// Guard: an alert that is rendered when it is decided shows what had been allowed then.
func TestF25_DetailsThatAreTurnedOffBeforeSendingHold(t *testing.T) {
	hide := func(p *callbackd.Preferences) { p.Detail = callbackd.LevelHint }
	t.Run("vendor", func(t *testing.T) {
		s, author, reader, d := onPhoneOf(t, "王大锤", receives, false)
		s.push(author, "@王大锤 在吗", nil)
		s.must(s.service.Tell(ctx))
		s.must(s.service.StepDue(ctx)) // waits for a worker
		s.chooses(reader, hide)
		s.settle()
		if got := s.pushes(d); len(got) != 1 || got[0].level != callbackd.LevelHint {
			t.Errorf("sent %+v", got)
		}
	})
	t.Run("channel", func(t *testing.T) {
		s, author, reader, d := onPhoneOf(t, "王大锤", receives, true)
		s.push(author, "@王大锤 在吗", nil)
		s.must(s.service.Tell(ctx))
		s.chooses(reader, hide)
		s.settle()
		if got := s.channel.of(d, "notify"); len(got) != 1 || got[0].Level != callbackd.LevelHint || got[0].Body != "" {
			t.Errorf("sent %+v", got)
		}
	})
	t.Run("WeChat", func(t *testing.T) {
		s, author, reader, _ := onPhoneOf(t, "王大锤", receives, false)
		s.say(author, "@王大锤 在吗")
		s.clock.Advance(10 * time.Second)
		s.must(s.service.StepDue(ctx))
		s.chooses(reader, hide)
		s.settle()
		if s.weChat.count() != 1 || strings.Contains(s.weChat.texts[0], "林小满") || strings.Contains(s.weChat.texts[0], "在吗") {
			t.Errorf("sent %q", s.weChat.texts)
		}
	})
	t.Run("a vendor that asked for another time", func(t *testing.T) {
		s, author, reader, d := onPhoneOf(t, "", receives, false)
		s.vendors.answer = func(callbackd.Device) push.Result { return push.Result{Outcome: push.Retry, RetryAfter: time.Minute} }
		s.say(author, "大家好")
		s.vendors.answer = nil
		s.chooses(reader, hide)
		s.after(61 * time.Second)
		if got := s.pushes(d); len(got) != 2 || got[0].level != callbackd.LevelWords || got[1].level != callbackd.LevelHint {
			t.Errorf("sent %+v", got)
		}
	})
}

func TestF28_InQuietHoursAlertsComeWithoutSound(t *testing.T) {
	quiet := &callbackd.Quiet{From: "22:00", To: "08:00", Zone: "Asia/Shanghai"}
	o := newOutside(t, nil) // 11:04 in Shanghai
	author, reader := o.person("林小满"), o.bound("王大锤", func(p *callbackd.Preferences) { receives(p); p.Quiet = quiet })
	_, browser := o.end(reader, callbackd.ClassPhone, callbackd.ProviderWebPush, false)
	urgency := func(text string) string {
		before := len(browser.Requests())
		o.say(author, text)
		all := browser.Requests()
		if len(all) != before+1 {
			t.Fatalf("%s: %d pushes: silent is not left out", text, len(all)-before)
		}
		got := all[before].Header.Get("Urgency")
		if silent := bytes.Contains(all[before].Plain, []byte(`"silent":true`)); silent != (got == "low") {
			t.Errorf("%s: urgency %s, silent %v", text, got, silent)
		}
		o.acks(reader, callbackd.HowPrompt)
		return got
	}
	for _, c := range []struct {
		later time.Duration
		text  string
		want  string
	}{
		{0, "白天", "normal"}, {12 * time.Hour, "夜里", "low"}, {0, "@王大锤 夜里", "low"}, {2 * time.Hour, "过了零点", "low"}, {7 * time.Hour, "早上", "normal"},
	} {
		o.pass(c.later)
		if got := urgency(c.text); got != c.want {
			t.Errorf("%s: urgency %s, want %s", c.text, got, c.want)
		}
	}
	o.pass(15 * time.Hour)
	o.chooses(reader, func(p *callbackd.Preferences) { q := *quiet; q.MentionsPass = true; p.Quiet = &q })
	if a, b := urgency("夜里"), urgency("@王大锤 夜里"); a != "low" || b != "high" {
		t.Errorf("only mentions break through: %s and %s", a, b)
	}
	o.chooses(reader, func(p *callbackd.Preferences) { q := *quiet; q.Zone = "America/New_York"; p.Quiet = &q })
	if got := urgency("搬家了"); got != "normal" {
		t.Errorf("the new zone does not hold: %s", got)
	}
}
