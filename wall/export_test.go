package wall

import (
	"context"
	"log/slog"
	"time"

	"callbackd"
	"callbackd/store"
)

// PublicLink is what of a shared article may be seen.
var PublicLink = publicLink

// PublishTo returns a publisher that sends where a test wants it to.
func PublishTo(db *store.DB, retry time.Duration, log *slog.Logger, send func(callbackd.Slug, callbackd.Change) error) *Publisher {
	return &Publisher{db: db, send: send, log: log, sent: map[callbackd.AccountID]int64{}, retry: retry}
}

// Step does what is due now.
func (s *Schedule) Step(ctx context.Context) (time.Time, error) { return s.step(ctx) }
