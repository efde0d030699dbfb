package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"callbackd"
)

func (s *stage) say(t *testing.T, m Message) Record {
	t.Helper()
	m.From = s.number
	r, err := s.a.Say(m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *stage) media(t *testing.T, id string) (*http.Response, []byte) {
	t.Helper()
	return s.get(t, "/cgi-bin/media/get", url.Values{"access_token": {s.token(t)}, "media_id": {id}})
}

func TestMediaGet_VoicePictureAndThumb(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	f := Files()
	voice := s.say(t, Message{Type: TypeVoice, Asset: f.Voice("zh-2")})
	picture := s.say(t, Message{Type: TypeImage, Asset: f.Picture("stage.jpg")})
	video := s.say(t, Message{Type: TypeVideo, Asset: f.Videos[0]})
	for _, c := range []struct {
		id, contentType, ext string
		want                 []byte
	}{
		{voice.MediaID, "audio/amr", ".amr", f.Voice("zh-2").Bytes},
		{voice.MediaID16K, "audio/amr", ".amr", f.Voice("zh-2").HighRes},
		{picture.MediaID, "image/jpeg", ".jpg", f.Picture("stage.jpg").Bytes},
		{video.ThumbMediaID, "image/jpeg", ".jpg", f.Videos[0].Thumb},
	} {
		resp, b := s.media(t, c.id)
		if !bytes.Equal(b, c.want) || len(c.id) != 64 {
			t.Errorf("%s: %d bytes, want %d", c.contentType, len(b), len(c.want))
		}
		if got := resp.Header.Get("Content-Type"); got != c.contentType {
			t.Errorf("content type %s, want %s", got, c.contentType)
		}
		if !resp.Close {
			t.Error("the connection stays open")
		}
		if got := resp.Header.Get("Content-Disposition"); got != `attachment; filename="`+c.id+c.ext+`"` {
			t.Errorf("disposition %s", got)
		}
	}
}

func TestMediaGet_VideoIsASecondAddressWithoutToken(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	r := s.say(t, Message{Type: TypeVideo, Asset: Files().Videos[0]})
	_, b := s.media(t, r.MediaID)
	address := fmt.Sprint(object(t, b)["video_url"])
	if !strings.HasPrefix(address, "http://") || strings.Contains(address, "token") || strings.Contains(address, r.MediaID) {
		t.Fatalf("address %s", address)
	}
	resp, got := s.get(t, address, nil)
	if !bytes.Equal(got, Files().Videos[0].Bytes) || resp.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("%d bytes, %s", len(got), resp.Header)
	}
}

func TestMediaGet_EndsAfterThreeDays_PicUrlDoesNot(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	r := s.say(t, Message{Type: TypeImage, Asset: Files().Picture("cat.gif")})
	s.clock.Add(72*time.Hour - time.Second)
	if _, b := s.media(t, r.MediaID); !bytes.HasPrefix(b, []byte("GIF8")) {
		t.Errorf("before: %.40q", b)
	}
	s.clock.Add(time.Second)
	resp, b := s.media(t, r.MediaID)
	if errcode(object(t, b)) != 40007 || resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		t.Errorf("after: %d %s %s", resp.StatusCode, resp.Header, b)
	}
	if _, b := s.get(t, r.PicURL, nil); !bytes.HasPrefix(b, []byte("GIF8")) {
		t.Errorf("PicUrl: %.40q", b)
	}
}

func TestMediaGet_ErrorsAsText(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Faults: Faults{MediaErrorsAsText: true}})
	resp, b := s.media(t, "unknown")
	if resp.Header.Get("Content-Type") != "text/plain" || errcode(object(t, b)) != 40007 ||
		!strings.Contains(resp.Header.Get("Content-Disposition"), "unknown.plain") {
		t.Errorf("%s %s", resp.Header, b)
	}
	if resp, _ := s.media(t, "a\"b\r\nX: y"); resp.Header.Get("Content-Disposition") != `attachment; filename="abXy.plain"` {
		t.Errorf("an id with quotes: %s", resp.Header)
	}
	if _, b := s.media(t, ""); errcode(object(t, b)) != 41006 {
		t.Errorf("missing id: %s", b)
	}
}

