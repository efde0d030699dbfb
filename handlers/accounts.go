package handlers

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/store"
)

// accountCache keeps accounts with their secrets open, so that a callback need
// not unseal them. It is emptied whenever an account may have changed.
type accountCache struct {
	db *store.DB

	mu         sync.Mutex // guards known and generation
	known      map[callbackd.Slug]*callbackd.Account
	byID       map[callbackd.AccountID]*callbackd.Account
	generation int // a read that began before a change is not kept after it
}

func newAccountCache(db *store.DB) *accountCache {
	return &accountCache{db: db, known: map[callbackd.Slug]*callbackd.Account{}, byID: map[callbackd.AccountID]*callbackd.Account{}}
}

// run forgets accounts when they change, and tells of it.
func (c *accountCache) run(ctx context.Context, changed func()) error {
	rings, stop := c.db.Listen()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ring := <-rings:
			if ring.Config {
				c.mu.Lock()
				clear(c.known)
				clear(c.byID)
				c.generation++
				c.mu.Unlock()
				changed()
			}
		}
	}
}

func (c *accountCache) get(ctx context.Context, slug callbackd.Slug) (*callbackd.Account, error) {
	if !slug.Valid() {
		return nil, errNoSuchAccount
	}
	c.mu.Lock()
	a, ok := c.known[slug]
	generation := c.generation
	c.mu.Unlock()
	if ok {
		return a, nil
	}
	a, err := c.db.GetAccount(ctx, slug)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, errNoSuchAccount
	}
	if err != nil {
		return nil, err
	}
	c.keep(a, generation)
	return a, nil
}

// getByID returns an account by its key; callbackd.ErrNotFound when there is none.
func (c *accountCache) getByID(ctx context.Context, id callbackd.AccountID) (*callbackd.Account, error) {
	c.mu.Lock()
	a, ok := c.byID[id]
	generation := c.generation
	c.mu.Unlock()
	if ok {
		return a, nil
	}
	a, err := c.db.GetAccountByID(ctx, id)
	if err != nil {
		return nil, err
	}
	c.keep(a, generation)
	return a, nil
}

func (c *accountCache) keep(a *callbackd.Account, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		c.known[a.Slug], c.byID[a.ID] = a, a
	}
}

// account returns the account that a request's path names.
func (h *Handlers) account(r *http.Request) (*callbackd.Account, error) {
	return h.accounts.get(r.Context(), callbackd.Slug(chi.URLParam(r, "account")))
}
