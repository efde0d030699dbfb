package media

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// shrink scales a picture down until its longest side is at most side pixels;
// a smaller one is returned as it is.
func shrink(src image.Image, side int) image.Image {
	size := src.Bounds().Size()
	longest := max(size.X, size.Y)
	if longest <= side {
		return src
	}
	width, height := max(1, size.X*side/longest), max(1, size.Y*side/longest)
	dst := canvas(src, width, height)
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// canvas is an empty picture: without an alpha channel where src has no use for it.
func canvas(src image.Image, width, height int) draw.Image {
	if opaque(src) {
		return image.NewRGBA(image.Rect(0, 0, width, height))
	}
	return image.NewNRGBA(image.Rect(0, 0, width, height))
}

func opaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// upright turns and mirrors a picture by its EXIF orientation.
func upright(src image.Image, orientation int) image.Image {
	b := src.Bounds()
	right, down := b.Dx()-1, b.Dy()-1
	// for each orientation: where the pixel that is shown at (x, y) is in src
	var from func(x, y int) (int, int)
	switch orientation {
	case 2:
		from = func(x, y int) (int, int) { return right - x, y }
	case 3:
		from = func(x, y int) (int, int) { return right - x, down - y }
	case 4:
		from = func(x, y int) (int, int) { return x, down - y }
	case 5:
		from = func(x, y int) (int, int) { return y, x }
	case 6:
		from = func(x, y int) (int, int) { return y, down - x }
	case 7:
		from = func(x, y int) (int, int) { return right - y, down - x }
	case 8:
		from = func(x, y int) (int, int) { return right - y, x }
	default:
		return src
	}
	width, height := b.Dx(), b.Dy()
	if orientation >= 5 {
		width, height = height, width
	}
	dst := canvas(src, width, height)
	for y := range height {
		for x := range width {
			sx, sy := from(x, y)
			dst.Set(x, y, src.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}

// middle is the largest square in the middle of a picture.
func middle(src image.Image) image.Image {
	b := src.Bounds()
	side := min(b.Dx(), b.Dy())
	x, y := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	square := image.Rect(x, y, x+side, y+side)
	if part, ok := src.(interface {
		SubImage(image.Rectangle) image.Image
	}); ok {
		return part.SubImage(square)
	}
	dst := canvas(src, side, side)
	draw.Draw(dst, dst.Bounds(), src, square.Min, draw.Src)
	return dst
}

// onWhite puts a picture that shines through on white, as JPEG knows no alpha.
func onWhite(src image.Image) image.Image {
	if opaque(src) {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, src.Bounds().Dx(), src.Bounds().Dy()))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Bounds(), src, src.Bounds().Min, draw.Over)
	return dst
}
