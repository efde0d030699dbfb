package notify

import (
	"fmt"
	"strings"
	"unicode"

	"callbackd"
	"callbackd/wall/filter"
)

// longestCall bounds what is looked at for a name, in bytes: pictures are made of
// several characters of four bytes.
const longestCall = 96

// parseName returns the name in a text that is wholly 叫我 NAME. A sentence that
// merely begins so is none: it goes on without a blank or colon, or has punctuation,
// lines, or more than two words.
func parseName(text string) (string, bool) {
	s := strings.TrimFunc(text, isBlank)
	if len(s) > longestCall {
		return "", false
	}
	rest, ok := cutCall(s)
	if !ok || strings.ContainsAny(rest, "\r\n") || strings.ContainsFunc(rest, endsName) {
		return "", false
	}
	name, ok := filter.CleanName(rest)
	return name, ok && strings.Count(name, " ") <= 1
}

// cutCall cuts what asks for a name, with the blank or the colon after it.
func cutCall(s string) (rest string, ok bool) {
	const inEnglish = "call me"
	switch {
	case strings.HasPrefix(s, "叫我"), strings.HasPrefix(s, "我叫"):
		rest = s[len("叫我"):]
	case len(s) > len(inEnglish) && strings.EqualFold(s[:len(inEnglish)], inEnglish):
		rest = s[len(inEnglish):]
	default:
		return "", false
	}
	name := strings.TrimLeftFunc(rest, unicode.IsSpace)
	for _, colon := range []string{":", "："} {
		name = strings.TrimPrefix(name, colon)
	}
	return name, name != rest
}

// endsName holds for punctuation, but for what joins the parts of one name.
func endsName(r rune) bool { return unicode.IsPunct(r) && !strings.ContainsRune("·-_'’", r) }

// Replies to 叫我 NAME.
const (
	replyNamed = "好的，墙上现在叫你「%s」。\n" +
		"Done. The wall calls you %s now."
	replyNameWaits = "好的，审核员看过以后，墙上就叫你「%s」。\n" +
		"Thank you. The wall calls you %s once a moderator has seen it."
	replyNameReserved = "「%s」看起来像主持人、工作人员或公众号自己，所以不能用。请换一个，例如：叫我 小明\n" +
		"%s looks like the host, the staff or this account, so it cannot be used. Please choose another one: call me Ming"
	replyNameTaken = "「%s」和墙上另一位的名字看起来一样，容易认错。请加几个字再试，例如：叫我 三排的小明\n" +
		"%s looks like somebody else's name on this wall. Please add something to it: call me Ming R3"
	replyNameWord = "这个名字里有这面墙不用的词。请换一个，例如：叫我 小明\n" +
		"There is a word in this name that this wall does not use. Please choose another one: call me Ming"
	replyNameLink = "名字里不能有网址。请换一个，例如：叫我 小明\n" +
		"A name cannot hold an address. Please choose another one: call me Ming"
)

func replyToName(r callbackd.CommandResult) string {
	switch {
	case r.Outcome == callbackd.CommandNamed && r.Shown:
		return fmt.Sprintf(replyNamed, r.Name, r.Name)
	case r.Outcome == callbackd.CommandNamed:
		return fmt.Sprintf(replyNameWaits, r.Name, r.Name)
	case r.NameWhy == filter.NameTaken:
		return fmt.Sprintf(replyNameTaken, r.Name, r.Name)
	case r.NameWhy == filter.NameWord:
		return replyNameWord
	case r.NameWhy == filter.NameLink:
		return replyNameLink
	}
	return fmt.Sprintf(replyNameReserved, r.Name, r.Name)
}
