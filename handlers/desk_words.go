package handlers

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"callbackd"
	"callbackd/store"
	"callbackd/wall/filter"
	"callbackd/web"
)

const (
	wordsUpload = "/{account}/words/lists" // takes a file
	triedMost   = 2000                     // characters of a sentence that is tried
	triedHits   = 20                       // listed words that are named
)

// showWords is the page of what auto moderation goes by.
func (h *Handlers) showWords(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	return h.renderWords(w, r, c, http.StatusOK, func(*web.WordsPage) {})
}

// renderWords writes the page as things stand, with what a step has to add.
func (h *Handlers) renderWords(w http.ResponseWriter, r *http.Request, c *deskCall, code int, add func(*web.WordsPage)) error {
	a, err := h.DB.GetAccountByID(r.Context(), c.account.ID) // as it is now: what was just saved is seen
	if err != nil {
		return err
	}
	lists, err := h.DB.ListWordLists(r.Context(), a.ID)
	if err != nil {
		return err
	}
	page := web.WordsPage{Moderation: a.ModerationNow(), PerMinute: a.Filters.Limit(), PerMinuteMost: callbackd.MaxPerMinute, HoldFirst: !a.Filters.PassFirst,
		Pinyin: a.Filters.Pinyin, Checker: a.Filters.Checker, HasSecret: a.CheckerSecret != ""}
	for _, l := range lists {
		page.Lists = append(page.Lists, web.WordList(l))
	}
	add(&page)
	return h.renderDesk(w, r, c, code, func(s web.DeskShell) web.Page {
		s.Path = deskPath(a, "words") // also after a form of it, which cannot be opened
		page.DeskShell = s
		return page
	})
}

// wrongWords shows the page again, with what was wrong and what was typed.
func (h *Handlers) wrongWords(w http.ResponseWriter, r *http.Request, c *deskCall, code int, key string) error {
	return h.renderWords(w, r, c, code, func(p *web.WordsPage) {
		p.Wrong, p.Name, p.Pasted = key, word(r, "name"), r.PostFormValue("words")
	})
}

// doImportWords takes a list as a file or as text, in the place of one of its name.
func (h *Handlers) doImportWords(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	name := word(r, "name")
	text := r.PostFormValue("words")
	if file, head, err := r.FormFile("file"); err == nil && head.Size > 0 {
		b, err := readUpload(file)
		if err != nil {
			return err
		}
		text = filter.Decode(b)
		if name == "" {
			name, _, _ = strings.Cut(head.Filename, ".")
			name = strings.TrimSpace(name)
		}
	}
	words, leftOut := filter.ParseWords(text)
	key, err := h.wordsProblem(r.Context(), c.account.ID, name, words)
	if err != nil {
		return err
	}
	if key != "" {
		return h.wrongWords(w, r, c, http.StatusUnprocessableEntity, key)
	}
	if err := h.DB.SetWordList(r.Context(), c.account.ID, name, words, c.actor()); err != nil {
		return err
	}
	h.filters.Forget()
	h.say(r, c.lang.WordsImported(name, len(words), leftOut))
	return h.goOn(w, r, deskPath(c.account, "words"))
}

func readUpload(file multipart.File) ([]byte, error) {
	defer file.Close()
	return io.ReadAll(file)
}

// wordsProblem is the key of why a list cannot be taken; empty: it can.
func (h *Handlers) wordsProblem(ctx context.Context, account callbackd.AccountID, name string, words []string) (string, error) {
	bytes := len(words)
	for _, one := range words {
		bytes += len(one)
	}
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > store.MaxWordListName || strings.ContainsAny(name, "|\n\t") || !utf8.ValidString(name):
		return "words.wrong.name", nil
	case len(words) == 0:
		return "words.wrong.none", nil
	case bytes > store.MaxWordList:
		return "words.wrong.large", nil
	}
	lists, err := h.DB.ListWordLists(ctx, account)
	if err != nil {
		return "", err
	}
	for _, l := range lists {
		if l.Name == name {
			return "", nil
		}
	}
	if len(lists) >= store.MaxWordLists {
		return "words.wrong.many", nil
	}
	return "", nil
}

// doRemoveWords removes a list.
func (h *Handlers) doRemoveWords(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	err := h.DB.DeleteWordList(r.Context(), c.account.ID, r.PostFormValue("list"), c.actor())
	if errors.Is(err, callbackd.ErrNotFound) {
		return h.wrongWords(w, r, c, http.StatusNotFound, "words.wrong.gone")
	}
	if err != nil {
		return err
	}
	h.filters.Forget()
	h.say(r, "words.removed")
	return h.goOn(w, r, deskPath(c.account, "words"))
}

