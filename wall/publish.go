package wall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

// publishWall brings a wall up to the rev that was read for it; what came since
// is the next round's.
func (p *Publisher) publishWall(ctx context.Context, w store.Wall) error {
	for p.sent[w.Account] < w.Rev {
		after := p.sent[w.Account]
		rows, err := p.db.ListChanged(ctx, w.Account, after, publishPage)
		if err != nil {
			return err
		}
		page := slices.DeleteFunc(rows, func(row store.Row) bool { return row.Message.Rev > w.Rev })
		for _, row := range page {
			if err := p.publishControl(ctx, w, row.Message.Rev); err != nil {
				return err
			}
			if quiet(row) {
				p.sent[w.Account] = row.Message.Rev
				continue
			}
			if err := p.send(w.Slug, change(row, after)); err != nil {
				return err
			}
			p.sent[w.Account] = row.Message.Rev
		}
		if len(page) < publishPage {
			if err := p.publishControl(ctx, w, w.Rev+1); err != nil {
				return err
			}
			p.sent[w.Account] = max(p.sent[w.Account], w.Rev)
		}
	}
	return nil
}

// publishControl publishes the last change of a wall's stage where its turn comes
// before a rev.
func (p *Publisher) publishControl(ctx context.Context, w store.Wall, before int64) error {
	if w.Control <= p.sent[w.Account] || w.Control >= before {
		return nil
	}
	stage, _, err := p.db.GetStage(ctx, w.Account)
	if err != nil {
		return err
	}
	c, err := controlChange(ctx, p.db, stage)
	if err != nil {
		return err
	}
	c.Rev = w.Control // it may say more already; what changed since has its own turn
	if err := p.send(w.Slug, c); err != nil {
		return err
	}
	p.sent[w.Account] = w.Control
	return nil
}

// quiet reports whether a change is none to an open page: of a message that is
// shown, on a wall that is closed or shows another event. Whoever opens it makes
// pages read everything again.
func quiet(row store.Row) bool {
	_, ok := View(row)
	return !ok && row.Message.State == callbackd.StateShown
}
