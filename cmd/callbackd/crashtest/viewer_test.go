package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"callbackd"
)

// viewer is a page that stays open over all kills: it follows the changes of a
// wall from rev to rev and never reads the wall as a whole.
type viewer struct {
	addr   string
	slug   callbackd.Slug
	ledger *ledger
	stop   context.CancelFunc
	group  sync.WaitGroup

	rev   int64 // after Run has ended the test reads them
	shown map[string]string
}

func startViewer(l *ledger, addr string, slug callbackd.Slug) *viewer {
	ctx, stop := context.WithCancel(context.Background())
	v := &viewer{addr: addr, slug: slug, ledger: l, stop: stop, shown: map[string]string{}}
	v.group.Go(func() {
		for ctx.Err() == nil {
			if more, err := v.step(ctx); err != nil || !more {
				pause(ctx, 20*time.Millisecond) // dead, or nothing new
			}
		}
	})
	return v
}

// end stops following.
func (v *viewer) end() {
	v.stop()
	v.group.Wait()
}

// catchUp reads what is left; the viewer has ended.
func (v *viewer) catchUp(ctx context.Context) error {
	for {
		if more, err := v.step(ctx); err != nil || !more {
			return err
		}
	}
}

// step asks once and applies what came.
func (v *viewer) step(ctx context.Context) (more bool, err error) {
	status, body, err := get(ctx, fmt.Sprintf("http://%s/wall/%s/changes?after=%d&limit=200", v.addr, v.slug, v.rev))
	if err != nil {
		return false, err
	}
	if status != http.StatusOK {
		return false, fmt.Errorf("status %d", status)
	}
	var answer struct {
		Rev     int64 `json:"rev"`
		Reset   bool  `json:"reset"`
		Changes []struct {
			Rev     int64           `json:"rev"`
			Op      string          `json:"op"`
			ID      string          `json:"id"`
			Message json.RawMessage `json:"message"`
		} `json:"changes"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return false, err
	}
	if answer.Reset || answer.Rev < v.rev {
		v.ledger.problem("%s: a viewer at rev %d was told rev %d, reset %v: the wall has lost what it had shown", v.slug, v.rev, answer.Rev, answer.Reset)
		return false, nil
	}
	for _, c := range answer.Changes {
		if c.Rev <= v.rev {
			v.ledger.problem("%s: changes go from rev %d to %d", v.slug, v.rev, c.Rev)
		}
		v.rev = c.Rev
		var named struct{ ID string }
		if c.Op == "remove" {
			delete(v.shown, c.ID)
		} else if err := json.Unmarshal(c.Message, &named); err != nil {
			return false, err
		} else {
			v.shown[named.ID] = string(c.Message)
		}
	}
	v.rev = answer.Rev
	return len(answer.Changes) > 0, nil
}