func TestMediaGet_GoneAndOfAnotherAccount(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	r := s.say(t, Message{Type: TypeImage, Asset: Files().Pictures[0]})
	other, err := s.AddAccount(AccountConfig{Slug: "other"})
	if err != nil {
		t.Fatal(err)
	}
	mine := s.a
	s.a = other
	if _, b := s.media(t, r.MediaID); errcode(object(t, b)) != 40007 {
		t.Errorf("with another account's token: %.80s", b)
	}
	s.a = mine
	s.a.SetFaults(func(f *Faults) { f.MediaGone = true })
	if _, b := s.media(t, r.MediaID); errcode(object(t, b)) != 40007 {
		t.Errorf("gone: %.80s", b)
	}
}

func TestMediaGet_Truncated(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{Faults: Faults{TruncateMedia: true}})
	r := s.say(t, Message{Type: TypeImage, Asset: Files().Pictures[0]})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		s.url+"/cgi-bin/media/get?"+url.Values{"access_token": {s.token(t)}, "media_id": {r.MediaID}}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(b) != len(Files().Pictures[0].Bytes)/2 {
		t.Errorf("%d bytes, err %v", len(b), err)
	}
}

func TestQRCode_TicketPictureAndScan(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	create := func(body map[string]any) map[string]any {
		return s.post(t, "/cgi-bin/qrcode/create?access_token="+s.token(t), body)
	}
	scene := func(k string, v any) map[string]any { return map[string]any{"scene": map[string]any{k: v}} }
	m := create(map[string]any{"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": scene("scene_str", "wall")})
	ticket := fmt.Sprint(m["ticket"])
	if !strings.HasPrefix(fmt.Sprint(m["url"]), "http://weixin.qq.com/q/") || m["expire_seconds"] != 600.0 || !strings.ContainsAny(ticket, "+/=") {
		t.Fatalf("%v", m)
	}
	resp, b := s.get(t, "/cgi-bin/showqrcode", url.Values{"ticket": {ticket}})
	if resp.Header.Get("Content-Type") != "image/jpg" || !bytes.HasPrefix(b, []byte("\xff\xd8\xff")) {
		t.Errorf("picture: %s %.10q", resp.Header, b)
	}
	if e, err := s.a.ScanTicket(s.number, ticket); err != nil || e.Name != "SCAN" || *e.Key != "wall" || e.Ticket != ticket {
		t.Errorf("scan by a follower: %+v %v", e, err)
	}
	if e, err := s.a.ScanCode(s.number, fmt.Sprint(m["url"])); err != nil || e.Name != "SCAN" || e.Ticket != ticket {
		t.Errorf("scan of what the picture says: %+v %v", e, err)
	}
	for _, other := range []string{"", "http://weixin.qq.com/q/other", s.a.FollowURL()} {
		if e, err := s.a.ScanCode(s.number, other); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("scan of %q by a follower: %+v %v", other, e, err)
		}
	}
	s.a.Unfollow(s.number)
	if e, err := s.a.ScanCode(s.number, s.a.FollowURL()); err != nil || e.Name != "subscribe" || *e.Key != "" {
		t.Errorf("scan of the account's own code: %+v %v", e, err)
	}
	if e, err := s.a.ScanTicket(s.number, ticket); err != nil || e.Name != "subscribe" || *e.Key != "qrscene_wall" {
		t.Errorf("scan by somebody else: %+v %v", e, err)
	}
	s.clock.Add(600 * time.Second)
	if resp, _ := s.get(t, "/cgi-bin/showqrcode", url.Values{"ticket": {ticket}}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("after its end: %d", resp.StatusCode)
	}
	if _, err := s.a.ScanTicket(s.number, ticket); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("scan after its end: %v", err)
	}
	long := map[string]any{"expire_seconds": 9_999_999, "action_name": "QR_SCENE", "action_info": scene("scene_id", 7)}
	if m := create(long); m["expire_seconds"] != 2_592_000.0 {
		t.Errorf("longest life: %v", m)
	}
	if m := create(map[string]any{"action_name": "QR_SCENE", "action_info": scene("scene_id", 7)}); m["expire_seconds"] != 60.0 {
		t.Errorf("default life: %v", m)
	}
	for _, bad := range []map[string]any{
		{"action_name": "QR_SCENE", "action_info": scene("scene_id", 0)},
		{"action_name": "QR_LIMIT_SCENE", "action_info": scene("scene_id", 100_001)},
		{"action_name": "QR_STR_SCENE", "action_info": scene("scene_str", strings.Repeat("x", 65))},
		{"action_name": "QR_FOREVER", "action_info": scene("scene_id", 1)},
	} {
		if m := create(bad); errcode(m) == 0 {
			t.Errorf("%v: taken", bad)
		}
	}
}
