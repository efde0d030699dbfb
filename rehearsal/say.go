package rehearsal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// Message is what a follower sends.
type Message struct {
	From    callbackd.FakeID // the person's Number
	Type    MsgType          // empty: text
	Content string           // text
	Asset   *Asset           // image, voice, video, shortvideo

	// Recognition is what a voice's Recognition element says; nil leaves the
	// element out, "" is the empty element. Words make the MsgId's low word 0.
	Recognition *string

	Place *callbackd.Place
	Link  *callbackd.Link
	Extra string // more elements, ready-made XML: bizmsgmenuid, MsgDataId, Idx

	At      time.Time      // zero: now
	Skew    *time.Duration // ConsoleAt − CreateTime; nil: drawn from Options.PageSkew
	Listing *time.Duration // nil: drawn from Options.ListingDelay
}

// mediaLife is how long a temporary media id lives (wechat-protocol 3.6).
const mediaLife = 72 * time.Hour

// Say puts a message into the world and pushes nothing. Only followers can
// send; anybody else is ErrForbidden.
func (a *Account) Say(m Message) (Record, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	c := a.contacts[m.From]
	if c == nil || !c.following {
		return Record{}, fmt.Errorf("say: not a follower: %w", callbackd.ErrForbidden)
	}
	if m.Type == "" {
		m.Type = TypeText
	}
	if m.Type.hasFile() != (m.Asset != nil) {
		return Record{}, fmt.Errorf("say: %s and its file do not agree: %w", m.Type, callbackd.ErrInvalid)
	}
	at := m.At
	if at.IsZero() {
		at = a.p.now()
	}
	r := &Record{
		ConsoleID: a.nextConsole, Number: m.From, OpenID: c.openID, Type: m.Type, Content: m.Content,
		Times: Times{SaidAt: at, CreatedAt: at.Truncate(time.Second)}, File: File{Asset: m.Asset},
		Place: m.Place, Link: m.Link, Extra: m.Extra,
	}
	if m.Type == TypeUnsupported {
		r.Content = UnsupportedContent
	}
	if m.Recognition != nil {
		r.Recognized, r.Recognition = true, *m.Recognition
	}
	a.nextConsole++
	a.stampLocked(r, m, at)
	a.registerLocked(r, at)
	r.MsgID = a.msgID(r)
	a.records = append(a.records, r)
	a.byConsole[r.ConsoleID] = r
	kind := windowMessage
	if strings.Contains(m.Extra, "<bizmsgmenuid>") {
		kind = windowClick // a tap on an answer of a msgmenu
	}
	c.openWindow(kind, at, a.Config.API.LegacyMessages)
	return *r, nil
}

// stampLocked sets the times at which the world learns of the record.
func (a *Account) stampLocked(r *Record, m Message, at time.Time) {
	o := a.p.opts
	id := strconv.FormatUint(uint64(r.ConsoleID), 10)
	skew := between(o.PageSkew, time.Second, o.Seed, "skew", a.Config.OriginalID, id)
	if m.Skew != nil {
		skew = *m.Skew
	}
	listing := between(o.ListingDelay, time.Millisecond, o.Seed, "listing", a.Config.OriginalID, id)
	if m.Listing != nil {
		listing = *m.Listing
	}
	r.ConsoleAt = r.CreatedAt.Add(skew).Truncate(time.Second)
	r.PushAt = at.Add(between(o.PushDelay, time.Millisecond, o.Seed, "push", a.Config.OriginalID, id))
	r.ListedAt = r.PushAt.Add(listing)
}

// registerLocked gives the record's files their temporary ids and PicUrl.
func (a *Account) registerLocked(r *Record, at time.Time) {
	if r.Asset == nil {
		return
	}
	register := func(part mediaPart, into *string) {
		id := word(a.p.opts.Seed, 64, "media", a.Config.OriginalID, r.ConsoleID, part)
		a.byMedia[id] = mediaRef{asset: r.Asset, part: part, made: at}
		*into = id
	}
	register(partFile, &r.MediaID)
	switch r.Type {
	case TypeImage:
		tag := word(a.p.opts.Seed, 80, "pic", a.Config.OriginalID, r.ConsoleID)
		a.p.pictures[tag] = r.Asset
		r.PicURL = a.p.baseLocked("http://mmbiz.qpic.cn") + "/mmbiz/" + tag + "/0"
	case TypeVoice:
		if r.Asset.HighRes != nil {
			register(partHighRes, &r.MediaID16K)
		}
	case TypeVideo, TypeShortVideo:
		register(partThumb, &r.ThumbMediaID)
	}
}

// msgID builds the push's id (wechat-protocol 0.1).
func (a *Account) msgID(r *Record) uint64 {
	created := uint64(r.CreatedAt.Unix())
	switch {
	case r.Type == TypeVoice && r.Recognition != "":
		return created << 32
	case a.Config.Push.MsgIDs == MsgIDNew:
		return created/300<<32 | number(a.p.opts.Seed, "msgid", a.Config.OriginalID, r.ConsoleID)&0xffffffff
	default:
		return created<<32 | uint64(r.ConsoleID)
	}
}

func (t MsgType) hasFile() bool {
	return t == TypeImage || t == TypeVoice || t == TypeVideo || t == TypeShortVideo
}

// windowKind is what opened a customer-service allowance (wechat-protocol 3.9).
type windowKind int

const (
	windowMessage windowKind = iota // 5 (before June 2023: 20) in 48 h
	windowClick                     // 3 in 1 min; also subscribe, QR scan and msgmenu
)

// sendWindow is an allowance to send customer-service messages.
type sendWindow struct {
	kind  windowKind
	until time.Time
	left  int
}

// openWindow starts the allowance of a kind anew.
func (c *contact) openWindow(k windowKind, at time.Time, legacy bool) {
	w := sendWindow{kind: k, until: at.Add(48 * time.Hour), left: 5}
	switch {
	case k == windowClick:
		w.until, w.left = at.Add(time.Minute), 3
	case legacy:
		w.left = 20
	}
	for i := range c.windows {
		if c.windows[i].kind == k {
			c.windows[i] = w
			return
		}
	}
	c.windows = append(c.windows, w)
}
