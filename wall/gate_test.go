package wall_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// Words that only rows hold which must not be seen.
const (
	hiddenName  = "还没通过的名字"
	passedName  = "通过的名字"
	hiddenFace  = callbackd.PublicID("face-not-passed")
	passedFace  = callbackd.PublicID("face-passed")
	drawnFace   = callbackd.PublicID("face-drawn")
	mainFile    = callbackd.PublicID("file-main")
	posterFile  = callbackd.PublicID("file-poster")
	thumbFile   = callbackd.PublicID("file-thumb")
	seed        = int64(4711)
	followersID = callbackd.OpenID("o-secret")
)

var (
	states      = []callbackd.State{"held", "shown", "refused", "removed", "erased", "unheard-of", ""}
	moderations = []callbackd.Moderation{"hold", "auto", "open", "unheard-of", ""}
	medias      = []string{"none", "pending", "pending passed", "ready", "ready passed", "ready passed without a file", "failed", "unheard-of passed"}
	faces       = []string{"unknown", "known", "known and passed", "known, another passed", "unknown, one passed"}
)

// gateRow is a message in one of all the places where it may stand.
func gateRow(state callbackd.State, moderation callbackd.Moderation, media, face string) store.Row {
	row := store.Row{
		Message: callbackd.Message{ID: 1, PublicID: "m", Kind: callbackd.KindVideo, Text: "看这里", State: state, Moderation: moderation, Seq: 3, Rev: 9,
			SentAt: time.Date(2014, 1, 30, 20, 0, 0, 0, time.FixedZone("", 8*3600))},
		Stage:  callbackd.Stage{State: callbackd.StageOpen},
		Sender: callbackd.Sender{ID: 2, OpenID: followersID, PublicID: "s", AvatarID: drawnFace, AvatarSeed: seed},
	}
	if strings.HasPrefix(face, "known") {
		row.Person = &callbackd.Person{FakeID: "844700001", OpenID: followersID, Profile: callbackd.Profile{Nickname: hiddenName}, Avatar: hiddenFace}
	}
	switch face {
	case "known and passed":
		row.Sender.PassedName, row.Sender.PassedAvatar = hiddenName, hiddenFace
	case "known, another passed", "unknown, one passed":
		row.Sender.PassedName, row.Sender.PassedAvatar = passedName, passedFace
	}
	if media == "none" {
		return row
	}
	stand, _, _ := strings.Cut(media, " ")
	row.Media = &callbackd.Media{ID: 5, State: callbackd.MediaState(stand), Passed: strings.Contains(media, "passed"), Reason: "gone", WeChatID: "wx-media",
		Source: "media/5/source", Duration: 1860 * time.Millisecond, Width: 640, Height: 360, Waveform: []byte{1, 255}}
	if !strings.HasSuffix(media, "without a file") { // whatever the state says
		row.Media.Main = &callbackd.Variant{ID: mainFile, Blob: "media/5/main", Type: "video/mp4"}
		row.Media.Poster = &callbackd.Variant{ID: posterFile, Blob: "media/5/poster", Type: "image/jpeg"}
		row.Media.Thumb = &callbackd.Variant{ID: thumbFile, Blob: "media/5/thumb", Type: "image/jpeg"}
	}
	return row
}

// everyRow calls fn with a message in every place.
func everyRow(fn func(name string, row store.Row, media, face string)) {
	for _, state := range states {
		for _, moderation := range moderations {
			for _, media := range medias {
				for _, face := range faces {
					fn(fmt.Sprintf("%s/%s/%s/%s", state, moderation, media, face), gateRow(state, moderation, media, face), media, face)
				}
			}
		}
	}
}

// wantFace says whose name and picture the public sees.
func wantFace(open bool, face string) (name string, avatar callbackd.PublicID, resolved bool) {
	switch {
	case open && strings.HasPrefix(face, "known"), !open && face == "known and passed":
		return hiddenName, hiddenFace, true
	case !open && strings.HasSuffix(face, "passed"):
		return passedName, passedFace, true
	}
	return wall.Pseudonym(seed), drawnFace, false
}

