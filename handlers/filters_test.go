package handlers_test

import (
	"context"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/wall"
)

// TestAuto_FiltersJudgeEveryPartOfWhatArrives: a word is found in texts, places
// and titles, and a list that is imported while the server runs
// counts for what comes next.
func TestAuto_FiltersJudgeEveryPartOfWhatArrives(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("auto", callbackd.ModeSafe, callbackd.ModerationAuto)
	a.Filters = callbackd.FilterOptions{PassFirst: true, PerMinute: -1}
	s.must(s.db.SetAccount(context.Background(), a, "test"))
	words := func(name string, list ...string) {
		s.must(s.db.SetWordList(context.Background(), a.ID, name, list, "test"))
	}
	newest := func(m rehearsal.Message) callbackd.Message {
		s.send(sim, m, 0, rehearsal.SendOptions{})
		return s.rows(a)[0].Message
	}
	text := func(words string) rehearsal.Message {
		return rehearsal.Message{Type: rehearsal.TypeText, Content: words}
	}

	if m := newest(text("您好")); m.State != callbackd.StateHeld || m.Reason != callbackd.HeldNoList {
		t.Errorf("without a list: %s %q", m.State, m.Reason)
	}
	words("市场", "代购", "刷单")
	deadline := time.Now().Add(30 * time.Second)
	for newest(text("你好")).State != callbackd.StateShown {
		if time.Now().After(deadline) {
			t.Fatal("the list that was imported is not looked at")
		}
	}
	for _, c := range []struct {
		name string
		m    rehearsal.Message
		why  callbackd.HeldReason
	}{
		{"plain words", text("大家好"), ""},
		{"a word", text("找我代 购"), "word|市场|代购|text"},
		{"a link", text("看 example.com"), "link"},
		{"a place", rehearsal.Message{Type: rehearsal.TypeLocation, Place: &callbackd.Place{Label: "天安门"}}, ""},
		{"a place with a word", rehearsal.Message{Type: rehearsal.TypeLocation, Place: &callbackd.Place{Label: "代購 中心"}}, "word|市场|代购|place"},
		{"an article", rehearsal.Message{Type: rehearsal.TypeLink, Link: &callbackd.Link{Title: "好文", URL: "http://a.example/"}}, "link"},
		{"an article with a word", rehearsal.Message{Type: rehearsal.TypeLink, Link: &callbackd.Link{Title: "刷★单", URL: "http://a.example/"}}, "word|市场|刷单|title"},
		{"an article about a word", rehearsal.Message{Type: rehearsal.TypeLink, Link: &callbackd.Link{Title: "好文", Description: "刷單", URL: "http://a.example/"}}, "word|市场|刷单|title"},
		{"a voice", sample(rehearsal.TypeVoice), "media"},
	} {
		m := newest(c.m)
		if want := map[bool]callbackd.State{true: callbackd.StateShown, false: callbackd.StateHeld}[c.why == ""]; m.State != want || m.Reason != c.why {
			t.Errorf("%s: %s %q, want %s %q", c.name, m.State, m.Reason, want, c.why)
		}
	}
}

// TestCallMe_TheWallCallsAFollowerAsTheyAsk from the push to the page, and what a
// listed word is answered.
func TestCallMe_TheWallCallsAFollowerAsTheyAsk(t *testing.T) {
	s := newStage(newSite(t), callbackd.ModeSafe)
	s.must(s.db.SetWordList(context.Background(), s.acc.ID, "市场", []string{"代购"}, "test"))
	say := func(words string) rehearsal.Verdict {
		return s.send(s.sim, rehearsal.Message{Type: rehearsal.TypeText, Content: words}, 0, rehearsal.SendOptions{})
	}
	say("大家好")
	s.answered(say("叫我 专业代购"), "这面墙不用的词")
	s.answered(say("叫我 a.example.com"))
	s.answered(say("叫我 管理员"), "看起来像主持人")
	s.answered(say("叫我：阿明"), "墙上现在叫你「阿明」")
	rows := s.rows(s.acc)
	if len(rows) != 2 {
		t.Fatalf("%d messages: a command is none, a sentence is one", len(rows))
	}
	for _, row := range rows {
		if m, ok := wall.View(row); !ok || m.Sender.Name != "阿明" {
			t.Errorf("%v %+v", ok, m.Sender)
		}
	}
}
