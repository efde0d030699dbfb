package handlers

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"callbackd"
)

// passwordParams cost about a tenth of a second and 46 MiB: the first choice of
// OWASP's Password Storage Cheat Sheet for argon2id.
var passwordParams = &argon2id.Params{Memory: 46 << 10, Iterations: 1, Parallelism: uint8(min(runtime.NumCPU(), 2)), SaltLength: 16, KeyLength: 32} //nolint:gosec // at most 2

// Lengths of passwords, in characters.
const (
	PasswordLeast = 10
	PasswordMost  = 200
)

// hashing lets two hashes be made or compared at a time: each takes memory.
var hashing = make(chan struct{}, 2)

// CheckPassword says whether a password may be chosen for a name.
func CheckPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	if !utf8.ValidString(password) || n < PasswordLeast || n > PasswordMost || callbackd.FoldOperatorName(password) == callbackd.FoldOperatorName(name) {
		return callbackd.Public(callbackd.ErrInvalid, "error.password", nil)
	}
	return nil
}

// HashPassword returns the argon2id hash of a password. It waits for its turn
// until ctx ends.
func HashPassword(ctx context.Context, password string) (string, error) {
	done, err := hashTurn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(password, passwordParams)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// nobodysHash is compared where a name is unknown, so that the answer takes as long.
var nobodysHash = sync.OnceValues(func() (string, error) { return argon2id.CreateHash("nobody", passwordParams) })

// comparePassword reports whether a password belongs to a hash; an empty hash
// belongs to nobody's password.
func comparePassword(ctx context.Context, hash, password string) (bool, error) {
	done, err := hashTurn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	known := hash != ""
	if !known {
		if hash, err = nobodysHash(); err != nil {
			return false, err
		}
	}
	if utf8.RuneCountInString(password) > PasswordMost {
		password = ""
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && known, nil
}

func hashTurn(ctx context.Context) (func(), error) {
	select {
	case hashing <- struct{}{}:
		return func() { <-hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
