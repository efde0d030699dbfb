package pushtest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

var b64 = base64.RawURLEncoding

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: the program ends instead
	return b
}

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

// Decrypt opens a Web Push body as a browser does: one record of aes128gcm
// (RFC 8188) with the keys of RFC 8291.
func Decrypt(private *ecdh.PrivateKey, auth, body []byte) ([]byte, error) {
	if len(body) < 21 {
		return nil, errors.New("no header")
	}
	salt, size, idLen := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	if size < 18 || idLen != 65 || len(body) < 21+idLen {
		return nil, errors.New("header of another form")
	}
	sender, record := body[21:21+idLen], body[21+idLen:]
	if uint32(len(record)) > size {
		return nil, errors.New("more than one record")
	}
	theirs, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, errors.New("the sender's key is not on the curve")
	}
	shared, err := private.ECDH(theirs)
	if err != nil {
		return nil, errors.New("no common secret")
	}
	info := append([]byte("WebPush: info\x00"), private.PublicKey().Bytes()...)
	ikm := expand(hmacOf(auth, shared), append(info, sender...), 32)
	prk := hmacOf(salt, ikm)
	block, err := aes.NewCipher(expand(prk, []byte("Content-Encoding: aes128gcm\x00"), 16))
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, expand(prk, []byte("Content-Encoding: nonce\x00"), 12), record, nil)
	if err != nil {
		return nil, errors.New("does not open")
	}
	end := len(plain)
	for end > 0 && plain[end-1] == 0 {
		end--
	}
	if end == 0 || plain[end-1] != 2 {
		return nil, errors.New("not the last record")
	}
	return plain[:end-1], nil
}

func hmacOf(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// expand is HKDF's second step for lengths of one block.
func expand(prk, info []byte, n int) []byte {
	return hmacOf(prk, append(append([]byte{}, info...), 1))[:n]
}

// openJWT splits a compact JWS and gives its parts to fill.
func openJWT(token string, header, claims any) (signed, signature []byte, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("not three parts")
	}
	for i, into := range []any{header, claims} {
		raw, err := b64.DecodeString(parts[i])
		if err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, nil, err
		}
	}
	signature, err = b64.DecodeString(parts[2])
	return []byte(parts[0] + "." + parts[1]), signature, err
}

func verifyES256(point, signed, signature []byte) bool {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil || len(signature) != 64 {
		return false
	}
	digest := sha256.Sum256(signed)
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

func verifyRS256(key *rsa.PublicKey, signed, signature []byte) bool {
	digest := sha256.Sum256(signed)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}
