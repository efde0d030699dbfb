package wechat

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"callbackd"
)

func TestVectors_SignaturesAreTakenAndAnyChangeIsForged(t *testing.T) {
	for _, v := range loadVectors(t).Signatures {
		t.Run(v.Name, func(t *testing.T) {
			acc := &callbackd.Account{Token: callbackd.Secret(v.Token), Mode: callbackd.ModePlain}
			q := url.Values{"timestamp": {v.Timestamp}, "nonce": {v.Nonce}, "signature": {v.Signature}}
			if err := verify(acc, q); err != nil {
				t.Fatal(err)
			}
			q.Set("echostr", "4375120948345356249")
			if echo, err := Check(acc, q); err != nil || echo != "4375120948345356249" {
				t.Fatalf("Check = %q, %v", echo, err)
			}
			for _, name := range []string{"timestamp", "nonce", "signature"} {
				bad := url.Values{"timestamp": q["timestamp"], "nonce": q["nonce"], "signature": q["signature"], "echostr": q["echostr"]}
				bad.Set(name, q.Get(name)+"1")
				if echo, err := Check(acc, bad); !errors.Is(err, ErrForged) || echo != "" {
					t.Errorf("%s changed: Check = %q, %v; want ErrForged", name, echo, err)
				}
			}
		})
	}
}

func TestVectors_Ciphertexts(t *testing.T) {
	for _, v := range loadVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			key, err := aesKey(callbackd.Secret(v.AESKey))
			if err != nil {
				t.Fatal(err)
			}
			msg, err := decrypt(v.Encrypt, key, v.AppID)
			if err != nil || string(msg) != v.Msg {
				t.Errorf("decrypt = %q, %v; want %q", msg, err, v.Msg)
			}
			if _, err := decrypt(v.Encrypt, key, v.AppID+"x"); !errors.Is(err, errAppID) {
				t.Errorf("another app id: %v; want errAppID", err)
			}
			got, err := encrypt([]byte(v.Random), []byte(v.Msg), key, v.AppID)
			if err != nil || got != v.Encrypt {
				t.Errorf("encrypt = %s, %v; want %s", got, err, v.Encrypt)
			}
			if sig := util.Signature(v.Token, v.Timestamp, v.Nonce, v.Encrypt); sig != v.MsgSignature {
				t.Errorf("msg_signature = %s; want %s", sig, v.MsgSignature)
			}
			raw, err := base64.StdEncoding.DecodeString(v.Encrypt)
			if err != nil {
				t.Fatal(err)
			}
			if pad := len(raw) - 20 - len(v.Msg) - len(v.AppID); pad != v.Pad {
				t.Errorf("pad = %d; want %d", pad, v.Pad)
			}
		})
	}
}

// Each of these opens but for the bounds of its padding.
func TestDecrypt_PaddingIsOneTo32(t *testing.T) {
	key, err := aesKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, appID string
		pad, bytes  int
		want        error
	}{
		{"1", testAppID, 1, 1, nil},
		{"32", testAppID, 32, 32, nil},
		{"33", testAppID, 33, 33, errCiphertext},
		{"0, where the last byte of the app id is 0", "wx\x00", 0, 0, errCiphertext},
	} {
		for msg := ""; ; msg += "m" { // as long as fills the last block
			plain := append([]byte("0123456789abcdef\x00\x00\x00"), byte(len(msg)))
			plain = append(append(plain, msg...), c.appID...)
			plain = append(plain, bytes.Repeat([]byte{byte(c.pad)}, c.bytes)...)
			if len(plain)%32 != 0 {
				continue
			}
			if got, err := decrypt(newSender().encryptBlocks(plain), key, c.appID); !errors.Is(err, c.want) || err == nil && string(got) != msg {
				t.Errorf("pad %s: %q, %v; want %v", c.name, got, err, c.want)
			}
			break
		}
	}
}

// The whole way of each vector whose message is a push: query, envelope,
// decryption, fields.
func TestVectors_OpenAsCallbacks(t *testing.T) {
	for _, v := range loadVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			acc := &callbackd.Account{
				Token: callbackd.Secret(v.Token), AESKey: callbackd.Secret(v.AESKey),
				AppID: v.AppID, Mode: callbackd.ModeSafe,
			}
			sec, err := strconv.ParseInt(v.Timestamp, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			q := url.Values{"timestamp": {v.Timestamp}, "nonce": {v.Nonce}, "msg_signature": {v.MsgSignature}, "encrypt_type": {"aes"}}
			body := []byte("<xml><Encrypt><![CDATA[" + v.Encrypt + "]]></Encrypt></xml>")
			p, err := Open(acc, q, body, time.Unix(sec, 0))
			if p == nil {
				t.Fatalf("no push: %v", err)
			}
			if string(p.Raw) != v.Msg {
				t.Errorf("Raw = %q; want %q", p.Raw, v.Msg)
			}
			if err != nil && !errors.Is(err, ErrUnreadable) {
				t.Error(err)
			}
			switch v.Name {
			case "A official python sample":
				if err != nil || p.Content != "abcdteT" || p.MsgID != 6054768590064713728 || p.CreateTime != 1409735668 {
					t.Errorf("%+v, %v", *p, err)
				}
			case "B2 official java sample long":
				if err != nil || p.MsgType != "video" || p.MediaID != "" {
					t.Errorf("MediaId inside <Video> is not a direct child: %q, %v", p.MediaID, err)
				}
			}
		})
	}
}
