package notify_test

import (
	"strings"
	"testing"

	"callbackd"
	"callbackd/notify"
)

func TestParseCommand_CallMe(t *testing.T) {
	for text, want := range map[string]string{
		"叫我 小明": "小明", "我叫 小明": "小明", "叫我：小明": "小明", "叫我: 小明 ": "小明", "叫我\u3000小明": "小明", " 叫我  小  明\n": "小 明",
		"call me Ming": "Ming", "Call Me: Ming Li": "Ming Li", "我叫 买买提·艾力": "买买提·艾力", "叫我 👩‍👩‍👧 一家": "👩‍👩‍👧 一家",
		"叫我 " + strings.Repeat("明", 16): strings.Repeat("明", 16), "叫我 1": "1", "叫我 解绑": "解绑",
	} {
		got, ok := notify.ParseCommand(text)
		if !ok || got != (callbackd.Command{Kind: callbackd.CommandName, Name: want}) {
			t.Errorf("%q: %+v %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"叫我", "叫我 ", "叫我：", "我叫你别走", "叫我小明", "叫我 小明！", "叫我 小明，谢谢", "我叫 小明。你呢", "叫我 a b c", "叫我 小\n明", "请叫我 小明",
		"叫我 " + strings.Repeat("明", 17), "叫我 \u200b", "叫我 …", "call me", "callme Ming", "call me, maybe", "call me when you are there", "calling me Ming",
	} {
		if got, ok := notify.ParseCommand(text); ok {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

// TestReplyTo_CallMe: each refusal says why, and what to do.
func TestReplyTo_CallMe(t *testing.T) {
	for _, c := range []struct {
		why    string
		shown  bool
		says   string
		refuse bool
	}{
		{"", true, "墙上现在叫你「小明」", false}, {"", false, "审核员看过以后", false},
		{"reserved", false, "看起来像主持人", true}, {"taken", false, "请加几个字再试", true}, {"word", false, "这面墙不用的词", true}, {"link", false, "不能有网址", true},
	} {
		r := callbackd.CommandResult{Outcome: callbackd.CommandNamed, Name: "小明", NameWhy: c.why, Shown: c.shown}
		if c.refuse {
			r.Outcome = callbackd.CommandNotCalled
		}
		got := notify.ReplyTo(r)
		if !strings.Contains(got, c.says) || c.refuse != strings.Contains(got, "call me Ming") {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
