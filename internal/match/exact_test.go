package match_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
)

func TestExactID(t *testing.T) {
	for _, tc := range []struct {
		name string
		time int64
		id   uint64
		want uint64
		ok   bool
	}{
		{"2013–2018", 1380000000, 1380000000<<32 | 75, 75, true},
		{"recognised voice", 1380000000, 1380000000 << 32, 0, false},
		{"since 2019", 1550000000, 1550000000/300<<32 | 4711, 4711, false},
		{"another second", 1380000000, 1380000001<<32 | 75, 75, false},
		{"no id", 1380000000, 0, 0, false},
		{"no time", 0, 75, 75, false},
	} {
		got, ok := match.ExactID(match.Push{Time: tc.time, MsgID: tc.id})
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("%s: %d %v", tc.name, got, ok)
		}
	}
}

func TestCompatible(t *testing.T) {
	const at = crowdStart
	push := func(k callbackd.Kind, text string) match.Push { return match.Push{Time: at, Kind: k, Text: text} }
	line := func(k callbackd.Kind, d int64, text string) match.Entry {
		return match.Entry{Kind: k, Time: at + d, Text: text}
	}
	for _, tc := range []struct {
		name string
		p    match.Push
		e    match.Entry
		want bool
	}{
		{"same words", push("text", "你好"), line("text", 1, "你好"), true},
		{"other words", push("text", "你好"), line("text", 1, "您好"), false},
		{"escaped on the page", push("text", "a<b & \"c\"\nd"), line("text", 0, "a&lt;b&nbsp;&amp; &quot;c&quot;<br/>d"), true},
		{"escaped by the follower", push("text", "&amp;lt;"), line("text", 0, "&amp;lt;"), true},
		{"face as word", push("text", "好/::)/::<"), line("text", 0, "好[微笑][流泪]"), true},
		{"another face", push("text", "好/::)"), line("text", 0, "好[流泪]"), false},
		{"earliest", push("text", "好"), line("text", -5, "好"), true},
		{"too early", push("text", "好"), line("text", -6, "好"), false},
		{"latest", push("text", "好"), line("text", 15, "好"), true},
		{"too late", push("text", "好"), line("text", 16, "好"), false},
		{"voice", push("voice", ""), line("voice", 3, ""), true},
		{"recognised voice has no words on the page", push("voice", "你好"), line("voice", 3, ""), true},
		{"voice is no picture", push("voice", ""), line("image", 3, ""), false},
		{"kind of a later page", push("video", ""), line("", 3, ""), true},
		{"text is not of unknown kind", push("text", "好"), line("", 3, ""), false},
		{"place", push("location", "海淀区"), line("text", 0, "我的位置:\nhttp://url.cn/abc"), true},
		{"place against words", push("location", "海淀区"), line("text", 0, "你好"), false},
		{"link", push("link", ""), line("link", 0, ""), true},
		{"link is no text", push("link", ""), line("text", 0, "你好"), false},
	} {
		if got := match.Compatible(tc.p, tc.e, match.DefaultWindow); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestExactPairs_Trusted(t *testing.T) {
	push := func(id uint32, kind callbackd.Kind, text string) match.Push {
		return match.Push{Time: crowdStart, MsgID: crowdStart<<32 | uint64(id), Kind: kind, Text: text}
	}
	entries := []match.Entry{
		{ID: 1, Kind: "text", Time: crowdStart, Text: "甲"}, {ID: 2, Kind: "voice", Time: crowdStart},
		{ID: 3, Kind: "text", Time: crowdStart, Text: "丙"}, {ID: 4, Kind: "text", Time: crowdStart + 60, Text: "丁"},
	}
	good := []match.Push{push(1, "text", "甲"), push(2, "voice", ""), push(3, "text", "丙")}
	if got := match.ExactIDs(good, entries, match.DefaultWindow).Trusted(good); len(got) != 3 {
		t.Errorf("all agree: %v", got)
	}
	one := append(good[:3:3], push(4, "text", "丁")) // time does not fit
	if got := match.ExactIDs(one, entries, match.DefaultWindow).Trusted(one); len(got) != 2 {
		t.Errorf("one disagrees: %v, want the two with words", got)
	}
	many := []match.Push{push(1, "text", "甲"), push(3, "voice", ""), push(4, "text", "丁")}
	if got := match.ExactIDs(many, entries, match.DefaultWindow).Trusted(many); len(got) != 0 {
		t.Errorf("most disagree: %v", got)
	}
}

func TestSweep_Covers(t *testing.T) {
	at := time.Unix(crowdStart+100, 0)
	entries := []match.Entry{entry(7, "1", crowdStart+30, "甲"), entry(5, "1", crowdStart+20, "乙")}
	push := func(sent int64, ago time.Duration) match.Push {
		return match.Push{Time: sent, ReceivedAt: at.Add(-ago)}
	}
	for _, tc := range []struct {
		name string
		p    match.Push
		all  bool
		want bool
	}{
		{"within", push(crowdStart+26, time.Minute), false, true},
		{"may lie below the oldest line", push(crowdStart+25, time.Minute), false, false},
		{"old, everything read", push(crowdStart-9000, time.Hour), true, true},
		{"just received", push(crowdStart+90, 5*time.Second), false, false},
		{"settled", push(crowdStart+90, 6*time.Second), false, true},
		{"gone from the page", push(crowdStart+90, 4*24*time.Hour+time.Second), true, false},
		{"received at an unknown moment", match.Push{Time: crowdStart + 90}, true, false},
	} {
		if got := match.NewSweep(at, entries, tc.all).Covers(tc.p, match.DefaultWindow); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	if match.NewSweep(at, nil, false).Covers(push(crowdStart+90, time.Minute), match.DefaultWindow) {
		t.Error("a reading that brought nothing covers something")
	}
}
