package filter

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Why a name may not be shown.
const (
	NameReserved = "reserved" // it says that its bearer is host, staff or the account
	NameTaken    = "taken"    // it looks like one that another follower is shown by
	NameWord     = "word"     // it has a listed word
	NameLink     = "link"     // it has an address
)

// staff are words with which a name poses as somebody of the house. As part of a
// name; the Latin ones as a word of it.
var staff = strings.Fields(`主持人 管理员 管理員 工作人员 官方 客服 主办方 承办方 协办方 组委会 会务组 导播 审核员 现场导演 值班室 志愿者服务台
	host admin administrator moderator staff official organizer organiser helpdesk callbackd webmaster`)

// whole are words that pose as the house only when they are all of a name.
var whole = strings.Fields(`系统 系统消息 系统通知 通知 公告 微信 微信团队 公众号 版主 群主 主持 主办 system root support security notice announcement
	wechat weixin wechatteam mc`)

var reserved = sync.OnceValue(func() *Words { return Compile([]List{{Words: staff}}, Options{}) })

var reservedWhole = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, w := range whole {
		m[Skeleton(w)] = true
	}
	return m
})

// Reserved reports whether a name poses as host, staff or the account itself, by
// whatever look-alikes.
func Reserved(name, account string) bool {
	skeleton := Skeleton(name)
	if skeleton == "" {
		return false
	}
	if reservedWhole()[skeleton] || skeleton == Skeleton(account) {
		return true
	}
	if _, ok := reserved().Find(name); ok {
		return true
	}
	if utf8.RuneCountInString(account) < 4 {
		return false // 小明 may well be part of another one's name
	}
	_, ok := Compile([]List{{Words: []string{account}}}, Options{}).Find(name)
	return ok
}

// Skeleton is the same for names that look alike. What a name shows beside letters
// (pictures) is part of it; blanks, marks and punctuation are not. Empty: a name
// without anything to see.
func Skeleton(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unseen(r) {
			continue
		}
		pieces := foldRune(r)
		for _, p := range pieces {
			b.WriteRune(p.r)
		}
		if len(pieces) == 0 && unicode.Is(unicode.So, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// MaxName is how long a name may be that a follower chooses, in characters.
const MaxName = 16

// CleanName is a name as it is kept: without what is not seen, blanks in a row as
// one, in compatibility form only where nothing else was written. False: nothing is
// left, or more than MaxName.
func CleanName(name string) (string, bool) {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == 0x200d || r == 0xfe0f: // within emoji
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	n := utf8.RuneCountInString(name)
	return name, n > 0 && n <= MaxName && Skeleton(name) != ""
}
