package wechat

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"callbackd"
)

// ownEcho begins the echostr of our own checks. The platform's are digits.
const ownEcho = "callbackd-"

// OwnCheck makes the query of a check that we send to our own public address.
// It is signed as the platform's is, and its echostr says whose it is: so it is
// never taken for the platform's, and nobody without the token can make one.
func OwnCheck(acc *callbackd.Account, now time.Time) url.Values {
	stamp, nonce := strconv.FormatInt(now.Unix(), 10), rand.Text()[:10]
	return url.Values{"signature": {util.Signature(acc.Token.Reveal(), stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce},
		"echostr": {ownEcho + rand.Text()}}
}

// IsOwnCheck reports a query that OwnCheck made, once Check has taken it.
func IsOwnCheck(q url.Values) bool { return strings.HasPrefix(q.Get("echostr"), ownEcho) }

// ModeOf says in which mode a push was sent, by its form alone: that proves
// nothing, and is for people who look for what is wrong.
func ModeOf(q url.Values, body []byte) callbackd.Mode {
	switch {
	case q.Get("encrypt_type") != "aes" && !q.Has("msg_signature"):
		return callbackd.ModePlain
	case bytes.Contains(body, []byte("<FromUserName>")): // beside the ciphertext
		return callbackd.ModeCompatible
	}
	return callbackd.ModeSafe
}

// FlawOf says what is wrong with a request that Open or Check refused. It is
// FlawNone for one that does not even look like the platform's.
func FlawOf(acc *callbackd.Account, q url.Values, mode callbackd.Mode, err error) callbackd.Flaw {
	switch {
	case errors.Is(err, ErrStale):
		return callbackd.FlawClock
	case !errors.Is(err, ErrForged) || q.Get("timestamp") == "" || q.Get("nonce") == "" || q.Get("signature") == "" && q.Get("msg_signature") == "":
		return callbackd.FlawNone
	case errors.Is(err, errAppID):
		return callbackd.FlawAppID
	case errors.Is(err, errCiphertext), errors.Is(err, errKey):
		return callbackd.FlawKey
	case mode == callbackd.ModePlain && acc.Mode.Encrypted() && verify(acc, q) == nil:
		return callbackd.FlawMode
	}
	return callbackd.FlawToken
}
