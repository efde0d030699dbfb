package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"callbackd"
	"callbackd/internal/safedial"
	"callbackd/wechat"
)

// maxDownload bounds every file that is fetched, in bytes; the platform's own
// limits are far below it (10 MB for a video).
const maxDownload = 64 << 20

// fromAPI gets a file by its media id: the 16 kHz voice first where there is one.
func (w *Worker) fromAPI(ctx context.Context, a *callbackd.Account, md *callbackd.Media) error {
	if !a.HasAPI() {
		return errPassedOver
	}
	ids := []string{md.WeChatID}
	if md.HighResID != "" && w.Maker.CanTranscode() { // AMR-WB: only ffmpeg reads it
		ids = []string{md.HighResID, md.WeChatID}
	}
	err := errPassedOver
	for _, id := range ids {
		if id == "" {
			continue
		}
		if err = w.fromMediaID(ctx, a, md, id); err == nil || !errors.Is(err, errPassedOver) {
			return err
		}
	}
	return err
}

func (w *Worker) fromMediaID(ctx context.Context, a *callbackd.Account, md *callbackd.Media, id string) error {
	f, err := w.WeChat.Media(ctx, a, id)
	if wechat.IsNoSuchMedia(err) || wechat.IsNoPermission(err) {
		return fmt.Errorf("%w: %w", errPassedOver, err)
	}
	if err != nil {
		return fmt.Errorf("fetch by the official API: %w", tooLarge(err))
	}
	if f.VideoURL != "" {
		return w.fromURL(ctx, md, f.VideoURL)
	}
	defer f.Body.Close()
	return w.keep(ctx, md, f.Body)
}

// fromPicURL is the last source of a picture: the address in the push.
func (w *Worker) fromPicURL(ctx context.Context, md *callbackd.Media) error {
	if md.Kind != callbackd.KindImage || md.PicURL == "" {
		return errPassedOver
	}
	return w.fromURL(ctx, md, md.PicURL)
}

// fromURL fetches an address that came from outside, through the outbound guard.
func (w *Worker) fromURL(ctx context.Context, md *callbackd.Media, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("%w: the address cannot be read", errPassedOver) // err would hold the address
	}
	resp, err := w.Outbound.Do(req)
	if errors.Is(err, callbackd.ErrForbidden) {
		return fmt.Errorf("%w: %w", errPassedOver, safedial.Reason(err))
	}
	if err != nil {
		return fmt.Errorf("fetch address: %w", safedial.Reason(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return fmt.Errorf("%w: HTTP %d", errPassedOver, resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch address: HTTP %d", resp.StatusCode)
	}
	if resp.ContentLength > maxDownload {
		return refuse(ReasonTooLarge, "%d bytes announced", resp.ContentLength)
	}
	return w.keep(ctx, md, resp.Body)
}

// capped fails where a file is longer than left: what is too large is refused,
// never cut.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, refuse(ReasonTooLarge, "more than %d bytes", maxDownload)
	}
	return n, err
}
