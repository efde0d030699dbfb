package wechat

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"callbackd"
)

func TestOpen_ReadsEachKindOfPush(t *testing.T) {
	const from = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
	for _, c := range []struct {
		name string
		doc  string
		want Push
		kind callbackd.Kind // empty: no message
		text string
	}{
		{"text", push("<MsgType><![CDATA[text]]></MsgType>", "<Content><![CDATA[你好😀/::)\n ]]></Content>", "<MsgId>1</MsgId>"),
			Push{MsgType: "text", Content: "你好😀/::)\n ", MsgID: 1}, callbackd.KindText, "你好😀/::)\n "},
		{"image", push("<MsgType>image</MsgType><PicUrl><![CDATA[http://mmbiz.qpic.cn/mmbiz/X/0?a=1&b=2]]></PicUrl><MsgId>2</MsgId><MediaId>m</MediaId>"),
			Push{MsgType: "image", PicURL: "http://mmbiz.qpic.cn/mmbiz/X/0?a=1&b=2", MsgID: 2, MediaID: "m"}, callbackd.KindImage, ""},
		{"voice", push("<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format><MsgId>3</MsgId><Recognition><![CDATA[你好。]]></Recognition><MediaId16K>n</MediaId16K>"),
			Push{MsgType: "voice", MediaID: "m", MediaID16K: "n", Format: "amr", MsgID: 3, Recognition: "你好。"}, callbackd.KindVoice, "你好。"},
		{"voice, not recognised", push("<MsgType>voice</MsgType><MediaId>m</MediaId><Format>speex</Format><Recognition></Recognition>"),
			Push{MsgType: "voice", MediaID: "m", Format: "speex"}, callbackd.KindVoice, ""},
		{"video", push("<MsgType>video</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>"),
			Push{MsgType: "video", MediaID: "m", ThumbMediaID: "t"}, callbackd.KindVideo, ""},
		{"shortvideo", push("<MsgType>shortvideo</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>"),
			Push{MsgType: "shortvideo", MediaID: "m", ThumbMediaID: "t"}, callbackd.KindVideo, ""},
		{"location", push("<MsgType>location</MsgType><Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label><![CDATA[位置 & 信息]]></Label>"),
			Push{MsgType: "location", Place: &callbackd.Place{Label: "位置 & 信息", Lat: 23.134521, Lon: 113.358803}}, callbackd.KindLocation, ""},
		{"location of odd numbers", push("<MsgType>location</MsgType><Location_X>NaN</Location_X><Location_Y>181</Location_Y>"),
			Push{MsgType: "location", Place: &callbackd.Place{}}, callbackd.KindLocation, ""},
		{"link", push("<MsgType>link</MsgType><Title>T</Title><Description>D</Description><Url>https://example.com/?a&amp;b</Url>"),
			Push{MsgType: "link", Link: &callbackd.Link{Title: "T", Description: "D", URL: "https://example.com/?a&b"}}, callbackd.KindLink, ""},
		{"subscribe", push("<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>"),
			Push{MsgType: "event", Event: "subscribe"}, "", ""},
		{"subscribe by QR", push("<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_1001</EventKey><Ticket>gQH==</Ticket>"),
			Push{MsgType: "event", Event: "subscribe", EventKey: "qrscene_1001", Ticket: "gQH=="}, "", ""},
		{"unknown event", push("<MsgType>event</MsgType><Event>new_thing</Event><MsgID>77</MsgID>"),
			Push{MsgType: "event", Event: "new_thing"}, "", ""},
		{"unknown type", push("<MsgType>hologram</MsgType><MsgId>9</MsgId>"), Push{MsgType: "hologram", MsgID: 9}, "", ""},
		{"unsupported type", push("<MsgType>text</MsgType><Content>【收到不支持的消息类型，暂无法显示】</Content>"),
			Push{MsgType: "text", Content: "【收到不支持的消息类型，暂无法显示】"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := opened(t, c.doc)
			c.want.Raw, c.want.ToUser, c.want.From, c.want.CreateTime = []byte(c.doc), testGH, from, 1409735668
			got := *p
			got.created, got.request, got.body, got.reply = 0, [32]byte{}, [32]byte{}, nil
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("push of %s differs: %#v; want %#v", c.doc, got, c.want)
			}
			kind, text, ok := p.Message()
			if kind != c.kind || text != c.text || ok != (c.kind != "") {
				t.Errorf("Message = %q, %q, %v; want %q, %q", kind, text, ok, c.kind, c.text)
			}
		})
	}
}

