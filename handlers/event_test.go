package handlers_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"callbackd"
	"callbackd/wall"
)

// TestEvent_LooksArePublicWhileTheWallShowsIt: pictures and colours of an event that
// no wall shows are nobody's business.
func TestEvent_LooksArePublicWhileTheWallShowsIt(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	_, a := s.account("looks", callbackd.ModePlain, callbackd.ModerationOpen)
	var picture bytes.Buffer
	s.must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 2))))
	add := func(name string) callbackd.Event {
		e := callbackd.Event{Account: a.ID, Name: name, Settings: callbackd.EventSettings{Colours: callbackd.Colours{Ground: "#4a0d14", Accent: "#ffc857"}}}
		s.must(s.db.InsertEvent(ctx, &e, "test"))
		for _, id := range []*callbackd.PublicID{&e.Settings.Logo, &e.Settings.Background} {
			var err error
			*id, err = wall.PutPicture(ctx, s.db, s.blobs, e, bytes.NewReader(picture.Bytes()))
			s.must(err)
		}
		s.must(wall.SetEvent(ctx, s.db, s.blobs, &e, "test"))
		return e
	}
	now, later := add("今天"), add("明天")
	for e, want := range map[*callbackd.Event]int{&now: 200, &later: 404} {
		for _, path := range []string{wall.PicturePath(e.Settings.Logo), wall.PicturePath(e.Settings.Background), "/style/" + string(e.PublicID) + ".css"} {
			code, head, body := s.get(path)
			if code != want || head.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: %d", e.Name, path, code)
			}
			if strings.HasPrefix(path, "/style") && want == 200 && (!strings.Contains(body, "--ground: #4a0d14;") || !strings.Contains(body, `url("`+wall.PicturePath(e.Settings.Background)) ||
				head.Get("Content-Type") != "text/css; charset=utf-8") {
				t.Errorf("%s %v", body, head)
			}
			if strings.HasPrefix(path, "/picture") && want == 200 && (body != picture.String() || head.Get("Content-Type") != "image/png") {
				t.Errorf("%s: %v", path, head)
			}
		}
	}
	_, _, page := s.get("/wall/looks")
	if !strings.Contains(page, `href="/style/`+string(now.PublicID)+`.css?rev=`) || !strings.Contains(page, `src="`+wall.PicturePath(now.Settings.Logo)) {
		t.Error("the page does not show the event's looks")
	}
	old := now.Settings.Logo
	now.Settings.Logo = ""
	s.must(wall.SetEvent(ctx, s.db, s.blobs, &now, "test"))
	if code, _, _ := s.get(wall.PicturePath(old)); code != http.StatusNotFound {
		t.Errorf("a logo that the event has no more: %d", code)
	}
	if _, err := s.blobs.Stat(ctx, "events/"+string(old)); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("its file: %v", err)
	}
	now.Settings.Logo = later.Settings.Logo
	if err := s.db.SetEvent(ctx, &now, "test"); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("another event's picture: %v", err)
	}
	for name, content := range map[string]string{"text": "hello", "svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`, "gif": "GIF89a\x01\x00\x01\x00\x00\x00\x00;",
		"too large": picture.String() + strings.Repeat("x", wall.MaxPicture)} {
		if _, err := wall.PutPicture(ctx, s.db, s.blobs, now, strings.NewReader(content)); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%s as a picture: %v", name, err)
		}
	}
}
