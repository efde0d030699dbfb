package handlers

import (
	"math"
	"net/http"
	"strconv"

	"callbackd/store"
	"callbackd/wall"
)

const (
	maxSeq       = math.MaxInt64
	defaultLimit = 50
	maxLimit     = 200
)

// showMessages is a page of a wall as JSON.
func (h *Handlers) showMessages(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	span := store.Span{}
	if span.After, span.HasAfter, err = queryInt(r, "after", 0, maxSeq); err != nil {
		return err
	}
	if span.Before, _, err = queryInt(r, "before", 1, maxSeq); err != nil {
		return err
	}
	if span.Limit, err = queryLimit(r); err != nil {
		return err
	}
	out, err := wall.MessagesIn(r.Context(), h.DB, a, span)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// showChanges is what a page that was away needs.
func (h *Handlers) showChanges(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r)
	if err != nil {
		return err
	}
	after, ok, err := queryInt(r, "after", 0, maxSeq)
	if err != nil {
		return err
	}
	if !ok {
		return badValue("after")
	}
	limit, err := queryLimit(r)
	if err != nil {
		return err
	}
	out, err := wall.ChangesAfter(r.Context(), h.DB, a.ID, after, limit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// queryInt reads a number of the query; ok says whether it is there.
func queryInt(r *http.Request, name string, least, most int64) (value int64, ok bool, err error) {
	if !r.URL.Query().Has(name) {
		return 0, false, nil
	}
	value, err = strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil || value < least || value > most {
		return 0, false, badValue(name)
	}
	return value, true, nil
}

func queryLimit(r *http.Request) (int, error) {
	limit, ok, err := queryInt(r, "limit", 1, maxLimit)
	if !ok && err == nil {
		limit = defaultLimit
	}
	return int(limit), err
}
