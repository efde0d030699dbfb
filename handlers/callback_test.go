package handlers_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

var modes = []callbackd.Mode{callbackd.ModePlain, callbackd.ModeCompatible, callbackd.ModeSafe}

func TestCallback_CheckOfTheAddress(t *testing.T) {
	s := newSite(t)
	for _, mode := range modes {
		sim, _ := s.account(callbackd.Slug("check-"+mode), mode, callbackd.ModerationOpen)
		if err := sim.Check(context.Background(), rehearsal.Genuine); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		sim.SetCallbackURL(s.http.URL + "/callback/check-" + string(mode) + "/")
		if err := sim.Check(context.Background(), rehearsal.Genuine); err != nil {
			t.Errorf("%s with a final slash: %v", mode, err)
		}
		if err := sim.Check(context.Background(), rehearsal.ForgeSignature); err == nil {
			t.Errorf("%s: a wrong signature passed", mode)
		}
	}
}

// TestCallback_ModesAndFaults is the table of all modes and all faults: what
// the platform is answered, and whether the message is on the wall.
func TestCallback_ModesAndFaults(t *testing.T) {
	type want struct {
		status int
		shown  bool
	}
	taken, refused := want{200, true}, want{403, false}
	table := map[rehearsal.Forgery]map[callbackd.Mode]want{
		rehearsal.Genuine:           {callbackd.ModePlain: taken, callbackd.ModeCompatible: taken, callbackd.ModeSafe: taken},
		rehearsal.NoContentType:     {callbackd.ModePlain: taken, callbackd.ModeCompatible: taken, callbackd.ModeSafe: taken},
		rehearsal.ForgeSignature:    {callbackd.ModePlain: refused, callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeStale:        {callbackd.ModePlain: refused, callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgePlain:        {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeMsgSignature: {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeNoMsgSig:     {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeAppID:        {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeKey:          {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgePadding:      {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgeTruncated:    {callbackd.ModeCompatible: refused, callbackd.ModeSafe: refused},
		rehearsal.ForgePlainLies:    {callbackd.ModeCompatible: taken},
		rehearsal.Misdirected:       {callbackd.ModePlain: {200, false}, callbackd.ModeCompatible: {200, false}, callbackd.ModeSafe: {200, false}},
	}
	s := newSite(t)
	n := 0
	for forgery, byMode := range table {
		for mode, want := range byMode {
			n++
			slug := callbackd.Slug(fmt.Sprintf("table-%d", n))
			t.Run(fmt.Sprintf("%s/%s", mode, forgery), func(t *testing.T) {
				sim, a := s.account(slug, mode, callbackd.ModerationOpen)
				v := s.say(sim, 0, "真话", rehearsal.SendOptions{PrepareOptions: rehearsal.PrepareOptions{Forgery: forgery}, Attempts: 1})
				if got := v.Last().Status; got != want.status {
					t.Errorf("status %d, want %d", got, want.status)
				}
				feed := s.feed(string(slug)).Messages
				if (len(feed) == 1) != want.shown || len(s.rows(a)) != len(feed) {
					t.Fatalf("%d messages on the wall, %d stored, want shown: %v", len(feed), len(s.rows(a)), want.shown)
				}
				if want.shown && feed[0].Text != "真话" {
					t.Errorf("text %q: not what was encrypted", feed[0].Text)
				}
			})
		}
	}
}

func TestCallback_PreviousKeyOpensForAWhile(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("rotate", callbackd.ModeSafe, callbackd.ModerationOpen)
	a.PreviousAESKey, a.PreviousAESKeyUntil = a.AESKey, time.Now().Add(time.Hour)
	a.AESKey = callbackd.Secret(strings.Repeat("A", 43))
	s.must(s.db.SetAccount(context.Background(), a, "test"))
	if v := s.say(sim, 0, "旧钥匙", rehearsal.SendOptions{Attempts: 1}); v.Last().Status != 200 {
		t.Fatalf("previous key: %d", v.Last().Status)
	}
	v, err := sim.PushEvent(context.Background(), rehearsal.EventSample("SCAN", sim.Contacts()[1].Number), rehearsal.SendOptions{Attempts: 1})
	s.must(err)
	if v.Outcome != rehearsal.OutcomeReply {
		t.Fatalf("the answer does not open with the key of the request: %s %s", v.Outcome, v.Why)
	}
	a.PreviousAESKeyUntil = time.Now().Add(-time.Second)
	s.must(s.db.SetAccount(context.Background(), a, "test"))
	refused := func() string { // the server notices the change a moment after it
		return strconv.Itoa(s.say(sim, 0, "太旧", rehearsal.SendOptions{Attempts: 1}).Last().Status)
	}
	if got := eventually(t, refused, "403"); got != "403" {
		t.Fatalf("after its end: %s", got)
	}
}

func TestCallback_RepliesInTheModeOfTheRequest(t *testing.T) {
	s := newSite(t)
	for _, mode := range modes {
		sim, _ := s.account(callbackd.Slug("reply-"+mode), mode, callbackd.ModerationOpen)
		for _, event := range []rehearsal.Event{rehearsal.EventSample("subscribe", sim.Contacts()[0].Number),
			rehearsal.SubscribeByScene(sim.Contacts()[1].Number, "wall", "ticket"), rehearsal.ScanScene(sim.Contacts()[2].Number, "wall", "ticket")} {
			v, err := sim.PushEvent(context.Background(), event, rehearsal.SendOptions{Copies: 2})
			s.must(err)
			if v.Outcome != rehearsal.OutcomeReply || !strings.Contains(v.Reply.Content, "http://wall.example/wall/reply-"+string(mode)) {
				t.Errorf("%s %s: %s %s %+v", mode, event.Name, v.Outcome, v.Why, v.Reply)
			}
			if v.Outcome == rehearsal.OutcomeReply && v.Reply.Encrypted != mode.Encrypted() {
				t.Errorf("%s %s: encrypted: %v", mode, event.Name, v.Reply.Encrypted)
			}
		}
	}
}

func TestCallback_EveryKindAndEventIsAnsweredWell(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("kinds", callbackd.ModeSafe, callbackd.ModerationOpen)
	for i, kind := range []rehearsal.MsgType{rehearsal.TypeText, rehearsal.TypeVoice, rehearsal.TypeImage, rehearsal.TypeVideo,
		rehearsal.TypeShortVideo, rehearsal.TypeLocation, rehearsal.TypeLink, rehearsal.TypeUnsupported, "type_of_tomorrow"} {
		v := s.send(sim, sample(kind), i%8, rehearsal.SendOptions{Copies: 2})
		if v.Outcome != rehearsal.OutcomeSuccess {
			t.Errorf("%s: %s %s", kind, v.Outcome, v.Why)
		}
	}
	for _, name := range append(rehearsal.EventNames(), "some_event_of_tomorrow") {
		v, err := sim.PushEvent(context.Background(), rehearsal.EventSample(name, sim.Contacts()[0].Number), rehearsal.SendOptions{Copies: 2})
		s.must(err)
		if v.Outcome == rehearsal.OutcomeFault {
			t.Errorf("event %s: %s", name, v.Why)
		}
	}
	kinds := map[callbackd.Kind]int{}
	for _, row := range s.rows(a) {
		kinds[row.Message.Kind]++
	}
	for _, kind := range []callbackd.Kind{"text", "image", "voice", "location", "link"} {
		if kinds[kind] != 1 {
			t.Errorf("%d messages of kind %s, want 1: %v", kinds[kind], kind, kinds)
		}
	}
	if kinds["video"] != 2 { // video and shortvideo
		t.Errorf("%d videos, want 2", kinds["video"])
	}
}

func TestCallback_RepeatsActOnceAndGetTheSameAnswer(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("repeat", callbackd.ModeSafe, callbackd.ModerationOpen)
	v := s.say(sim, 0, "一次", rehearsal.SendOptions{Copies: 5, Attempts: 1})
	if v.Outcome != rehearsal.OutcomeSuccess || len(s.rows(a)) != 1 {
		t.Fatalf("%s, %d messages", v.Outcome, len(s.rows(a)))
	}
	for _, attempt := range v.Attempts {
		if string(attempt.Body) != "success" {
			t.Errorf("a repeat got %q", attempt.Body)
		}
	}
}

func TestCallback_UsedRequestWithAnotherBodyIsRefused(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("replay", callbackd.ModePlain, callbackd.ModerationOpen)
	record, err := sim.Say(rehearsal.Message{From: sim.Contacts()[0].Number, Content: "原话"})
	s.must(err)
	p, err := sim.Prepare(sim.Payload(record), rehearsal.PrepareOptions{})
	s.must(err)
	target := s.http.URL + "/callback/replay"
	for range 2 { // the same request again gets the same answer
		if at := sim.Deliver(context.Background(), p, target); at.Status != 200 || string(at.Body) != "success" {
			t.Fatalf("%d %s", at.Status, at.Body)
		}
	}
	p.Body = bytes.ReplaceAll(p.Body, []byte("原话"), []byte("假话"))
	p.Body = bytes.ReplaceAll(p.Body, []byte("<MsgId>"), []byte("<MsgId>9"))
	if at := sim.Deliver(context.Background(), p, target); at.Status != 403 {
		t.Fatalf("a used request with another body: %d", at.Status)
	}
	if n := len(s.rows(a)); n != 1 {
		t.Fatalf("%d messages", n)
	}
}

func TestCallback_BodiesOverTheLimitAreRefusedNotCut(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("large", callbackd.ModePlain, callbackd.ModerationOpen)
	record, err := sim.Say(rehearsal.Message{From: sim.Contacts()[0].Number, Content: "x"})
	s.must(err)
	for _, c := range []struct{ size, status int }{{256 << 10, 200}, {256<<10 + 1, 413}, {4 << 20, 413}} {
		p, err := sim.Prepare(sim.Payload(record), rehearsal.PrepareOptions{})
		s.must(err)
		filler := c.size - len(p.Body) - len("<Filler></Filler>")
		p.Body = bytes.Replace(p.Body, []byte("</xml>"), []byte("<Filler>"+strings.Repeat("y", filler)+"</Filler></xml>"), 1)
		if at := sim.Deliver(context.Background(), p, s.http.URL+"/callback/large"); at.Status != c.status {
			t.Errorf("%d bytes: %d, want %d (%v)", c.size, at.Status, c.status, at.Err)
		}
	}
	if n := len(s.rows(a)); n != 1 {
		t.Fatalf("%d messages", n)
	}
}

func TestCallback_UnknownAccountIs404(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/callback/nobody", "/callback/UPPER", "/callback/a", "/wall/nobody", "/wall/nobody/messages", "/wall/%2e%2e"} {
		if code, _, _ := s.get(path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestCallback_StoreFailureIs500AndTheRepeatWorks(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("down", callbackd.ModeSafe, callbackd.ModerationOpen)
	record, err := sim.Say(rehearsal.Message{From: sim.Contacts()[0].Number, Content: "x"})
	s.must(err)
	p, err := sim.Prepare(sim.Payload(record), rehearsal.PrepareOptions{})
	s.must(err)
	raw, err := sql.Open("sqlite3", s.path)
	s.must(err)
	defer raw.Close()
	_, err = raw.Exec("ALTER TABLE callbacks RENAME TO elsewhere")
	s.must(err)
	if at := sim.Deliver(context.Background(), p, s.http.URL+"/callback/down"); at.Status != 500 {
		t.Fatalf("not stored, and answered %d", at.Status)
	}
	_, err = raw.Exec("ALTER TABLE elsewhere RENAME TO callbacks")
	s.must(err)
	if at := sim.Deliver(context.Background(), p, s.http.URL+"/callback/down"); at.Status != 200 || len(s.rows(a)) != 1 {
		t.Fatalf("the repeat: %d", at.Status)
	}
}

// TestCallback_ABodyThatDoesNotComeHoldsNobodyUp: the limits of slow clients are
// those of cmd's server; here is what holds without them.
func TestCallback_ABodyThatDoesNotComeHoldsNobodyUp(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("slow", callbackd.ModeSafe, callbackd.ModerationOpen)
	pr, pw := io.Pipe()
	var stuck sync.WaitGroup
	stuck.Go(func() {
		resp, err := http.Post(s.http.URL+"/callback/slow", "text/xml", pr)
		if err == nil {
			resp.Body.Close()
		}
	})
	if v := s.say(sim, 0, "照样", rehearsal.SendOptions{}); v.Outcome != rehearsal.OutcomeSuccess || len(s.rows(a)) != 1 {
		t.Fatalf("%s", v.Outcome)
	}
	pw.CloseWithError(io.ErrUnexpectedEOF)
	stuck.Wait()
}

// sample is a message of a type.
func sample(kind rehearsal.MsgType) rehearsal.Message {
	m := rehearsal.Message{Type: kind, Content: "样例"}
	switch kind {
	case rehearsal.TypeVoice:
		m.Asset = rehearsal.Files().Voices[0]
	case rehearsal.TypeImage:
		m.Asset = rehearsal.Files().Pictures[0]
	case rehearsal.TypeVideo, rehearsal.TypeShortVideo:
		m.Asset = rehearsal.Files().Videos[0]
	case rehearsal.TypeLocation:
		m.Place = &callbackd.Place{Label: "天安门", Lat: 39.908, Lon: 116.397}
	case rehearsal.TypeLink:
		m.Link = &callbackd.Link{Title: "标题", Description: "说明", URL: "https://example.com/a"}
	}
	return m
}
