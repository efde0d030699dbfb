package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"callbackd"
)

// Corners of a test picture: red, green, blue, white, clockwise from the top left.
var corners = [4]color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}

func quarters(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			i := 0
			switch right, below := x >= width/2, y >= height/2; {
			case right && below:
				i = 2
			case right:
				i = 1
			case below:
				i = 3
			}
			m.SetNRGBA(x, y, corners[i])
		}
	}
	return m
}

// seen names the corners of a picture as indexes of corners, clockwise from the
// top left.
func seen(m image.Image) [4]int {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	var out [4]int
	for i, p := range [4]image.Point{{w / 8, h / 8}, {w - 1 - w/8, h / 8}, {w - 1 - w/8, h - 1 - h/8}, {w / 8, h - 1 - h/8}} {
		r, g, bl, _ := m.At(b.Min.X+p.X, b.Min.Y+p.Y).RGBA()
		best := uint32(1 << 31)
		for j, c := range corners {
			cr, cg, cb, _ := c.RGBA()
			if d := apart(r, cr) + apart(g, cg) + apart(bl, cb); d < best {
				best, out[i] = d, j
			}
		}
	}
	return out
}

func apart(a, b uint32) uint32 { return max(a, b) - min(a, b) }

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tiff is an EXIF block with an orientation and a place.
func tiff(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II")
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	b = order.AppendUint16(b, 2) // entries
	for _, e := range [][3]uint16{{0x010f, 2, 4}, {0x0112, 3, 1}} {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, e[0]), e[1]), uint32(e[2]))
		if e[0] == 0x0112 {
			b = order.AppendUint16(order.AppendUint16(b, orientation), 0)
		} else {
			b = append(b, "abc\x00"...)
		}
	}
	return append(order.AppendUint32(b, 0), "canary GPS 31.2304 121.4737"...)
}

func jpegWithExif(t testing.TB, m image.Image, exif []byte) []byte {
	t.Helper()
	data := jpegOf(t, m)
	body := append(bytes.Clone(exifHeader), exif...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	comment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len("canary")+2))
	return bytes.Join([][]byte{data[:2], append(comment, "canary"...), append(segment, body...), data[2:]}, nil)
}

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

const pngStart = 8 + 25 // signature and IHDR

func pngWith(t testing.TB, m image.Image, chunks ...[]byte) []byte {
	t.Helper()
	data := pngOf(t, m)
	return bytes.Join([][]byte{data[:pngStart], bytes.Join(chunks, nil), data[pngStart:]}, nil)
}

func decodeFile(t testing.TB, f File) image.Image {
	t.Helper()
	data := content(t, f)
	format, err := Sniff(data)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]Format{TypeJPEG: FormatJPEG, TypePNG: FormatPNG, TypeGIF: FormatGIF}[f.Type]; format != want {
		t.Errorf("%s holds %s", f.Type, format)
	}
	m, err := codecs[format].decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantNoWord(t testing.TB, r *Result, words ...string) {
	t.Helper()
	for _, f := range []*File{&r.Main, r.Thumb} {
		for _, word := range words {
			if f != nil && bytes.Contains(content(t, *f), []byte(word)) {
				t.Errorf("%s holds %q", filepath.Base(f.Path), word)
			}
		}
	}
}

// For each way to hold the camera: where the corners of the stored picture are
// when it is shown.
var turned = map[int][4]int{
	1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {2, 3, 0, 1}, 4: {3, 2, 1, 0},
	5: {0, 3, 2, 1}, 6: {3, 0, 1, 2}, 7: {2, 1, 0, 3}, 8: {1, 2, 3, 0},
}

func TestMake_PicturesAreTurnedUprightAndLoseTheirMetadata(t *testing.T) {
	m := quarters(64, 40)
	for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
		for held, want := range turned {
			exif := tiff(order, uint16(held))
			for name, data := range map[string][]byte{
				"jpeg": jpegWithExif(t, m, exif),
				"png":  pngWith(t, m, pngChunk("tEXt", []byte("Comment\x00canary")), pngChunk("eXIf", exif)),
			} {
				r, _ := mustMake(t, plainMaker(), callbackd.KindImage, data)
				if got := seen(decodeFile(t, r.Main)); got != want {
					t.Errorf("%s held %d: corners %v, want %v", name, held, got, want)
				}
				width, height := 64, 40
				if held >= 5 {
					width, height = height, width
				}
				if size := decodeFile(t, r.Main).Bounds().Size(); size != image.Pt(width, height) || r.Width != width || r.Height != height {
					t.Errorf("%s held %d: %v, said %d × %d, want %d × %d", name, held, size, r.Width, r.Height, width, height)
				}
				wantNoWord(t, r, "canary", "Exif", "eXIf", "tEXt", "GPS")
			}
		}
	}
}

