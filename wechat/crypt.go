package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/silenceper/wechat/v2/util"

	"callbackd"
)

const (
	padBlock  = 32 // PKCS#7 over blocks of 32, although an AES block has 16
	headBytes = 20 // 16 random bytes and the length of the message
)

// What is wrong inside a ciphertext. Callers turn all of them into ErrForged.
var (
	errKey        = errors.New("the AES key does not have 43 base64 characters")
	errCiphertext = errors.New("the ciphertext does not open with this key")
	errAppID      = errors.New("the ciphertext is for another app id")
)

// aesKey decodes an EncodingAESKey: base64 of 32 bytes without its "=". The decoder is the lenient one on purpose:
// the 43rd character may carry trailing bits, as the platform's own demo key
// does, and Strict would refuse it.
func aesKey(key callbackd.Secret) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(key.Reveal() + "=")
	if err != nil || len(raw) != 32 {
		return nil, errKey // not err: it would quote the key
	}
	return raw, nil
}

// decrypt opens a ciphertext: random(16) ‖ length(4, big endian) ‖ message ‖
// app id, padded. The message is only returned when the app id is ours.
//
// It is our own code although silenceper has the same: util.DecryptMsg takes
// only multiples of 32, answers panics by a recover, tells a foreign app id by
// the text of its error, and decodes the key on each call. FuzzDecrypt holds
// that both agree on whatever util.DecryptMsg opens.
func decrypt(ciphertext string, key []byte, appID string) ([]byte, error) {
	buf, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil {
		return nil, errCiphertext
	}
	if len(buf) == 0 || len(buf)%aes.BlockSize != 0 {
		return nil, errCiphertext
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errKey
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(buf, buf)

	pad := int(buf[len(buf)-1])
	if pad < 1 || pad > padBlock || len(buf)-pad < headBytes {
		return nil, errCiphertext
	}
	buf = buf[:len(buf)-pad]
	// compared as uint64, so that a length near 2³² cannot wrap
	size := uint64(binary.BigEndian.Uint32(buf[16:headBytes]))
	if headBytes+size > uint64(len(buf)) {
		return nil, errCiphertext
	}
	end := headBytes + int(size)
	if appID == "" || string(buf[end:]) != appID {
		return nil, errAppID
	}
	return buf[headBytes:end:end], nil
}

// encrypt is the reverse of decrypt. random has 16 bytes.
func encrypt(random, message, key []byte, appID string) (string, error) {
	if len(random) != 16 || len(key) != 32 {
		return "", fmt.Errorf("encrypt: %w", errKey) // util would panic
	}
	return base64.StdEncoding.EncodeToString(util.AESEncryptMsg(random, message, appID, key)), nil
}
