package notify

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"callbackd"
)

// Names answers who is called what among the followers of one account. For text
// that came from WeChat, ByToken knows nobody: tokens are our composer's.
type Names interface {
	// ByName returns the followers whose folded name (FoldName) this is; two are
	// enough to know that it is ambiguous.
	ByName(folded string) []callbackd.SenderID
	// ByToken returns whom the composer's chooser meant.
	ByToken(token string) (callbackd.SenderID, bool)
}

const (
	longestName  = 64       // folded characters of a name that are looked at
	mostAts      = 200      // places of one text that are looked at; longer texts are nobody's names
	afterMention = '\u2005' // WeChat writes it after a name that was chosen
)

// token is what the composer writes for a person who was chosen: @{…}. The page
// shows the name in its place (ReplaceTokens).
var token = regexp.MustCompile(`^@\{([0-9a-z]{8,40})\}`)

var anyToken = regexp.MustCompile(`@\{([0-9a-z]{8,40})\}`)

// ReplaceTokens puts names in the place of the composer's tokens; one that is
// unknown becomes "@…".
func ReplaceTokens(text string, name func(token string) (string, bool)) string {
	return anyToken.ReplaceAllStringFunc(text, func(t string) string {
		if n, ok := name(t[2 : len(t)-1]); ok {
			return "@" + n
		}
		return "@…"
	})
}

// ResolveMentions finds whom a text mentions, in its order, each once, never its
// author, at most MaxMentions. The rules of a plain @name:
//
//   - The longest name after the @ that some follower has. When two have it, nobody
//     is meant: a shorter name would be a third person's.
//   - Case, width (Ａ, ＠), emoji style selectors and invisible characters do not
//     count; runs of blanks are one. Nothing else is folded: 張 and 张 are two names.
//   - A name does not end inside a word of letters or figures (@tom in @tomorrow),
//     nor inside an emoji of several parts. Scripts without blanks have no such
//     bound: @张三你好 is 张三.
//   - Where WeChat marks the end of a chosen name (U+2005), the name is the whole of
//     it or nobody's.
//   - An @ inside an address (a@b.com) is none.
func ResolveMentions(text string, names Names, author callbackd.SenderID) []callbackd.SenderID {
	var found []callbackd.SenderID
	scan(text, func(at place) int {
		id, next := at.resolve(names)
		if id != 0 && id != author && len(found) < MaxMentions && !slices.Contains(found, id) {
			found = append(found, id)
		}
		return next
	})
	return found
}

// MentionKeys returns the folded names and the tokens that ResolveMentions may
// ask for, so that a store can look all of them up at once.
func MentionKeys(text string) (names, tokens []string) {
	seen := map[string]bool{}
	scan(text, func(at place) int {
		if at.token != "" {
			tokens = append(tokens, at.token)
			return at.end
		}
		for _, n := range at.names {
			if !seen[n.key] {
				seen[n.key] = true
				names = append(names, n.key)
			}
		}
		return 0
	})
	return names, tokens
}

// place is one @ of a text with what may follow it.
type place struct {
	token string
	end   int    // after the token
	names []name // the longest first; where U+2005 ends it, the whole alone
}

type name struct {
	key string
	end int // in runes after the @
}

// resolve returns who is meant, 0 for nobody, and how many runes after the @ are
// part of it.
func (p place) resolve(names Names) (callbackd.SenderID, int) {
	if p.token != "" {
		id, _ := names.ByToken(p.token)
		return id, p.end
	}
	for _, n := range p.names {
		if who := names.ByName(n.key); len(who) > 0 {
			return only(who), n.end
		}
	}
	return 0, 0
}

func only(who []callbackd.SenderID) callbackd.SenderID {
	if len(who) != 1 {
		return 0
	}
	return who[0]
}

// scan visits every @ of a text; visit returns how many runes after it are used up.
func scan(text string, visit func(place) int) {
	rs := []rune(strings.ToValidUTF8(text, "\ufffd"))
	ats := 0
	for i := 0; i < len(rs) && ats < mostAts; i++ {
		if !isAt(rs[i]) || insideAddress(rs, i) {
			continue
		}
		ats++
		i += visit(placeAt(rs[i+1:]))
	}
}

func placeAt(after []rune) place {
	head := string(after[:min(len(after), 44)])
	if m := token.FindStringSubmatch("@" + head); m != nil {
		return place{token: m[1], end: len(m[1]) + 2}
	}
	var p place
	var key folder
	var last rune // that counts
	for i, r := range after {
		if r == '\n' || r == '\r' || key.runes > longestName || i > 4*longestName || i == 0 && unicode.IsSpace(r) {
			break
		}
		if r == afterMention && key.runes > 0 && !slices.ContainsFunc(after[:i], isAt) {
			return place{names: []name{{key.String(), i + 1}}}
		}
		key.add(r)
		if !ignored(r) {
			last = r
		}
		inside := i+1 < len(after) && (ignored(after[i+1]) || joined(last, after[i+1]))
		if !inside && key.runes > 0 && !unicode.IsSpace(last) {
			p.names = append(p.names, name{key.String(), i + 1})
		}
	}
	slices.Reverse(p.names)
	return p
}

func isAt(r rune) bool { return r == '@' || r == '＠' }

// insideAddress: letters stand on both sides, as in a@b.com.
func insideAddress(rs []rune, i int) bool {
	return i > 0 && i+1 < len(rs) && asciiWord(rs[i-1]) && asciiWord(rs[i+1])
}

func asciiWord(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' || r == '-')
}

// joined reports whether two neighbours are one word or one character, so that
// no name ends between them.
func joined(a, b rune) bool {
	return wordly(a) && wordly(b) || extends(b)
}

// wordly: of a script that puts blanks between words.
func wordly(r rune) bool {
	return unicode.IsDigit(r) || unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew)
}

// FoldName is what two names have in common that people take for the same.
func FoldName(s string) string {
	var key folder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		key.add(r)
	}
	return key.String()
}

// folder folds a name rune by rune.
type folder struct {
	b     strings.Builder
	runes int
	blank bool // a run of blanks is waiting
}

func (f *folder) add(r rune) {
	switch {
	case ignored(r):
		return
	case unicode.IsSpace(r):
		f.blank = f.runes > 0
		return
	case f.blank:
		f.b.WriteByte(' ')
		f.blank = false
	}
	f.runes++
	if r >= 0xFF01 && r <= 0xFF5E { // full width
		r -= 0xFEE0
	}
	f.b.WriteRune(foldCase(r))
}

func (f *folder) String() string { return f.b.String() }

// foldCase returns the least of all forms of a letter.
func foldCase(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// ignored are characters that nobody sees: emoji style selectors, zero width
// blanks, marks of direction. U+200D is not one of them: it holds emoji together.
func ignored(r rune) bool {
	return r == 0xFE0E || r == 0xFE0F || r != zwj && unicode.Is(unicode.Cf, r) && !(r >= 0xE0020 && r <= 0xE007F)
}