func TestMake_WebPBecomesWhatEveryBrowserShows(t *testing.T) {
	for name, mime := range map[string]string{"picture.webp": TypeJPEG, "alpha.webp": TypePNG} {
		r, _ := mustMake(t, plainMaker(), callbackd.KindImage, fixture(t, name))
		if r.Main.Type != mime || r.Width != 96 || r.Height != 64 || r.Thumb != nil {
			t.Errorf("%s: %+v", name, r)
		}
		if decodeFile(t, r.Main).Bounds().Size() != image.Pt(96, 64) {
			t.Errorf("%s: another size", name)
		}
	}
	_, _, err := makeIn(t, plainMaker(), callbackd.KindImage, fixture(t, "animated.webp"))
	wantReason(t, err, ReasonCorrupt)
}

func TestMake_LargePicturesBecomeSmallerWithAThumb(t *testing.T) {
	l := DefaultLimits()
	l.PictureSide, l.ThumbSide = 200, 50
	for name, data := range map[string][]byte{
		"jpeg": jpegWithExif(t, quarters(400, 200), tiff(binary.BigEndian, 6)),
		"png":  pngWith(t, quarters(400, 200), pngChunk("eXIf", tiff(binary.BigEndian, 6))),
	} {
		r, _ := mustMake(t, NewMaker(nil, l), callbackd.KindImage, data)
		if r.Width != 100 || r.Height != 200 || r.Thumb == nil || r.Thumb.Type != TypeJPEG {
			t.Fatalf("%s: %+v", name, r)
		}
		thumb := decodeFile(t, *r.Thumb)
		if thumb.Bounds().Size() != image.Pt(25, 50) || seen(thumb) != turned[6] {
			t.Errorf("%s: the thumb is %v, corners %v", name, thumb.Bounds(), seen(thumb))
		}
		if seen(decodeFile(t, r.Main)) != turned[6] {
			t.Errorf("%s: corners %v", name, seen(decodeFile(t, r.Main)))
		}
	}
	thin, _ := mustMake(t, NewMaker(nil, l), callbackd.KindImage, pngOf(t, quarters(4000, 2)))
	if thin.Width != 200 || thin.Height != 1 {
		t.Errorf("a thin one became %d × %d", thin.Width, thin.Height)
	}
}

func TestMake_WhatShinesThroughStaysPNG(t *testing.T) {
	l := DefaultLimits()
	l.ThumbSide = 20
	m := image.NewNRGBA(image.Rect(0, 0, 60, 60))
	m.SetNRGBA(1, 1, color.NRGBA{255, 0, 0, 128})
	r, _ := mustMake(t, NewMaker(nil, l), callbackd.KindImage, pngOf(t, m))
	if r.Main.Type != TypePNG || r.Thumb == nil || r.Thumb.Type != TypePNG {
		t.Errorf("got %+v", r)
	}
	if _, _, _, a := decodeFile(t, r.Main).At(1, 1).RGBA(); a>>8 != 128 {
		t.Errorf("alpha %d", a>>8)
	}
}

// bombs are small files that would be large pictures.
func bombs(t testing.TB) map[string][]byte {
	t.Helper()
	bigPNG := pngOf(t, quarters(2, 2))
	binary.BigEndian.PutUint32(bigPNG[16:], 60_000)
	binary.BigEndian.PutUint32(bigPNG[20:], 60_000)
	binary.BigEndian.PutUint32(bigPNG[29:], crc32.ChecksumIEEE(bigPNG[12:29]))
	bigJPEG := jpegOf(t, quarters(16, 16))
	sof := bytes.Index(bigJPEG, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(bigJPEG[sof+5:], 60_000)
	binary.BigEndian.PutUint16(bigJPEG[sof+7:], 60_000)
	bigWebP := fixture(t, "picture.webp")
	vp8 := bytes.Index(bigWebP, []byte{0x9d, 0x01, 0x2a})
	binary.LittleEndian.PutUint16(bigWebP[vp8+3:], 16_000)
	binary.LittleEndian.PutUint16(bigWebP[vp8+5:], 16_000)
	screen := gifOf(t, 1, 8, 8)
	binary.LittleEndian.PutUint16(screen[6:], 60_000)
	binary.LittleEndian.PutUint16(screen[8:], 60_000)
	moving := gifOf(t, 2, 8, 8)
	copy(moving[6:10], screen[6:10])
	return map[string][]byte{
		"gif moving": moving,
		"png":        bigPNG, "jpeg": bigJPEG, "webp": bigWebP, "gif screen": screen,
		"gif frames": gifOf(t, DefaultLimits().AnimationFrames+1, 1, 1),
	}
}

func TestMake_BombsAreRefusedBeforeAPixelIsDecoded(t *testing.T) {
	for name, data := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := makeIn(t, plainMaker(), callbackd.KindImage, data)
			runtime.ReadMemStats(&after)
			wantReason(t, err, ReasonTooLarge)
			if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
				t.Errorf("%d bytes were allocated for a refusal", took)
			}
		})
	}
}

