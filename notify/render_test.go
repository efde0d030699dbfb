package notify_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"callbackd"
	"callbackd/notify"
)

var alert = notify.Alert{Notice: "n0tice", Seq: 12, Account: "gala", Reason: callbackd.ReasonMention, Name: "小海豚", Words: "新年快乐 <b>&</b>"}

func render(t *testing.T, a notify.Alert, l callbackd.Level, budget int) notify.Frame {
	t.Helper()
	f, err := notify.Render(a, l, budget)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.JSON()); n > budget {
		t.Fatalf("%d bytes in a budget of %d", n, budget)
	}
	if !utf8.Valid(f.JSON()) || strings.Contains(f.Body, "\ufffd") && utf8.ValidString(a.Words) {
		t.Fatalf("cut inside a rune: %q", f.Body)
	}
	return f
}

func TestRender_FramesOfTheContract(t *testing.T) {
	for level, want := range []string{
		`{"type":"notify","nid":"n0tice","seq":12,"account":"gala","level":0,"title":"有人提到了你 · You were mentioned","body":"","url":"/wall/gala?notice=n0tice","tag":"n0tice"}`,
		`{"type":"notify","nid":"n0tice","seq":12,"account":"gala","level":1,"title":"小海豚","body":"","url":"/wall/gala?notice=n0tice","tag":"n0tice"}`,
		`{"type":"notify","nid":"n0tice","seq":12,"account":"gala","level":2,"title":"小海豚","body":"新年快乐 <b>&</b>","url":"/wall/gala?notice=n0tice","tag":"n0tice"}`,
	} {
		if got := string(render(t, alert, callbackd.Level(level), notify.BudgetWebPush).JSON()); got != want {
			t.Errorf("level %d:\n%s\n%s", level, got, want)
		}
	}
	if got := string(notify.CancelFrame("n0tice")); got != `{"type":"cancel","nid":"n0tice"}` {
		t.Error(got)
	}
	silent := alert
	silent.Silent = true
	if !strings.Contains(string(render(t, silent, 0, 4096).JSON()), `"silent":true`) {
		t.Error("silent is not said")
	}
}

func TestRender_WhatIsNoLevelShowsNothing(t *testing.T) {
	for _, l := range []callbackd.Level{-1, 3, 99} {
		if f := render(t, alert, l, 4096); f.Level != 0 || strings.Contains(string(f.JSON()), "海豚") {
			t.Errorf("%d: %s", l, f.JSON())
		}
	}
}

