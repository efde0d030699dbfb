package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"callbackd"
)

var testTemplate = callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1", BodyKey: "thing2"}

// takesJSON makes the fake keep the body of a call on a path.
func (f *fakeAPI) takesJSON(path, answer string) *map[string]any {
	got := &map[string]any{}
	f.call = func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			*got = nil
			err = json.Unmarshal(raw, got)
		}
		if err != nil || r.Method != http.MethodPost || r.URL.Path != path || strings.Contains(string(raw), `\u00`) {
			f.t.Errorf("%s %s: %v\n%s", r.Method, r.URL.Path, err, raw)
		}
		_, _ = io.WriteString(w, answer)
	}
	return got
}

func TestSendText(t *testing.T) {
	f := newFakeAPI(t)
	got := f.takesJSON("/cgi-bin/message/custom/send", `{"errcode":0,"errmsg":"ok"}`)
	c, _, _ := f.client()
	if err := c.SendText(t.Context(), apiAccount(), testOpenID, "小海豚：<新年> & 快乐\nhttps://wall.example/wall/gala?notice=n"); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"touser": string(testOpenID), "msgtype": "text",
		"text": map[string]any{"content": "小海豚：<新年> & 快乐\nhttps://wall.example/wall/gala?notice=n"}}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("%v", *got)
	}
}

func TestSendTemplate(t *testing.T) {
	f := newFakeAPI(t)
	got := f.takesJSON("/cgi-bin/message/template/send", `{"errcode":0,"errmsg":"ok","msgid":9007199254740993123}`)
	c, _, _ := f.client()
	send := func(template callbackd.NoticeTemplate, title, body string) map[string]any {
		t.Helper()
		id, err := c.SendTemplate(t.Context(), apiAccount(), testOpenID, template, "https://wall.example/wall/gala?notice=n&x=1", title, body)
		if err != nil || id != "9007199254740993123" {
			t.Fatalf("%q, %v", id, err)
		}
		if (*got)["touser"] != string(testOpenID) || (*got)["template_id"] != "tm-1" || (*got)["url"] != "https://wall.example/wall/gala?notice=n&x=1" {
			t.Errorf("%v", *got)
		}
		data, _ := (*got)["data"].(map[string]any)
		return data
	}
	value := func(s string) map[string]any { return map[string]any{"value": s} }
	if data := send(testTemplate, "小海豚", "新年\r\n快乐\x00"); !reflect.DeepEqual(data, map[string]any{"thing1": value("小海豚"), "thing2": value("新年 快乐")}) {
		t.Errorf("%v", data)
	}
	long := strings.Repeat("春晚👋", 100)
	data := send(callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1", BodyKey: "keyword2"}, long, long)
	for key, most := range map[string]int{"thing1": 20, "keyword2": 200} {
		field, _ := data[key].(map[string]any)
		text, _ := field["value"].(string)
		if utf8.RuneCountInString(text) != most || !strings.HasSuffix(text, "…") || !strings.HasPrefix(long, strings.TrimSuffix(text, "…")) {
			t.Errorf("%s: %q", key, text)
		}
	}
	if data := send(testTemplate, "有新消息", " "); !reflect.DeepEqual(data, map[string]any{"thing1": value("有新消息"), "thing2": value("—")}) {
		t.Errorf("a field without a value: %v", data)
	}
	if data := send(callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1"}, "x", "y"); !reflect.DeepEqual(data, map[string]any{"thing1": value("x")}) {
		t.Errorf("a template of one field: %v", data)
	}
}

func TestSendTemplate_AnAnswerWithoutAnIDIsNoFailure(t *testing.T) {
	for _, answer := range []string{`{"errcode":0,"errmsg":"ok"}`, `{"errcode":0,"errmsg":"ok","msgid":null}`} {
		f := newFakeAPI(t).answers(answer)
		c, _, _ := f.client()
		if id, err := c.SendTemplate(t.Context(), apiAccount(), testOpenID, testTemplate, "", "x", "y"); id != "" || err != nil {
			t.Errorf("%s: %q, %v", answer, id, err)
		}
	}
}

func TestSend_KindsOfErrors(t *testing.T) {
	for code, want := range map[int]string{
		45015: "window", 45047: "window", 40003: "unreachable", 43004: "unreachable", 43019: "unreachable", 48002: "unreachable",
		40037: "template", 43101: "template", 43116: "template", 45009: "", 48001: "", 42001: "", -1: "",
	} {
		f := newFakeAPI(t).answers(fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code))
		c, _, _ := f.client()
		text := c.SendText(t.Context(), apiAccount(), testOpenID, "x")
		_, template := c.SendTemplate(t.Context(), apiAccount(), testOpenID, testTemplate, "", "x", "y")
		for _, err := range []error{text, template, fmt.Errorf("wrapped: %w", text)} {
			if err == nil || IsOutsideWindow(err) != (want == "window") || IsUnreachableFollower(err) != (want == "unreachable") ||
				IsTemplateRefused(err) != (want == "template") {
				t.Errorf("%d: window %v, unreachable %v, template %v: %v", code, IsOutsideWindow(err), IsUnreachableFollower(err), IsTemplateRefused(err), err)
			}
		}
	}
	for _, err := range []error{nil, io.EOF, ErrNoAPI, &statusError{Status: 500}} {
		if IsOutsideWindow(err) || IsUnreachableFollower(err) || IsTemplateRefused(err) {
			t.Errorf("%v is none of the three", err)
		}
	}
}

// A message that is short must not cost the error its cause.
func TestSend_TheCauseOfAnErrorStays(t *testing.T) {
	f := newFakeAPI(t)
	f.call = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	c, _, _ := f.client()
	if _, err := c.Token(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	c.callTimeout = 1
	if err := c.SendText(t.Context(), apiAccount(), testOpenID, "e"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	var e *APIError
	c, _, _ = newFakeAPI(t).answers(`{"errcode":45015,"errmsg":"response out of time limit"}`).client()
	if err := c.SendText(t.Context(), apiAccount(), testOpenID, "新年"); !errors.As(err, &e) || e.Message != "response out of time limit" {
		t.Errorf("%v", err)
	}
}

func TestSend_NoErrorNamesTheFollower(t *testing.T) {
	f := newFakeAPI(t).answers(`{"errcode":40003,"errmsg":"invalid openid ` + string(testOpenID) + `"}`)
	c, _, log := f.client()
	text := c.SendText(t.Context(), apiAccount(), testOpenID, "新年")
	_, template := c.SendTemplate(t.Context(), apiAccount(), testOpenID, testTemplate, "", "新年", "快乐")
	for _, err := range []error{text, template} {
		if err == nil || !strings.Contains(err.Error(), "invalid openid [secret]") {
			t.Errorf("%v", err)
		}
	}
	noSecrets(t, log.String())
}
