package rehearsal_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"callbackd"
	"callbackd/rehearsal"
)

func mpVoice() *rehearsal.Asset {
	return &rehearsal.Asset{
		Name: "voice", Type: "audio/amr", Bytes: []byte("#!AMR\n" + strings.Repeat("x", 23)),
		Page: []byte("\xff\xfbMP3 of the voice"), PageType: "audio/mpeg", Duration: 1859 * time.Millisecond,
	}
}

func mpVideo() *rehearsal.Asset {
	return &rehearsal.Asset{
		Name: "video", Type: "video/mp4", Bytes: []byte("ftyp!"), Page: []byte("ftyp!"), PageType: "video/mp4", Duration: 3200 * time.Millisecond,
	}
}

// mpReadQR reads the QR code in a picture.
func mpReadQR(t *testing.T, picture string) string {
	t.Helper()
	m, _, err := image.Decode(strings.NewReader(picture))
	if err != nil {
		t.Fatalf("decode picture: %v", err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(m)
	if err != nil {
		t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("read QR: %v", err)
	}
	return found.GetText()
}

func TestMedia_IsServedByKindAndElseAnEmptyBody(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	c := d.person("小明")
	whole := mpPicture(t, 400, 300)
	picture := &rehearsal.Asset{Type: "image/jpeg", Bytes: whole, Page: whole, PageType: "image/jpeg"}
	id := map[string]string{}
	for name, m := range map[string]rehearsal.Message{
		"image": {Type: rehearsal.TypeImage, Asset: picture},
		"voice": {Type: rehearsal.TypeVoice, Asset: mpVoice()},
		"video": {Type: rehearsal.TypeShortVideo, Asset: mpVideo()},
		"text":  {Content: "只有字"},
	} {
		m.From = c.Number
		id[name] = fmt.Sprint(d.say(m).ConsoleID)
	}
	id["missing"] = "1"
	d.login()
	for _, row := range []struct {
		path, contentType, body string
		of                      string // the only kind that is served
	}{
		{"/cgi-bin/getimgdata?mode=large&source=&fileId=0", "image/jpeg", string(whole), "image"},
		{"/cgi-bin/getvoicedata?fileid=", "audio/mpeg", "\xff\xfbMP3 of the voice", "voice"},
		{"/cgi-bin/getvideodata?fileid=", "video/mp4", "ftyp!", "video"},
	} {
		for name, msgid := range id {
			a := d.get(row.path, "msgid", msgid)
			switch {
			case a.status != 200:
				t.Errorf("%s of %s: status %d", row.path, name, a.status)
			case name == row.of && (a.body != row.body || a.header.Get("Content-Type") != row.contentType):
				t.Errorf("%s: %s, %d bytes", row.path, a.header.Get("Content-Type"), len(a.body))
			case name != row.of && a.body != "":
				t.Errorf("%s of %s: %d bytes, want none", row.path, name, len(a.body))
			}
		}
	}
	voice, err := strconv.Atoi(id["voice"])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", "-1", fmt.Sprint(1<<32 + voice)} {
		if a := d.get("/cgi-bin/getvoicedata", "msgid", bad); a.status != 200 || a.body != "" {
			t.Errorf("msgid %q: %d, %q", bad, a.status, a.body)
		}
	}
	small, err := jpeg.Decode(strings.NewReader(d.get("/cgi-bin/getimgdata?mode=small", "msgid", id["image"]).body))
	if err != nil || small.Bounds() != image.Rect(0, 0, 120, 90) {
		t.Errorf("small picture: %v %v", small, err)
	}
	for name, want := range map[string]string{"image": "image/jpg", "voice": "audio/mp3", "video": "video/mpeg4"} {
		a := d.get("/cgi-bin/downloadfile?source=", "msgid", id[name])
		if a.header.Get("Content-Type") != want || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment; filename=") || a.body == "" {
			t.Errorf("downloadfile of %s: %v", name, a.header)
		}
	}
	if a := d.get("/cgi-bin/downloadfile", "msgid", id["text"]); a.body != "" || a.header.Get("Content-Disposition") != "" {
		t.Errorf("downloadfile of a text: %q", a.body)
	}
	d.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Media.Empty = true })
	if a := d.get("/cgi-bin/getvoicedata", "msgid", id["voice"]); a.status != 200 || a.body != "" {
		t.Error("a file that is gone is an empty body")
	}
}

func TestMedia_IsCutUnderItsFullLength(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Media: rehearsal.MediaFaults{Cut: true}})
	r := d.say(rehearsal.Message{From: d.person("小明").Number, Type: rehearsal.TypeVoice, Asset: mpVoice()})
	d.login()
	req, err := http.NewRequest("GET", fmt.Sprintf("%s/cgi-bin/getvoicedata?msgid=%d&token=%s", d.base, r.ConsoleID, d.token), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Referer", d.base+"/")
	resp, err := d.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil || resp.ContentLength != int64(len(mpVoice().Page)) || len(got) != len(mpVoice().Page)/2 {
		t.Errorf("read %d of %d, error %v", len(got), resp.ContentLength, err)
	}
}

func TestAvatar_IsThePersonsOrTheDefault(t *testing.T) {
	for _, dialect := range []callbackd.Dialect{callbackd.Dialect2014, callbackd.Dialect2016} {
		d := newDesk(t, dialect, rehearsal.OperatorFaults{})
		face := mpPicture(t, 64, 64)
		with := d.follower(rehearsal.Follower{Avatar: face})
		without := d.person("没有头像")
		d.login()
		for _, path := range []string{"/cgi-bin/getheadimg", "/misc/getheadimg?lang=zh_CN"} {
			if a := d.get(path, "fakeid", string(d.a.FakeID(with))); a.body != string(face) || a.header.Get("Content-Type") != "image/jpeg" {
				t.Errorf("%s %s: %v", dialect, path, a.header)
			}
			for _, id := range []string{string(d.a.FakeID(without)), "1", ""} {
				a := d.get(path, "fakeid", id)
				m, err := jpeg.Decode(bytes.NewReader([]byte(a.body)))
				if err != nil || a.body == string(face) || m.Bounds().Dx() != 132 {
					t.Errorf("%s %s of %q: %v", dialect, path, id, err)
				}
			}
		}
	}
}

func TestAccountQR_LeadsToFollowing(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{})
	d.login()
	a := d.get("/misc/getqrcode?style=1&action=download", "fakeid", d.a.Uin())
	if got := mpReadQR(t, a.body); got != d.a.FollowURL() || !strings.HasPrefix(got, "http://weixin.qq.com/r/") {
		t.Errorf("the picture says %q", got)
	}
	if !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("headers %v", a.header)
	}
	if a := d.get("/misc/getqrcode?style=1", "fakeid", "1"); a.status != 200 || a.body != "" {
		t.Errorf("of somebody else: %d, %d bytes", a.status, len(a.body))
	}
}
