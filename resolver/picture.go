package resolver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/store"
)

// maxPicture bounds a picture from another host, in bytes.
const maxPicture = 5 << 20

// errPictureLater says that a picture could not be had now, but perhaps later.
var errPictureLater = errors.New("picture did not come")

// picture gets the picture of a card's person, sanitised and put away. nil
// where there is none, or none that can be shown.
func (s *slice) picture(ctx context.Context, card *mpweb.Card) (*store.NewAvatar, error) {
	if s.face == nil {
		return nil, nil
	}
	p, err := s.pages.Avatar(ctx, s.acc, card)
	if err == nil && p.Bytes == nil {
		p.Bytes, err = s.pictureFrom(ctx, p.URL)
	}
	switch {
	case err == nil:
	case errors.Is(err, mpweb.ErrNoSuchMedia), errors.Is(err, mpweb.ErrTooLarge), errors.Is(err, callbackd.ErrInvalid) && !errors.Is(err, mpweb.ErrOff):
		return nil, nil
	case onlyThisOne(err):
		return nil, fmt.Errorf("%w: %w", errPictureLater, err)
	default:
		return nil, err
	}
	made, kind, err := s.face(ctx, p.Bytes)
	if err != nil {
		s.log.Debug("picture of a person cannot be shown", "account", s.acc.Slug, "err", err)
		return nil, ctx.Err()
	}
	return s.keepPicture(ctx, card.FakeID, made, kind)
}

// keepPicture puts a picture into the blob store. The key follows from person
// and bytes: doing it again makes no second one.
func (s *slice) keepPicture(ctx context.Context, f callbackd.FakeID, made []byte, kind string) (*store.NewAvatar, error) {
	digest := sha256.Sum256(made)
	name := sha256.Sum256(append([]byte(f+"\x00"), made...))
	key := fmt.Sprintf("avatars/%d/%s", s.acc.ID, hex.EncodeToString(name[:16]))
	n, err := s.blobs.Put(ctx, key, bytes.NewReader(made))
	if err != nil {
		return nil, fmt.Errorf("keep picture: %w", err)
	}
	return &store.NewAvatar{Blob: key, Type: kind, Size: n, Digest: digest[:16]}, nil
}

// pictureFrom fetches a picture from a host that is not the platform's.
func (s *slice) pictureFrom(ctx context.Context, address string) ([]byte, error) {
	if s.outbound == nil {
		return nil, mpweb.ErrNoSuchMedia
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, mpweb.ErrNoSuchMedia // an address that is none
	}
	res, err := s.outbound.Do(req)
	if err != nil { // its text may hold the address
		if errors.Is(err, callbackd.ErrForbidden) {
			return nil, mpweb.ErrNoSuchMedia
		}
		return nil, errPictureLater
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode >= 500:
		return nil, errPictureLater
	case res.StatusCode != http.StatusOK:
		return nil, mpweb.ErrNoSuchMedia
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPicture+1))
	switch {
	case err != nil:
		return nil, errPictureLater
	case len(body) > maxPicture || len(body) == 0:
		return nil, mpweb.ErrNoSuchMedia
	}
	return body, nil
}
