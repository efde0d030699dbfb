package blobtest

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"callbackd/blob"
)

// ErrInjected is the error of every fault that was asked for.
var ErrInjected = errors.New("injected fault")

// Fault is what a Faulty bucket does with a call.
type Fault int

const (
	Works             Fault = iota // the call goes through
	Failed                         // nothing happens, and the caller is told so
	FailedButHappened              // it happens, and the caller is told that it failed
)

// Faulty is a bucket whose writes fail when its owner says so. Reads and lists
// always go through.
type Faulty struct {
	blob.Bucket
	// Next decides each write: op is "put" or "delete". It may be called by
	// many goroutines at once.
	Next func(op, key string) Fault
}

// Once returns a Next that spends the fault on the first write; later ones work.
func Once(f Fault) func(op, key string) Fault {
	var spent atomic.Bool
	return func(string, string) Fault {
		if spent.Swap(true) {
			return Works
		}
		return f
	}
}

// Put implements blob.Bucket.
func (b *Faulty) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	fault := b.Next("put", key)
	if fault == Failed {
		return 0, ErrInjected
	}
	n, err := b.Bucket.Put(ctx, key, r)
	if err == nil && fault == FailedButHappened {
		return 0, ErrInjected
	}
	return n, err
}

// Delete implements blob.Bucket.
func (b *Faulty) Delete(ctx context.Context, key string) error {
	fault := b.Next("delete", key)
	if fault == Failed {
		return ErrInjected
	}
	err := b.Bucket.Delete(ctx, key)
	if err == nil && fault == FailedButHappened {
		return ErrInjected
	}
	return err
}
