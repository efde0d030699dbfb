package rehearsal

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// Everything that looks random in the world is derived from the seed and from
// what it belongs to, not drawn from a shared generator: goroutines that race
// cannot change it.

func digest(seed int64, parts ...any) [32]byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d", seed) // a hash never fails to write
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "\x00%v", p)
	}
	return [32]byte(h.Sum(nil))
}

func number(seed int64, parts ...any) uint64 {
	d := digest(seed, parts...)
	return binary.BigEndian.Uint64(d[:8])
}

// source is a generator that belongs to one thing alone.
func source(seed int64, parts ...any) *rand.Rand {
	return rand.New(rand.NewChaCha8(digest(seed, parts...)))
}

// hexID draws n lowercase hex digits, n ≤ 64.
func hexID(seed int64, n int, parts ...any) string {
	d := digest(seed, parts...)
	return hex.EncodeToString(d[:])[:n]
}

// word draws n of A–Z a–z 0–9 - _, n ≤ 85.
func word(seed int64, n int, parts ...any) string {
	a, b := digest(seed, append(parts, "a")...), digest(seed, append(parts, "b")...)
	return base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...))[:n]
}

// decimal draws a number of n digits without leading zero, n ≤ 18.
func decimal(seed int64, n int, parts ...any) string {
	low := uint64(1)
	for range n - 1 {
		low *= 10
	}
	return fmt.Sprint(low + number(seed, parts...)%(9*low))
}

// between draws a duration in r, in whole steps.
func between(r Range, step time.Duration, seed int64, parts ...any) time.Duration {
	steps := uint64((r.Max - r.Min) / step)
	return r.Min + time.Duration(number(seed, parts...)%(steps+1))*step
}
