package mpweb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"callbackd"
)

// isCardAnswer reports an error that already says what the platform meant.
func isCardAnswer(err error) bool { return errors.Is(err, ErrNoCard) }

// Media reads the file of a message: the picture, the voice (the platform
// gives MP3) or the video. msgID is Entry.ID. ErrNoSuchMedia where there is
// none, or none of this kind. The caller closes it.
func (c *Client) Media(ctx context.Context, acc *callbackd.Account, kind callbackd.Kind, msgID uint64) (io.ReadCloser, error) {
	id := strconv.FormatUint(msgID, 10)
	r := request{file: true, max: maxMedia}
	switch kind {
	case callbackd.KindImage:
		r.page, r.path = "image", "/cgi-bin/getimgdata"
		r.query = url.Values{"msgid": {id}, "mode": {"large"}, "source": {""}, "fileId": {"0"}}
	case callbackd.KindVoice:
		r.page, r.path = "voice", "/cgi-bin/getvoicedata"
		r.query = url.Values{"msgid": {id}, "fileid": {""}}
	case callbackd.KindVideo:
		r.page, r.path = "video", "/cgi-bin/getvideodata"
		r.query = url.Values{"msgid": {id}, "fileid": {""}}
	default:
		return nil, fmt.Errorf("fetch media of kind %q: %w", kind, ErrNoSuchMedia)
	}
	body, err := c.file(ctx, acc, func(s *session) request {
		out := r
		out.query = cloneValues(r.query)
		out.referer = messageListPath(s)
		return out.standard(s)
	})
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// Picture is an avatar: its bytes, or the address on another host where it
// lies. That address comes from outside; the caller must guard its fetch.
type Picture struct {
	Bytes []byte
	URL   string // set where Bytes is nil
}

// Avatar gets the picture of a card's person.
func (c *Client) Avatar(ctx context.Context, acc *callbackd.Account, card *Card) (*Picture, error) {
	build := func(s *session) request {
		query := url.Values{"fakeid": {string(card.FakeID)}}
		return request{page: "avatar", path: "/misc/getheadimg", query: query, referer: messageListPath(s), file: true, max: maxImage}.standard(s)
	}
	if card.AvatarURL != "" {
		u, err := url.Parse(card.AvatarURL)
		if err != nil {
			return nil, fmt.Errorf("fetch page avatar: %w", callbackd.ErrInvalid)
		}
		if u.Host != "" && (u.Host != c.base.Host || u.Scheme != "" && u.Scheme != c.base.Scheme) {
			return &Picture{URL: card.AvatarURL}, nil
		}
		build = func(s *session) request {
			path := (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
			return request{page: "avatar", path: path, referer: userTagPath(s), file: true, max: maxImage}
		}
	}
	body, err := c.file(ctx, acc, build)
	if err != nil {
		return nil, err
	}
	return &Picture{Bytes: body}, nil
}

// JoinQR gets the picture of the account's own QR, which strangers scan to
// follow it.
func (c *Client) JoinQR(ctx context.Context, acc *callbackd.Account) ([]byte, error) {
	s, err := c.load(ctx, acc)
	if err != nil {
		return nil, err
	}
	if s.state == SessionOK && s.uin == "" { // a session whose home page nobody has read
		if err := c.LoggedIn(ctx, acc); err != nil {
			return nil, err
		}
	}
	return c.file(ctx, acc, func(s *session) request {
		query := url.Values{"fakeid": {s.uin}, "style": {"1"}, "action": {"download"}}
		return request{page: "joinqr", path: "/misc/getqrcode", query: query, referer: homePath(s), file: true, max: maxImage}.standard(s)
	})
}

// file fetches bytes. An empty body means that there is no such file; JSON is
// an error of the platform's, never a file.
func (c *Client) file(ctx context.Context, acc *callbackd.Account, build func(*session) request) ([]byte, error) {
	page := ""
	a, err := c.fetch(ctx, acc, func(s *session) request {
		r := build(s)
		page = r.page
		return r
	})
	if err != nil {
		return nil, err
	}
	if len(a.body) == 0 {
		return nil, fmt.Errorf("fetch page %s: %w", page, ErrNoSuchMedia)
	}
	if looksLikeJSON(a.body) {
		return nil, a.explain(page, unreadable(page))
	}
	return a.body, nil
}

func cloneValues(v url.Values) url.Values {
	out := url.Values{}
	for k, values := range v {
		out[k] = append([]string(nil), values...)
	}
	return out
}
