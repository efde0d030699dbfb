package rehearsal

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// mediaPart is which file of an asset a media id means.
type mediaPart string

const (
	partFile    mediaPart = "file"
	partHighRes mediaPart = "16k"
	partThumb   mediaPart = "thumb"
)

// mediaRef is what a temporary media id of an account stands for.
type mediaRef struct {
	asset *Asset
	part  mediaPart
	made  time.Time
}

// getMedia is media/get. Whether an answer is a file or an error shows in the
// body alone: errors may come as text/plain.
func getMedia(c *call) {
	id := c.r.FormValue("media_id")
	c.p.mu.Lock()
	ref, ok := c.a.byMedia[id]
	f := c.a.faults
	ok = ok && !f.MediaGone && c.p.now().Sub(ref.made) < mediaLife
	c.p.mu.Unlock()
	if !waitFor(c.r, f.MediaDelay) {
		return
	}
	contentType := "application/json; encoding=utf-8"
	if f.MediaErrorsAsText {
		contentType = "text/plain"
	}
	switch {
	case id == "":
		c.failAs(contentType, 41006, "media_id missing")
		return
	case !ok:
		if f.MediaErrorsAsText {
			c.w.Header().Set("Content-Disposition", `attachment; filename="`+headerWord(id)+`.plain"`)
		}
		c.failAs(contentType, 40007, errorText(40007, ""))
		return
	}
	if ref.part == partFile && strings.HasPrefix(ref.asset.Type, "video/") {
		c.answer(map[string]any{"video_url": c.p.videoURL(id, ref.asset)})
		return
	}
	body, contentType, ext := ref.asset.Bytes, ref.asset.Type, ref.asset.Ext
	switch ref.part {
	case partHighRes:
		body, contentType, ext = ref.asset.HighRes, "audio/amr", ".amr"
	case partThumb:
		body, contentType, ext = ref.asset.Thumb, "image/jpeg", ".jpg"
	}
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+id+ext+`"`)
	h.Set("Cache-Control", "no-cache, must-revalidate")
	h.Set("Connection", "close")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if f.TruncateMedia {
		body = body[:len(body)/2] // the server closes the connection when the rest does not come
	}
	_, _ = c.w.Write(body)
}

// videoURL makes the second address of a video: http, without a token, and
// nothing of the media id in it.
func (p *Platform) videoURL(id string, asset *Asset) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := hexID(p.opts.Seed, 40, "video", id)
	p.videos[name] = asset
	return p.baseLocked("http://vweixinf.tc.qq.com") + "/rehearsal-video/" + name + ".mp4"
}

func (p *Platform) showVideo(w http.ResponseWriter, r *http.Request) {
	p.count(nil, "/rehearsal-video")
	p.mu.Lock()
	asset := p.videos[strings.TrimSuffix(chi.URLParam(r, "name"), ".mp4")]
	p.mu.Unlock()
	if asset == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "video/mp4")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(asset.Bytes))
}

// showPicture serves a PicUrl. It outlives the media id.
func (p *Platform) showPicture(w http.ResponseWriter, r *http.Request) {
	p.count(nil, "/mmbiz")
	p.mu.Lock()
	asset := p.pictures[chi.URLParam(r, "name")]
	p.mu.Unlock()
	if asset == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", asset.Type)
	w.Header().Set("Content-Length", strconv.Itoa(len(asset.Bytes)))
	_, _ = w.Write(asset.Bytes)
}

// headerWord keeps what a caller wrote from breaking out of a header.
func headerWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, s)
}

// waitFor lets real time pass; false when the caller has left.
func waitFor(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
