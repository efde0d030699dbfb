package wechat

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"

	"github.com/silenceper/wechat/v2/util"

	"callbackd"
)

// Outcomes of a callback that is not taken. Match with errors.Is; the text
// beside them holds no secret, no name and no words.
var (
	// ErrForged: not from the platform, or not for this account. Answer 403.
	ErrForged = errors.New("forged callback")
	// ErrStale: genuine, but its timestamp is too far from now. Answer 403.
	ErrStale = errors.New("stale callback")
	// ErrUnreadable: genuine, but no message can be made of it. The bytes are
	// kept and the answer is success: a repeat cannot help.
	ErrUnreadable = errors.New("unreadable callback")
)

// Check answers the platform's GET check: it returns echostr, to be sent back
// byte for byte as text/plain, or ErrForged. The time window does not apply:
// an operator may repeat the check at leisure, and it changes nothing here.
func Check(acc *callbackd.Account, q url.Values) (echostr string, err error) {
	if err := verify(acc, q); err != nil {
		return "", err
	}
	echostr = q.Get("echostr")
	if echostr == "" {
		return "", fmt.Errorf("%w: no echostr", ErrForged)
	}
	return echostr, nil
}

// verify checks signature, which proves that the sender knows the token and
// says nothing about the body.
func verify(acc *callbackd.Account, q url.Values) error {
	if err := complete(acc, q); err != nil {
		return err
	}
	want := util.Signature(acc.Token.Reveal(), q.Get("timestamp"), q.Get("nonce"))
	if !equal(q.Get("signature"), want) {
		return fmt.Errorf("%w: signature does not fit", ErrForged)
	}
	return nil
}

// verifySealed checks msg_signature, which covers the ciphertext. A signature
// that comes along must fit too: the platform never contradicts itself. Where
// it is absent, msg_signature proves everything that it would.
func verifySealed(acc *callbackd.Account, q url.Values, ciphertext string) error {
	if err := complete(acc, q); err != nil {
		return err
	}
	want := util.Signature(acc.Token.Reveal(), q.Get("timestamp"), q.Get("nonce"), ciphertext)
	if !equal(q.Get("msg_signature"), want) {
		return fmt.Errorf("%w: msg_signature does not fit", ErrForged)
	}
	if q.Has("signature") {
		return verify(acc, q)
	}
	return nil
}

// complete refuses what could be signed by anybody: an account without a token
// (its signatures are plain SHA-1 of public strings) and missing parameters.
func complete(acc *callbackd.Account, q url.Values) error {
	if acc.Token == "" {
		return fmt.Errorf("%w: the account has no token", ErrForged)
	}
	if q.Get("timestamp") == "" || q.Get("nonce") == "" {
		return fmt.Errorf("%w: timestamp or nonce is missing", ErrForged)
	}
	return nil
}

// equal compares in a time that does not depend on where the texts differ.
// Only the platform's own spelling (lowercase hex) is taken, so that one
// signature has one form in the memory of used requests.
func equal(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
