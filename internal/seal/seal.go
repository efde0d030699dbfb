// Package seal encrypts secrets before they are stored and opens them again.
//
// A sealed value is bound to the place it is stored in (its context): moved to
// another row or column, it no longer opens. The package stores nothing but
// the key file; it is no password hash and knows no key rotation.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"callbackd"
)

// version is the first byte of every sealed value: AES-256-GCM with a random
// 96-bit nonce in front, context as additional data.
const version = 1

// Key seals and opens. It is safe for concurrent use and prints as [key].
//
// The nonces are random, which is sound for 2³² values under one key; an
// installation seals some thousands.
type Key struct {
	aead cipher.AEAD
	mac  []byte // of Digest, derived: the two uses share no key
}

// NewKey makes a key of exactly KeySize random bytes.
func NewKey(raw []byte) (*Key, error) {
	if len(raw) != KeySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d: %w", KeySize, len(raw), callbackd.ErrInvalid)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	mac, err := hkdf.Expand(sha256.New, raw, "callbackd digest", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of digests: %w", err)
	}
	return &Key{aead: aead, mac: mac}, nil
}

// Context names the place of a sealed value: table, column and the row's key.
// The parts are kept apart, so that ("a", "bc") is not ("ab", "c").
func Context(table, column, row string) string {
	return fmt.Sprintf("%q/%q/%q", table, column, row)
}

// Seal encrypts plaintext for the place that context names.
func (k *Key) Seal(plaintext []byte, context string) []byte {
	return k.aead.Seal([]byte{version}, nil, plaintext, additional(context))
}

// Open returns what was sealed for the same context. Its error is of kind
// ErrInvalid: another key, another place, or bytes that were changed.
func (k *Key) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, fmt.Errorf("not a sealed value of this version: %w", callbackd.ErrInvalid)
	}
	plain, err := k.aead.Open(nil, nil, sealed[1:], additional(context))
	if err != nil {
		return nil, fmt.Errorf("sealed with another key, for another place, or damaged: %w", callbackd.ErrInvalid)
	}
	return plain, nil
}

// Digest is the same for the same data in the same context, and tells nothing to
// whoever lacks the key: 32 bytes, by which a value is found again without being
// kept.
func (k *Key) Digest(data []byte, context string) []byte {
	h := hmac.New(sha256.New, k.mac)
	fmt.Fprintf(h, "%d:%s", len(context), context)
	h.Write(data)
	return h.Sum(nil)
}

// String keeps the key out of everything that prints.
func (k *Key) String() string { return "[key]" }

// GoString keeps the key out of everything that prints.
func (k *Key) GoString() string { return "[key]" }

func additional(context string) []byte {
	return append([]byte{version}, context...)
}
