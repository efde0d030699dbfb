package live

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/centrifugal/centrifuge"

	"callbackd"
)

// goneKept bounds the removed ids that are remembered per wall.
const goneKept = 2000

// walls is what the Hub knows of the channels that it published to.
type walls struct {
	mu        sync.Mutex // guards the map, not what it points to
	byChannel map[string]*wallChannel
}

// wallChannel keeps the publications of one wall in one line.
type wallChannel struct {
	mu    sync.Mutex // held while something is published; guards what follows
	gone  map[callbackd.PublicID]int64
	order []callbackd.PublicID // of gone, oldest first
}

func (w *walls) get(channel string) *wallChannel {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.byChannel[channel]
	if c == nil {
		c = &wallChannel{gone: map[callbackd.PublicID]int64{}}
		w.byChannel[channel] = c
	}
	return c
}

// PublishChange hands a committed change to everybody who has the wall open.
// Callers publish in order of rev, after the commit. A removal first empties
// the channel's history, so that nobody is given the removed words again by
// recovery: who was away then reads the feed. So does a change of the stage. An older change of a removed
// message that comes late is dropped. ErrUnavailable while the Hub does not run.
func (h *Hub) PublishChange(slug callbackd.Slug, change callbackd.Change) error {
	if !h.running.Load() {
		return fmt.Errorf("publish change of wall %s: hub is not running: %w", slug, callbackd.ErrUnavailable)
	}
	if !slug.Valid() {
		return fmt.Errorf("publish change: no such wall: %w", callbackd.ErrInvalid)
	}
	channel := wallPrefix + string(slug)
	c := h.walls.get(channel)
	c.mu.Lock()
	defer c.mu.Unlock()
	if change.Op == callbackd.ChangeRemove {
		change.Message = nil // the id alone, whatever the caller left in
		c.forget(change.ID, change.Rev)
		if err := h.node.RemoveHistory(channel); err != nil {
			return fmt.Errorf("empty history of wall %s: %w", slug, err)
		}
	} else if change.Op == callbackd.ChangeControl {
		// what was published before is of another stage: who was away reads the feed
		if err := h.node.RemoveHistory(channel); err != nil {
			return fmt.Errorf("empty history of wall %s: %w", slug, err)
		}
	} else if change.Message != nil && c.gone[change.Message.ID] >= change.Rev {
		return nil
	}
	data, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("write change of wall %s: %w", slug, err)
	}
	_, err = h.node.Publish(channel, data, centrifuge.WithHistory(h.cfg.HistorySize, h.cfg.HistoryTTL))
	if err != nil {
		return fmt.Errorf("publish change of wall %s: %w", slug, err)
	}
	return nil
}

// forget remembers that a message was removed at rev.
func (c *wallChannel) forget(id callbackd.PublicID, rev int64) {
	if _, known := c.gone[id]; !known {
		c.order = append(c.order, id)
	}
	c.gone[id] = max(rev, c.gone[id])
	if len(c.order) > goneKept {
		delete(c.gone, c.order[0])
		c.order = c.order[1:]
	}
}
