package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"callbackd"
	"callbackd/blob"
	"callbackd/mpweb"
	"callbackd/store"
	"callbackd/wechat"
)

// Worker does the jobs of media files: fetch, search on the operator pages,
// make. Each is a durable job that may run again; a file that has ended is left
// alone.
type Worker struct {
	DB       *store.DB
	Blobs    blob.Bucket
	WeChat   *wechat.Client
	MPWeb    *mpweb.Client
	Outbound *http.Client // guarded: for addresses that come from outside
	Maker    *Maker
	WorkDir  string // where files are while they are made; empty: the system's folder for temporary files
	Log      *slog.Logger
}

// Reasons why a file will not come; keys of the catalogue.
const (
	ReasonGone    = "gone"     // no source has it (any more)
	ReasonTooLate = "too-late" // it could not be fetched while the platform kept it
	ReasonNotMade = "not-made" // it came, but our own machine could make nothing of it again and again
)

var (
	// errPassedOver says that a source has no such file: the next one is asked at once.
	errPassedOver = errors.New("this source has no such file")
	// errNotYet says that a source may have it later.
	errNotYet = errors.New("not to be told yet")
)

// find reads the row that a job is about; nil when nothing is left to do.
func (w *Worker) find(ctx context.Context, j callbackd.Job) (*store.Row, *callbackd.Account, error) {
	id, err := strconv.ParseInt(j.Key, 10, 64)
	if err != nil {
		return nil, nil, callbackd.Permanent(fmt.Errorf("media key: %w", err))
	}
	row, err := w.DB.GetMediaRow(ctx, callbackd.MediaID(id))
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, nil, nil // its account was removed
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read media: %w", err)
	}
	if row.Media.State != callbackd.MediaPending {
		return nil, nil, nil
	}
	if j.Kind != callbackd.JobMediaMake && row.Media.Source != "" {
		return nil, nil, nil // it came; what follows was committed with it
	}
	a, err := w.DB.GetAccountByID(ctx, row.Media.Account)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read account: %w", err)
	}
	return &row, a, nil
}

// Fetch gets a file by the official API. Where the API cannot give it, the
// operator pages are searched; without them the picture's address is left.
func (w *Worker) Fetch(ctx context.Context, j callbackd.Job) error {
	row, a, err := w.find(ctx, j)
	if err != nil || row == nil {
		return err
	}
	err = w.fromAPI(ctx, a, row.Media)
	if err == nil {
		return nil
	}
	if errors.Is(err, errPassedOver) && a.MPWeb != nil {
		return w.DB.SearchMedia(ctx, row.Media.ID, a.ID, j.Deadline)
	}
	return w.lastly(ctx, j, row.Media, err)
}

// pictureAfter is how many tries of the better sources come before a picture's
// address in the push: about half a minute.
const pictureAfter = 3

// lastly turns the error of the better sources into the job's. A picture comes
// from its address where they have none, and where they had their tries.
func (w *Worker) lastly(ctx context.Context, j callbackd.Job, md *callbackd.Media, err error) error {
	if !isFinal(err) && j.Attempts >= pictureAfter {
		if w.fromPicURL(ctx, md) == nil {
			return nil
		}
	}
	if errors.Is(err, errPassedOver) {
		err = w.fromPicURL(ctx, md)
	}
	if isFinal(err) {
		return callbackd.Permanent(err)
	}
	return err
}

// isFinal reports that asking the same source again cannot help.
func isFinal(err error) bool {
	var refused *RefusedError
	return errors.Is(err, errPassedOver) || errors.As(err, &refused)
}

// tooLarge turns the clients' words for a file over their caps into a refusal.
func tooLarge(err error) error {
	if errors.Is(err, wechat.ErrTooLarge) || errors.Is(err, mpweb.ErrTooLarge) {
		return refuse(ReasonTooLarge, "%v", err)
	}
	return err
}

// GiveUp is the end of a file that did not come.
func (w *Worker) GiveUp(ctx context.Context, j callbackd.Job, why error) error {
	row, a, err := w.find(ctx, j)
	if err != nil || row == nil {
		return err
	}
	reason := ReasonTooLate
	var refused *RefusedError
	switch {
	case errors.As(why, &refused):
		reason = refused.Reason
	case errors.Is(why, errPassedOver):
		reason = ReasonGone
	case j.Kind == callbackd.JobMediaMake:
		reason = ReasonNotMade
	}
	w.Log.Info("media failed", "account", a.Slug, "message", row.Message.ID, "reason", reason, "err", why)
	return w.DB.SetMediaFailed(ctx, row.Media.ID, reason)
}
