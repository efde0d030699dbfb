package store

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// idSource draws row ids: 41 bits of milliseconds since 2020, 22 bits of a
// counter that starts at a random place. They grow within a process, need no
// round trip to the database, and two nodes that meet in one value get a
// conflict, after which the row is tried again with another id.
type idSource struct{ last atomic.Int64 }

var idEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

func newIDSource() *idSource {
	s := &idSource{}
	s.last.Store((time.Now().UnixMilli()-idEpoch)<<22 | rand.Int64N(1<<22))
	return s
}

func (s *idSource) next() int64 {
	for {
		last := s.last.Load()
		id := max(last+1, (time.Now().UnixMilli()-idEpoch)<<22|last&(1<<22-1))
		if s.last.CompareAndSwap(last, id) {
			return id
		}
	}
}
