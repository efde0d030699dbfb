package filter

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"callbackd"
)

// spelledLink is an address whose dots are written out or in brackets, or that has
// blanks in it. The endings are those that are handed to people in messages.
var spelledLink = regexp.MustCompile(`[a-z0-9-]{2,}\s*(?:[.。．｡·点點]|\(\s*(?:\.|dot)\s*\)|\[\s*(?:\.|dot)\s*\]|\sdot\s)\s*` +
	`(?:com|cn|net|org|top|xyz|cc|io|me|vip|club|info|site|shop|online|app|link|live|ru|tv|co|im|la|ly|biz|pro|win|fun|wang|icu)(?:$|[^a-z])`)

// HasLink reports whether a text holds an address, plain or hidden. It errs on the
// side of yes.
func HasLink(text string) bool {
	clean := strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(norm.NFD.String(text)))
	clean = strings.ToLower(clean)
	return callbackd.ContainsLink(clean) || spelledLink.MatchString(clean) || strings.Contains(strings.ReplaceAll(clean, " ", ""), "://")
}
