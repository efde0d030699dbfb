package store

import (
	"sync"

	"callbackd"
)

// maxCachedSenders bounds the memory of the cache (about 150 bytes each).
const maxCachedSenders = 50_000

// cachedSender is what Accept needs of a sender that it has met. It only saves
// a query: rows are the truth, and a stale entry makes the transaction fail or
// a profile be looked at too early, never a wrong row.
type cachedSender struct {
	id         callbackd.SenderID
	resolved   bool
	profileDue int64 // unix ms from which the profile is read again; 0: not resolved
	following  bool
	blocked    bool
	peopleRev  int64 // of the wall when this was read; another one: read again
}

type senderKey struct {
	account callbackd.AccountID
	openID  callbackd.OpenID
}

type senderCache struct {
	mu    sync.Mutex // guards known
	known map[senderKey]cachedSender
}

func newSenderCache() *senderCache { return &senderCache{known: map[senderKey]cachedSender{}} }

func (c *senderCache) get(account callbackd.AccountID, openID callbackd.OpenID) (cachedSender, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.known[senderKey{account, openID}]
	return s, ok
}

func (c *senderCache) put(account callbackd.AccountID, openID callbackd.OpenID, s cachedSender) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxCachedSenders {
		clear(c.known)
	}
	c.known[senderKey{account, openID}] = s
}

func (c *senderCache) forget(account callbackd.AccountID, openID callbackd.OpenID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, senderKey{account, openID})
}

func (c *senderCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known)
}