// doFilters sets how auto judges. The checker's word stays where none is written,
// but does not go to another address than it was given for.
func (h *Handlers) doFilters(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	was, err := h.DB.GetAccountByID(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	a := *was
	n, err := strconv.Atoi(word(r, "per_minute"))
	if err != nil || n < 0 || n > callbackd.MaxPerMinute {
		return h.wrongWords(w, r, c, http.StatusUnprocessableEntity, "words.wrong.rate")
	}
	a.Filters.SetLimit(n)
	a.Filters.PassFirst, a.Filters.Pinyin = r.PostFormValue("hold_first") == "", r.PostFormValue("pinyin") != ""
	a.Filters.Checker = word(r, "checker")
	if secret := word(r, "secret"); secret != "" || a.Filters.Checker != was.Filters.Checker {
		a.CheckerSecret = callbackd.Secret(secret)
	}
	if a.Filters.Checker == "" || r.PostFormValue("forget") != "" {
		a.CheckerSecret = ""
	}
	var wrong *callbackd.SettingError
	if err := a.Check(); errors.As(err, &wrong) {
		return h.wrongWords(w, r, c, http.StatusUnprocessableEntity, wrongSetting(wrong))
	}
	if err := h.DB.SetAccountBy(r.Context(), &a, c.actor(), "filters-set", strings.Join(filtersChanged(was, &a), " ")); err != nil {
		return err
	}
	h.say(r, "words.saved")
	return h.goOn(w, r, deskPath(c.account, "words"))
}

// filtersChanged names the settings in which filters differ, for the audit: no values.
func filtersChanged(was, is *callbackd.Account) (names []string) {
	for _, s := range []struct {
		name   string
		differ bool
	}{
		{"per_minute", was.Filters.Limit() != is.Filters.Limit()}, {"hold_first", was.Filters.PassFirst != is.Filters.PassFirst},
		{"pinyin", was.Filters.Pinyin != is.Filters.Pinyin}, {"checker", was.Filters.Checker != is.Filters.Checker},
		{"checker_secret", was.CheckerSecret != is.CheckerSecret},
	} {
		if s.differ {
			names = append(names, s.name)
		}
	}
	return names
}

// doTryWords says what a sentence would meet in auto. Nothing is kept of it.
func (h *Handlers) doTryWords(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	text := strings.TrimSpace(r.PostFormValue("text"))
	if n := utf8.RuneCountInString(text); n == 0 || n > triedMost {
		return h.wrongWords(w, r, c, http.StatusUnprocessableEntity, "words.wrong.text")
	}
	tried, err := h.tryWords(r.Context(), c, text)
	if err != nil {
		return err
	}
	return h.renderWords(w, r, c, http.StatusOK, func(p *web.WordsPage) { p.Tried = tried })
}

// tryWords judges a sentence as one of a sender of whom messages were approved, and
// as one of a sender who is new.
func (h *Handlers) tryWords(ctx context.Context, c *deskCall, text string) (*web.WordsTried, error) {
	a, err := h.DB.GetAccountByID(ctx, c.account.ID)
	if err != nil {
		return nil, err
	}
	words, err := h.filters.Words(ctx, a)
	if err != nil {
		return nil, err
	}
	found := h.filters.Judge(ctx, a, &callbackd.Message{Kind: callbackd.KindText, Text: text})
	arrival := callbackd.Arrival{Moderation: callbackd.ModerationAuto, Kind: callbackd.KindText, SenderApproved: 1, Filters: a.Filters, Found: found}
	state, why := callbackd.FirstState(arrival)
	tried := &web.WordsTried{Text: text, Passes: state == callbackd.StateShown, Asks: why.Code() == callbackd.HeldWaits}
	if !tried.Asks {
		tried.Why = c.lang.HeldWhy(why)
	}
	arrival.SenderApproved = 0
	_, first := callbackd.FirstState(arrival)
	tried.HeldFirst = first.Code() == callbackd.HeldFirst
	for _, hit := range words.FindAll(text, triedHits) {
		tried.Hits = append(tried.Hits, web.WordHit{List: hit.List, Word: hit.Word, Sound: hit.Sound})
	}
	return tried, nil
}
