package notify_test

import (
	"strings"
	"testing"

	"callbackd"
	"callbackd/notify"
)

func TestParseCommand(t *testing.T) {
	on, off := callbackd.Command{Kind: callbackd.CommandReceiveOn}, callbackd.Command{Kind: callbackd.CommandReceiveOff}
	more, less := callbackd.Command{Kind: callbackd.CommandDetailOn}, callbackd.Command{Kind: callbackd.CommandDetailOff}
	yes, free := callbackd.Command{Kind: callbackd.CommandYes}, callbackd.Command{Kind: callbackd.CommandUnbind}
	code := func(c string) callbackd.Command { return callbackd.Command{Kind: callbackd.CommandBind, Code: c} }
	for text, want := range map[string]callbackd.Command{
		"通知 开": on, "通知开": on, "通知 開": on, "通知開": on, "  通知\u3000 开\n": on, "\u200b通知\u2005开\ufeff": on,
		"通知 关": off, "通知關": off,
		"详情 开": more, "详情開": more, "詳情 開": more, "詳情 开": more,
		"详情 关": less, "详情關": less, "詳情 關": less,
		"解绑": free, "解綁": free, " 解绑 ": free,
		"1": yes, "１": yes, "\t1 ": yes,
		"ABCD2345": code("ABCD2345"), "abcd2345": code("ABCD2345"), "ＡｂＣｄ２３４５": code("ABCD2345"), " ABCD2345\r\n": code("ABCD2345"),
		"\u200eABCD2345\u200f": code("ABCD2345"), "2222222A": code("2222222A"), "ZZZZZZZ9": code("ZZZZZZZ9"),
	} {
		if got, ok := notify.ParseCommand(text); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", " ", "通知", "通知 开！", "请通知 开", "通知开了", "通知 开 关", "通 知 开", "提醒 开", "通知 on", "通知 打开",
		"详情", "情 开", "知开", "详情 开\n好", "解 绑", "解绑我", "不解绑",
		"11", "1.", "１１", "一", "-1", "0", "2",
		"ABCD234", "ABCD23456", "ABCD 2345", "ABCD-2345", "ABCDEFGH", "23456789", "ABCD1234", "ABCD2340", "ABCDI234", "ABCDO234",
		"ABCD234五", "ABCD234ſ", "\u212aBCD2345", "我的码ABCD2345",
		"通知" + strings.Repeat(" ", 100) + "开", strings.Repeat("x", 100_000),
	} {
		if got, ok := notify.ParseCommand(text); ok || got != (callbackd.Command{}) {
			t.Errorf("%q is %+v", text, got)
		}
	}
	if got, ok := notify.ParseCommand(strings.Repeat(" ", 1000) + "1" + strings.Repeat("\n", 1000)); !ok || got != yes {
		t.Errorf("blanks around: %+v, %v", got, ok)
	}
}

func TestNewCode_IsTakenForACodeAndForNothingElse(t *testing.T) {
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	used, seen := map[rune]bool{}, map[string]bool{}
	for range 2000 {
		code := notify.NewCode()
		if seen[code] {
			t.Fatalf("%s was drawn twice", code)
		}
		seen[code] = true
		for _, r := range code {
			used[r] = true
		}
		for _, text := range []string{code, strings.ToLower(code)} {
			if c, ok := notify.ParseCommand(text); !ok || c.Kind != callbackd.CommandBind || c.Code != code {
				t.Fatalf("%s: %+v, %v", text, c, ok)
			}
		}
		if got, ok := callbackd.CodeOfScene("qrscene_" + callbackd.SceneOfCode(code)); !ok || got != code {
			t.Fatalf("scene of %s: %s, %v", code, got, ok)
		}
	}
	if len(used) != len(alphabet) || strings.Trim(strings.Join(keys(used), ""), alphabet) != "" {
		t.Errorf("drawn from %v", keys(used))
	}
}

func keys(m map[rune]bool) []string {
	var out []string
	for r := range m {
		out = append(out, string(r))
	}
	return out
}

func TestReplyTo(t *testing.T) {
	set := func(receive bool, detail callbackd.Level) callbackd.CommandResult {
		return callbackd.CommandResult{Outcome: callbackd.CommandSet, Preferences: callbackd.Preferences{Receive: receive, Detail: detail}}
	}
	for _, c := range []struct {
		result callbackd.CommandResult
		want   []string
	}{
		{callbackd.CommandResult{Outcome: callbackd.CommandAsk}, []string{"有浏览器请求以你的名义接收和发言，回复 1 确认", "5 分钟", "reply 1"}},
		{callbackd.CommandResult{Outcome: callbackd.CommandAgreed}, []string{"浏览器", "browser"}},
		{callbackd.CommandResult{Outcome: callbackd.CommandExpired}, []string{"过期", "too old"}},
		{callbackd.CommandResult{Outcome: callbackd.CommandLocked}, []string{"太多", "Too many"}},
		{set(true, callbackd.LevelName), []string{"通知：开", "详情：开（显示名字）", "Notices: on", "details: on (names)"}},
		{set(true, callbackd.LevelWords), []string{"通知：开", "详情：开（显示名字和内容）", "details: on (names and words)"}},
		{set(false, callbackd.LevelHint), []string{"通知：关", "详情：关", "Notices: off", "details: off"}},
		{callbackd.CommandResult{Outcome: callbackd.CommandUnbound, Viewers: 3}, []string{"已解绑 3 个", "Unbound: 3"}},
		{callbackd.CommandResult{Outcome: callbackd.CommandUnbound}, []string{"没有绑定", "No browser"}},
	} {
		got := notify.ReplyTo(c.result)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%+v: %q does not say %q", c.result, got, want)
			}
		}
		if first := []rune(got)[0]; first < 0x4E00 || first > 0x9FFF {
			t.Errorf("%q does not begin in the follower's language", got)
		}
		if len(got) > 600 {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
	if got := notify.ReplyTo(callbackd.CommandResult{}); got != "" {
		t.Errorf("no command: %q", got)
	}
}

// A command is wholly one: it is short, and says the same again however its
// blanks, width and case are.
func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{"通知 开", "通知關", "详情\u3000关", "詳情開", "解綁", "１", "ABCD2345", "ａｂｃｄ２３４５", "\u200bABCD2345\n", "通知", "11",
		"\xff\xfe1", "ABCD234ſ", "\u212aBCD2345", "通知\u202e开"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := notify.ParseCommand(text)
		if !ok {
			if got != (callbackd.Command{}) {
				t.Fatalf("%q is none, and %+v", text, got)
			}
			return
		}
		if (got.Kind == callbackd.CommandBind) != (got.Code != "") {
			t.Fatalf("%q: %+v", text, got)
		}
		again := " " + strings.ToLower(text) + "\u3000"
		if c, ok := notify.ParseCommand(again); !ok || c != got {
			t.Fatalf("%q: %+v, %q: %+v, %v", text, got, again, c, ok)
		}
		if got.Code != "" {
			if c, ok := notify.ParseCommand(got.Code); !ok || c != got {
				t.Fatalf("%q is no code by itself", got.Code)
			}
		}
	})
}
