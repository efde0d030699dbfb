package filter

import (
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// Latin writes Chinese characters in letters, by their usual reading and without
// tones; whatever else a text holds stays.
func Latin(text string) string {
	args := pinyin.NewArgs()
	var b strings.Builder
	for _, r := range text {
		if readings := pinyin.SinglePinyin(r, args); len(readings) > 0 {
			b.WriteString(readings[0])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
