package rehearsal

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // pictures of the crowd, for their small form
	_ "image/png"
	"net/http"
	"strconv"

	"golang.org/x/image/draw"

	"callbackd"
)

// smallSide is the longer side of a picture in mode=small, in pixels.
const smallSide = 120

// media finds the message of a request; false when it is not there or of
// another kind, which the pages answer with 200 and no body.
func (c *opCall) media(kinds ...int) (Record, bool) {
	id := c.number("msgid", 0)
	r, ok := c.a.Record(uint32(id))
	if !ok || int64(id) > int64(^uint32(0)) || r.Own || r.Asset == nil || c.faults.Media.Empty {
		return Record{}, false
	}
	for _, k := range kinds {
		if itemTypes[r.Type] == k {
			return r, true
		}
	}
	return Record{}, false
}

// serveImage is a picture, whole or small.
func serveImage(c *opCall) {
	r, ok := c.media(itemImage)
	if !ok {
		return
	}
	if c.r.FormValue("mode") == "small" {
		if small, ok := smallPicture(r.Asset.Page); ok {
			c.file("image/jpeg", small)
			return
		}
	}
	c.file(r.Asset.PageType, r.Asset.Page)
}

// serveVoice is a voice, which the pages have transcoded to MP3.
func serveVoice(c *opCall) {
	if r, ok := c.media(itemVoice); ok {
		c.file(r.Asset.PageType, r.Asset.Page)
	}
}

// serveVideo is a video as MP4. The FLV of trans=1 was for the flash player;
// the rehearsal has none, which is the answer for a file that is gone.
func serveVideo(c *opCall) {
	if r, ok := c.media(itemVideo); ok && c.r.FormValue("trans") != "1" {
		c.file(r.Asset.PageType, r.Asset.Page)
	}
}

// serveDownload is any file as an attachment, under types that are not always
// those of the standard (wechat-protocol 4.8).
func serveDownload(c *opCall) {
	r, ok := c.media(itemImage, itemVoice, itemVideo)
	if !ok {
		return
	}
	types := map[string][2]string{
		"image/jpeg": {"image/jpg", "jpg"}, "image/png": {"image/png", "png"}, "image/gif": {"image/gif", "gif"},
		"audio/mpeg": {"audio/mp3", "mp3"}, "video/mp4": {"video/mpeg4", "mp4"},
	}
	t, known := types[r.Asset.PageType]
	if !known {
		t = [2]string{"application/octet-stream", "bin"}
	}
	c.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%d.%s"`, r.ConsoleID, t[1]))
	c.file(t[0], r.Asset.Page)
}

// serveHead is a person's picture, a grey default where there is none.
func serveHead(c *opCall) {
	found, _ := c.a.ContactByFakeID(callbackd.FakeID(c.r.FormValue("fakeid")))
	if len(found.Avatar) > 0 {
		c.file("image/jpeg", found.Avatar)
		return
	}
	c.file("image/jpeg", defaultHead())
}

// serveAccountQR is the account's own QR code, which leads to following it.
func serveAccountQR(c *opCall) {
	if c.r.FormValue("fakeid") != c.a.Uin() {
		return
	}
	if c.r.FormValue("action") == "download" {
		c.w.Header().Set("Content-Disposition", `attachment; filename="qrcode_for_`+c.a.Config.OriginalID+`_430.jpg"`)
	}
	writeQR(c.w, c.a.FollowURL())
}

// FollowURL is what the account's own QR code says.
func (a *Account) FollowURL() string {
	return "http://weixin.qq.com/r/" + word(a.p.opts.Seed, 22, "follow", a.Config.OriginalID)
}

// file sends a file, or the first half of one under Media.Cut.
func (c *opCall) file(contentType string, body []byte) {
	if c.faults.Media.Cut {
		c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	writeFile(c.w, contentType, body)
}

func writeFile(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache, must-revalidate")
	_, _ = w.Write(body) // a client that left is no concern of the platform's
}

// smallPicture is a JPEG whose longer side is at most smallSide; false for
// bytes that are no picture.
func smallPicture(b []byte) ([]byte, bool) {
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, false
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	if side := max(w, h); side > smallSide {
		w, h = max(1, w*smallSide/side), max(1, h*smallSide/side)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	return jpegBytes(small, 75), true
}

// defaultHead is the grey head and shoulders of people without a picture.
func defaultHead() []byte {
	const side = 132
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	ground, figure := color.RGBA{0xe5, 0xe5, 0xe5, 0xff}, color.RGBA{0xbd, 0xbd, 0xbd, 0xff}
	for y := range side {
		for x := range side {
			c := ground
			if inside(x, y, 66, 52, 25, 25) || inside(x, y, 66, 132, 46, 48) {
				c = figure
			}
			m.SetRGBA(x, y, c)
		}
	}
	return jpegBytes(m, 85)
}

// inside reports whether a point lies in the ellipse around (cx, cy).
func inside(x, y, cx, cy, rx, ry int) bool {
	dx, dy := (x-cx)*ry, (y-cy)*rx
	return dx*dx+dy*dy <= rx*rx*ry*ry
}
