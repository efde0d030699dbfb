package rehearsal

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"callbackd"
)

// AddAccount registers an official account and generates what its
// configuration leaves empty. It fails when slug or original id are taken.
func (p *Platform) AddAccount(c AccountConfig) (*Account, error) {
	if !c.Slug.Valid() {
		return nil, fmt.Errorf("add account: slug: %w", callbackd.ErrInvalid)
	}
	c.fill(p.opts.Seed)
	a := &Account{Config: c, p: p, accountState: accountState{
		callbackURL: c.CallbackURL, connected: make(chan struct{}), faults: c.Faults, operator: c.Operator,
		contacts: map[callbackd.FakeID]*contact{}, byOpenID: map[callbackd.OpenID]*contact{},
		byConsole: map[uint32]*Record{}, byMedia: map[string]mediaRef{}, tickets: map[string]qrTicket{},
		nextConsole: c.Push.FirstConsole,
	}}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.findLocked(func(b *Account) bool {
		return b.Config.Slug == c.Slug || b.Config.OriginalID == c.OriginalID
	}) != nil {
		return nil, fmt.Errorf("add account: %w", callbackd.ErrConflict)
	}
	p.accounts = append(p.accounts, a)
	return a, nil
}

func (c *AccountConfig) fill(seed int64) {
	set := func(dst *string, v string) {
		if *dst == "" {
			*dst = v
		}
	}
	set(&c.Name, string(c.Slug))
	set(&c.OriginalID, "gh_"+hexID(seed, 12, "original", c.Slug))
	set(&c.AppID, "wx"+hexID(seed, 16, "appid", c.Slug))
	set(&c.AppSecret, hexID(seed, 32, "secret", c.Slug))
	set(&c.Token, hexID(seed, 24, "token", c.Slug))
	if c.Mode == "" {
		c.Mode = callbackd.ModeSafe
	}
	if c.Mode.Encrypted() {
		key := digest(seed, "aes", c.Slug)
		set(&c.AESKey, strings.TrimSuffix(base64.StdEncoding.EncodeToString(key[:]), "="))
	}
	if c.MP != nil {
		mp := *c.MP // the caller's stays as it is
		c.MP = &mp
		set(&mp.Username, string(c.Slug)+"@rehearsal.example")
		set(&mp.Password, "rehearsal-"+hexID(seed, 12, "password", c.Slug))
		if mp.Dialect == "" {
			mp.Dialect = callbackd.Dialect2014
		}
	}
	c.Push.fill(seed, c.Slug, c.MP)
}

func (c *PushConfig) fill(seed int64, slug callbackd.Slug, mp *MPConfig) {
	if c.MsgIDs == "" {
		c.MsgIDs = MsgIDNew
		if mp != nil && mp.Dialect == callbackd.Dialect2014 {
			c.MsgIDs = MsgIDOld
		}
	}
	if c.FirstConsole == 0 {
		c.FirstConsole = 200_000_000 + uint32(number(seed, "console", slug)%10_000_000)
	}
	if c.Attempts == 0 {
		c.Attempts = 3
	}
}

// openIDFor is the id of a person on this account: 28 characters, the first
// six shared by all followers of the account.
func (a *Account) openIDFor(n callbackd.FakeID) callbackd.OpenID {
	seed := a.p.opts.Seed
	return callbackd.OpenID("o" + word(seed, 5, "prefix", a.Config.OriginalID) + word(seed, 22, "openid", a.Config.OriginalID, string(n)))
}

func (a *Account) followLocked(n callbackd.FakeID, at time.Time) (*contact, error) {
	f := a.p.people[n]
	if f == nil {
		return nil, fmt.Errorf("follow: no such person: %w", callbackd.ErrNotFound)
	}
	if at.IsZero() {
		at = a.p.now()
	}
	c := a.contacts[n]
	if c == nil {
		c = &contact{person: f, openID: a.openIDFor(n)}
		a.contacts[n], a.byOpenID[c.openID] = c, c
	}
	a.follows++
	c.order, c.following, c.followedAt = a.follows, true, at.Truncate(time.Second)
	return c, nil
}

// replyLocked keeps the account's own words; they have a console id like any message.
func (a *Account) replyLocked(n callbackd.FakeID, content string) (Record, error) {
	c := a.contacts[n]
	if c == nil {
		return Record{}, fmt.Errorf("reply: %w", callbackd.ErrNotFound)
	}
	now := a.p.now()
	r := &Record{
		ConsoleID: a.nextConsole, Number: n, OpenID: c.openID, Own: true, Type: TypeText, Content: content,
		Times: Times{SaidAt: now, CreatedAt: now.Truncate(time.Second), ConsoleAt: now.Truncate(time.Second), PushAt: now, ListedAt: now},
	}
	a.nextConsole++
	a.records = append(a.records, r)
	a.byConsole[r.ConsoleID] = r
	return *r, nil
}
