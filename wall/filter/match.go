package filter

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// List is words of one name.
type List struct {
	Name  string
	Words []string
}

// Options are how an account wants its lists to be read.
type Options struct {
	Pinyin bool // words of two characters and more are found by their sound too
}

// Words are compiled lists. They are safe for concurrent use.
type Words struct {
	words  []word
	direct *automaton
	sounds *automaton // nil: without Options.Pinyin
}

// word is an entry of a list, once for each automaton that it is in.
type word struct {
	list, text string
	cells      []cell
	han        int  // how many characters stand alone
	figures    bool // it has no letter and no character, so that figures mean themselves
}

// Hit is a listed word in a text.
type Hit struct {
	List, Word string
	From, To   int  // bytes of the text
	Sound      bool // found by its sound
}

// MaxWord bounds a word, in characters; a longer one is no word and left out.
const MaxWord = 64

// Compile makes lists ready. Words that fold to nothing (blanks, signs alone) and
// those over MaxWord are left out. No words at all: Empty.
func Compile(lists []List, o Options) *Words {
	w := &Words{direct: newAutomaton()}
	if o.Pinyin {
		w.sounds = newAutomaton()
	}
	for _, l := range lists {
		for _, text := range l.Words {
			w.add(l.Name, strings.TrimSpace(text))
		}
	}
	w.direct.build()
	if w.sounds != nil {
		w.sounds.build()
	}
	return w
}

func (w *Words) add(list, text string) {
	if utf8.RuneCountInString(text) > MaxWord {
		return
	}
	cells := foldWord(text)
	if len(cells) == 0 {
		return
	}
	entry := word{list: list, text: text, cells: cells, figures: true}
	for _, c := range cells {
		if c.class == alone {
			entry.han += c.n
		}
		entry.figures = entry.figures && c.class == figure
	}
	w.direct.add(cells, int32(len(w.words)))
	w.words = append(w.words, entry)
	if w.sounds != nil && entry.han >= 2 {
		entry.cells = spell(cells)
		w.sounds.add(entry.cells, int32(len(w.words)))
		w.words = append(w.words, entry)
	}
}

// foldWord folds a word; one of signs alone is none.
func foldWord(text string) []cell {
	cells := fold(text, reading{signs: true})
	if !slices.ContainsFunc(cells, func(c cell) bool { return c.class != sign }) {
		return nil
	}
	return cells
}

// Empty reports lists without any word.
func (w *Words) Empty() bool { return w == nil || len(w.words) == 0 }

// Find returns the first listed word of a text that it comes upon.
func (w *Words) Find(text string) (Hit, bool) {
	hits := w.FindAll(text, 1)
	if len(hits) == 0 {
		return Hit{}, false
	}
	return hits[0], true
}

// FindAll returns up to a number of listed words in a text, each once.
func (w *Words) FindAll(text string, limit int) (hits []Hit) {
	if w.Empty() || text == "" {
		return nil
	}
	seen := map[[2]string]bool{}
	take := func(h Hit) (enough bool) {
		if key := [2]string{h.List, h.Word}; !seen[key] {
			seen[key] = true
			hits = append(hits, h)
		}
		return len(hits) >= limit
	}
	for i, text := range turned(text) {
		if i > 0 {
			forward := take
			take = func(h Hit) bool { h.From, h.To = 0, len(text); return forward(h) } // its places are another text's
		}
		plain := fold(text, reading{})
		for _, cells := range readings(text, plain) {
			if w.scan(w.direct, cells, false, take) {
				return hits
			}
		}
		if w.sounds != nil && w.scan(w.sounds, spell(plain), true, take) {
			return hits
		}
	}
	return hits
}

// readings are the ways to read a text in which words may hide.
func readings(text string, plain []cell) [][]cell {
	all := [][]cell{plain}
	if strings.ContainsAny(text, "@$!|+＠＄！｜＋") {
		all = append(all, fold(text, reading{signs: true}))
	}
	if slices.ContainsFunc(plain, func(c cell) bool { return c.class == alone }) &&
		slices.ContainsFunc(plain, func(c cell) bool { return c.class != alone }) {
		all = append(all, fold(text, reading{hanOnly: true}))
	}
	return all
}

// turned is the text, and from its end where it steers the direction of writing.
func turned(text string) []string {
	if !strings.ContainsAny(text, "\u202e\u202d\u2066\u2067\u2068") {
		return []string{text}
	}
	rs := []rune(text)
	slices.Reverse(rs)
	return []string{text, string(rs)}
}

func (w *Words) scan(a *automaton, cells []cell, sound bool, take func(Hit) bool) (enough bool) {
	a.find(cells, func(id int32, last int) bool {
		entry := &w.words[id]
		first := last + 1 - len(entry.cells)
		if !entry.stands(cells, first, last) {
			return false
		}
		enough = take(Hit{List: entry.list, Word: entry.text, From: cells[first].from, To: cells[last].to, Sound: sound})
		return enough
	})
	return enough
}

// maxSkipped is how many letters and figures may stand between two characters of
// a word.
const maxSkipped = 3

// stands reports whether the cells from first to last, whose characters are the
// word's, are the word.
func (w *word) stands(cells []cell, first, last int) bool {
	found := cells[first : last+1]
	letters, inner := false, false
	for i, c := range found {
		want := w.cells[i]
		if c.n < want.n || w.han == 1 && c.class == alone && c.exact != want.exact {
			return false
		}
		if w.figures && (c.class != figure || c.exact != want.exact) {
			return false
		}
		letters = letters || c.class == letter || c.class == alone || c.syllable
		if i > 0 {
			inner = inner || c.loose
			if c.skipped > maxSkipped {
				return false
			}
		}
	}
	if !letters && !w.figures {
		return false // 505 is not sos
	}
	begins, ends := begins(cells, first), ends(cells, last)
	if begins && ends {
		return true
	}
	return !inner && w.standsInside(found, begins, ends)
}

// standsInside reports whether a word is one even in the middle of letters: a long
// one is, and so is one with characters, of which two letters are at that end.
func (w *word) standsInside(found []cell, begins, ends bool) bool {
	if found[0].syllable && !begins || found[len(found)-1].syllable && !ends {
		return false // the middle of a syllable
	}
	n := 0
	for _, c := range w.cells {
		n += c.n
	}
	if w.han == 0 {
		return n >= 5 && !w.figures // another number is not this one
	}
	if found[0].syllable || found[len(found)-1].syllable || w.spelled() {
		return n >= 5
	}
	return (begins || run(w.cells, 1) >= 2) && (ends || run(w.cells, -1) >= 2)
}

func (w *word) spelled() bool { return len(w.cells) > 0 && w.cells[0].syllable }

// run counts the letters at one end of a word.
func run(cells []cell, step int) (n int) {
	i := 0
	if step < 0 {
		i = len(cells) - 1
	}
	for ; i >= 0 && i < len(cells) && cells[i].class != alone; i += step {
		n += cells[i].n
	}
	return n
}

// begins reports whether no letter goes before the cell as part of its word; ends
// is the same for what follows.
func begins(cells []cell, i int) bool {
	c := cells[i]
	if c.syllable {
		return c.first
	}
	return c.class == alone || i == 0 || c.loose || !joined(cells[i-1], c)
}

func ends(cells []cell, i int) bool {
	c := cells[i]
	if c.syllable {
		return c.last
	}
	return c.class == alone || i == len(cells)-1 || cells[i+1].loose || !joined(cells[i+1], c)
}

func joined(a, b cell) bool {
	return !a.syllable && !b.syllable && a.class != alone && b.class != alone && (a.class == figure) == (b.class == figure)
}