// No genuine message is lost because of a field that is not needed, or is odd.
func TestOpen_IsTolerant(t *testing.T) {
	base := textPush("<![CDATA[words]]>")
	for _, c := range []struct {
		name, doc string
		check     func(*Push) bool
	}{
		{"control characters", textPush("<![CDATA[wo\x14r\x00ds\x1b]]>"), nil},
		{"control character as an entity", textPush("wo&#20;rd&#x0;s"), nil},
		{"control character in another field", textPush("words", "<Foo>\x01</Foo>"), nil},
		{"U+FFFF", textPush("wor\uFFFFds"), nil},
		{"bizmsgmenuid that is a word", textPush("words", "<bizmsgmenuid>menu_a</bizmsgmenuid>"), nil},
		{"MsgId above int64", strings.Replace(base, "6054768590064713728", "18446744073709551615", 1), func(p *Push) bool { return p.MsgID == 1<<64-1 }},
		{"MsgId above uint64", strings.Replace(base, "6054768590064713728", "18446744073709551616", 1), func(p *Push) bool { return p.MsgID == 0 }},
		{"float MsgId", strings.Replace(base, "6054768590064713728", "6.05e18", 1), func(p *Push) bool { return p.MsgID == 0 }},
		{"negative MsgId", strings.Replace(base, "6054768590064713728", "-1", 1), func(p *Push) bool { return p.MsgID == 0 }},
		{"CreateTime in a CDATA with spaces", strings.Replace(base, "1409735668", "\n <![CDATA[1409735668]]> ", 1), func(p *Push) bool { return p.CreateTime == 1409735668 }},
		{"CreateTime with a fraction", strings.Replace(base, "1409735668", "1409735668.5", 1), func(p *Push) bool { return p.CreateTime == 1409735668 }},
		{"CreateTime missing", strings.Replace(base, "<CreateTime>1409735668</CreateTime>", "", 1), func(p *Push) bool { return p.CreateTime == noon.Unix() }},
		{"CreateTime after year 9999", strings.Replace(base, "1409735668", "253402300800", 1), func(p *Push) bool { return p.CreateTime == noon.Unix() }},
		{"CreateTime negative", strings.Replace(base, "1409735668", "-5", 1), func(p *Push) bool { return p.CreateTime == noon.Unix() }},
		{"unknown elements", textPush("words", "<A b='>'><C/></A>", "<MsgDataId>1</MsgDataId><Idx>x</Idx>"), nil},
		{"nested lists, repeated", textPush("words", "<L><List><Content>x</Content></List><List><Content>y</Content></List></L>"), nil},
		{"nested element of the same name, before", push("<Foo><Content>x</Content><FromUserName>y</FromUserName></Foo><MsgType>text</MsgType><Content>words</Content>"), nil},
		{"element twice", textPush("words", "<Content>second</Content>", "<FromUserName>oSecond</FromUserName>"), nil},
		{"nested inside the value", textPush("wo<b>nested</b>rds"), nil},
		{"nested CDATA inside the value", textPush("wo<b><![CDATA[nested]]></b>rds"), nil},
		{"CDATA in two sections", textPush("<![CDATA[wo]]><![CDATA[rds]]>"), nil},
		{"comment in the value", textPush("wo<!-- <x> -->rds"), nil},
		{"declaration, BOM, doctype, comment before", "\uFEFF<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY a \"b\">]><!-- > -->\n" + base, nil},
		{"another root", strings.NewReplacer("<xml>", "<Message a='1'>", "</xml>", "</Message>").Replace(base), nil},
		{"junk after the root", base + "\n\x00<more", nil},
		{"unclosed inner element", push("<Foo><br></Foo><MsgType>text</MsgType><Content>words</Content>"), nil},
		{"end without a beginning", push("</Foo><MsgType>text</MsgType></b><Content>words</Content>"), nil},
		{"self-closing element", push("<EventKey/><Foo a=\"x\" /><MsgType>text</MsgType><Content>words</Content>"), nil},
		{"deep nesting", textPush("words", strings.Repeat("<a>", 20000)+strings.Repeat("</a>", 20000)), nil},
		{"deep nesting before", push(strings.Repeat("<a>", 500) + strings.Repeat("</a>", 500) + "<MsgType>text</MsgType><Content>words</Content>"), nil},
		{"bare ampersand and bracket", textPush("words", "<Label>a & b < c &foo; &#xZZ;</Label>"), nil},
		{"spaces around names", "<xml>" + strings.NewReplacer("<xml>", "", "<![CDATA[text]]>", "\n text\n", "<MsgType>", "<MsgType >", "</MsgType>", "</MsgType\n>").Replace(base), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := opened(t, c.doc)
			kind, text, ok := p.Message()
			if !ok || kind != callbackd.KindText || text != "words" || p.From != "oyORnuP8q7ou2gfYjqLzSIWZf0rs" {
				t.Errorf("Message = %q, %q, %v", kind, text, ok)
			}
			if c.check != nil && !c.check(p) {
				t.Errorf("MsgID %d, CreateTime %d", p.MsgID, p.CreateTime)
			}
		})
	}
}

