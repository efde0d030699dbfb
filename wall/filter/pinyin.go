package filter

import "github.com/mozillazg/go-pinyin"

// spell writes the characters of a text in letters, by their usual reading and
// without tones. What has no reading, and letters, stay.
func spell(cells []cell) []cell {
	args := pinyin.NewArgs()
	out := make([]cell, 0, 3*len(cells))
	for _, c := range cells {
		var readings []string
		if c.class == alone {
			readings = pinyin.SinglePinyin(c.exact, args)
		}
		if len(readings) == 0 {
			out = join(out, c)
			continue
		}
		for range c.n {
			sound := readings[0]
			for i, r := range sound {
				p := foldRune(r)
				if len(p) == 0 {
					continue
				}
				out = join(out, cell{r: p[0].r, exact: p[0].r, n: 1, class: letter, from: c.from, to: c.to, loose: i == 0 && c.loose, skipped: 0,
					syllable: true, first: i == 0, last: i == len(sound)-1})
			}
		}
	}
	return out
}
