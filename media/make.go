package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"callbackd"
	"callbackd/store"
)

// Make turns a file that came into what the page plays, in a folder of its own.
func (w *Worker) Make(ctx context.Context, j callbackd.Job) (err error) {
	row, a, err := w.find(ctx, j)
	if err != nil || row == nil {
		return err
	}
	md := row.Media
	defer func() {
		if err != nil {
			w.discard(ctx, md, blobKey(md, "main"), blobKey(md, "poster"), blobKey(md, "thumb"))
		}
	}()
	dir, err := os.MkdirTemp(w.WorkDir, "callbackd-media-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			w.Log.Warn("a work folder stays", "err", err)
		}
	}()
	source := filepath.Join(dir, "source")
	if err := w.copyOut(ctx, md.Source, source); err != nil {
		return err
	}
	made, err := w.Maker.Make(ctx, md.Kind, source, dir)
	var refused *RefusedError
	if errors.As(err, &refused) {
		return callbackd.Permanent(err)
	}
	if err != nil {
		return fmt.Errorf("make media of %s: %w", a.Slug, err)
	}
	out := store.Made{Duration: made.Duration, Width: made.Width, Height: made.Height, Waveform: made.Waveform}
	for _, f := range []struct {
		name string
		from *File
		to   **callbackd.Variant
	}{{"poster", made.Poster, &out.Poster}, {"thumb", made.Thumb, &out.Thumb}} {
		if f.from != nil {
			if *f.to, err = w.copyIn(ctx, md, f.name, *f.from); err != nil {
				return err
			}
		}
	}
	main, err := w.copyIn(ctx, md, "main", made.Main)
	if err != nil {
		return err
	}
	out.Main = *main
	return w.DB.SetMediaReady(ctx, md.ID, out)
}

func (w *Worker) copyOut(ctx context.Context, key, path string) error {
	from, _, err := w.Blobs.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open media file: %w", err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy media file: %w", err)
	}
	_, err = io.Copy(to, from)
	if cerr := to.Close(); err == nil {
		err = cerr
	}
	return err
}

// copyIn puts a file that was made into the blob store.
func (w *Worker) copyIn(ctx context.Context, md *callbackd.Media, name string, f File) (*callbackd.Variant, error) {
	from, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("open what was made: %w", err)
	}
	defer from.Close()
	key := blobKey(md, name)
	size, err := w.Blobs.Put(ctx, key, from)
	if err != nil {
		return nil, fmt.Errorf("store what was made: %w", err)
	}
	return &callbackd.Variant{Blob: key, Type: f.Type, Size: size}, nil
}
