package rehearsal

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"callbackd"
)

func TestPayload_ElementsOfEachType(t *testing.T) {
	f, words, none := Files(), "你好。", ""
	for _, c := range []struct {
		name string
		m    Message
		want []string
		not  []string
	}{
		{"text", Message{Content: "好"}, []string{"[text]", "<Content><![CDATA[好]]>"}, nil},
		{"menu answer", Message{Content: "好", Extra: "<bizmsgmenuid><![CDATA[menu_a]]></bizmsgmenuid>\n"}, []string{"[menu_a]"}, nil},
		{"unsupported", Message{Type: TypeUnsupported}, []string{"[text]", UnsupportedContent}, nil},
		{"unknown", Message{Type: "hologram"}, []string{"[hologram]", "<MsgId>"}, nil},
		{"image", Message{Type: TypeImage, Asset: f.Pictures[0]}, []string{"[image]", "<PicUrl>", "<MediaId>"}, []string{"<Content>"}},
		{"voice", Message{Type: TypeVoice, Asset: f.Voice("zh-1")}, []string{"[voice]", "<MediaId>", "<Format><![CDATA[amr]]>"}, []string{"<Recognition>", "16K"}},
		{"voice in 16 kHz", Message{Type: TypeVoice, Asset: f.Voice("zh-2")}, []string{"<MediaId16K>"}, nil},
		{"voice, recognised", Message{Type: TypeVoice, Asset: f.Voice("zh-1"), Recognition: &words}, []string{"<Recognition><![CDATA[你好。]]>"}, nil},
		{"voice, empty", Message{Type: TypeVoice, Asset: f.Voice("zh-1"), Recognition: &none}, []string{"<Recognition><![CDATA[]]>"}, nil},
		{"video", Message{Type: TypeVideo, Asset: f.Videos[0]}, []string{"[video]", "<MediaId>", "<ThumbMediaId>"}, nil},
		{"shortvideo", Message{Type: TypeShortVideo, Asset: f.Videos[0]}, []string{"[shortvideo]", "<ThumbMediaId>"}, nil},
		{"location", Message{Type: TypeLocation, Place: &callbackd.Place{Label: "桥", Lat: 30.5, Lon: 114.25}},
			[]string{"<Location_X>30.500000<", "<Location_Y>114.250000<", "<Scale>16<", "<Label><![CDATA[桥]]>"}, nil},
		{"link", Message{Type: TypeLink, Link: &callbackd.Link{Title: "T", Description: "D", URL: "https://example.com/?a&b"}},
			[]string{"<Title><![CDATA[T]]>", "<Description><![CDATA[D]]>", "<Url><![CDATA[https://example.com/?a&b]]>"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, Options{}, AccountConfig{})
			r := s.say(t, c.m)
			body := string(s.a.Payload(r).XML)
			var well struct {
				XMLName xml.Name `xml:"xml"`
				To      string   `xml:"ToUserName"`
				From    string   `xml:"FromUserName"`
				Created int64    `xml:"CreateTime"`
				MsgID   uint64   `xml:"MsgId"`
			}
			if err := xml.Unmarshal([]byte(body), &well); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if well.To != s.a.Config.OriginalID || well.From != string(r.OpenID) || well.Created != r.CreatedAt.Unix() || well.MsgID != r.MsgID {
				t.Errorf("%+v", well)
			}
			for _, w := range c.want {
				if !strings.Contains(body, w) {
					t.Errorf("%s is missing in %s", w, body)
				}
			}
			for _, w := range c.not {
				if strings.Contains(body, w) {
					t.Errorf("%s in %s", w, body)
				}
			}
		})
	}
}

func TestPayload_ImageOf2013HasItsMsgIdFirst(t *testing.T) {
	for scheme, first := range map[MsgIDScheme]bool{MsgIDOld: true, MsgIDNew: false} {
		s := newStage(t, Options{}, AccountConfig{Push: PushConfig{MsgIDs: scheme}})
		body := string(s.a.Payload(s.say(t, Message{Type: TypeImage, Asset: Files().Pictures[0]})).XML)
		if got := strings.Index(body, "<MsgId>") < strings.Index(body, "<MediaId>"); got != first {
			t.Errorf("%s: MsgId first: %v", scheme, got)
		}
		if strings.Count(body, "<MsgId>") != 1 {
			t.Errorf("%s: %s", scheme, body)
		}
	}
}

func TestAct_EachEventIsWellFormed(t *testing.T) {
	names := EventNames()
	if len(names) < 24 {
		t.Errorf("%d events", len(names))
	}
	for _, name := range append(names, "something_new") {
		s := newStage(t, Options{}, AccountConfig{})
		pl, err := s.a.Act(EventSample(name, s.number))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var well struct {
			Type  string `xml:"MsgType"`
			Event string
			MsgID *string `xml:"MsgId"`
		}
		if err := xml.Unmarshal(pl.XML, &well); err != nil || well.Type != "event" || well.Event != name || well.MsgID != nil {
			t.Errorf("%s: %v in %s", name, err, pl.XML)
		}
		if strings.Contains(string(pl.XML), "</xml>\n") {
			t.Errorf("%s: goes on after the root", name)
		}
	}
}

func TestAct_SubscribeAndUnsubscribeChangeTheWorld(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	if _, err := s.a.Act(EventSample("CLICK", "1")); !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("event of nobody: %v", err)
	}
	if _, err := s.a.Act(EventSample("unsubscribe", s.number)); err != nil {
		t.Fatal(err)
	}
	if k, _ := s.a.Contact(s.number); k.Following {
		t.Error("still follows after unsubscribe")
	}
	pl, err := s.a.Act(SubscribeByScene(s.number, "wall", "T=="))
	if err != nil {
		t.Fatal(err)
	}
	if k, _ := s.a.Contact(s.number); !k.Following {
		t.Error("does not follow after subscribe")
	}
	if body := string(pl.XML); !strings.Contains(body, "[qrscene_wall]") || !strings.Contains(body, "<Ticket><![CDATA[T==]]>") {
		t.Errorf("%s", body)
	}
}
