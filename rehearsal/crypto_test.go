package rehearsal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"os"
	"testing"
)

type vectors struct {
	Signatures []struct{ Name, Token, Timestamp, Nonce, Signature string } `json:"signatures"`
	AES        []struct {
		Name, Token, AESKey, AppID, Timestamp, Nonce, Random, Msg, Encrypt, MsgSignature string
		Pad                                                                              int
	} `json:"aes"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/callback-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Signatures) < 4 || len(v.AES) < 11 {
		t.Fatalf("vectors: %d signatures, %d ciphertexts", len(v.Signatures), len(v.AES))
	}
	return v
}

func TestSign_Vectors(t *testing.T) {
	for _, v := range readVectors(t).Signatures {
		if got := sign(v.Token, v.Timestamp, v.Nonce); got != v.Signature {
			t.Errorf("%s: signature %s, want %s", v.Name, got, v.Signature)
		}
	}
}

func TestCrypto_VectorsBothWays(t *testing.T) {
	for _, v := range readVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			key, err := decodeKey(v.AESKey)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decrypt(key, v.Encrypt)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.msg) != v.Msg || got.appID != v.AppID || string(got.random) != v.Random || got.pad != v.Pad {
				t.Errorf("decrypt: pad %d appid %q message %q", got.pad, got.appID, got.msg)
			}
			again, err := encrypt(key, []byte(v.Random), []byte(v.Msg), v.AppID)
			if err != nil {
				t.Fatal(err)
			}
			if again != v.Encrypt {
				t.Error("encrypt does not give the vector's ciphertext")
			}
			if s := sign(v.Token, v.Timestamp, v.Nonce, v.Encrypt); s != v.MsgSignature {
				t.Errorf("msg_signature %s, want %s", s, v.MsgSignature)
			}
		})
	}
}

func TestDecrypt_RefusesWhatIsBroken(t *testing.T) {
	v := readVectors(t).AES[0]
	key, err := decodeKey(v.AESKey)
	if err != nil {
		t.Fatal(err)
	}
	whole := decodeBase64(v.Encrypt)
	tail := func(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	empty := append(bytes.Repeat([]byte{'r'}, 16), 0, 0, 0, 0)
	for name, enc := range map[string]string{
		"no base64":           "!!",
		"nothing":             "",
		"half a block":        encodeBase64(whole[:40]),
		"spoiled":             spoilPadding(v.Encrypt),
		"padding of 33":       raw(t, key, empty, tail(11, 'a'), tail(33, 33)),
		"padding of 0":        raw(t, key, empty, tail(11, 'a'), tail(33, 0)),
		"padding not equal":   raw(t, key, empty, tail(10, 'a'), tail(2, 12)),
		"shorter than a head": raw(t, key, tail(16, 'r'), tail(16, 16)),
		"length too long":     raw(t, key, tail(16, 'r'), []byte{0, 0, 0, 1}, tail(12, 12)),
		"length of 4 GiB":     raw(t, key, tail(16, 'r'), tail(4, 255), tail(12, 12)),
	} {
		if _, err := decrypt(key, enc); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := decrypt(key, raw(t, key, empty, tail(12, 12))); err != nil {
		t.Errorf("nothing wrong: %v", err)
	}
}

// raw encrypts bytes as they are, padding included.
func raw(t *testing.T, key []byte, parts ...[]byte) string {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Join(parts, nil)
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(plain, plain)
	return encodeBase64(plain)
}

func TestDecodeKey_TakesTheOfficialDemoKey(t *testing.T) {
	if _, err := decodeKey("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "short", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"} {
		if _, err := decodeKey(bad); err == nil {
			t.Errorf("%q: taken", bad)
		}
	}
}
