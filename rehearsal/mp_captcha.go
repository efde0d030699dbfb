package rehearsal

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// captchaLetters leaves out what people confuse.
const captchaLetters = "abcdefhkmnprstuvwxy34678"

func captchaText(seed int64, parts ...any) string {
	src := source(seed, append(parts, "captcha")...)
	text := make([]byte, 4)
	for i := range text {
		text[i] = captchaLetters[src.IntN(len(captchaLetters))]
	}
	return string(text)
}

// drawCaptcha draws a text as a picture of 130×53, as verifycode does: letters
// out of line with strokes across them, and still easy for a person.
func drawCaptcha(text string) []byte {
	src := source(0, "drawing", text)
	small := image.NewRGBA(image.Rect(0, 0, 65, 27))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	ink := func() image.Image {
		return image.NewUniform(color.RGBA{uint8(src.IntN(120)), uint8(src.IntN(120)), uint8(src.IntN(120)), 255})
	}
	for i, r := range text {
		d := font.Drawer{Dst: small, Src: ink(), Face: basicfont.Face7x13, Dot: fixed.P(9+i*13+src.IntN(4), 15+src.IntN(8))}
		d.DrawString(string(r))
	}
	for range 3 {
		y, slope, stroke := float64(src.IntN(27)), src.Float64()*0.6-0.3, ink()
		for x := range 65 {
			at := image.Pt(x, int(y+slope*float64(x)))
			draw.Draw(small, image.Rectangle{at, at.Add(image.Pt(1, 1))}, stroke, image.Point{}, draw.Src)
		}
	}
	large := image.NewRGBA(image.Rect(0, 0, 130, 53))
	draw.CatmullRom.Scale(large, large.Bounds(), small, small.Bounds(), draw.Src, nil)
	return jpegBytes(large, 80)
}

func jpegBytes(m image.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		panic(err) // a buffer never fails to write, and no picture here is too large
	}
	return b.Bytes()
}
