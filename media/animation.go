package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/gif"
	"io"

	"golang.org/x/image/draw"
)

// animation writes a GIF of several pictures anew: pictures, times and the
// number of rounds stay; comments, applications' blocks and what follows the
// end do not.
func (w *work) animation(ctx context.Context, data []byte) (*Result, error) {
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return nil, pictureError(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	main, err := w.write("picture.gif", TypeGIF, func(out io.Writer) error { return gif.EncodeAll(out, g) })
	if err != nil {
		return nil, refuse(ReasonCorrupt, "%v", err)
	}
	result := &Result{Main: main, Width: g.Config.Width, Height: g.Config.Height}
	first := image.NewNRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	draw.Draw(first, first.Bounds(), g.Image[0], image.Point{}, draw.Src)
	result.Thumb, err = w.thumb(ctx, first)
	return result, err
}

// checkGIF walks the blocks of a GIF without decoding a pixel, counts its
// pictures and refuses more than the limits allow.
func (l Limits) checkGIF(data []byte) (frames int, err error) {
	b := gifReader{data: data}
	screen := b.take(13) // signature and logical screen
	if b.cut {
		return 0, refuse(ReasonTruncated, "ends within its header")
	}
	if pixels := area(screen[6:]); pixels > l.PicturePixels {
		return 0, refuse(ReasonTooLarge, "%d pixels", pixels)
	}
	b.skipColors(screen[10])
	pixels := 0
	for !b.cut {
		switch kind := b.take(1); {
		case b.cut:
		case kind[0] == ';':
			if frames == 0 {
				return 0, refuse(ReasonCorrupt, "a GIF without a picture")
			}
			return frames, nil
		case kind[0] == '!':
			b.take(1)
			b.skipBlocks()
		case kind[0] == ',':
			place := b.take(9)
			if b.cut {
				break
			}
			frames++
			pixels += area(place[4:])
			if frames > l.AnimationFrames || pixels > l.AnimationPixels {
				return 0, refuse(ReasonTooLarge, "%d pictures, %d pixels and more", frames, pixels)
			}
			b.skipColors(place[8])
			b.take(1) // code size
			b.skipBlocks()
		default:
			return 0, refuse(ReasonCorrupt, "a GIF block of no known kind")
		}
	}
	return 0, refuse(ReasonTruncated, "ends within a block")
}

// area multiplies the two 16-bit numbers at the start of b.
func area(b []byte) int {
	return int(binary.LittleEndian.Uint16(b)) * int(binary.LittleEndian.Uint16(b[2:]))
}

type gifReader struct {
	data []byte
	cut  bool // the data ended too early
}

// take returns the next n bytes, nil when there are not as many.
func (r *gifReader) take(n int) []byte {
	if n > len(r.data) {
		r.cut, r.data = true, nil
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

// skipColors skips the color table that a flag byte announces.
func (r *gifReader) skipColors(flags byte) {
	if flags&0x80 != 0 {
		r.take(3 << (flags&7 + 1))
	}
}

func (r *gifReader) skipBlocks() {
	for {
		size := r.take(1)
		if r.cut || size[0] == 0 {
			return
		}
		r.take(int(size[0]))
	}
}
