package rehearsal

import (
	"bytes"
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
	lies, err := encrypt(key, bytes.Repeat([]byte{'r'}, 16), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	short := decodeBase64(lies)
	for name, enc := range map[string]string{
		"no base64":       "!!",
		"nothing":         "",
		"half a block":    encodeBase64(whole[:40]),
		"wrong padding":   spoilPadding(v.Encrypt),
		"length too long": encodeBase64(flip(short, 0)),
	} {
		if _, err := decrypt(key, enc); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// flip turns the first byte of the length in a two-block message: CBC carries a
// flipped bit of block n into block n+1.
func flip(b []byte, at int) []byte {
	out := bytes.Clone(b)
	out[at] ^= 0x7f
	return out
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
