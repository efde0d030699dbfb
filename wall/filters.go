package wall

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"callbackd"
	"callbackd/store"
	"callbackd/wall/filter"
)

// Filters judge what arrives by the word lists of its account. They keep compiled
// lists, and look whether they are old whenever the configuration may have changed.
type Filters struct {
	db  *store.DB
	log *slog.Logger

	mu    sync.Mutex // guards known
	known map[callbackd.AccountID]*compiled
}

// compiled are the lists of an account.
type compiled struct {
	mu     sync.Mutex // held while the lists are read: the others wait for them
	words  *filter.Words
	rev    int64
	pinyin bool
	fresh  bool // since the last ring
}

// NewFilters returns filters that read lists when they are asked first.
func NewFilters(db *store.DB, log *slog.Logger) *Filters {
	return &Filters{db: db, log: log, known: map[callbackd.AccountID]*compiled{}}
}

// Run hears of changes until ctx ends.
func (f *Filters) Run(ctx context.Context) error {
	rings, stop := f.db.Listen()
	defer stop()
	f.Forget() // what changed before somebody listened
	for {
		select {
		case <-ctx.Done():
			return nil
		case ring := <-rings:
			if ring.Config {
				f.Forget()
			}
		}
	}
}

// Forget looks at all lists again when they are asked next: for who has just changed
// one, and cannot wait until that is heard.
func (f *Filters) Forget() {
	f.mu.Lock()
	all := slices.Collect(maps.Values(f.known))
	f.mu.Unlock()
	for _, c := range all {
		c.mu.Lock()
		c.fresh = false
		c.mu.Unlock()
	}
}

// Words are the compiled lists of an account.
func (f *Filters) Words(ctx context.Context, a *callbackd.Account) (*filter.Words, error) {
	f.mu.Lock()
	c := f.known[a.ID]
	if c == nil {
		c = &compiled{rev: -1}
		f.known[a.ID] = c
	}
	f.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh && c.pinyin == a.Filters.Pinyin {
		return c.words, nil
	}
	rev, err := f.db.GetWordsRev(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if c.rev != rev || c.pinyin != a.Filters.Pinyin {
		words, err := f.db.GetWords(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		c.words, c.rev, c.pinyin = compile(words, a.Filters), rev, a.Filters.Pinyin
	}
	c.fresh = true
	return c.words, nil
}

func compile(words map[string][]string, o callbackd.FilterOptions) *filter.Words {
	var lists []filter.List
	for name, list := range words {
		lists = append(lists, filter.List{Name: name, Words: list})
	}
	slices.SortFunc(lists, func(a, b filter.List) int { return strings.Compare(a.Name, b.Name) })
	return filter.Compile(lists, filter.Options{Pinyin: o.Pinyin})
}

// Judge looks at a message that arrives. Where the lists cannot be read the
// findings are empty, which lets nothing pass.
func (f *Filters) Judge(ctx context.Context, a *callbackd.Account, m *callbackd.Message) callbackd.Findings {
	words, err := f.Words(ctx, a)
	if err != nil {
		f.log.Error("word lists are not read: auto moderation holds everything", "account", a.Slug, "err", err)
		return callbackd.Findings{}
	}
	return Findings(words, m)
}

// NameProblem is what speaks against a name in itself: an address, or a listed word.
// Empty: nothing does, or the lists cannot be read.
func (f *Filters) NameProblem(ctx context.Context, a *callbackd.Account, name string) string {
	if filter.HasLink(name) {
		return filter.NameLink
	}
	words, err := f.Words(ctx, a)
	if err != nil {
		f.log.Error("word lists are not read: a name is not compared with them", "account", a.Slug, "err", err)
	}
	if _, ok := words.Find(name); ok {
		return filter.NameWord
	}
	return ""
}

// Findings are what lists find in each part of a message.
func Findings(words *filter.Words, m *callbackd.Message) callbackd.Findings {
	if words.Empty() {
		return callbackd.Findings{} // nothing passes: the rest need not be known
	}
	found := callbackd.Findings{Lists: true}
	for _, part := range partsOf(m) {
		if h, ok := words.Find(part.text); ok && found.Word == "" {
			found.Word = callbackd.NewHeldReason(callbackd.HeldWord, h.List, h.Word, part.name)
		}
		found.Link = found.Link || filter.HasLink(part.text)
	}
	return found
}

type part struct{ name, text string }

func partsOf(m *callbackd.Message) []part {
	parts := []part{{"text", m.Text}}
	if m.Place != nil {
		parts = append(parts, part{"place", m.Place.Label})
	}
	if m.Link != nil {
		parts = append(parts, part{"title", m.Link.Title}, part{"title", m.Link.Description})
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.text == "" })
}