func TestMake_RefusesPicturesThatAreBroken(t *testing.T) {
	j, p, g := jpegOf(t, quarters(64, 64)), pngOf(t, quarters(64, 64)), gifOf(t, 3, 16, 16)
	w := fixture(t, "picture.webp")
	flipped := bytes.Clone(p)
	flipped[len(flipped)/2] ^= 0xff
	screen := bytes.Clone(g[:13])
	screen[10] = 0 // no colors
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"jpeg cut": {j[:len(j)/2], ReasonTruncated}, "jpeg head": {j[:3], ReasonTruncated},
		"png cut": {p[:len(p)/2], ReasonTruncated}, "png damaged": {flipped, ReasonCorrupt},
		"gif cut": {g[:len(g)/2], ReasonTruncated}, "gif head": {g[:8], ReasonTruncated}, "gif without its end": {g[:len(g)-1], ReasonTruncated},
		"gif of nothing":    {append(screen[:13:13], ';'), ReasonCorrupt},
		"gif of odd blocks": {append(screen[:13:13], 0x77, 0x77), ReasonCorrupt},
		"webp cut":          {w[:len(w)/2], ReasonTruncated},
		"a voice":           {fixture(t, "voice.amr"), ReasonFormat},
		"nothing":           {nil, ReasonTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := makeIn(t, plainMaker(), callbackd.KindImage, tt.data)
			wantReason(t, err, tt.want)
		})
	}
	l := DefaultLimits()
	l.PictureBytes = 100
	_, _, err := makeIn(t, NewMaker(nil, l), callbackd.KindImage, p)
	wantReason(t, err, ReasonTooLarge)
	l = DefaultLimits()
	l.AnimationPixels = 3*16*16 - 1
	_, _, err = makeIn(t, NewMaker(nil, l), callbackd.KindImage, g)
	wantReason(t, err, ReasonTooLarge)
}

