package notify

import (
	"strings"
	"unicode"
)

const zwj = '\u200d'

// extends reports whether r is shown as part of the character before it: marks,
// emoji style and skin, tags of flags, U+200D.
func extends(r rune) bool {
	return r == zwj || unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) ||
		r >= 0x1F3FB && r <= 0x1F3FF || r >= 0xE0020 && r <= 0xE007F
}

// cuts returns the places, in bytes, at which a text may be cut without breaking
// what people see as one character; the first is 0, the last its length.
func cuts(s string) []int {
	at := []int{0}
	var before rune
	flags := 0 // regional indicators in a row: two make a flag
	for i, r := range s {
		regional := r >= 0x1F1E6 && r <= 0x1F1FF
		whole := !extends(r) && before != zwj && (!regional || flags%2 == 0) && (before != '\r' || r != '\n')
		if i > 0 && whole {
			at = append(at, i)
		}
		if flags++; !regional {
			flags = 0
		}
		before = r
	}
	if len(s) > 0 {
		at = append(at, len(s))
	}
	return at
}

// clean makes a text fit for one line of a notification: no control characters,
// no marks that turn the direction of what follows.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2005':
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}
