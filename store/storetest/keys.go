package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"callbackd"
	"callbackd/store"
)

func exerciseKeys(t *testing.T, h Harness) {
	draw := func() ([]byte, error) {
		key := make([]byte, 32)
		_, err := rand.Read(key)
		return key, err
	}
	never := func() ([]byte, error) { return nil, errors.New("made although there is one") }
	t.Run("MadeOnceAndKept", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		first, err := w.db.GetOrCreateKey(ctx, "vapid", draw)
		w.must(err)
		again, err := h.Again(t).GetOrCreateKey(ctx, "vapid", never)
		w.must(err)
		if len(first) != 32 || !bytes.Equal(first, again) {
			t.Errorf("%x, then %x", first, again)
		}
		other, err := w.db.GetOrCreateKey(ctx, "other", draw)
		w.must(err)
		if bytes.Equal(first, other) {
			t.Error("two names, one key")
		}
	})
	t.Run("NotMadeIsNotKept", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		broken := errors.New("no randomness")
		if _, err := w.db.GetOrCreateKey(ctx, "vapid", func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
			t.Errorf("err = %v", err)
		}
		if key, err := w.db.GetOrCreateKey(ctx, "vapid", draw); err != nil || len(key) != 32 {
			t.Errorf("%x, %v", key, err)
		}
	})
	// All find none and have made one before the first is stored.
	t.Run("OneForAllProcesses", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		processes := []*store.DB{w.db, h.Again(t), h.Again(t), w.db}
		var made, done sync.WaitGroup
		made.Add(len(processes))
		keys := make([][]byte, len(processes))
		for i, db := range processes {
			done.Go(func() {
				var err error
				keys[i], err = db.GetOrCreateKey(ctx, "vapid", func() ([]byte, error) {
					key, err := draw()
					made.Done()
					made.Wait()
					return key, err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		for _, key := range keys {
			if len(key) != 32 || !bytes.Equal(key, keys[0]) {
				t.Errorf("several keys: %x", keys)
			}
		}
	})
}
