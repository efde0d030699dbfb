package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWords_ImportListTryRemove(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "auto"})
	if out := s.done("hallo\n", "words", "spring", "try", "-"); out != "held\tno-list\t\"hallo\"\n" {
		t.Error(out)
	}
	if out := s.done("# remark\n代购, 刷单\n\n代购\n!!\n", "words", "spring", "import", "市场", "-"); out != "市场\t2\n" {
		t.Error(out)
	}
	if out := s.done("", "words", "spring", "list"); !strings.HasPrefix(out, "市场\t2\t20") {
		t.Error(out)
	}
	if out := s.done("你好\n代 購\nexample.com", "words", "spring", "try", "-"); out != "shown\t\t\"你好\"\nheld\tword|市场|代购|text\t\"代 購\"\nheld\tlink\t\"example.com\"\n" {
		t.Error(out)
	}
	s.done("", "words", "spring", "remove", "市场")
	s.refused(exitFailure, "there is no word list", "", "words", "spring", "remove", "市场")
	s.refused(exitFailure, "no word in it", "# nothing\n", "words", "spring", "import", "leer", "-")
	s.refused(exitUsage, "write import, list, remove or try", "", "words", "spring", "export")
	s.refused(exitUsage, "takes 2 more", "", "words", "spring", "import", "leer")
}

func TestAccount_Filters(t *testing.T) {
	s := newShell(t)
	filters := func(out string) string {
		var a struct{ Filters json.RawMessage }
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(a.Filters)), "")
	}
	const usual = `{"per_minute":6,"hold_first":true,"pinyin":false}`
	s.add("spring", nil)
	set := func(in string) string { return filters(s.done(in, "account", "set", "spring", "--from", "-")) }
	for _, c := range []struct{ in, want string }{
		{`{}`, usual},
		{`{"filters":{"per_minute":0,"hold_first":false,"pinyin":true}}`, `{"per_minute":0,"hold_first":false,"pinyin":true}`},
		{`{"filters":{"per_minute":3}}`, `{"per_minute":3,"hold_first":false,"pinyin":true}`},
		{`{"filters":{"per_minute":null,"hold_first":null,"pinyin":null}}`, usual},
		{`{"filters":{"checker":{"url":"https://checker.example/x","secret":"hush-hush"}}}`,
			`{"per_minute":6,"hold_first":true,"pinyin":false,"checker":{"url":"https://checker.example/x","secret":"[secret]"}}`},
		{`{"filters":{"checker":null,"per_minute":1}}`, `{"per_minute":1,"hold_first":true,"pinyin":false}`},
		{`{"filters":null}`, usual},
	} {
		if got := set(c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
	for in, words := range map[string]string{
		`{"filters":{"per_minute":-1}}`:                                   "filters.per_minute",
		`{"filters":{"pinyin":"yes"}}`:                                    "filters.pinyin",
		`{"filters":{"checker":{"url":"ftp://x"}}}`:                       "filters.checker.url",
		`{"filters":{"checker":{"url":"https://a:hush-hush@x.example"}}}`: "filters.checker.url",
		`{"filters":{"words":[]}}`:                                        "unknown key \"words\" in filters",
	} {
		s.refused(exitFailure, words, in, "account", "set", "spring", "--from", "-")
	}
}