func wantMedia(media string) *callbackd.PublicMedia {
	switch media {
	case "none":
		return nil
	case "failed":
		return &callbackd.PublicMedia{State: "failed"}
	case "ready passed":
		return &callbackd.PublicMedia{State: "ready", URL: "/media/file-main", Type: "video/mp4", DurationMS: 1860, Poster: "/media/file-poster",
			Thumb: "/media/file-thumb", Width: 640, Height: 360, Waveform: []int{1, 255}}
	}
	return &callbackd.PublicMedia{State: "pending"}
}

func TestView_EveryPlaceOfEveryMessage(t *testing.T) {
	everyRow(func(name string, row store.Row, media, face string) {
		m, ok := wall.View(row)
		if ok != (row.Message.State == "shown") {
			t.Errorf("%s: passes: %v", name, ok)
		}
		if !ok {
			if !reflect.DeepEqual(m, callbackd.PublicMessage{}) {
				t.Errorf("%s: what does not pass is told all the same: %+v", name, m)
			}
			return
		}
		wantName, wantAvatar, resolved := wantFace(row.Message.Moderation == "open", face)
		want := callbackd.PublicMessage{ID: "m", Seq: 3, Kind: "video", Text: "看这里", SentAt: "2014-01-30T12:00:00Z", Media: wantMedia(media),
			Sender: callbackd.PublicSender{ID: "s", Name: wantName, Avatar: "/avatar/" + string(wantAvatar), Resolved: resolved}}
		if !reflect.DeepEqual(m, want) {
			t.Errorf("%s: %+v, want %+v", name, m, want)
		}
	})
}

// TestView_ChangesNoRow: a view is a copy; nothing of it leads back.
func TestView_ChangesNoRow(t *testing.T) {
	row := gateRow("shown", "hold", "ready", "known")
	_ = wall.OperatorView(row)
	if m, _ := wall.View(row); m.Media.State != "pending" || row.Media.Passed || row.Message.Moderation != "hold" {
		t.Errorf("looking as an operator let something through: %+v", m)
	}
}

func TestOperatorView_ShowsEverythingAndWhatWaits(t *testing.T) {
	everyRow(func(name string, row store.Row, media, face string) {
		m := wall.OperatorView(row)
		known := strings.HasPrefix(face, "known")
		if m.State != row.Message.State || (m.Sender.Name == hiddenName) != known {
			t.Errorf("%s: %+v", name, m)
		}
		if ready := strings.HasPrefix(media, "ready") && !strings.HasSuffix(media, "file"); ready != (m.Media != nil && m.Media.URL != "") {
			t.Errorf("%s: media %+v", name, m.Media)
		}
		var want []string
		if row.Message.State == "shown" && row.Message.Moderation != "open" {
			if media == "ready" {
				want = append(want, "media")
			}
			if known && face != "known and passed" {
				want = append(want, "name", "avatar")
			}
		}
		if !slices.Equal(m.Waiting, want) {
			t.Errorf("%s: waiting %q, want %q", name, m.Waiting, want)
		}
	})
}

// TestView_HoldsNothingOfTheRowsOwnKeys reads the JSON of every view.
func TestView_HoldsNothingOfTheRowsOwnKeys(t *testing.T) {
	everyRow(func(name string, row store.Row, _, _ string) {
		row.Message.Place = &callbackd.Place{Label: "天安门", Lat: 39.908, Lon: 116.397}
		public, _ := wall.View(row)
		for _, m := range []callbackd.PublicMessage{public, wall.OperatorView(row)} {
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{string(followersID), "844700001", "39.9", "116.3", "wx-media", "media/5", "gone"} {
				if strings.Contains(string(b), secret) {
					t.Errorf("%s: %s is told", name, secret)
				}
			}
		}
	})
}

func TestView_ANameWithNothingToSeeIsNoName(t *testing.T) {
	for name, resolved := range map[string]bool{
		"": false, " ": false, "\u3000\t": false, "\u200b\u200d\ufe0f": false, "\u202e": false, "\u3164": false, "\u2800": false, "\u0301": false, "\u0000": false,
		"小明": true, " a ": true, "🎉": true, "\u202e小明": true, "·": true, "ﾠ明": true,
	} {
		row := gateRow("shown", "open", "none", "known")
		row.Person.Profile.Nickname = name
		m, _ := wall.View(row)
		want := name
		if !resolved {
			want = wall.Pseudonym(seed)
		}
		if m.Sender.Resolved != resolved || m.Sender.Name != want {
			t.Errorf("%q: %+v", name, m.Sender)
		}
	}
}

