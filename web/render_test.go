package web_test

import (
	"bytes"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"callbackd"
	"callbackd/web"
)

func render(t *testing.T, page web.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := web.Render(&b, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// dom parses a page and returns its elements.
func dom(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// hostile is a message that is an attack wherever text can stand.
func hostile() callbackd.PublicMessage {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	return callbackd.PublicMessage{ID: "m1", Seq: 7, Kind: callbackd.KindLink, Text: evil + "\nzwei", SentAt: "2026-11-20T20:04:05+08:00",
		Sender: callbackd.PublicSender{ID: "s1", Name: evil, Avatar: "/media/a"},
		Link:   &callbackd.PublicLink{Title: evil, Host: evil, URL: "javascript:alert(1)"}}
}

func allKinds() []callbackd.PublicMessage {
	var ms []callbackd.PublicMessage
	add := func(m callbackd.PublicMessage) {
		m.Seq = int64(len(ms) + 1)
		m.ID, m.SentAt = callbackd.PublicID("m"+string(rune('a'+len(ms)))), "2026-11-20T20:04:05+08:00"
		m.Sender = callbackd.PublicSender{ID: "s", Name: "林小满", Avatar: "/media/a"}
		ms = append(ms, m)
	}
	add(callbackd.PublicMessage{Kind: callbackd.KindText, Text: "晚上好"})
	add(callbackd.PublicMessage{Kind: callbackd.KindLocation, Place: &callbackd.PublicPlace{Label: "人民广场"}})
	add(callbackd.PublicMessage{Kind: callbackd.KindLink, Link: &callbackd.PublicLink{Title: "节目单", Host: "mp.weixin.qq.com", URL: "https://mp.weixin.qq.com/s?a=1&b=2"}})
	add(callbackd.PublicMessage{Kind: callbackd.KindVoice, Media: &callbackd.PublicMedia{State: "ready", URL: "/media/v", Type: "audio/mpeg", DurationMS: 1860, Waveform: []int{1, 255}}})
	add(callbackd.PublicMessage{Kind: callbackd.KindVoice, Media: &callbackd.PublicMedia{State: "ready", URL: "/media/amr", Type: "audio/amr", DurationMS: 900}})
	add(callbackd.PublicMessage{Kind: callbackd.KindVideo, Media: &callbackd.PublicMedia{State: "ready", URL: "/media/w", Type: "video/mp4", Poster: "/media/p", Width: 1280, Height: 720}})
	add(callbackd.PublicMessage{Kind: callbackd.KindImage, Media: &callbackd.PublicMedia{State: "ready", URL: "/media/i", Thumb: "/media/t", Width: 900, Height: 600}})
	for _, k := range []callbackd.Kind{callbackd.KindVoice, callbackd.KindVideo, callbackd.KindImage} {
		add(callbackd.PublicMessage{Kind: k, Media: &callbackd.PublicMedia{State: "pending"}})
		add(callbackd.PublicMessage{Kind: k, Media: &callbackd.PublicMedia{State: "failed"}})
		add(callbackd.PublicMessage{Kind: k}) // let through without its file
	}
	return ms
}

func TestWallPage_ShowsEveryKindWithoutScripts(t *testing.T) {
	page := render(t, web.WallPage{Lang: web.Chinese, Slug: "gala", Name: "春晚现场", Rev: 42, Messages: allKinds(), JoinQR: true})
	for _, want := range []string{
		"晚上好", "人民广场", "节目单", `href="https://mp.weixin.qq.com/s?a=1&amp;b=2"`, `rel="noopener noreferrer nofollow"`,
		`<audio controls preload="none" src="/media/v">`, `href="/media/amr" download`,
		`<video controls playsinline preload="none" src="/media/w" poster="/media/p" width="1280" height="720">`,
		`href="/media/i"><img src="/media/t" width="900" height="600"`, "林小满 发来的图片",
		"语音正在路上", "这张图片没有到达", "20:04", `data-rev="42"`, `src="/wall/gala/join.svg"`, "扫码关注 · 发消息上墙", "Scan, follow, speak",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(page, `<audio controls preload="none" src="/media/amr"`) {
		t.Error("AMR in an audio element, which plays it nowhere")
	}
}

func TestWallPage_NewestFirst(t *testing.T) {
	page := render(t, web.WallPage{Lang: web.Chinese, Slug: "gala", Messages: allKinds()})
	list := page[:strings.Index(page, "<template")]
	seqs := regexp.MustCompile(`data-seq="(\d+)"`).FindAllStringSubmatch(list, -1)
	if len(seqs) != len(allKinds()) || seqs[0][1] != "16" || seqs[len(seqs)-1][1] != "1" {
		t.Errorf("order: %v", seqs)
	}
}

// Guard: what followers wrote is text, wherever it stands.
func TestWallPage_EscapesEverything(t *testing.T) {
	page := render(t, web.WallPage{Lang: web.English, Slug: "gala", Name: hostile().Text, Messages: []callbackd.PublicMessage{hostile()}})
	for _, n := range dom(t, page) {
		if n.Data == "script" && attr(n, "src") == "" {
			t.Error("a script that is not a file")
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s %s>", n.Data, a.Key)
			}
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("<%s %s=%s>", n.Data, a.Key, a.Val)
			}
		}
	}
	if strings.Contains(page, "#ZgotmplZ") {
		t.Error("an address had to be blanked by the template")
	}
	if !strings.Contains(page, "\nzwei") {
		t.Error("line breaks are lost")
	}
}

func TestPages_HoldNoInlineScriptOrStyle(t *testing.T) {
	for _, page := range []web.Page{
		web.WallPage{Lang: web.Chinese, Slug: "gala", Messages: allKinds()},
		web.MePage{Lang: web.Chinese, Slug: "gala"}, web.IndexPage{Lang: web.Chinese}, web.ErrorPage{Lang: web.English, Status: 410},
	} {
		for _, n := range dom(t, render(t, page)) {
			if n.Data == "style" || attr(n, "style") != "" || n.Data == "script" && n.FirstChild != nil {
				t.Errorf("%T: inline <%s>", page, n.Data)
			}
		}
	}
}

func TestCSP_HasNoUnsafeWord(t *testing.T) {
	for _, want := range []string{"default-src 'self'", "media-src 'self' blob:", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(web.CSP, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(web.CSP, "unsafe") || strings.Contains(web.CSP, "*") || strings.Contains(web.CSP, "data:") {
		t.Error(web.CSP)
	}
}

func TestWallPage_Empty(t *testing.T) {
	with := render(t, web.WallPage{Lang: web.Chinese, Slug: "gala", Name: "春晚现场", JoinQR: true})
	without := render(t, web.WallPage{Lang: web.Chinese, Slug: "gala", Name: "春晚现场"})
	if !strings.Contains(with, `class="stage empty"`) || !strings.Contains(with, "第一句话，等你来说") || !strings.Contains(with, "join.svg") {
		t.Error("no invitation")
	}
	if strings.Contains(without, "join.svg") || !strings.Contains(without, "微信搜索公众号") || strings.Count(without, "春晚现场") < 3 {
		t.Error("without a QR the page must show the name to search for")
	}
}

func TestWallPage_LeadsToOlderMessages(t *testing.T) {
	ms := allKinds()[4:]
	page := render(t, web.WallPage{Lang: web.English, Slug: "gala", Messages: ms})
	if !strings.Contains(page, `href="/wall/gala?before=5&amp;lang=en"`) || !strings.Contains(page, "data-more") {
		t.Error("no way to older messages")
	}
	if strings.Contains(page, "data-older") {
		t.Error("the newest page says that it is older")
	}
	old := render(t, web.WallPage{Lang: web.English, Slug: "gala", Messages: ms, Older: true})
	if !strings.Contains(old, "data-older") || !strings.Contains(old, `href="/wall/gala?lang=en"`) {
		t.Error("no way back to the newest")
	}
	first := render(t, web.WallPage{Lang: web.English, Slug: "gala", Messages: allKinds()})
	if strings.Contains(first, "before=") {
		t.Error("the first messages lead to still older ones")
	}
}

func TestErrorPage_SpeaksBothLanguages(t *testing.T) {
	tests := map[int][2]string{
		404: {"这里什么也没有。", "There is nothing here."},
		410: {"这里的内容已经撤下。", "What was here has been taken down."},
		500: {"我们这边出了问题", "This is our fault."},
		400: {"这个地址不对。", "This address is not right."},
		403: {"这里不对你开放。", "This is not open to you."},
		418: {"我们这边出了问题", "This is our fault."},
	}
	for status, want := range tests {
		page := render(t, web.ErrorPage{Lang: web.Chinese, Status: status})
		if !strings.Contains(page, want[0]) || !strings.Contains(page, want[1]) {
			t.Errorf("%d: %s", status, page)
		}
	}
}

func TestIndexPage_IsOneCalmLine(t *testing.T) {
	page := render(t, web.IndexPage{Lang: web.Chinese})
	if !strings.Contains(page, "把公众号收到的话，放到大家看得见的墙上。") || strings.Contains(page, "/wall/") {
		t.Error(page)
	}
}

func TestLangOf(t *testing.T) {
	tests := []struct {
		address, accept string
		want            web.Lang
	}{
		{"/", "", web.Chinese},
		{"/", "en-GB,en;q=0.9", web.English},
		{"/", "zh-TW,zh;q=0.9,en;q=0.8", web.Chinese},
		{"/", "de-DE,de;q=0.9", web.Chinese},
		{"/", "de-DE,de;q=0.9,en;q=0.5", web.English},
		{"/", "en;q=0.2,zh-CN;q=0.9", web.Chinese},
		{"/", "rubbish;;q=é", web.Chinese},
		{"/", strings.Repeat("en,", 200), web.Chinese},
		{"/?lang=en", "zh-CN", web.English},
		{"/?lang=zh-CN", "en", web.Chinese},
		{"/?lang=xx", "en", web.English},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", tt.address, nil)
		r.Header.Set("Accept-Language", tt.accept)
		if got := web.LangOf(r); got != tt.want {
			t.Errorf("%s with %.30q: %s, want %s", tt.address, tt.accept, got, tt.want)
		}
	}
}
