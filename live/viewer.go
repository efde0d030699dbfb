package live

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"

	"callbackd"
)

// wallPrefix starts the name of every wall's channel; the slug follows.
const wallPrefix = "wall:"

// What one connection may ask for in a minute. A page needs a handful; a viewer
// reports its state every 20 s and on change, and acknowledges and reads notices,
// on a lively wall two a second. Pongs do not count.
const (
	commandsOfStranger = 120
	commandsOfViewer   = 600
)

// guest is what the Hub knows of one connection, from its handshake on.
type guest struct {
	viewer callbackd.ViewerID // 0: nobody in particular
	budget budget
	conn   net.Conn           // set by the handshake
	client *centrifuge.Client // set before the first subscription
	lane   lane
	left   bool // its connection has ended; guarded by screens.mu
}

type guestKey struct{}

// welcome makes the guest of a handshake.
func (h *Hub) welcome(viewer callbackd.ViewerID) *guest {
	g := &guest{viewer: viewer, budget: budget{now: time.Now, limit: commandsOfStranger}}
	if viewer != 0 {
		g.budget.limit = commandsOfViewer
	}
	return g
}

func guestOf(ctx context.Context) (*guest, bool) {
	g, ok := ctx.Value(guestKey{}).(*guest)
	return g, ok
}

// userOf is a viewer's name in the library; "" for nobody in particular.
func userOf(v callbackd.ViewerID) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatInt(int64(v), 10)
}

// connecting lets everybody in, as who the handshake says.
func (h *Hub) connecting(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	g, ok := guestOf(ctx)
	if !ok {
		return centrifuge.ConnectReply{}, centrifuge.DisconnectServerError
	}
	return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: userOf(g.viewer)}}, nil
}

// connected gives a guest what it may do: subscribe to a wall, say what it has
// painted of it, and as a viewer subscribe to its devices, and call. Handlers for publishing, presence and history are not
// set, and the library refuses what has no handler.
func (h *Hub) connected(client *centrifuge.Client) {
	g, ok := guestOf(client.Context())
	if !ok {
		return
	}
	g.client = client
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
		if slug, ok := strings.CutPrefix(e.Channel, wallPrefix); ok {
			h.subscribeWall(callbackd.Slug(slug), done)
		} else if device, ok := strings.CutPrefix(e.Channel, devicePrefix); ok {
			h.subscribeDevice(g, callbackd.PublicID(device), done)
		} else {
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
		}
	})
	client.OnUnsubscribe(func(e centrifuge.UnsubscribeEvent) {
		if e.Disconnect != nil && e.Disconnect.Code == centrifuge.DisconnectNoPong.Code {
			g.hangUp()
		}
		if strings.HasPrefix(e.Channel, wallPrefix) {
			h.screens.drop(g)
		}
		if device, ok := strings.CutPrefix(e.Channel, devicePrefix); ok {
			h.leftDevice(g, callbackd.PublicID(device))
		}
	})
	client.OnDisconnect(func(centrifuge.DisconnectEvent) { h.screens.leave(g) })
	client.OnRPC(func(e centrifuge.RPCEvent, done centrifuge.RPCCallback) {
		switch {
		case e.Method == "screen":
			done(centrifuge.RPCReply{}, h.reported(g, e))
		case h.cfg.Devices == nil:
			done(centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound)
		default:
			h.called(g, e, done)
		}
	})
}

func (h *Hub) subscribeWall(slug callbackd.Slug, done centrifuge.SubscribeCallback) {
	if !slug.Valid() || !h.cfg.WallExists(slug) {
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorUnknownChannel)
		return
	}
	done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
		EnablePositioning: true,
		EnableRecovery:    true,
	}}, nil)
}

// hangUp stops reading from a connection whose other end answers no ping. The
// library would wait 5 s more for its goodbye.
func (g *guest) hangUp() { _ = g.conn.SetReadDeadline(time.Now()) }

// commandRead drops a connection that asks for more than any page of ours would.
func (h *Hub) commandRead(client *centrifuge.Client, _ centrifuge.CommandReadEvent) error {
	if g, ok := guestOf(client.Context()); !ok || !g.budget.take() {
		return centrifuge.DisconnectTooManyRequests
	}
	return nil
}

// budget is a window of one minute in which limit commands may be spent.
type budget struct {
	now   func() time.Time
	limit int

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
	return b.spent <= b.limit
}
