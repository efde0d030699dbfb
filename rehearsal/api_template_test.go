package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"callbackd"
)

const templatePath = "/cgi-bin/message/template/send"

// template sends one of a template's messages to somebody.
func (s *stage) template(t *testing.T, to callbackd.OpenID, id string) map[string]any {
	t.Helper()
	return s.post(t, templatePath+"?access_token="+s.token(t), map[string]any{
		"touser": to, "template_id": id, "url": "https://wall.example/wall/stage?notice=n",
		"data": map[string]any{"thing1": map[string]any{"value": "小海豚"}, "thing2": map[string]any{"value": "新年快乐"}},
	})
}

func newTemplateStage(t *testing.T, perDay int) (*stage, callbackd.OpenID) {
	t.Helper()
	s := newStage(t, Options{}, AccountConfig{API: APIConfig{TemplatesPerDay: perDay, Templates: []Template{
		{ID: "tm-1", Keys: []string{"thing1", "thing2"}}, {ID: "tm-off", Disabled: true}, {ID: "tm-3", Keys: []string{"time3"}},
	}}})
	k, _ := s.a.Contact(s.number)
	return s, k.OpenID
}

func TestTemplateSend_GivesAnIDAndKeepsWhatWasSent(t *testing.T) {
	s, to := newTemplateStage(t, 0)
	m := s.template(t, to, "tm-1")
	if errcode(m) != 0 || m["msgid"] == nil {
		t.Fatalf("%v", m)
	}
	s.template(t, to, "tm-1")
	sent := s.a.SentTemplates()
	if len(sent) != 2 || sent[0].MsgID == sent[1].MsgID || sent[0].MsgID <= 0 {
		t.Fatalf("%+v", sent)
	}
	one := sent[0]
	if one.OpenID != to || one.Number != s.number || one.Template != "tm-1" || one.URL != "https://wall.example/wall/stage?notice=n" ||
		one.Data["thing1"] != "小海豚" || one.Data["thing2"] != "新年快乐" || !one.At.Equal(s.clock.Now()) {
		t.Errorf("%+v", one)
	}
	if sent := s.a.Sent(); len(sent) != 0 {
		t.Errorf("a customer-service message too: %+v", sent)
	}
}

func TestTemplateSend_Refusals(t *testing.T) {
	s, to := newTemplateStage(t, 0)
	for _, c := range []struct {
		to   callbackd.OpenID
		id   string
		want int
	}{{"o", "tm-1", 40003}, {to, "tm-2", 40037}, {to, "", 40037}, {to, "tm-off", 43116}, {to, "tm-3", 47003}} {
		if n := errcode(s.template(t, c.to, c.id)); n != c.want {
			t.Errorf("%s: %d, want %d", c.id, n, c.want)
		}
	}
	if err := s.a.SetRefusal(s.number, 43101); err != nil || errcode(s.template(t, to, "tm-1")) != 43101 {
		t.Errorf("who did not agree: %v", err)
	}
	if err := s.a.SetRefusal(s.number, 0); err != nil || errcode(s.template(t, to, "tm-1")) != 0 {
		t.Errorf("who agreed: %v", err)
	}
	s.a.SetFaults(func(f *Faults) { f.Force = map[string]ForcedError{templatePath: {Code: 45009, N: 1}} })
	if a, b := errcode(s.template(t, to, "tm-1")), errcode(s.template(t, to, "tm-1")); a != 45009 || b != 0 {
		t.Errorf("forced: %d, then %d", a, b)
	}
	s.a.Unfollow(s.number)
	if n := errcode(s.template(t, to, "tm-1")); n != 43004 {
		t.Errorf("to who has left: %d", n)
	}
	if n := len(s.a.SentTemplates()); n != 2 {
		t.Errorf("%d were sent", n)
	}
	if err := s.a.SetRefusal("nobody", 43019); !errors.Is(err, callbackd.ErrNotFound) {
		t.Error(err)
	}
	u := newStage(t, Options{}, AccountConfig{API: APIConfig{Unverified: true}})
	if n := errcode(u.template(t, to, "tm-1")); n != 48001 {
		t.Errorf("of an account that is not verified: %d", n)
	}
}

func TestTemplateSend_DailyQuota(t *testing.T) {
	s, to := newTemplateStage(t, 2)
	got := []int{errcode(s.template(t, to, "tm-1")), errcode(s.template(t, to, "tm-1")), errcode(s.template(t, to, "tm-1"))}
	if fmt.Sprint(got) != "[0 0 45009]" {
		t.Errorf("%v", got)
	}
	s.clock.Add(24 * time.Hour)
	if n := errcode(s.template(t, to, "tm-1")); n != 0 {
		t.Errorf("the next day: %d", n)
	}
}

