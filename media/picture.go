package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/webp"

	"callbackd"
)

const (
	jpegQuality  = 85
	thumbQuality = 78
	largePicture = 8_000_000 // pixels; larger ones are decoded one at a time
)

// codec reads one format of pictures. Formats are told by Sniff, not by
// image.Decode, which asks whatever any package of the program has registered.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var codecs = map[Format]codec{
	FormatJPEG: {jpeg.DecodeConfig, jpeg.Decode},
	FormatPNG:  {png.DecodeConfig, png.Decode},
	FormatGIF:  {gif.DecodeConfig, gif.Decode},
	FormatWebP: {webp.DecodeConfig, webp.Decode},
}

func (w *work) picture(ctx context.Context) (*Result, error) {
	data := make([]byte, w.size)
	if _, err := w.in.ReadAt(data, 0); err != nil {
		return nil, err
	}
	if w.format == FormatGIF {
		frames, err := w.limits.checkGIF(data)
		if err != nil {
			return nil, err
		}
		if frames > 1 {
			return w.animation(ctx, data)
		}
	}
	decoded, err := w.decodePicture(w.format, data)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	picture := upright(shrink(decoded, w.limits.PictureSide), orientation(w.format, data))
	main, err := w.writePicture("picture", picture, jpegQuality, w.format == FormatJPEG || w.format == FormatWebP)
	if err != nil {
		return nil, err
	}
	size := picture.Bounds().Size()
	result := &Result{Main: main, Width: size.X, Height: size.Y}
	result.Thumb, err = w.thumb(ctx, picture)
	return result, err
}

// thumb makes the small picture; nil where the picture is small already.
func (w *work) thumb(ctx context.Context, picture image.Image) (*File, error) {
	if size := picture.Bounds().Size(); max(size.X, size.Y) <= w.limits.ThumbSide {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := w.writePicture("thumb", shrink(picture, w.limits.ThumbSide), thumbQuality, true)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// decodePicture decodes a picture whose size was checked before any pixel.
func (m *Maker) decodePicture(format Format, data []byte) (image.Image, error) {
	c := codecs[format]
	config, err := c.config(bytes.NewReader(data))
	if err != nil {
		return nil, pictureError(err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, refuse(ReasonCorrupt, "a picture without a size")
	}
	if config.Width > m.limits.PicturePixels/config.Height {
		return nil, refuse(ReasonTooLarge, "%d × %d pixels", config.Width, config.Height)
	}
	if config.Width*config.Height > largePicture {
		m.large.Lock()
		defer m.large.Unlock()
	}
	picture, err := c.decode(bytes.NewReader(data))
	if err != nil {
		return nil, pictureError(err)
	}
	return picture, nil
}

// pictureError tells a picture that was cut off from one that is broken. The
// decoders' own words name no bytes of it.
func pictureError(err error) error {
	said := err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(said, "unexpected EOF") || strings.Contains(said, "not enough pixel data") {
		return refuse(ReasonTruncated, "%v", err)
	}
	return refuse(ReasonCorrupt, "%v", err)
}

// writePicture encodes a picture into the work folder: as JPEG where lossy is
// wanted and nothing shines through, else as PNG.
func (w *work) writePicture(name string, picture image.Image, quality int, lossy bool) (File, error) {
	if lossy && opaque(picture) {
		return w.write(name+".jpg", TypeJPEG, func(out io.Writer) error {
			return jpeg.Encode(out, picture, &jpeg.Options{Quality: quality})
		})
	}
	return w.write(name+".png", TypePNG, func(out io.Writer) error {
		return (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(out, picture)
	})
}

func (w *work) write(name, mime string, encode func(io.Writer) error) (File, error) {
	path := filepath.Join(w.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return File{}, err
	}
	err = encode(f)
	size, seekErr := f.Seek(0, io.SeekCurrent)
	if err := errors.Join(err, seekErr, f.Close()); err != nil {
		return File{}, fmt.Errorf("write %s: %w", name, err)
	}
	return File{Path: path, Type: mime, Size: size}, nil
}

// AvatarSide is the greatest side of an avatar in pixels.
const AvatarSide = 192

// Avatar makes the picture of a person from its bytes as the platform gave
// them: a square JPEG of at most AvatarSide pixels, upright, without metadata.
// A RefusedError is final.
func (m *Maker) Avatar(ctx context.Context, data []byte) (made []byte, mime string, err error) {
	if int64(len(data)) > m.limits.PictureBytes {
		return nil, "", refuse(ReasonTooLarge, "%d bytes", len(data))
	}
	format, err := Sniff(data)
	if err != nil {
		return nil, "", err
	}
	if format.Kind() != callbackd.KindImage {
		return nil, "", refuse(ReasonFormat, "%s is no picture", format)
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	picture, err := m.decodePicture(format, data)
	if err != nil {
		return nil, "", err
	}
	square := onWhite(upright(shrink(middle(picture), AvatarSide), orientation(format, data)))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, square, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, "", fmt.Errorf("write avatar: %w", err)
	}
	return out.Bytes(), TypeJPEG, nil
}
