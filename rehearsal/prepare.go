package rehearsal

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// Forgery is what is wrong with a push on purpose.
type Forgery string

// What can be wrong; Refused says which of these a receiver must refuse, and
// Applies in which modes there is such a thing.
const (
	Genuine           Forgery = ""
	ForgeSignature    Forgery = "signature"     // wrong signature; in encrypted modes msg_signature too
	ForgeMsgSignature Forgery = "msg-signature" // signature right, msg_signature wrong
	ForgeNoMsgSig     Forgery = "no-msg-signature"
	ForgeAppID        Forgery = "appid"      // another appid inside the ciphertext
	ForgeKey          Forgery = "key"        // encrypted with a key that was never the account's
	ForgePlain        Forgery = "plain"      // plaintext body with a right signature and no ciphertext
	ForgeStale        Forgery = "stale"      // everything right, one hour late
	ForgePadding      Forgery = "padding"    // ciphertext whose padding is wrong, signed right
	ForgeTruncated    Forgery = "truncated"  // ciphertext cut to a length that is no block, signed right
	ForgePlainLies    Forgery = "plain-lies" // the plain elements say something else than the ciphertext: only that is believed

	// Genuine, but unusual: the receiver must take it.
	PreviousKey   Forgery = "previous-key"    // encrypted with PushConfig.PreviousAESKey
	NoContentType Forgery = "no-content-type" // header missing
	// Genuine, for somebody else: kept and counted by the receiver, never shown.
	Misdirected Forgery = "misdirected" // ToUserName is another account's
)

// Forgeries lists all of them but Genuine.
func Forgeries() []Forgery {
	return []Forgery{
		ForgeSignature, ForgeMsgSignature, ForgeNoMsgSig, ForgeAppID, ForgeKey, ForgePlain, ForgeStale, ForgePadding,
		ForgeTruncated, ForgePlainLies, PreviousKey, NoContentType, Misdirected,
	}
}

// Applies reports whether a push of this mode can be wrong in this way. What
// does not apply cannot be prepared.
func (f Forgery) Applies(m callbackd.Mode) bool {
	switch f {
	case Genuine, ForgeSignature, ForgeStale, NoContentType, Misdirected:
		return true
	case ForgePlainLies:
		return m == callbackd.ModeCompatible
	}
	return m.Encrypted()
}

// Refused reports whether a receiver must refuse it.
func (f Forgery) Refused() bool {
	switch f {
	case Genuine, ForgePlainLies, PreviousKey, NoContentType, Misdirected:
		return false
	}
	return true
}

// PrepareOptions are the details of one delivery. The zero value is a genuine
// push in the account's mode with fresh random values.
type PrepareOptions struct {
	Mode      callbackd.Mode // empty: the account's
	Forgery   Forgery
	Timestamp string // empty: now
	Nonce     string // empty: random
	Random    []byte // 16 bytes before the length; nil: random
}

// Prepared is a push that is ready to be sent, once or many times. Sending the
// same one again is a replay.
type Prepared struct {
	Query  url.Values
	Body   []byte
	Header http.Header

	payload Payload
	mode    callbackd.Mode
	forgery Forgery
	key     string // EncodingAESKey in use, for the answer
}

// Prepare renders a push for an account: query, body and header.
func (a *Account) Prepare(pl Payload, o PrepareOptions) (Prepared, error) {
	server := a.Server()
	if o.Mode == "" {
		o.Mode = server.Mode
	}
	if !o.Forgery.Applies(o.Mode) {
		return Prepared{}, fmt.Errorf("prepare push: forgery %q in %s mode: %w", o.Forgery, o.Mode, callbackd.ErrInvalid)
	}
	if o.Timestamp == "" {
		at := a.p.now()
		if o.Forgery == ForgeStale {
			at = at.Add(-time.Hour)
		}
		o.Timestamp = strconv.FormatInt(at.Unix(), 10)
	}
	if o.Nonce == "" {
		o.Nonce = randomDecimal()
	}
	if o.Random == nil {
		o.Random = make([]byte, 16)
		_, _ = rand.Read(o.Random) // never fails
	}
	out := Prepared{payload: pl, mode: o.Mode, forgery: o.Forgery, Header: http.Header{"Content-Type": {"text/xml"}}}
	if o.Forgery == NoContentType {
		out.Header = http.Header{}
	}
	signature := sign(server.Token, o.Timestamp, o.Nonce)
	if o.Forgery == ForgeSignature {
		signature = sign(server.Token+"x", o.Timestamp, o.Nonce)
	}
	out.Query = url.Values{"signature": {signature}, "timestamp": {o.Timestamp}, "nonce": {o.Nonce}}
	if !a.Config.Push.WithoutOpenID {
		out.Query.Set("openid", string(pl.OpenID))
	}
	plain := pl.XML
	if o.Forgery == Misdirected {
		plain = bytes.Replace(plain, []byte(a.Config.OriginalID), []byte("gh_"+hexID(a.p.opts.Seed, 12, "nobody")), 1)
	}
	if !o.Mode.Encrypted() || o.Forgery == ForgePlain {
		out.Body = plain
		return out, nil
	}
	return out, a.seal(&out, plain, o, server)
}

