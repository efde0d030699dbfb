package media

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/skip2/go-qrcode"
)

// The reader alone loses some of these: which, is a matter of their pattern.
func TestReadQR_ReadsEveryCleanCode(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		says := fmt.Sprintf("http://weixin.qq.com/q/%016x%06x", r.Uint64(), r.Uint32()&0xffffff)
		code, err := qrcode.New(says, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := jpeg.Encode(&picture, code.Image(280), &jpeg.Options{Quality: 85}); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadQR(picture.Bytes()); got != says {
			t.Errorf("%s is read as %q, %v", says, got, err)
		}
	}
}

func TestReadQR_RefusesWhatIsNone(t *testing.T) {
	for name, picture := range map[string][]byte{"nothing": nil, "words": []byte("no picture"), "another picture": jpegOf(t, quarters(80, 80))} {
		if got, err := ReadQR(picture); err == nil {
			t.Errorf("%s is read as %q", name, got)
		}
	}
}
