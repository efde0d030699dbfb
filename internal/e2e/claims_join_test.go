//go:build e2e

package e2e_test

import (
	"bytes"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"callbackd"
	"callbackd/rehearsal"
)

// readQR is what a phone makes of a picture.
func readQR(t *testing.T, picture []byte) string {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("a picture of %d bytes: %v", len(picture), err)
	}
	pixels, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		if code, err := qrcode.NewQRCodeReader().Decode(pixels, map[gozxing.DecodeHintType]any{how: true}); err == nil {
			return code.GetText()
		}
	}
	t.Fatal("no QR code in the picture")
	return ""
}

// welcomed checks that a request to join was answered: the follower reads that
// they may, and where.
func welcomed(t *testing.T, s *stage, a *rehearsal.Account, v rehearsal.Verdict) {
	t.Helper()
	if v.Outcome != rehearsal.OutcomeReply || v.Reply.Type != "text" || v.Reply.Encrypted != a.Config.Mode.Encrypted() {
		t.Fatalf("%s was answered with %s %+v: %s", v.Event, v.Outcome, v.Reply, v.Why)
	}
	if says := v.Reply.Content; !strings.Contains(says, s.url(wallPath(a))) || !strings.Contains(says, "欢迎") {
		t.Errorf("%s was answered with %q", v.Event, says)
	}
}

func TestClaimE5E10_WhoAsksToJoinReadsThatTheyMay(t *testing.T) {
	s := newStage(t)
	for _, mode := range []callbackd.Mode{callbackd.ModePlain, callbackd.ModeCompatible, callbackd.ModeSafe} {
		s.join(rehearsal.AccountConfig{Slug: callbackd.Slug(mode), Mode: mode})
	}
	s.serve()
	numbers, err := s.platform.Crowd(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.accounts {
		openLive(t, s.wall(a)) // the page is shown
		first := rehearsal.EventSample("subscribe", numbers[0])
		v, err := a.PushEvent(t.Context(), first, rehearsal.SendOptions{Copies: 2})
		if err != nil {
			t.Fatal(err)
		}
		welcomed(t, s, a, v)
		for _, e := range []rehearsal.Event{rehearsal.SubscribeByScene(numbers[1], "wall", "ticket"), rehearsal.ScanScene(numbers[1], "wall", "ticket")} {
			if v, err = a.PushEvent(t.Context(), e, rehearsal.SendOptions{}); err != nil {
				t.Fatal(err)
			}
			welcomed(t, s, a, v)
		}
		if v, err = a.PushEvent(t.Context(), rehearsal.EventSample("unsubscribe", numbers[0]), rehearsal.SendOptions{}); err != nil || v.Reply != nil {
			t.Errorf("who leaves is answered with %+v, %v", v.Reply, err)
		}
		if n := a.FaultLines(numbers[0]) + a.FaultLines(numbers[1]); n != 0 {
			t.Errorf("%s: followers read %d times that the service is broken", a.Config.Slug, n)
		}
	}
}

// Somebody points a phone at the QR code as it stands on the page, and what they
// read there makes them a follower who may speak.
func TestClaimE6E11_TheQROnThePageLeadsToTheAnswer(t *testing.T) {
	s := newStage(t)
	withScene := s.join(rehearsal.AccountConfig{Slug: "scene"})
	own := s.join(rehearsal.AccountConfig{Slug: "own", API: rehearsal.APIConfig{None: true}, MP: operators()})
	s.serve()
	numbers, err := s.platform.Crowd(2)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range []*rehearsal.Account{withScene, own} {
		path := wallPath(a) + "/join.png"
		eventually(t, "the join QR of "+string(a.Config.Slug), func() bool {
			status, _, _ := s.get(path)
			return status == http.StatusOK
		})
		p := openLive(t, s.wall(a))
		p.until("the picture is drawn", `document.querySelector('img.qr')?.complete && document.querySelector('img.qr').naturalWidth > 0`)
		seen, err := chromedp.Run(p.ctx, chromedp.Screenshot(chromedp.CSS("img.qr"), chromedp.NodeVisible))
		if err != nil {
			t.Fatal(err)
		}
		says := readQR(t, seen)
		if _, _, picture := s.get(path); readQR(t, picture) != says {
			t.Errorf("join.png says %q, the page %q", readQR(t, picture), says)
		}
		e, err := a.ScanCode(numbers[i], says)
		if err != nil || e.Name != "subscribe" {
			t.Fatalf("the code on the page says %q: %+v, %v", says, e, err)
		}
		v, err := a.PushEvent(t.Context(), e, rehearsal.SendOptions{})
		if err != nil {
			t.Fatal(err)
		}
		welcomed(t, s, a, v)
		text(t, a, numbers[i], "我来了")
		p.until("the new follower is on the wall", `document.querySelector('#rows .words')?.textContent === '我来了'`)
	}
	again, err := withScene.ScanCode(numbers[0], readQR(t, joinPNG(s, withScene)))
	if err != nil || again.Name != "SCAN" {
		t.Fatalf("a follower's scan: %+v, %v", again, err)
	}
	v, err := withScene.PushEvent(t.Context(), again, rehearsal.SendOptions{})
	if err != nil {
		t.Fatal(err)
	}
	welcomed(t, s, withScene, v)
}

func joinPNG(s *stage, a *rehearsal.Account) []byte {
	s.t.Helper()
	_, _, picture := s.get(wallPath(a) + "/join.png")
	return picture
}