// A polyglot is a picture that is something else as well: after the end, in a
// comment, in a chunk of its own.
func TestMake_NothingOfAPolyglotComesThrough(t *testing.T) {
	payload := "canary<script>alert(1)</script>PK\x03\x04"
	m := quarters(60, 60)
	animated := gifOf(t, 3, 16, 16)
	comment := "\x21\xfe" + string(rune(len(payload))) + payload + "\x00"
	at := 13 + 3*256 // after the global colors
	for name, data := range map[string][]byte{
		"after a jpeg":           append(jpegOf(t, m), payload...),
		"in a jpeg":              jpegWithExif(t, m, []byte(payload)),
		"after a png":            append(pngOf(t, m), payload...),
		"in a png":               pngWith(t, m, pngChunk("caNy", []byte(payload))),
		"after a gif":            append(bytes.Clone(animated), payload...),
		"in a gif":               bytes.Join([][]byte{animated[:at], []byte(comment), animated[at:]}, nil),
		"in an application's":    bytes.Join([][]byte{animated[:at], []byte("\x21\xff\x0bcanary12345\x03abc\x00"), animated[at:]}, nil),
		"after a still gif":      append(gifOf(t, 1, 16, 16), payload...),
		"after a webp":           append(fixture(t, "picture.webp"), payload...),
		"jpeg that says it's js": append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xfe\x00\x0dcanary=1;/*"), jpegOf(t, m)[2:]...),
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := mustMake(t, plainMaker(), callbackd.KindImage, data)
			wantNoWord(t, r, "canary", "script", "PK\x03\x04")
		})
	}
}

func gifOf(t testing.TB, frames, width, height int) []byte {
	t.Helper()
	g := &gif.GIF{LoopCount: 3, Config: image.Config{Width: width, Height: height, ColorModel: color.Palette(palette.Plan9)}}
	for i := range frames {
		f := image.NewPaletted(image.Rect(0, 0, width, height), palette.Plan9)
		for p := range f.Pix {
			f.Pix[p] = byte(i * 7)
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, f), append(g.Delay, 10+i), append(g.Disposal, gif.DisposalBackground)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMake_AnimationsGoOnMoving(t *testing.T) {
	r, _ := mustMake(t, plainMaker(), callbackd.KindImage, gifOf(t, 4, 600, 20))
	g, err := gif.DecodeAll(bytes.NewReader(content(t, r.Main)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Main.Type != TypeGIF || len(g.Image) != 4 || g.LoopCount != 3 || g.Delay[2] != 12 || g.Disposal[1] != gif.DisposalBackground {
		t.Errorf("%d pictures, %d rounds, delays %v, disposal %v", len(g.Image), g.LoopCount, g.Delay, g.Disposal)
	}
	if r.Width != 600 || r.Height != 20 || r.Thumb == nil {
		t.Errorf("got %+v", r)
	}
	still, _ := mustMake(t, plainMaker(), callbackd.KindImage, gifOf(t, 1, 16, 16))
	if still.Main.Type != TypePNG {
		t.Errorf("a GIF of one picture became %s", still.Main.Type)
	}
}

func TestMake_StopsWhenItsJobEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for kind, name := range map[callbackd.Kind]string{
		callbackd.KindImage: "picture.webp", callbackd.KindVoice: "voice.amr", callbackd.KindVideo: "index-last.mp4",
	} {
		dir := t.TempDir()
		source := filepath.Join(dir, "source")
		if err := os.WriteFile(source, fixture(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ffmpegMaker(t, DefaultLimits()).Make(ctx, kind, source, dir)
		if !errors.Is(err, context.Canceled) || reasonOf(err) != "" {
			t.Errorf("%s: %v, want that the job ended", kind, err)
		}
	}
}

func TestAvatar_IsASmallUprightSquare(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for name, tt := range map[string]struct {
		data []byte
		side int
		want [4]int
	}{
		"large":   {jpegWithExif(t, quarters(640, 640), tiff(binary.BigEndian, 6)), AvatarSide, turned[6]},
		"wide":    {pngOf(t, quarters(400, 100)), 100, turned[1]},
		"clear":   {pngOf(t, clear), 20, [4]int{3, 3, 3, 3}},
		"palette": {gifOf(t, 1, 50, 30), 30, [4]int{}},
	} {
		out, mime, err := plainMaker().Avatar(t.Context(), tt.data)
		if err != nil || mime != TypeJPEG {
			t.Fatalf("%s: %v", name, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(out))
		if err != nil || m.Bounds().Size() != image.Pt(tt.side, tt.side) {
			t.Fatalf("%s: %v, %v; want a side of %d", name, m.Bounds(), err, tt.side)
		}
		if got := seen(m); name != "palette" && got != tt.want {
			t.Errorf("%s: corners %v, want %v", name, got, tt.want)
		}
		if bytes.Contains(out, []byte("canary")) {
			t.Errorf("%s: metadata came through", name)
		}
	}
	for name, data := range bombs(t) {
		if name != "gif frames" { // of it, the first is read
			_, _, err := plainMaker().Avatar(t.Context(), data)
			wantReason(t, err, ReasonTooLarge)
		}
	}
	for _, data := range [][]byte{nil, []byte("<svg/>"), fixture(t, "voice.amr"), jpegOf(t, quarters(9, 9))[:50]} {
		if _, _, err := plainMaker().Avatar(t.Context(), data); reasonOf(err) == "" {
			t.Errorf("%.10q: %v", data, err)
		}
	}
}

func FuzzPicture(f *testing.F) {
	for held := range turned {
		f.Add(jpegWithExif(f, quarters(8, 6), tiff(binary.LittleEndian, uint16(held))))
	}
	f.Add(pngWith(f, quarters(4, 4), pngChunk("eXIf", tiff(binary.BigEndian, 8))))
	f.Add(gifOf(f, 3, 4, 4))
	f.Add(gifOf(f, 1, 4, 4))
	for _, name := range []string{"picture.webp", "alpha.webp", "animated.webp"} {
		f.Add(fixture(f, name))
	}
	l := DefaultLimits()
	l.PicturePixels, l.AnimationPixels = 10_000, 10_000
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := makeIn(t, NewMaker(nil, l), callbackd.KindImage, data)
		if err != nil {
			if reasonOf(err) == "" {
				t.Errorf("no refusal: %v", err)
			}
			return
		}
		if size := decodeFile(t, r.Main).Bounds().Size(); size.X != r.Width || size.Y != r.Height {
			t.Errorf("said %d × %d, is %v", r.Width, r.Height, size)
		}
	})
}
