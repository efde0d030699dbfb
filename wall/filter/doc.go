// Package filter finds listed words in what followers write, whatever they do to
// hide them, links, and names that nobody else may have. It is pure: it stores
// nothing, asks nobody, and decides nothing but what it found (package callbackd
// has the rule of the gate, package store applies it).
//
// Words and texts are folded alike (fold.go): compatibility forms, zero-width
// characters, combining marks, traditional characters, look-alikes, figures in the
// place of letters, case, width and repetition make no difference, nor does what
// stands between the characters. Lists of many thousand words are one automaton
// (automaton.go). With Options.Pinyin, words are also found by their sound.
//
// It errs on the side of a hit: what it finds is held for a person, not refused.
package filter
