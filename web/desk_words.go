package web

import (
	"strconv"
	"time"

	"callbackd"
)

// WordList is a word list of an account, without its words.
type WordList struct {
	Name       string
	Count      int // of its words
	ImportedAt time.Time
}

// WordHit is a listed word in a sentence that was tried.
type WordHit struct {
	List, Word string
	Sound      bool // found by its sound
}

// WordsTried is what a sentence would meet in auto.
type WordsTried struct {
	Text      string
	Passes    bool   // of somebody of whom messages were approved
	Asks      bool   // it passes the filters, and the checker is asked next
	HeldFirst bool   // of somebody new, it would wait
	Why       string // it is held, in words
	Hits      []WordHit
}

// Verdict is the key of what the sentence would meet.
// texts: words.try.passes words.try.asks words.try.held
func (t WordsTried) Verdict() string {
	switch {
	case t.Passes:
		return "words.try.passes"
	case t.Asks:
		return "words.try.asks"
	}
	return "words.try.held"
}

// WordsPage is what auto moderation goes by: word lists, filters, the checker.
type WordsPage struct {
	DeskShell
	Lists         []WordList
	Moderation    callbackd.Moderation // of what comes now
	PerMinute     int                  // 0: any number
	PerMinuteMost int
	HoldFirst     bool
	Pinyin        bool
	Checker       string // its address; empty: there is none
	HasSecret     bool   // the checker knows us by a word, which is never shown
	Tried         *WordsTried
	Wrong         string // key of what was wrong; empty: nothing was
	Name, Pasted  string // as they were typed
}

func (WordsPage) template() string { return "desk_words.html" }

// Title is what the browser's tab says.
func (p WordsPage) Title() (string, error) { return p.titled("words.title") }

// Now is the key of what the lists do in the present moderation.
// texts: words.now.none words.now.auto words.now.hold words.now.open
func (p WordsPage) Now() string {
	switch {
	case p.Moderation == callbackd.ModerationAuto && len(p.Lists) == 0:
		return "words.now.none"
	case p.Moderation == callbackd.ModerationAuto:
		return "words.now.auto"
	case p.Moderation == callbackd.ModerationOpen:
		return "words.now.open"
	}
	return "words.now.hold"
}

// Counted is how many words a list has, in words.
func (p WordsPage) Counted(l WordList) (string, error) {
	return p.Lang.fill("words.count", "n", strconv.Itoa(l.Count))
}

// WordsImported says what an import did.
func (l Lang) WordsImported(name string, words, leftOut int) string {
	key := "words.imported"
	if leftOut > 0 {
		key = "words.imported_some"
	}
	t, err := l.fill(key, "list", name, "n", strconv.Itoa(words), "m", strconv.Itoa(leftOut))
	if err != nil {
		return name
	}
	return t
}