func TestPublicLink_KeepsPlainAddressesAlone(t *testing.T) {
	for address, want := range map[string]callbackd.PublicLink{
		"http://mp.weixin.qq.com/s?__biz=M#rd": {Host: "mp.weixin.qq.com", URL: "http://mp.weixin.qq.com/s?__biz=M#rd"},
		" https://例子.example/a b ":             {Host: "例子.example", URL: "https://%E4%BE%8B%E5%AD%90.example/a%20b"},
		"HTTPS://Example.com":                  {Host: "Example.com", URL: "https://Example.com"},
		"http://[2001:db8::1]:8080/x":          {Host: "2001:db8::1", URL: "http://[2001:db8::1]:8080/x"},
		"javascript:alert(1)":                  {},
		"JaVaScRiPt:alert(1)":                  {},
		"data:text/html,x":                     {},
		"file:///etc/passwd":                   {},
		"ftp://example.com/x":                  {},
		"//example.com/x":                      {},
		"/local":                               {},
		"example.com":                          {},
		"http://":                              {},
		"http:///x":                            {},
		"http://user:word@example.com/":        {},
		"http://bank.example@evil.example/":    {},
		"http://exa\nmple.com":                 {},
		"http://example.com:port/":             {},
		"":                                     {},
	} {
		want.Title = "标题"
		if got := wall.PublicLink(callbackd.Link{Title: "标题", Description: "d", URL: address}); *got != want {
			t.Errorf("%q: %+v, want %+v", address, *got, want)
		}
	}
}

func TestMayServeFile_AsksTheGate(t *testing.T) {
	everyRow(func(name string, row store.Row, media, _ string) {
		for _, id := range []callbackd.PublicID{mainFile, posterFile, thumbFile, "another-file", ""} {
			v, err := wall.MayServeFile(row, id)
			passes := row.Message.State == "shown" && media == "ready passed" && strings.HasPrefix(string(id), "file-")
			gone := row.Message.State == "removed" || row.Message.State == "erased"
			switch {
			case passes:
				if err != nil || v.ID != id {
					t.Errorf("%s %s: %v, %v", name, id, v, err)
				}
			case v != nil || gone && !errors.Is(err, callbackd.ErrGone) || !gone && !errors.Is(err, callbackd.ErrNotFound):
				t.Errorf("%s %s: %v, %v", name, id, v, err)
			}
		}
	})
}

func TestMayServeAvatar_OnlyWhatAShownMessageCarries(t *testing.T) {
	everyRow(func(name string, row store.Row, _, face string) {
		_, avatar, _ := wantFace(row.Message.Moderation == "open", face)
		for _, id := range []callbackd.PublicID{hiddenFace, passedFace, drawnFace, ""} {
			want := row.Message.State == "shown" && id == avatar
			if got := wall.MayServeAvatar([]store.Row{gateRow("held", "open", "none", "known"), row}, id); got != want {
				t.Errorf("%s: %s is served: %v", name, id, got)
			}
		}
	})
	if wall.MayServeAvatar(nil, "") {
		t.Error("a picture of nobody is served")
	}
}

// TestPublicName_IsWhatANewMessageWouldShow: of every sender and moderation it
// is the name of a message that arrives now.
func TestPublicName_IsWhatANewMessageWouldShow(t *testing.T) {
	for _, moderation := range moderations {
		for _, face := range faces {
			row := gateRow(callbackd.StateShown, moderation, "none", face)
			m, _ := wall.View(row)
			got := wall.PublicName(store.Face{Sender: row.Sender, Person: row.Person}, moderation)
			if got == "" || got != m.Sender.Name {
				t.Errorf("%s, %s: %q, a message shows %q", moderation, face, got, m.Sender.Name)
			}
			if got == hiddenName && moderation != callbackd.ModerationOpen && face != "known and passed" {
				t.Errorf("%s, %s: a name that nobody has passed", moderation, face)
			}
		}
	}
}
