package wall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"callbackd"
	"callbackd/live"
	"callbackd/store"
)

// Publisher turns commits into publications on the walls' live channels, in
// order of rev. It reads what changed from the rows, whoever changed them: this
// process, a shell command beside it, or another node.
type Publisher struct {
	db    *store.DB
	send  func(callbackd.Slug, callbackd.Change) error // to the hub
	log   *slog.Logger
	sent  map[callbackd.AccountID]int64 // rev up to which a wall was published; owned by Run
	retry time.Duration                 // after which a failed publication is tried again
}

const (
	publishRetry = time.Second
	publishPage  = 200
)

// NewPublisher returns a publisher that starts at the walls' present state.
func NewPublisher(ctx context.Context, db *store.DB, hub *live.Hub, log *slog.Logger) (*Publisher, error) {
	p := &Publisher{db: db, send: hub.PublishChange, log: log, sent: map[callbackd.AccountID]int64{}, retry: publishRetry}
	walls, err := db.ListWalls(ctx)
	if err != nil {
		return nil, fmt.Errorf("read walls: %w", err)
	}
	for _, w := range walls {
		p.sent[w.Account] = w.Rev
	}
	return p, nil
}

// Run publishes until ctx ends.
func (p *Publisher) Run(ctx context.Context) error {
	rings, stop := p.db.Listen()
	defer stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ring := <-rings:
			if !ring.Walls {
				continue
			}
		case <-retry.C:
		}
		if err := p.publish(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("publishing changes failed; open walls read them from the database", "err", err)
			retry.Reset(p.retry)
		}
	}
}

// publish brings every wall up to date; one that fails holds up no other.
func (p *Publisher) publish(ctx context.Context) error {
	walls, err := p.db.ListWalls(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, w := range walls {
		if err := p.publishWall(ctx, w); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (p *Publisher) publishWall(ctx context.Context, w store.Wall) error {
	for p.sent[w.Account] < w.Rev {
		after := p.sent[w.Account]
		rows, err := p.db.ListChanged(ctx, w.Account, after, publishPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := p.send(w.Slug, change(row, after)); err != nil {
				return err
			}
			p.sent[w.Account] = row.Message.Rev
		}
		if len(rows) < publishPage {
			p.sent[w.Account] = max(p.sent[w.Account], w.Rev)
		}
	}
	return nil
}
