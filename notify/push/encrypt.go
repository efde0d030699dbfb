package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	// MaxWebPushPayload is how many bytes a Web Push carries: services take
	// bodies of 4 096 (RFC 8030, 7.2), of which RFC 8188's header is 86, the
	// delimiter 1 and the tag 16.
	MaxWebPushPayload = recordSize - headerSize - 1 - 16

	recordSize = 4096
	saltSize   = 16
	pointSize  = 65 // of P-256, uncompressed
	headerSize = saltSize + 4 + 1 + pointSize
)

// encrypt seals plaintext for a subscription: aes128gcm in one record (RFC
// 8188) under keys of RFC 8291, with a key pair and a salt of its own. The
// plaintext is only read.
func encrypt(to Subscription, plaintext []byte) ([]byte, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a message key: %w", err)
	}
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, fmt.Errorf("make a salt: %w", err)
	}
	return encryptWith(to, plaintext, key, salt)
}

func encryptWith(to Subscription, plaintext []byte, key *ecdh.PrivateKey, salt [saltSize]byte) ([]byte, error) {
	aead, nonce, err := messageKeys(to, key, salt)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, headerSize+len(plaintext)+1+aead.Overhead())
	out = append(out, salt[:]...)
	out = binary.BigEndian.AppendUint32(out, recordSize)
	out = append(out, pointSize)
	out = append(out, key.PublicKey().Bytes()...)
	record := make([]byte, 0, len(plaintext)+1)
	record = append(append(record, plaintext...), 2) // 2 ends the last record
	return aead.Seal(out, nonce, record, nil), nil
}

// messageKeys is RFC 8291, 3.4.
func messageKeys(to Subscription, key *ecdh.PrivateKey, salt [saltSize]byte) (cipher.AEAD, []byte, error) {
	secret, err := key.ECDH(to.key)
	if err != nil {
		return nil, nil, fmt.Errorf("agree on a key: %w", err)
	}
	prk, err := hkdf.Extract(sha256.New, secret, to.auth[:])
	if err != nil {
		return nil, nil, fmt.Errorf("derive keys: %w", err)
	}
	info := "WebPush: info\x00" + string(to.key.Bytes()) + string(key.PublicKey().Bytes())
	ikm, err := hkdf.Expand(sha256.New, prk, info, 32)
	if err != nil {
		return nil, nil, fmt.Errorf("derive keys: %w", err)
	}
	content, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("derive keys: %w", err)
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, nil, fmt.Errorf("derive keys: %w", err)
	}
	block, err := aes.NewCipher(content)
	if err != nil {
		return nil, nil, fmt.Errorf("derive keys: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return aead, nonce, err
}