func TestTemplateFinish_TellsWhatBecameOfIt(t *testing.T) {
	s, to := newTemplateStage(t, 0)
	s.template(t, to, "tm-1")
	id := s.a.SentTemplates()[0].MsgID
	for _, status := range []string{TemplateArrived, TemplateBlocked, TemplateFailed} {
		e, err := s.a.TemplateFinish(id, status)
		if err != nil {
			t.Fatal(err)
		}
		push, err := s.a.Act(e)
		if err != nil || push.OpenID != to || push.Event != "TEMPLATESENDJOBFINISH" || push.MsgID != 0 {
			t.Errorf("%+v, %v", push, err)
		}
		for _, want := range []string{"<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>", fmt.Sprintf("<MsgID>%d</MsgID>", id), "<Status><![CDATA[" + status + "]]></Status>"} {
			if !strings.Contains(string(push.XML), want) {
				t.Errorf("no %s in %s", want, push.XML)
			}
		}
	}
	if n := s.send(t, "x"); n != 45015 {
		t.Errorf("the event opened a window: %d", n)
	}
	if _, err := s.a.TemplateFinish(id+1, TemplateArrived); !errors.Is(err, callbackd.ErrNotFound) {
		t.Error(err)
	}
}

func TestCustomSend_ToWhoRefuses(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.say(t, Message{Content: "hello"})
	for _, code := range []int{43019, 48002} {
		if err := s.a.SetRefusal(s.number, code); err != nil {
			t.Fatal(err)
		}
		if n := s.send(t, "x"); n != code {
			t.Errorf("%d, want %d", n, code)
		}
	}
	if err := s.a.SetRefusal(s.number, 0); err != nil || s.send(t, "x") != 0 {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCustomSend_ATapOnAMenuMessageIsAClick(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.say(t, Message{Content: "好", Extra: "<bizmsgmenuid><![CDATA[menu_a]]></bizmsgmenuid>\n"})
	for range 3 {
		if n := s.send(t, "x"); n != 0 {
			t.Fatal(n)
		}
	}
	if n := s.send(t, "x"); n != 45047 {
		t.Errorf("the fourth: %d", n)
	}
}

// The EventKey of a scan carries the scene alone, that of a follow with a prefix.
func TestScanCode_BringsABindingScene(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	scene := callbackd.SceneOfCode("AB23CD45")
	m := s.post(t, "/cgi-bin/qrcode/create?access_token="+s.token(t), map[string]any{
		"expire_seconds": 300, "action_name": "QR_STR_SCENE", "action_info": map[string]any{"scene": map[string]any{"scene_str": scene}},
	})
	for _, want := range []struct{ event, key string }{{"SCAN", scene}, {"subscribe", "qrscene_" + scene}} {
		e, err := s.a.ScanCode(s.number, fmt.Sprint(m["url"]))
		if err != nil {
			t.Fatal(err)
		}
		push, err := s.a.Act(e)
		if err != nil || push.Event != want.event || !strings.Contains(string(push.XML), "<EventKey><![CDATA["+want.key+"]]></EventKey>") ||
			!strings.Contains(string(push.XML), "<Ticket><![CDATA["+fmt.Sprint(m["ticket"])+"]]></Ticket>") {
			t.Errorf("%v\n%s", err, push.XML)
		}
		if code, ok := callbackd.CodeOfScene(*e.Key); !ok || code != "AB23CD45" {
			t.Errorf("%q, %v", code, ok)
		}
		if n := s.send(t, "x"); n != 0 {
			t.Errorf("%s opens no window: %d", want.event, n)
		}
		s.a.Unfollow(s.number)
	}
}

func TestJSON_TellsOfNotices(t *testing.T) {
	said := func(n callbackd.NoticeOptions) map[string]any {
		s := newStage(t, Options{}, AccountConfig{Settings: Settings{Notices: n}})
		out := map[string]any{}
		if err := json.Unmarshal(s.a.JSON(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, key := range []string{"mention_detection", "receive_switch", "mention_exclusive", "notice_template"} {
		if v, ok := said(callbackd.NoticeOptions{})[key]; ok {
			t.Errorf("%s: %v", key, v)
		}
	}
	out := said(callbackd.NoticeOptions{Group: callbackd.GroupOptions{IgnoreMentions: true, NoReceiveSwitch: true, MentionExclusive: true},
		Template: &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1", BodyKey: "thing2"}})
	if out["mention_detection"] != "off" || out["receive_switch"] != "off" || out["mention_exclusive"] != "on" ||
		fmt.Sprint(out["notice_template"]) != "map[body:thing2 id:tm-1 title:thing1]" {
		t.Errorf("%v", out)
	}
}
