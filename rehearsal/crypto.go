package rehearsal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The platform's small crypto (wechat-protocol 1.2, 1.5), written apart from
// package wechat on purpose. testdata/callback-vectors.json judges both.

// padBlock is the padding block: 32, although the AES block is 16.
const padBlock = 32

// sign is hex(sha1(concat(sort(parts)))): signature over token, timestamp,
// nonce; msg_signature over these and Encrypt.
func sign(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, "")))
	return hex.EncodeToString(sum[:])
}

// decodeKey opens a 43-character EncodingAESKey. The last character may carry
// bits that fit nowhere (the official demo key does), so not Strict.
func decodeKey(encoded string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("aes key is not 43 characters of base64")
	}
	return key, nil
}

// encrypt returns base64(AES-CBC(random ‖ length ‖ msg ‖ appID ‖ padding)).
func encrypt(key, random, msg []byte, appID string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	if len(random) != 16 {
		return "", errors.New("encrypt: random part is not 16 bytes")
	}
	var plain bytes.Buffer
	plain.Write(random)
	_ = binary.Write(&plain, binary.BigEndian, uint32(len(msg))) // a buffer never fails
	plain.Write(msg)
	plain.WriteString(appID)
	pad := padBlock - plain.Len()%padBlock
	plain.Write(bytes.Repeat([]byte{byte(pad)}, pad))
	out := plain.Bytes()
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(out, out)
	return base64.StdEncoding.EncodeToString(out), nil
}

// opened is what a ciphertext holds.
type opened struct {
	random, msg []byte
	appID       string
	pad         int
}

// decrypt is the way back; every length in it is checked.
func decrypt(key []byte, encoded string) (opened, error) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return opened{}, errors.New("decrypt: not base64")
	}
	if len(data) == 0 || len(data)%padBlock != 0 {
		return opened{}, errors.New("decrypt: length is not a multiple of 32")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return opened{}, fmt.Errorf("decrypt: %w", err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > padBlock {
		return opened{}, errors.New("decrypt: bad padding")
	}
	if !bytes.Equal(data[len(data)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return opened{}, errors.New("decrypt: bad padding")
	}
	data = data[:len(data)-pad]
	if len(data) < 20 {
		return opened{}, errors.New("decrypt: too short")
	}
	n := uint64(binary.BigEndian.Uint32(data[16:20]))
	if 20+n > uint64(len(data)) {
		return opened{}, errors.New("decrypt: length runs over the end")
	}
	return opened{random: data[:16], msg: data[20 : 20+n], appID: string(data[20+n:]), pad: pad}, nil
}

// decodeBase64 opens what encodeBase64 wrote.
func decodeBase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err) // our own text
	}
	return b
}

func encodeBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
