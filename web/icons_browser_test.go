package web_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callbackd/internal/testkit/walltest"
	"callbackd/web"
)

var update = flag.Bool("update", false, "draw the icons anew")

// The icons of the installed app are icon.svg, drawn by a browser; -update draws
// them anew.
func TestIcons_AreDrawnFromOurOwnSVG(t *testing.T) {
	path, err := web.StaticPath("icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, 400, 400, walltest.New(t).URL("/"))
	for _, side := range []int{192, 512} {
		file := filepath.Join("static", "icons", fmt.Sprintf("icon-%d.png", side))
		drawn := eval[string](b, fmt.Sprintf(`(async () => { const i = new Image(%d, %d); i.src = '%s'; await i.decode();
			const c = document.createElement('canvas'); c.width = c.height = %d; c.getContext('2d').drawImage(i, 0, 0, %d, %d); return c.toDataURL('image/png'); })()`,
			side, side, path, side, side, side))
		body, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(drawn, "data:image/png;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, body, 0o644); err != nil { //nolint:gosec // a picture for everybody
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if off := difference(t, kept, body); off > 0.5 {
			t.Errorf("%s is %.2f steps of 255 away from icon.svg: run the test with -update", file, off)
		}
	}
}

// difference is by how much two pictures differ in the mean; whole sizes apart is all.
func difference(t *testing.T, a, b []byte) float64 {
	t.Helper()
	var pictures [2]image.Image
	for i, body := range [][]byte{a, b} {
		p, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		pictures[i] = p
	}
	size := pictures[0].Bounds()
	if size != pictures[1].Bounds() {
		return 255
	}
	sum := 0.0
	for y := range size.Dy() {
		for x := range size.Dx() {
			r, g, b, o := pictures[0].At(x, y).RGBA()
			r2, g2, b2, o2 := pictures[1].At(x, y).RGBA()
			for _, pair := range [][2]uint32{{r, r2}, {g, g2}, {b, b2}, {o, o2}} {
				sum += float64(max(pair[0], pair[1])-min(pair[0], pair[1])) / 257
			}
		}
	}
	return sum / float64(4*size.Dx()*size.Dy())
}
