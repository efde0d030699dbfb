package filter

import (
	"strings"
	"unicode/utf8"
)

// ParseWords reads words as people keep them: one a line, or with commas between;
// a line that begins with # is a remark. Each word comes once, in its order. What
// is no word (MaxWord, signs alone) is counted as left out.
func ParseWords(text string) (words []string, leftOut int) {
	seen := map[string]bool{}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",，、;；\t", r) }) {
			w = strings.TrimSpace(strings.ToValidUTF8(w, ""))
			switch {
			case w == "" || seen[w]:
			case utf8.RuneCountInString(w) > MaxWord || len(foldWord(w)) == 0:
				leftOut++
			default:
				seen[w] = true
				words = append(words, w)
			}
		}
	}
	return words, leftOut
}
