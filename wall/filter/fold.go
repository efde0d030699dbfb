package filter

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class says how a character joins others to a word.
type class byte

const (
	alone  class = iota // a word of its own wherever it stands: Han, kana
	letter              // joins letters
	figure              // joins figures, and stands for a letter
	sign                // a sign that stands for a letter ($ for s)
)

// cell is a folded character of a text with its repetitions.
type cell struct {
	r        rune  // folded
	exact    rune  // folded, but not to a look-alike: of Han alone another one than r
	n        int   // how often it stands in a row
	class    class // of the first
	from, to int   // bytes of the text
	loose    bool  // something that is no part of a word stands before it
	skipped  int   // letters and figures that were left out before it

	// Of a cell that is a letter of a syllable (pinyin.go).
	syllable, first, last bool
}

// piece is what one character folds to, before it joins a text.
type piece struct {
	r, exact rune
	class    class
}

// reading is how a text is folded; a text may be read in several ways.
type reading struct {
	signs   bool // signs are the letters that they look like
	hanOnly bool // letters and figures stand between, not for themselves
}

// fold reads a text.
func fold(text string, as reading) []cell {
	cells := make([]cell, 0, len(text)/2)
	loose, skipped := false, 0
	for at, r := range text {
		if unseen(r) {
			continue
		}
		to := at + utf8.RuneLen(r)
		if r == utf8.RuneError {
			to = at + 1
		}
		pieces := foldRune(r)
		if len(pieces) == 0 {
			loose = true
		}
		for _, p := range pieces {
			if p.class == sign && !as.signs {
				loose = true
				continue
			}
			if as.hanOnly && p.class != alone {
				skipped++
				loose = true
				continue
			}
			cells = join(cells, cell{r: p.r, exact: p.exact, n: 1, class: p.class, from: at, to: to, loose: loose, skipped: skipped})
			loose, skipped = false, 0
		}
	}
	return cells
}

// join adds a character to a text. One that repeats the last is counted with it;
// letters only where nothing stands between: "of fun" has two.
func join(cells []cell, c cell) []cell {
	if n := len(cells); n > 0 && cells[n-1].r == c.r && c.skipped == 0 && (!c.loose || c.class == alone) {
		last := &cells[n-1]
		last.n += c.n
		last.to = c.to
		last.syllable, last.first, last.last = last.syllable || c.syllable, last.first || c.first, last.last || c.last
		if c.class == letter {
			last.class = letter // of an s and a 5 it is the s that counts
		}
		return cells
	}
	return append(cells, c)
}

// unseen holds for what a text shows nothing of, and for marks on what it shows.
func unseen(r rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' && r != '\n' && r != '\t' && r != '\r'
	case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return true
	}
	return r == 0x2800 // braille without a dot
}

// foldRune is what a character folds to; nothing where it is no part of a word.
func foldRune(r rune) []piece {
	if r < utf8.RuneSelf {
		p := asciiPieces[r]
		if p.r == 0 {
			return nil
		}
		return asciiPieces[r : r+1]
	}
	if han, ok := foldHan(r); ok {
		return []piece{han}
	}
	var out []piece
	for _, d := range norm.NFKD.String(string(r)) {
		out = append(out, foldPart(d)...)
	}
	return out
}

// foldPart folds a character that has no decomposition.
func foldPart(r rune) []piece {
	if unseen(r) {
		return nil
	}
	if han, ok := foldHan(r); ok {
		return []piece{han}
	}
	if ascii := drawnAs(r); ascii != 0 {
		r = ascii
	}
	if r < utf8.RuneSelf {
		return foldRune(r)
	}
	if like := confusable(r); like != "" {
		var out []piece
		for _, t := range like {
			if t < utf8.RuneSelf {
				out = append(out, foldRune(t)...)
			} else if ascii := drawnAs(t); ascii != 0 {
				out = append(out, foldRune(ascii)...)
			} else if unicode.In(t, unicode.L, unicode.N) {
				out = append(out, other(t))
			}
		}
		return out
	}
	if unicode.In(r, unicode.L, unicode.N) {
		return []piece{other(r)}
	}
	return nil
}

// other is a letter or figure that looks like none of ours.
func other(r rune) piece {
	if unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return piece{r: r, exact: r, class: alone}
	}
	r = unicode.ToLower(r)
	return piece{r: r, exact: r, class: letter}
}

// foldHan is a Chinese character, or a kana that looks like one.
func foldHan(r rune) (piece, bool) {
	if h, ok := kanaAsHan[r]; ok {
		r = h
	}
	if usual := r >= 0x4e00 && r <= 0x9fff; !usual && (!unicode.Is(unicode.Han, r) || norm.NFKD.PropertiesString(string(r)).Decomposition() != nil) {
		return piece{}, false
	}
	if s, ok := simplified()[r]; ok {
		r = s
	}
	p := piece{r: r, exact: r, class: alone}
	if like, ok := shapes()[r]; ok {
		p.r = like
	}
	return p, true
}
