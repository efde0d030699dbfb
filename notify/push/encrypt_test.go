package push

import (
	"bytes"
	"crypto/ecdh"
	"testing"
)

// The example of RFC 8291, section 5 and appendix A.
func TestEncrypt_GivesTheExampleOfRFC8291(t *testing.T) {
	decode := func(s string) []byte {
		b, err := b64.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sub, err := Hosts{}.NewSubscription("https://fcm.googleapis.com/fcm/send/example",
		"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdh.P256().NewPrivateKey(decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := encryptWith(sub, []byte("When I grow up, I want to be a watermelon"), key, [16]byte(decode("DGv6ra1nlYgDCS1FRnbzlw")))
	if err != nil {
		t.Fatal(err)
	}
	want := "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_" +
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if b64.EncodeToString(got) != want {
		t.Errorf("got  %s\nwant %s", b64.EncodeToString(got), want)
	}
}

func TestEncrypt_LimitFillsABodyOf4096(t *testing.T) {
	sub, _ := exampleSubscription(t)
	for n, want := range map[int]int{MaxWebPushPayload: 4096, MaxWebPushPayload + 1: 4097} {
		body, err := encrypt(sub, make([]byte, n))
		if err != nil || len(body) != want {
			t.Errorf("%d bytes of payload: a body of %d, %v; want %d", n, len(body), err, want)
		}
	}
	if MaxWebPushPayload != 3993 {
		t.Errorf("the limit is %d", MaxWebPushPayload)
	}
}

// A slice with room behind it is how a library wrote into its caller's memory.
func TestEncrypt_DoesNotWriteIntoThePayload(t *testing.T) {
	sub, _ := exampleSubscription(t)
	whole := bytes.Repeat([]byte{0xaa}, 64)
	if _, err := encrypt(sub, whole[:20]); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole, bytes.Repeat([]byte{0xaa}, 64)) {
		t.Errorf("written to: %x", whole)
	}
}

func TestEncrypt_IsNewEachTime(t *testing.T) {
	sub, _ := exampleSubscription(t)
	a, errA := encrypt(sub, []byte("same"))
	b, errB := encrypt(sub, []byte("same"))
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if bytes.Equal(a[:saltSize], b[:saltSize]) || bytes.Equal(a[21:86], b[21:86]) {
		t.Error("salt or key is used twice")
	}
}

// exampleSubscription is one of RFC 8291's browser, at a real service's host.
func exampleSubscription(t *testing.T) (Subscription, string) {
	t.Helper()
	endpoint := "https://fcm.googleapis.com/fcm/send/example-endpoint"
	sub, err := Hosts{}.NewSubscription(endpoint,
		"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg")
	if err != nil {
		t.Fatal(err)
	}
	return sub, endpoint
}