// seal adds the ciphertext to a push of the encrypted modes.
func (a *Account) seal(out *Prepared, plain []byte, o PrepareOptions, server Server) error {
	out.key = server.AESKey
	appID := a.Config.AppID
	switch o.Forgery {
	case PreviousKey:
		out.key = a.Config.Push.PreviousAESKey
	case ForgeKey:
		out.key = word(a.p.opts.Seed, 43, "foreign key")
		out.key = strings.NewReplacer("-", "A", "_", "B").Replace(out.key)
	case ForgeAppID:
		appID = "wx" + hexID(a.p.opts.Seed, 16, "foreign appid")
	}
	key, err := decodeKey(out.key)
	if err != nil {
		return fmt.Errorf("prepare push: %w", err)
	}
	enc, err := encrypt(key, o.Random, plain, appID)
	if err != nil {
		return fmt.Errorf("prepare push: %w", err)
	}
	switch o.Forgery {
	case ForgePadding:
		enc = spoilPadding(enc)
	case ForgeTruncated:
		enc = enc[:len(enc)/2/4*4-4]
	}
	msgSignature := sign(server.Token, o.Timestamp, o.Nonce, enc)
	if o.Forgery == ForgeSignature || o.Forgery == ForgeMsgSignature {
		msgSignature = sign(server.Token+"x", o.Timestamp, o.Nonce, enc)
	}
	out.Query.Set("encrypt_type", "aes")
	if o.Forgery != ForgeNoMsgSig {
		out.Query.Set("msg_signature", msgSignature)
	}
	element := "<Encrypt><![CDATA[" + enc + "]]></Encrypt>"
	if o.Mode == callbackd.ModeSafe {
		out.Body = []byte("<xml><ToUserName><![CDATA[" + a.Config.OriginalID + "]]></ToUserName>" + element + "</xml>")
		return nil
	}
	if o.Forgery == ForgePlainLies {
		plain = bytes.Replace(plain, []byte("<Content><![CDATA["), []byte("<Content><![CDATA[never said: "), 1)
	}
	out.Body = append(bytes.TrimSuffix(bytes.Clone(plain), []byte("</xml>")), element+"</xml>"...)
	return nil
}

// spoilPadding flips a bit in the second last block: its own block turns to
// noise, and the last block's padding byte becomes wrong.
func spoilPadding(enc string) string {
	raw := decodeBase64(enc)
	raw[len(raw)-17] ^= 0x80
	return encodeBase64(raw)
}

// Request is the push as an HTTP request to a callback URL.
func (pr Prepared) Request(ctx context.Context, callbackURL string) (*http.Request, error) {
	sep := "?"
	if strings.Contains(callbackURL, "?") {
		sep = "&"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, callbackURL+sep+pr.Query.Encode(), bytes.NewReader(pr.Body))
	if err != nil {
		return nil, fmt.Errorf("push request: %w", err)
	}
	r.Header = pr.Header.Clone()
	r.Header.Set("User-Agent", "Mozilla/4.0")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Pragma", "no-cache")
	return r, nil
}

// randomDecimal is a nonce as the platform writes it: 9 or 10 digits.
func randomDecimal() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return strconv.FormatUint(uint64(n)%2_000_000_000+100_000_000, 10)
}