func TestOpen_TextIsUnchanged(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"end of CDATA over two sections", "<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"},
		{"entities outside of CDATA", "&lt;b&gt; &amp;amp; &quot;&apos; &#20320;&#x1F600;", "<b> &amp; \"' 你😀"},
		{"entities inside CDATA stay", "<![CDATA[&lt;&#65;<i>]]>", "&lt;&#65;<i>"},
		{"unknown entity, bare &", "&nbsp; & &; &#; &#x; &#99999999999; &a", "&nbsp; & &; &#; &#x; &#99999999999; &a"},
		{"surrogate and too large numbers", "a&#xD800;&#x110000;b", "ab"},
		{"bare <", "1 < 2 <3 <", "1 < 2 <3 <"},
		{"spaces and lines", "<![CDATA[ \t\r\n a ]]>", " \t\r\n a "},
		{"emoji, face code, private use", "<![CDATA[😀👨‍👩‍👧/::)\ue415\U0010FFFD]]>", "😀👨‍👩‍👧/::)\ue415\U0010FFFD"},
		{"DEL and C1 are allowed", "a\u007f\u0085b", "a\u007f\u0085b"},
		{"invalid UTF-8", "a\xff\xc3b\xed\xa0\x80", "a\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD"},
		{"replacement character stays", "a\uFFFDb", "a\uFFFDb"},
		{"only forbidden characters", "\x01\x02", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := opened(t, textPush(c.in)).Content; got != c.want {
				t.Errorf("Content = %q; want %q", got, c.want)
			}
		})
	}
}

func TestKey_SeparatesWhatThePlatformDoesNot(t *testing.T) {
	text := func(id, created, from string) string {
		return strings.NewReplacer("6054768590064713728", id, "1409735668", created, "oyORnuP8q7ou2gfYjqLzSIWZf0rs", from).Replace(textPush("w"))
	}
	event := func(more string) string { return push("<MsgType>event</MsgType>" + more) }
	docs := map[string]string{
		"message":                         text("7", "1409735668", "oA"),
		"another MsgId":                   text("8", "1409735668", "oA"),
		"another second":                  text("7", "1409735669", "oA"),
		"another sender, same MsgId":      text("7", "1409735668", "oB"),
		"no MsgId":                        text("x", "1409735668", "oA"),
		"no MsgId, other bytes":           text("y", "1409735668", "oA"),
		"subscribe":                       event("<Event>subscribe</Event>"),
		"subscribe with scene":            event("<Event>subscribe</Event><EventKey>qrscene_1</EventKey>"),
		"event key moved into the name":   event("<Event>subscribeqrscene_1</Event>"),
		"unsubscribe":                     event("<Event>unsubscribe</Event>"),
		"event without a name":            event("<Foo>1</Foo>"),
		"event without a name, other one": event("<Foo>2</Foo>"),
	}
	seen := map[string]string{}
	for name, doc := range docs {
		key := opened(t, doc).Key()
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have one key", name, other)
		}
		seen[key] = name
		if again := opened(t, doc).Key(); again != key {
			t.Errorf("%q: key changes", name)
		}
		if strings.Contains(key, "oA") && strings.Contains(key, "1409735668") {
			t.Errorf("%q: the key shows its parts", name)
		}
	}
	same := opened(t, strings.Replace(docs["message"], "<Content>w", "<Content>other", 1)).Key()
	if seen[same] != "message" {
		t.Error("the words belong to the key of a message that has an id")
	}
	ticket := opened(t, event("<Event>subscribe</Event><Ticket>t</Ticket>")).Key()
	if seen[ticket] != "subscribe" {
		t.Error("more than Event and EventKey belongs to the key of an event")
	}
}

// Keys of one moment stand side by side in an index.
func TestKey_BeginsWithCreateTime(t *testing.T) {
	key := func(created string) string {
		return opened(t, strings.Replace(textPush("w"), "1409735668", created, 1)).Key()
	}
	if a, b, c := key("1409735668"), key("1409735669"), key("1763690400"); a[:8] != "5406dbf4" || a >= b || b >= c {
		t.Fatalf("%q, %q, %q", a, b, c)
	}
}

// A repeat carries another timestamp in its query; a push without CreateTime
// must have the same key all the same.
func TestKey_DoesNotDependOnTheRequestsTime(t *testing.T) {
	doc := strings.Replace(textPush("w"), "<CreateTime>1409735668</CreateTime>", "", 1)
	first := opened(t, doc)
	s := newSender()
	s.timestamp = itoa(noon.Unix() + 5)
	q, body := s.request(callbackd.ModePlain, doc)
	second := mustOpen(t, testAccount(callbackd.ModePlain), q, body)
	if first.CreateTime == second.CreateTime {
		t.Fatal("the test does not show what it should")
	}
	if first.Key() != second.Key() {
		t.Error("the key depends on the time of the request")
	}
}

func TestPush_PrintsNothingOfItself(t *testing.T) {
	acc := testAccount(callbackd.ModeSafe)
	q, body := newSender().request(acc.Mode, textPush("<![CDATA[words]]>"))
	p := mustOpen(t, acc, q, body)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "push", p)
	printed := log.String() + fmt.Sprint(p) + fmt.Sprintf("%v %+v %s", p, p, p)
	for _, secret := range []string{"words", "oyORnu", "spamtest"} {
		if strings.Contains(printed, secret) {
			t.Errorf("printed: %s", secret)
		}
	}
	// By value, fmt shows the fields, but not what hangs on the reply's pointer.
	if shown := fmt.Sprintf("%+v", *p); strings.Contains(shown, "spamtest") {
		t.Error("the token is printed")
	}
}
