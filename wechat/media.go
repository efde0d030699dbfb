package wechat

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"

	"callbackd"
)

// MediaFile is what the platform has under a media id: either the bytes or,
// for videos, an address without a token from which they can be fetched.
type MediaFile struct {
	// Body is nil where VideoURL is set; else the caller closes it. What is
	// too large or too slow ends in an error, never in a shorter file.
	Body io.ReadCloser
	// VideoURL comes from the platform but is an address like any other: only
	// to be fetched through the outbound guard.
	VideoURL string
}

// Media fetches a file that a follower sent. Errors come with status 200 and
// often with the type of a text or a file, so the answer's bytes decide: no
// picture, voice or video begins with '{'.
func (c *Client) Media(ctx context.Context, acc *callbackd.Account, mediaID string) (*MediaFile, error) {
	r := request{path: "/cgi-bin/media/get", query: url.Values{"media_id": {mediaID}}, secrets: []string{mediaID}}
	var file *MediaFile
	err := c.withToken(ctx, acc, r, func(ctx context.Context, r request) (err error) {
		file, err = c.getMedia(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (c *Client) getMedia(ctx context.Context, r request) (*MediaFile, error) {
	ctx, cancel := context.WithTimeout(ctx, c.mediaTimeout)
	resp, err := c.send(ctx, r)
	if err != nil {
		cancel()
		return nil, err
	}
	body := &fileBody{from: bufio.NewReader(resp.Body), left: c.maxMedia, request: r, close: func() error {
		cancel()
		return resp.Body.Close()
	}}
	if resp.ContentLength > c.maxMedia {
		_ = body.Close()
		return nil, r.fail(ErrTooLarge)
	}
	head, err := body.from.Peek(16) // short only at the end of the answer
	if err != nil && err != io.EOF {
		_ = body.Close()
		return nil, r.fail(err)
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) > 0 && head[0] != '{' {
		return &MediaFile{Body: body}, nil
	}
	defer body.Close()
	raw, err := readCapped(body.from, c.maxJSON)
	if err != nil {
		return nil, r.fail(err)
	}
	return r.videoURL(raw)
}

// videoURL reads the JSON that stands in place of a file.
func (r request) videoURL(raw []byte) (*MediaFile, error) {
	var answer struct {
		VideoURL string `json:"video_url"`
	}
	if err := r.decode(raw, &answer); err != nil {
		return nil, err
	}
	if !isWebURL(answer.VideoURL) {
		return nil, fmt.Errorf("wechat %s: %w", r.path, ErrAnswer)
	}
	return &MediaFile{VideoURL: answer.VideoURL}, nil
}

func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// fileBody is a file that is being read: capped, and within its time.
type fileBody struct {
	from    *bufio.Reader
	left    int64 // bytes that may still come
	request request
	close   func() error
}

func (b *fileBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		err = ErrTooLarge
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		err = b.request.fail(err)
	}
	return n, err
}

func (b *fileBody) Close() error { return b.close() }
