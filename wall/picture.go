package wall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the two kinds of pictures that events may have
	_ "image/png"
	"io"

	"callbackd"
	"callbackd/blob"
	"callbackd/store"
)

// Limits of an event's pictures.
const (
	MaxPicture     = 8 << 20 // bytes
	maxPictureSide = 8000    // pixels
)

// PicturePath is the address of a picture of an event.
func PicturePath(id callbackd.PublicID) string { return "/picture/" + string(id) }

// PutPicture stores a picture for an event; the settings name it next. Only PNG and
// JPEG, judged by their content, are taken: else callbackd.ErrInvalid.
func PutPicture(ctx context.Context, db *store.DB, blobs blob.Bucket, e callbackd.Event, r io.Reader) (callbackd.PublicID, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPicture+1))
	if err != nil {
		return "", fmt.Errorf("read a picture: %w", err)
	}
	if len(b) > MaxPicture {
		return "", callbackd.Told(callbackd.ErrInvalid, "error.picture_large", "a picture has at most %d MB", MaxPicture>>20)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || format != "png" && format != "jpeg" { // others may be registered by whom we import
		return "", callbackd.Told(callbackd.ErrInvalid, "error.picture_kind", "a picture is PNG or JPEG")
	}
	if config.Width > maxPictureSide || config.Height > maxPictureSide || config.Width < 1 || config.Height < 1 {
		return "", callbackd.Told(callbackd.ErrInvalid, "error.picture_side", "a picture has at most %d pixels a side; this one has %d × %d", maxPictureSide, config.Width, config.Height)
	}
	id := callbackd.NewPublicID()
	p := store.EventPicture{ID: id, Blob: "events/" + string(id), Type: "image/" + format, Size: int64(len(b))}
	if _, err := blobs.Put(ctx, p.Blob, bytes.NewReader(b)); err != nil {
		return "", fmt.Errorf("store a picture: %w", err)
	}
	return id, db.InsertEventPicture(ctx, e, p)
}

// SetEvent stores an event's settings and drops the pictures that they name no more.
func SetEvent(ctx context.Context, db *store.DB, blobs blob.Bucket, e *callbackd.Event, actor string) error {
	if err := db.SetEvent(ctx, e, actor); err != nil {
		return err
	}
	gone, err := db.DropEventPictures(ctx, *e)
	for _, key := range gone {
		err = errors.Join(err, blobs.Delete(ctx, key))
	}
	return err
}
