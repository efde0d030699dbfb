package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/web"
)

const (
	// queueMost is how many messages lie before one moderator: enough to go on
	// while the next ones come, few enough to leave the others something.
	queueMost = 12
	// queueLease is how long they lie there after the page was last heard of. Its
	// stream renews them, at least every streamBeat.
	queueLease = 60 * time.Second
	trailMost  = 8
	foundMost  = 30
)

// showQueue lays messages before whoever asks, and shows them.
func (h *Handlers) showQueue(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	rows, q, err := h.claim(r.Context(), c)
	if err != nil {
		return err
	}
	trail, err := h.DB.ListTrail(r.Context(), c.account.ID, trailMost)
	if err != nil {
		return err
	}
	stage, _, err := h.DB.GetStage(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	page := web.QueuePage{Items: h.queueItems(c, rows, stage, "queue"), Waiting: countText(q.Waiting), Oldest: q.Oldest, Stage: stage.State, Most: queueMost}
	page.Others = h.others(r.Context(), c, q)
	for _, t := range trail {
		page.Trail = append(page.Trail, web.QueueTap{Lang: c.lang, Batch: t.Batch, At: t.At, Actor: t.Actor, Action: t.Action, N: t.Messages, Undone: t.Undone})
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

func (h *Handlers) claim(ctx context.Context, c *deskCall) ([]store.Row, store.QueueState, error) {
	rows, err := h.DB.ClaimQueue(ctx, c.account.ID, store.Holder{ID: h.holder(ctx, c), Actor: c.actor()}, queueMost, queueLease)
	if err != nil {
		return nil, store.QueueState{}, err
	}
	q, err := h.DB.GetQueue(ctx, c.account.ID)
	return rows, q, err
}

// others are who else moderates.
func (h *Handlers) others(ctx context.Context, c *deskCall, q store.QueueState) []string {
	me := h.holder(ctx, c)
	var names []string
	for _, o := range q.Holders {
		if o.ID != me && !slices.Contains(names, o.Actor) {
			names = append(names, o.Actor)
		}
	}
	return names
}

// countText is a number of what waits; where counting ended it says so.
func countText(n int) string {
	if n >= store.MaxWaiting {
		return strconv.Itoa(store.MaxWaiting) + "+"
	}
	return strconv.Itoa(n)
}

// queueState is the queue as its page hears it: what lies before this moderator,
// each with a version, and how the whole stands.
type queueState struct {
	Waiting string          `json:"waiting"`
	Oldest  string          `json:"oldest,omitempty"` // RFC 3339
	Others  []string        `json:"others"`
	Stage   string          `json:"stage"`
	Items   []queueItemMark `json:"items"`
	Trail   string          `json:"trail"` // another one: the list of steps is another
}

type queueItemMark struct {
	ID      callbackd.PublicID `json:"id"`
	Version string             `json:"v"`
}

func (h *Handlers) queueState(ctx context.Context, c *deskCall) (any, error) {
	rows, q, err := h.claim(ctx, c)
	if err != nil {
		return nil, err
	}
	stage, _, err := h.DB.GetStage(ctx, c.account.ID)
	if err != nil {
		return nil, err
	}
	trail, err := h.DB.ListTrail(ctx, c.account.ID, 1)
	if err != nil {
		return nil, err
	}
	s := queueState{Waiting: countText(q.Waiting), Others: h.others(ctx, c, q), Stage: string(stage.State), Items: []queueItemMark{}}
	if s.Others == nil {
		s.Others = []string{}
	}
	if !q.Oldest.IsZero() {
		s.Oldest = q.Oldest.Format(time.RFC3339)
	}
	for _, t := range trail {
		s.Trail = fmt.Sprint(t.Batch, t.Undone)
	}
	for _, row := range rows {
		s.Items = append(s.Items, queueItemMark{row.Message.PublicID, itemVersion(row, stage)})
	}
	return s, nil
}

// showQueueItems renders messages that the page has not yet, or that changed.
func (h *Handlers) showQueueItems(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	ids := r.URL.Query()["id"]
	if len(ids) > queueMost {
		return badValue("id")
	}
	stage, _, err := h.DB.GetStage(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	var rows []store.Row
	for _, id := range ids {
		row, err := h.DB.GetMessage(r.Context(), c.account.ID, callbackd.PublicID(id))
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	items := h.queueItems(c, rows, stage, "queue")
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.QueueItemsPage{DeskShell: s, Items: items} })
}

// itemVersion changes with whatever of an item can be seen.
func itemVersion(row store.Row, s callbackd.Stage) string {
	seen := store.SeenOf(row)
	var media callbackd.MediaState
	var passed bool
	if row.Media != nil {
		media, passed = row.Media.State, row.Media.Passed
	}
	caption := ""
	if row.Message.Caption != nil {
		caption = "=" + *row.Message.Caption
	}
	sum := sha256.Sum256(fmt.Append(nil, seen, media, passed, caption, row.Message.State, row.Message.Reason, nameWhy(row), row.Sender.PassedName, row.Sender.PassedAvatar,
		row.Sender.Trusted, row.Sender.Blocked, row.Sender.Approved, row.Sender.Removed, slices.Contains(s.Pins, row.Message.PublicID), s.Spotlight == row.Message.PublicID))
	return hex.EncodeToString(sum[:6])
}

func (h *Handlers) queueItems(c *deskCall, rows []store.Row, s callbackd.Stage, back string) []web.QueueItem {
	items := make([]web.QueueItem, len(rows))
	for i, row := range rows {
		items[i] = queueItem(c, row, s)
		items[i].Back = deskPath(c.account) + "/" + back
	}
	return items
}

func queueItem(c *deskCall, row store.Row, s callbackd.Stage) web.QueueItem {
	m, base := wall.OperatorView(row), deskPath(c.account)
	m.Sender.Avatar = deskAvatar(base, row)
	if md := m.Media; md != nil {
		for _, path := range []*string{&md.URL, &md.Poster, &md.Thumb} {
			if *path != "" {
				*path = base + *path
			}
		}
	}
	late := row.Message.State == callbackd.StateShown && !row.Message.QueuedAt.IsZero()
	item := web.QueueItem{Lang: c.lang, Row: web.Row{Lang: c.lang, PublicMessage: m}, Mark: markOf(row), Version: itemVersion(row, s),
		Why: c.lang.HeldWhy(row.Message.Reason), Late: late, Fresh: m.Waiting, Before: faceBefore(base, row), NameWhy: c.lang.NameWhy(nameWhy(row)), Waits: row.Message.QueuedAt,
		Approved: row.Sender.Approved, Removed: row.Sender.Removed, Trusted: row.Sender.Trusted, Blocked: row.Sender.Blocked,
		OnWall: wall.Lets(s, row.Message), Pinned: slices.Contains(s.Pins, row.Message.PublicID), Lit: s.Spotlight == row.Message.PublicID,
		Base: base, CSRF: c.csrf}
	if row.Message.Caption != nil {
		item.Captioned, item.Recognised = true, row.Message.Text
	}
	return item
}

// nameWhy is why the name that a sender has now is shown to nobody; empty: it may be.
func nameWhy(row store.Row) string {
	if own := row.OwnName(); own == "" || own != row.Sender.RefusedName {
		return ""
	}
	return row.Sender.RefusedWhy
}

// faceBefore is the face that the public knows of a sender who has another one
// now; nil where it is the same, or where nothing was let through.
func faceBefore(base string, row store.Row) *web.QueueFace {
	if row.Message.Moderation == callbackd.ModerationOpen {
		return nil
	}
	then, own := row.Sender, row.OwnName()
	name := own != then.PassedName && own != ""
	avatar := row.Person != nil && row.Person.Avatar != then.PassedAvatar && row.Person.Avatar != ""
	if !name && !avatar || then.PassedName == "" && then.PassedAvatar == "" && row.Message.State != callbackd.StateShown {
		return nil
	}
	face := &web.QueueFace{Name: then.PassedName, Avatar: wall.AvatarPath(then.AvatarID)}
	if face.Name == "" {
		face.Name = wall.Pseudonym(then.AvatarSeed)
	}
	if then.PassedAvatar != "" {
		face.Avatar = base + wall.AvatarPath(then.PassedAvatar)
	}
	return face
}

// deskAvatar is the picture of a sender as the desk may see it, passed or not.
func deskAvatar(base string, row store.Row) string {
	if row.Person != nil && row.Person.Avatar != "" {
		return base + wall.AvatarPath(row.Person.Avatar)
	}
	return wall.AvatarPath(row.Sender.AvatarID)
}
