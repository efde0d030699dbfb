package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"callbackd"
)

// keep stores a file as it came, and makes the next step due. An error page
// dressed as a file, or nothing at all, is no file yet. Doing it again writes
// the same key.
func (w *Worker) keep(ctx context.Context, md *callbackd.Media, body io.Reader) error {
	from := bufio.NewReader(&capped{r: body, left: maxDownload})
	head, err := from.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read media file: %w", tooLarge(err))
	}
	if len(head) == 0 || isErrorPage(head) {
		return fmt.Errorf("an answer without a file: %w", errNotYet)
	}
	key := blobKey(md, "source")
	if _, err := w.Blobs.Put(ctx, key, from); err != nil {
		return fmt.Errorf("store media file: %w", tooLarge(err))
	}
	if err := w.DB.SetMediaSource(ctx, md.ID, md.Account, key); err != nil {
		w.discard(ctx, md, key)
		return fmt.Errorf("note media file: %w", err)
	}
	return nil
}

// isErrorPage reports that a file begins like JSON or an HTML page, as no
// picture, voice or video does.
func isErrorPage(head []byte) bool {
	head = bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	for _, begin := range []string{"{", "<!doctype html", "<html", "<head", "<body", "<title"} {
		if bytes.HasPrefix(head, []byte(begin)) {
			return true
		}
	}
	return false
}

// blobKey is where a file of a media row lies. The same each time: a job that
// runs again writes over its own work.
func blobKey(md *callbackd.Media, name string) string { return fmt.Sprintf("media/%d/%s", md.ID, name) }

const discardLimit = 5 * time.Second

// discard deletes files that were put away for a media row which is gone: its
// account was removed meanwhile, and nothing names them any more.
func (w *Worker) discard(ctx context.Context, md *callbackd.Media, keys ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardLimit)
	defer cancel()
	if _, err := w.DB.GetMediaRow(ctx, md.ID); !errors.Is(err, callbackd.ErrNotFound) {
		return
	}
	for _, key := range keys {
		if err := w.Blobs.Delete(ctx, key); err != nil {
			w.Log.Warn("a file of a removed account stays; nothing names it", "err", err)
		}
	}
}
