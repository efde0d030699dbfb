package live

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"

	"callbackd"
)

// wallPrefix starts the name of every wall's channel; the slug follows.
const wallPrefix = "wall:"

// commandsPerMinute is what one connection may ask for; a page needs a handful.
const commandsPerMinute = 120

// connecting lets everybody in, as nobody in particular.
func (h *Hub) connecting(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	return centrifuge.ConnectReply{
		Context:     context.WithValue(ctx, budgetKey{}, &budget{now: time.Now}),
		Credentials: &centrifuge.Credentials{UserID: ""},
	}, nil
}

// connected gives a viewer the one thing that it may do: subscribe to a wall.
// Handlers for publishing, presence, history and calls are not set, and the
// library refuses what has no handler.
func (h *Hub) connected(client *centrifuge.Client) {
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
		slug, ok := strings.CutPrefix(e.Channel, wallPrefix)
		if !ok {
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		if s := callbackd.Slug(slug); !s.Valid() || !h.cfg.WallExists(s) {
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorUnknownChannel)
			return
		}
		done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
			EnablePositioning: true,
			EnableRecovery:    true,
		}}, nil)
	})
}

// commandRead drops a connection that asks for more than any page of ours would.
func (h *Hub) commandRead(client *centrifuge.Client, _ centrifuge.CommandReadEvent) error {
	b, ok := client.Context().Value(budgetKey{}).(*budget)
	if !ok || b.take() { // before connect there is no budget, and one command at most
		return nil
	}
	return centrifuge.DisconnectTooManyRequests
}

type budgetKey struct{}

// budget is a window of one minute in which commandsPerMinute may be spent.
type budget struct {
	now func() time.Time

	mu    sync.Mutex // guards what follows
	since time.Time
	spent int
}

func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.now(); now.Sub(b.since) >= time.Minute {
		b.since, b.spent = now, 0
	}
	b.spent++
	return b.spent <= commandsPerMinute
}
