package notify

import (
	"crypto/rand"
	"fmt"
	"strings"
	"unicode"

	"callbackd"
)

// codeAlphabet has no characters that are read for one another (0 O, 1 I).
const codeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

const codeLength = 8

// NewCode draws a code that binds a viewer. It always holds a figure and a
// letter, so that neither a number nor a word is one.
func NewCode() string {
	for {
		var b [codeLength]byte
		_, _ = rand.Read(b[:]) // crypto/rand.Read never fails since Go 1.24
		for i := range b {
			b[i] = codeAlphabet[int(b[i])%len(codeAlphabet)] // 32 divides 256: each is as likely
		}
		if isCode(string(b[:])) {
			return string(b[:])
		}
	}
}

func isCode(s string) bool {
	if len(s) != codeLength || strings.Trim(s, codeAlphabet) != "" {
		return false
	}
	return strings.ContainsAny(s, "23456789") && strings.Trim(s, "23456789") != ""
}

// switches are the commands that say 开 or 关 after their name.
var switches = []struct {
	name    string
	on, off callbackd.CommandKind
}{
	{"通知", callbackd.CommandReceiveOn, callbackd.CommandReceiveOff},
	{"详情", callbackd.CommandDetailOn, callbackd.CommandDetailOff},
	{"詳情", callbackd.CommandDetailOn, callbackd.CommandDetailOff},
}

// longestCommand bounds what is looked at, in bytes: a code in full width, and
// room for the blanks between a switch and its state.
const longestCommand = 64

// ParseCommand tells whether a text is wholly a command, apart from blanks around
// it, width, and the case of a code. What it takes for a code, or for a yes, may
// be a word after all: see callbackd.Command.
func ParseCommand(text string) (callbackd.Command, bool) {
	if name, ok := parseName(text); ok {
		return callbackd.Command{Kind: callbackd.CommandName, Name: name}, true
	}
	s := strings.TrimFunc(text, isBlank)
	if len(s) > longestCommand {
		return callbackd.Command{}, false
	}
	s = strings.Map(foldWidth, s)
	switch s {
	case "1":
		return callbackd.Command{Kind: callbackd.CommandYes}, true
	case "解绑", "解綁":
		return callbackd.Command{Kind: callbackd.CommandUnbind}, true
	case "紧急停播", "緊急停播", "panic", "PANIC", "Panic":
		return callbackd.Command{Kind: callbackd.CommandPanic}, true
	case "恢复上墙", "恢復上牆", "resume", "RESUME", "Resume":
		return callbackd.Command{Kind: callbackd.CommandResume}, true
	}
	for _, sw := range switches {
		if state, ok := strings.CutPrefix(s, sw.name); ok {
			switch strings.TrimLeftFunc(state, isBlank) {
			case "开", "開":
				return callbackd.Command{Kind: sw.on}, true
			case "关", "關":
				return callbackd.Command{Kind: sw.off}, true
			}
		}
	}
	if code := strings.Map(upperCase, s); isCode(code) {
		return callbackd.Command{Kind: callbackd.CommandBind, Code: code}, true
	}
	return callbackd.Command{}, false
}

// isBlank holds for blanks and for what is not seen: marks of direction and the
// like come along when a code is copied.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// upperCase is of ASCII alone: other letters become ASCII in upper case (ſ, S).
func upperCase(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// foldWidth turns full-width ASCII into ASCII.
func foldWidth(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	return r
}

// Replies to commands, the follower's language first.
const (
	replyAsk = "有浏览器请求以你的名义接收和发言，回复 1 确认。不是你自己打开的，请不要理会，%d 分钟后失效。\n" +
		"A browser asks to read and write in your name: reply 1 to confirm. If it is not yours, ignore this; it lapses in %d minutes."
	replyAgreed = "好的。请回到浏览器，在那里再确认一次。\n" +
		"Done. Go back to the browser and confirm there too."
	replyExpired = "这个验证码已经用过或已过期，请在浏览器里重新获取。\n" +
		"This code was used or is too old. Get a new one in the browser."
	replyLocked = "错误的验证码太多，请一小时后再试。\n" +
		"Too many wrong codes. Try again in an hour."
	replySet = "通知：%s；详情：%s。\n" +
		"Notices: %s; details: %s."
	replyUnbound = "已解绑 %d 个浏览器或应用，它们不再收到通知，也不能以你的名义发言。\n" +
		"Unbound: %d. They get no more notices and cannot write in your name."
	replyChief = "已绑定。你可以发送「紧急停播」立刻把大屏换成静止画面，发送「恢复上墙」继续。\n" +
		"Bound. Send panic to put the still card on every screen at once, and resume to go on."
	replyPanicked = "已停播：所有页面显示静止画面，消息照常进入审核队列。发送「恢复上墙」继续。\n" +
		"Halted: every page shows the still card, and the queue goes on filling. Send resume to go on."
	replyResumed = "已恢复上墙。\n" +
		"The wall goes on."
	replyUnsealed = "没有执行：公众号现在用明文模式，无法确认这条消息真的是你发的。请在公众平台改用安全模式，或在工作台操作。\n" +
		"Not done: in plain mode nobody can know that this came from you. Switch the account to safe mode, or use the desk."
	replyNoneBound = "没有绑定的浏览器或应用。\n" +
		"No browser or app is bound to you."
)

// ReplyTo is what a follower is answered to a command; empty: it was none.
func ReplyTo(r callbackd.CommandResult) string {
	switch r.Outcome {
	case callbackd.CommandAsk:
		return fmt.Sprintf(replyAsk, callbackd.BindingMinutes, callbackd.BindingMinutes)
	case callbackd.CommandAgreed:
		return replyAgreed
	case callbackd.CommandExpired:
		return replyExpired
	case callbackd.CommandLocked:
		return replyLocked
	case callbackd.CommandSet:
		return replyToSwitch(r.Preferences)
	case callbackd.CommandUnbound:
		if r.Viewers == 0 {
			return replyNoneBound
		}
		return fmt.Sprintf(replyUnbound, r.Viewers, r.Viewers)
	case callbackd.CommandChief:
		return replyChief
	case callbackd.CommandPanicked:
		return replyPanicked
	case callbackd.CommandResumed:
		return replyResumed
	case callbackd.CommandUnsealed:
		return replyUnsealed
	case callbackd.CommandNamed, callbackd.CommandNotCalled:
		return replyToName(r)
	}
	return ""
}

func replyToSwitch(p callbackd.Preferences) string {
	receiveZH, receiveEN := "关（只在有人提到你时提醒）", "off (only when somebody mentions you)"
	if p.Receive {
		receiveZH, receiveEN = "开", "on"
	}
	detailZH, detailEN := "关（不显示名字和内容）", "off (no names, no words)"
	switch p.Detail {
	case callbackd.LevelName:
		detailZH, detailEN = "开（显示名字）", "on (names)"
	case callbackd.LevelWords:
		detailZH, detailEN = "开（显示名字和内容）", "on (names and words)"
	}
	return fmt.Sprintf(replySet, receiveZH, detailZH, receiveEN, detailEN)
}
