package filter

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Decode is a file of words as text: UTF-8, UTF-16 with its mark, or else GB18030, in
// which lists from Chinese Windows come.
func Decode(b []byte) string {
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		if text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b); err == nil {
			return string(text)
		}
	}
	if !utf8.Valid(b) {
		if text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil {
			return string(text)
		}
	}
	return string(b)
}

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
