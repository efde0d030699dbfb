package wall

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"callbackd"
	"callbackd/internal/safedial"
	"callbackd/store"
)

// Checker asks the services that accounts have what arrives looked at by, after
// the filters. Whatever is not a clear yes leaves the message to a moderator. It
// tells no openID and nothing that leads to one.
type Checker struct {
	db   *store.DB
	http *http.Client
}

// Bounds of one question.
const (
	checkerTimeout = 5 * time.Second
	maxVerdict     = 16 << 10 // bytes of the answer
	maxWhy         = 200      // characters of its reason that are kept
)

// NewChecker returns one that reaches public addresses, and private ones where
// the installation allows them.
func NewChecker(db *store.DB, allow []netip.Prefix) (*Checker, error) {
	client, err := safedial.New(safedial.Options{Allow: allow, Timeout: checkerTimeout, MaxRedirects: -1})
	if err != nil {
		return nil, fmt.Errorf("outbound guard of the checker: %w", err)
	}
	return &Checker{db: db, http: client}, nil
}

// question is what a checker is told of a message.
type question struct {
	Account callbackd.Slug `json:"account"`
	Kind    callbackd.Kind `json:"kind"`
	Text    string         `json:"text"`
	Name    string         `json:"name"` // the sender's, or the pseudonym
	Place   string         `json:"place,omitempty"`
	Title   string         `json:"title,omitempty"`
	About   string         `json:"description,omitempty"`
	URL     string         `json:"url,omitempty"`
}

// Run asks about one message (callbackd.JobCheck). A checker that does not answer
// well is named on the message at once, and asked again until the job's deadline.
func (c *Checker) Run(ctx context.Context, j callbackd.Job) error {
	row, err := c.row(ctx, j)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil // it is gone, and so is the question
	}
	if err != nil || !store.AwaitsChecker(row) {
		return err
	}
	a, err := c.db.GetAccountByID(ctx, j.Account)
	if err != nil {
		return err
	}
	if a.Filters.Checker == "" {
		return c.db.SetChecked(ctx, a.ID, row.Message.ID, callbackd.NewHeldReason(callbackd.HeldAway, "no checker is set any more"))
	}
	why, err := c.ask(ctx, a, row)
	if err != nil {
		if e := c.db.SetChecked(ctx, a.ID, row.Message.ID, callbackd.NewHeldReason(callbackd.HeldAway, cut(err.Error(), maxWhy))); e != nil {
			return e
		}
		return err
	}
	return c.db.SetChecked(ctx, a.ID, row.Message.ID, why)
}

func (c *Checker) row(ctx context.Context, j callbackd.Job) (store.Row, error) {
	id, err := strconv.ParseInt(j.Key, 10, 64)
	if err != nil {
		return store.Row{}, callbackd.Permanent(fmt.Errorf("job key %q is no message: %w", j.Key, err))
	}
	return c.db.GetRow(ctx, callbackd.MessageID(id))
}

// ask returns why a message is held; empty: the checker passes it. Its errors
// hold neither address nor secret.
func (c *Checker) ask(ctx context.Context, a *callbackd.Account, row store.Row) (callbackd.HeldReason, error) {
	body, err := json.Marshal(questionOf(a, row))
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Filters.Checker, bytes.NewReader(body))
	if err != nil {
		return "", errors.New("the address is none")
	}
	req.Header.Set("Content-Type", "application/json")
	if a.CheckerSecret != "" {
		req.Header.Set("Authorization", "Bearer "+a.CheckerSecret.Reveal())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return "", fmt.Errorf("no answer: %w", safedial.Reason(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answer %d", resp.StatusCode)
	}
	answer, err := safedial.ReadAll(resp.Body, maxVerdict)
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", safedial.Reason(err))
	}
	var verdict struct {
		Pass   *bool
		Reason string
	}
	if err := json.Unmarshal(answer, &verdict); err != nil || verdict.Pass == nil {
		return "", errors.New(`the answer is not {"pass": true} or {"pass": false, "reason": "…"}`)
	}
	if *verdict.Pass {
		return "", nil
	}
	return callbackd.NewHeldReason(callbackd.HeldChecker, cut(strings.TrimSpace(verdict.Reason), maxWhy)), nil
}

func questionOf(a *callbackd.Account, row store.Row) question {
	q := question{Account: a.Slug, Kind: row.Message.Kind, Text: row.Message.Text, Name: cmp.Or(row.OwnName(), Pseudonym(row.Sender.AvatarSeed))}
	if p := row.Message.Place; p != nil {
		q.Place = p.Label
	}
	if l := row.Message.Link; l != nil {
		q.Title, q.About, q.URL = l.Title, l.Description, l.URL
	}
	return q
}

// cut is the beginning of a text of others, in characters.
func cut(s string, n int) string {
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n])
	}
	return s
}
