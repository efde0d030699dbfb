package store

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"callbackd"
)

// Bounds of word lists.
const (
	MaxWordLists    = 50      // of an account
	MaxWordListName = 40      // characters
	MaxWordList     = 4 << 20 // bytes of the words of a list
)

// WordList is a named list of an account, without its words.
type WordList struct {
	Name       string
	Count      int // of its words
	ImportedAt time.Time
}

// SetWordList imports words under a name, in the place of what stood there. The
// words are as they are looked for: trimmed, one each.
func (db *DB) SetWordList(ctx context.Context, account callbackd.AccountID, name string, words []string, actor string) error {
	text := strings.Join(words, "\n")
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > MaxWordListName || strings.ContainsAny(name, "|\n\t"):
		return callbackd.Public(callbackd.ErrInvalid, "a word list has a name of 1 to 40 characters, without bars", nil)
	case len(words) == 0:
		return callbackd.Public(callbackd.ErrInvalid, "there is no word in it: write one a line", nil)
	case len(text) > MaxWordList:
		return callbackd.Public(callbackd.ErrInvalid, "a word list has at most 4 MiB: divide it into several", nil)
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		var others int
		if err := tx.get(ctx, &others, `SELECT COUNT(*) FROM word_lists WHERE account_id = ? AND name <> ?`, account, name); err != nil {
			return err
		}
		if others >= MaxWordLists {
			return callbackd.Public(callbackd.ErrInvalid, "an account has at most 50 word lists: remove one first", nil)
		}
		if _, err := tx.exec(ctx, `INSERT INTO word_lists (account_id, name, words, word_count, imported_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (account_id, name) DO UPDATE SET words = excluded.words, word_count = excluded.word_count, imported_at = excluded.imported_at`,
			account, name, text, len(words), ms(db.now())); err != nil {
			return err
		}
		return tx.wordsChanged(ctx, account, actor, "words-import", name)
	})
}

// DeleteWordList removes a list; callbackd.ErrNotFound: there is none of that name.
func (db *DB) DeleteWordList(ctx context.Context, account callbackd.AccountID, name, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `DELETE FROM word_lists WHERE account_id = ? AND name = ?`, account, name)
		if err == nil && n == 0 {
			err = callbackd.ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.wordsChanged(ctx, account, actor, "words-remove", name)
	})
}

// wordsChanged tells whoever has compiled lists that they are old.
func (tx *Tx) wordsChanged(ctx context.Context, account callbackd.AccountID, actor, action, name string) error {
	if _, err := tx.exec(ctx, `UPDATE walls SET words_rev = words_rev + 1 WHERE account_id = ?`, account); err != nil {
		return err
	}
	tx.ring.config = true
	return tx.audit(ctx, account, actor, action, 0, name)
}

// ListWordLists returns an account's lists by name.
func (db *DB) ListWordLists(ctx context.Context, account callbackd.AccountID) ([]WordList, error) {
	var flat []struct {
		Name       string
		WordCount  int   `db:"word_count"`
		ImportedAt int64 `db:"imported_at"`
	}
	err := db.sel(ctx, &flat, `SELECT name, word_count, imported_at FROM word_lists WHERE account_id = ? ORDER BY name`, account)
	out := make([]WordList, len(flat))
	for i, f := range flat {
		out[i] = WordList{Name: f.Name, Count: f.WordCount, ImportedAt: fromMS(f.ImportedAt)}
	}
	return out, err
}

// GetWordsRev returns a number that grows with each change of an account's lists.
func (db *DB) GetWordsRev(ctx context.Context, account callbackd.AccountID) (rev int64, err error) {
	return rev, db.get(ctx, &rev, `SELECT words_rev FROM walls WHERE account_id = ?`, account)
}

// GetWords returns the words of an account's lists, by the name of the list.
func (db *DB) GetWords(ctx context.Context, account callbackd.AccountID) (map[string][]string, error) {
	var flat []struct{ Name, Words string }
	err := db.sel(ctx, &flat, `SELECT name, words FROM word_lists WHERE account_id = ?`, account)
	out := make(map[string][]string, len(flat))
	for _, f := range flat {
		out[f.Name] = strings.Split(f.Words, "\n")
	}
	return out, err
}
