package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"callbackd"
)

func TestAccount_NoticesComeBack(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"mention_detection": "off", "receive_switch": "off", "mention_exclusive": "on",
		"notice_template": map[string]any{"id": "tm-1", "title": "thing1", "body": "thing2"}})
	want := callbackd.NoticeOptions{Group: callbackd.GroupOptions{IgnoreMentions: true, NoReceiveSwitch: true, MentionExclusive: true},
		Template: &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1", BodyKey: "thing2"}}
	if got := s.account("spring").Notices; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	shown := s.done("", "account", "show", "spring")
	var got map[string]any
	s.must(json.Unmarshal([]byte(shown), &got))
	if got["mention_detection"] != "off" || got["receive_switch"] != "off" || got["mention_exclusive"] != "on" ||
		!reflect.DeepEqual(got["notice_template"], map[string]any{"id": "tm-1", "title": "thing1", "body": "thing2"}) {
		t.Errorf("%s", shown)
	}
	for _, key := range []string{"slug", "callback_url", "wall_url"} {
		delete(got, key)
	}
	again, err := json.Marshal(map[string]any{"mention_detection": got["mention_detection"], "receive_switch": got["receive_switch"],
		"mention_exclusive": got["mention_exclusive"], "notice_template": got["notice_template"]})
	s.must(err)
	s.done(string(again), "account", "set", "spring", "--from", "-") // what show prints, set takes
	if got := s.account("spring").Notices; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAccountSet_NoticesMissingStaysNullRemoves(t *testing.T) {
	type options = callbackd.NoticeOptions
	s := newShell(t)
	s.add("spring", map[string]any{"mention_exclusive": "on", "receive_switch": "off", "notice_template": map[string]any{"id": "tm-1", "title": "thing1", "body": "thing2"}})
	want := s.account("spring").Notices
	for _, step := range []struct {
		input  string
		change func(*options)
	}{
		{`{}`, func(*options) {}},
		{`{"name":"元宵"}`, func(*options) {}},
		{`{"mention_detection":"off"}`, func(o *options) { o.Group.IgnoreMentions = true }},
		{`{"mention_detection":"on"}`, func(o *options) { o.Group.IgnoreMentions = false }},
		{`{"mention_exclusive":null}`, func(o *options) { o.Group.MentionExclusive = false }},
		{`{"mention_exclusive":"on"}`, func(o *options) { o.Group.MentionExclusive = true }},
		{`{"mention_exclusive":"off"}`, func(o *options) { o.Group.MentionExclusive = false }},
		{`{"receive_switch":""}`, func(o *options) { o.Group.NoReceiveSwitch = false }},
		{`{"notice_template":{}}`, func(*options) {}},
		{`{"notice_template":{"body":"thing3"}}`, func(o *options) {
			o.Template = &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1", BodyKey: "thing3"}
		}},
		{`{"notice_template":{"body":null}}`, func(o *options) { o.Template = &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1"} }},
		{`{"notice_template":null}`, func(o *options) { o.Template = nil }},
		{`{"notice_template":{"id":"tm-2","title":"keyword1"}}`, func(o *options) { o.Template = &callbackd.NoticeTemplate{ID: "tm-2", TitleKey: "keyword1"} }},
		{`{"notice_template":{"id":"","title":"","body":""}}`, func(o *options) { o.Template = nil }},
		{`{"notice_template":""}`, func(o *options) { o.Template = nil }},
	} {
		s.done(step.input, "account", "set", "spring", "--from", "-")
		step.change(&want)
		if got := s.account("spring").Notices; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", step.input, got, want)
		}
	}
}

func TestAccountAdd_RefusesNoticesThatCannotWork(t *testing.T) {
	type m = map[string]any
	s := newShell(t)
	template := func(id, title, body string) m { return m{"notice_template": m{"id": id, "title": title, "body": body}} }
	for name, c := range map[string]struct{ input, words string }{
		"another word":         {accountJSON(m{"mention_detection": "yes"}), `mention_detection "yes": write on or off`},
		"a boolean":            {accountJSON(m{"receive_switch": false}), "receive_switch: write a word in quotes"},
		"other letters":        {accountJSON(m{"mention_exclusive": "On"}), `mention_exclusive "On": write on or off`},
		"a template's id":      {accountJSON(m{"notice_template": "tm-1"}), "notice_template is not a JSON object"},
		"unknown key":          {accountJSON(m{"notice_template": m{"id": "tm-1", "name": "thing1"}}), `unknown key "name" in notice_template`},
		"a number":             {accountJSON(m{"notice_template": m{"id": 1}}), "notice_template.id: write a word in quotes"},
		"no id":                {accountJSON(template("", "thing1", "thing2")), "notice_template.id is missing"},
		"id of two words":      {accountJSON(template("tm 1", "thing1", "thing2")), "notice_template.id: it is one word"},
		"no field":             {accountJSON(template("tm-1", "", "thing2")), "notice_template.title is missing"},
		"one field twice":      {accountJSON(template("tm-1", "thing1", "thing1")), "title and body are both thing1"},
		"field with its frame": {accountJSON(template("tm-1", "{{thing1.DATA}}", "thing2")), "write it like thing1"},
		"body with its frame":  {accountJSON(template("tm-1", "thing1", "thing2.DATA")), "write it like thing1"},
		"no API": {accountJSON(m{"app_id": nil, "app_secret": nil, "aes_key": nil, "mode": "plain", "notice_template": m{"id": "tm-1", "title": "thing1"}}),
			"notice_template needs app_id and app_secret"},
	} {
		t.Run(name, func(t *testing.T) {
			s.T = t
			s.refused(exitFailure, c.words, c.input, "account", "add", "spring", "--from", "-")
		})
	}
}
