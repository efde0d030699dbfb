package wall

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestDrawnAvatar_IsTheSameInEveryRelease(t *testing.T) {
	for seed, want := range map[int64]string{
		0: "11a3471233b3", 1: "a077e454dc73", -1: "49c244a11869", 1 << 40: "e941242d84f5", math.MinInt64: "b1049ba948fa",
	} {
		sum := sha256.Sum256(DrawnAvatar(seed))
		if got := hex.EncodeToString(sum[:6]); got != want {
			t.Errorf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

func TestDrawnAvatar_IsAPlainPicture(t *testing.T) {
	allowed := map[string]bool{"svg": true, "rect": true, "circle": true, "path": true}
	for seed := range int64(500) {
		dec := xml.NewDecoder(bytes.NewReader(DrawnAvatar(seed)))
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			start, ok := tok.(xml.StartElement)
			if !ok {
				continue
			}
			if !allowed[start.Name.Local] {
				t.Fatalf("seed %d: element %s", seed, start.Name.Local)
			}
			for _, a := range start.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Fatalf("seed %d: attribute %s", seed, a.Name.Local)
				}
				if a.Name.Local == "fill" && (a.Value == "L" || a.Value == "D") {
					t.Fatalf("seed %d: a part without its tone", seed)
				}
			}
		}
	}
}

func TestDrawnAvatar_SpreadsOverHuesAndParts(t *testing.T) {
	const seeds = 8000
	hues := map[string]int{}
	faces := map[string]bool{}
	for seed := range int64(seeds) {
		svg := string(DrawnAvatar(seed))
		faces[svg] = true
		for _, tones := range faceTones {
			if strings.Contains(svg, `height="96" fill="`+tones[0]) {
				hues[tones[0]]++
			}
		}
	}
	for _, tones := range faceTones {
		if n := hues[tones[0]]; n < seeds/8*8/10 || n > seeds/8*12/10 {
			t.Errorf("hue %s: %d of %d faces", tones[0], n, seeds)
		}
	}
	if len(faces) < 5000 {
		t.Errorf("%d different faces of %d", len(faces), seeds)
	}
}

// Equal lightness, by the relative luminance of the sRGB values.
func TestDrawnAvatar_HuesAreEquallyLight(t *testing.T) {
	for tone, want := range map[int]float64{0: 0.24, 1: 0.73} {
		for _, pair := range faceTones {
			if got := luminance(t, pair[tone]); math.Abs(got-want) > 0.05 {
				t.Errorf("%s: luminance %.3f, want about %.2f", pair[tone], got, want)
			}
		}
	}
}

func luminance(t *testing.T, hexColour string) float64 {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(hexColour, "#"))
	if err != nil || len(b) != 3 {
		t.Fatalf("%s is no colour", hexColour)
	}
	linear := func(v byte) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(b[0]) + 0.7152*linear(b[1]) + 0.0722*linear(b[2])
}