func TestRender_StepsDownByteByByte(t *testing.T) {
	long := alert
	long.Words = strings.Repeat("春晚👨\u200d👩\u200d👧e\u0301🇨🇳👋🏽", 400)
	least := len(render(t, long, 1, 4096).JSON())
	last := callbackd.LevelHint
	for budget := least; budget <= notify.BudgetWebPush+1; budget++ {
		if budget > least+120 && budget < notify.BudgetWebPush-120 {
			budget += 40
		}
		f := render(t, long, 2, budget)
		if f.Level < last {
			t.Fatalf("%d bytes show less than fewer did", budget)
		}
		last = f.Level
		whole := strings.TrimSuffix(f.Body, "…")
		if !strings.HasPrefix(long.Words, whole) {
			t.Fatalf("%q is not how it begins", whole)
		}
		if rest := strings.TrimPrefix(long.Words, whole); f.Level == 2 && !startsWhole(rest) {
			t.Fatalf("cut inside a character: …%q", rest[:min(len(rest), 20)])
		}
	}
	if f := render(t, long, 2, notify.BudgetWebPush); f.Level != 2 || len(f.JSON()) < notify.BudgetWebPush-40 {
		t.Errorf("a budget of %d is used to %d", notify.BudgetWebPush, len(f.JSON()))
	}
	sentence := len(render(t, long, 0, 4096).JSON())
	if _, err := notify.Render(long, 0, sentence-1); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// startsWhole: s begins with one of the characters that the words are made of.
func startsWhole(s string) bool {
	for _, c := range []string{"春", "晚", "👨\u200d👩\u200d👧", "e\u0301", "🇨🇳", "👋🏽"} {
		if strings.HasPrefix(s, c) {
			return true
		}
	}
	return s == ""
}

func TestRender_ALongNameStepsDownToTheSentence(t *testing.T) {
	long := alert
	long.Name = strings.Repeat("海", 100)
	if f := render(t, long, 2, 250); f.Level != 0 || strings.Contains(string(f.JSON()), "海") {
		t.Errorf("%s", f.JSON())
	}
	if f := render(t, alert, 2, len(render(t, alert, 1, 4096).JSON())); f.Level != 1 || f.Body != "" {
		t.Errorf("%s", f.JSON())
	}
	if f := render(t, alert, 2, len(render(t, alert, 1, 4096).JSON())+len("…")); f.Level != 1 || f.Body != "" {
		t.Errorf("an ellipsis is no words: %s", f.JSON())
	}
	nameless := alert
	nameless.Name = " \u202e "
	if f := render(t, nameless, 2, 4096); f.Level != 0 {
		t.Errorf("%s", f.JSON())
	}
	wordless := alert
	wordless.Words = "\n"
	if f := render(t, wordless, 2, 4096); f.Level != 1 {
		t.Errorf("%s", f.JSON())
	}
}

func TestRender_NothingInItTurnsOrBreaksALine(t *testing.T) {
	a := alert
	a.Name, a.Words = "a\u202eb\nc\x00", "x\r\ny\u2066\xff"
	f := render(t, a, 2, 4096)
	if f.Title != "ab c" || f.Body != "x  y\ufffd" {
		t.Errorf("%q %q", f.Title, f.Body)
	}
	var back notify.Frame
	if err := json.Unmarshal(f.JSON(), &back); err != nil || back != f {
		t.Errorf("%v %+v", err, back)
	}
}

func TestRenderText_ForWeChat(t *testing.T) {
	for level, want := range []string{
		"有人提到了你 · You were mentioned\nhttps://w.example/wall/gala?notice=n0tice",
		"小海豚\nhttps://w.example/wall/gala?notice=n0tice",
		"小海豚：新年快乐 <b>&</b>\nhttps://w.example/wall/gala?notice=n0tice",
	} {
		got, err := notify.RenderText(alert, callbackd.Level(level), "https://w.example", notify.BudgetWeChat)
		if err != nil || got != want {
			t.Errorf("%v %q", err, got)
		}
	}
	long := alert
	long.Words = strings.Repeat("春", 2000)
	got, err := notify.RenderText(long, 2, "https://w.example", notify.BudgetWeChat)
	if err != nil || len(got) > notify.BudgetWeChat || len(got) < notify.BudgetWeChat-10 || !strings.HasSuffix(got, "…\nhttps://w.example/wall/gala?notice=n0tice") {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	if _, err := notify.RenderText(alert, 2, "https://w.example", 20); !errors.Is(err, callbackd.ErrInvalid) {
		t.Error(err)
	}
}

func TestSentencesAndLabels_InBothLanguages(t *testing.T) {
	for _, r := range []callbackd.Reason{callbackd.ReasonMention, callbackd.ReasonReceive} {
		if s := notify.Sentence(r); s.ZH == "" || s.EN == "" {
			t.Errorf("%s: %+v", r, s)
		}
	}
	for _, k := range []callbackd.Kind{callbackd.KindImage, callbackd.KindVoice, callbackd.KindVideo, callbackd.KindLocation, callbackd.KindLink, callbackd.KindText} {
		if s := notify.Label(k); s.ZH == "" || s.EN == "" {
			t.Errorf("%s: %+v", k, s)
		}
	}
	for _, k := range notify.Keys() {
		if !reasoned(k) {
			t.Errorf("%s has no words", k)
		}
	}
}
