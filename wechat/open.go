package wechat

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"callbackd"
)

// Window is how far the timestamp of a request may be from our clock.
const Window = 15 * time.Minute

// Open checks a pushed request and reads it. q is the query, body the whole
// body; the caller has capped it. The Content-Type is of no importance.
//
// In plain mode the signature over the token is checked; it does not cover the
// body. In compatible and safe mode msg_signature over the ciphertext is
// required and only what was decrypted is used. A mode that is neither is
// treated as safe. A push to an account in plain mode that carries
// msg_signature is opened as in safe mode if the account has a key: so an
// account can be switched to encryption on the platform first, here second.
// Without a key its plain elements are read, if it has any.
//
// Errors are ErrForged, ErrStale or ErrUnreadable. With ErrUnreadable the Push
// is returned as well, so that its bytes can be kept; else it is nil.
func Open(acc *callbackd.Account, q url.Values, body []byte, now time.Time) (*Push, error) {
	p := &Push{reply: &replyContext{account: acc.OriginalID}}
	outer, proof, err := p.authenticate(acc, q, body, now)
	if err != nil {
		return nil, err
	}
	at, err := timestamp(q)
	if err != nil {
		return nil, err
	}
	if d := now.Sub(at); d > Window || d < -Window {
		return nil, ErrStale
	}
	p.request = sha256.Sum256([]byte(proof))
	p.body = sha256.Sum256(body)
	err = p.read()
	if p.created <= 0 || p.created >= endOfTime {
		p.CreateTime = at.Unix()
	}
	p.Misdirected = foreign(acc.OriginalID, p.ToUser, outer)
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return p, nil
}

// authenticate proves that the request is the platform's and sets Raw. It
// returns the ToUserName beside the ciphertext, and the signature that was
// believed.
func (p *Push) authenticate(acc *callbackd.Account, q url.Values, body []byte, now time.Time) (outer, proof string, err error) {
	maySeal := acc.AESKey != "" && acc.AppID != "" && q.Get("msg_signature") != ""
	if acc.Mode == callbackd.ModePlain && !maySeal {
		if err := verify(acc, q); err != nil {
			return "", "", err
		}
		p.Raw = body
		return "", "plain " + q.Get("signature"), nil
	}
	// An envelope that cannot be read has no ciphertext, and nothing opens.
	f, _ := readFields(body, only(fToUser)|only(fEncrypt))
	if err := verifySealed(acc, q, f[fEncrypt]); err != nil {
		return "", "", err
	}
	if err := p.unseal(acc, f[fEncrypt], now); err != nil {
		return "", "", err
	}
	return f[fToUser], "sealed " + q.Get("msg_signature"), nil
}

// unseal decrypts with the account's key, then with the previous one while it
// lasts, and keeps the key that fitted for the answer.
func (p *Push) unseal(acc *callbackd.Account, ciphertext string, now time.Time) error {
	keys := []callbackd.Secret{acc.AESKey}
	if now.Before(acc.PreviousAESKeyUntil) {
		keys = append(keys, acc.PreviousAESKey)
	}
	var last error
	for _, k := range keys {
		key, err := aesKey(k)
		if err != nil {
			last = err
			continue
		}
		raw, err := decrypt(ciphertext, key, acc.AppID)
		if err != nil {
			last = err
			continue
		}
		p.Raw = raw
		p.reply.token, p.reply.appID, p.reply.key = acc.Token, acc.AppID, key
		return nil
	}
	return fmt.Errorf("%w: %w", ErrForged, last)
}

// timestamp is the time of the request, which was signed: whole seconds.
func timestamp(q url.Values) (time.Time, error) {
	s, err := strconv.ParseUint(q.Get("timestamp"), 10, 36) // 36 bits: until the year 4147
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: timestamp is no number of seconds", ErrForged)
	}
	return time.Unix(int64(s), 0), nil
}

// foreign reports whether one of the names that are there is not ours. Where
// our own is not known, they must at least agree.
func foreign(ours string, names ...string) bool {
	for _, n := range names {
		if n == "" {
			continue // a name that is missing names nobody else
		}
		if ours == "" {
			ours = n
		}
		if n != ours {
			return true
		}
	}
	return false
}
