package mpweb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

// scanPage is a login page of our own that behaves as the platform's does as
// far as §4.2 tells: it shows a picture, polls, and moves on with a token.
type scanPage struct {
	mu       sync.Mutex
	status   int
	pictures int
	granted  bool
}

const scanHTML = `<!DOCTYPE html><html><head><title>公众平台</title></head><body><img id="qr"><script>
const qr = document.getElementById("qr");
qr.src = "/cgi-bin/scanloginqrcode?action=getqrcode&random=" + Date.now();
async function ask() {
  const r = await fetch("/cgi-bin/scanloginqrcode?action=ask&token=&lang=zh_CN&f=json&ajax=1");
  if ((await r.json()).status !== 1) { setTimeout(ask, 30); return; }
  const done = await fetch("/cgi-bin/bizlogin?action=login", {method: "POST"});
  location.href = (await done.json()).redirect_url;
}
qr.onload = ask;
</script></body></html>`

// serve answers what belongs to the login; false for everything else.
func (s *scanPage) serve(p *platform, w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/":
		look("text/html; charset=UTF-8", scanHTML)(w, r)
	case r.URL.Path == "/cgi-bin/scanloginqrcode" && q.Get("action") == "getqrcode":
		s.pictures++
		s.status = 0
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, picture(s.pictures))
	case r.URL.Path == "/cgi-bin/scanloginqrcode":
		look("application/json", fmt.Sprintf(`{"acct_size":0,"base_resp":{"err_msg":"ok","ret":0},"binduin":0,"status":%d,"user_category":0}`, s.status))(w, r)
	case r.URL.Path == "/cgi-bin/bizlogin":
		s.granted = true
		p.set(func(p *platform) { p.token, p.sid = "1000000555", "sid-of-the-scan" })
		http.SetCookie(w, &http.Cookie{Name: "slave_sid", Value: "sid-of-the-scan", Path: "/", HttpOnly: true})
		look("application/json", `{"base_resp":{"ret":0},"redirect_url":"/cgi-bin/home?t=home/index&lang=zh_CN&token=1000000555"}`)(w, r)
	case r.URL.Path == "/favicon.ico":
		http.NotFound(w, r)
	default:
		return false
	}
	return true
}

func (s *scanPage) set(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func picture(n int) image.Image {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	img.SetGray(n%8, 0, color.Gray{Y: 255})
	return img
}

func newScanRig(t *testing.T) (*rig, *scanPage) {
	t.Helper()
	r, s := newRig(t, callbackd.Dialect2016), &scanPage{}
	r.acc.MPWeb.Password = ""
	r.platform.set(func(p *platform) {
		p.answer = func(w http.ResponseWriter, req *http.Request) bool { return s.serve(p, w, req) }
	})
	return r, s
}

func TestLoginQR_ExpiredThenScannedThenLoggedIn(t *testing.T) {
	r, s := newScanRig(t)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var steps []QRStep
	err := r.LoginQR(ctx, r.acc, Browser{PictureDir: dir}, func(p Progress) {
		steps = append(steps, p.Step)
		switch p.Step {
		case QRStepPicture:
			onDisk, err := os.ReadFile(p.PicturePath)
			if err != nil || !bytes.Equal(onDisk, p.Picture) || filepath.Dir(p.PicturePath) != dir || filepath.Base(p.PicturePath) != "login-gala.png" {
				t.Errorf("picture at %s: %v", p.PicturePath, err)
			}
			if info, err := os.Stat(p.PicturePath); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("picture has mode %v, %v", info.Mode(), err)
			}
			if img, err := png.Decode(bytes.NewReader(p.Picture)); err != nil || img.Bounds().Dx() != 8 {
				t.Errorf("picture cannot be read: %v", err)
			}
			if len(steps) == 1 {
				s.set(2) // the first one expires
			} else {
				s.set(4)
			}
		case QRStepScanned:
			s.set(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []QRStep{QRStepPicture, QRStepExpired, QRStepPicture, QRStepScanned, QRStepConfirmed, QRStepDone}
	if !slices.Equal(steps, want) {
		t.Errorf("got %v, want %v", steps, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// The session works, also for another process, and without a password.
	if _, err := r.newClient(t).MessagePage(t.Context(), r.acc, PageQuery{}); err != nil {
		t.Error(err)
	}
	if st, err := r.Status(t.Context(), r.acc); err != nil || st.State != SessionOK {
		t.Errorf("status %+v, %v", st, err)
	}
	if qr, err := r.JoinQR(t.Context(), r.acc); err != nil || string(qr) != "bytes of /misc/getqrcode "+testUIN {
		t.Errorf("join QR: %q, %v", qr, err)
	}
	if out := r.witness.logText(); strings.Contains(out, "1000000555") || strings.Contains(out, "sid-of-the-scan") {
		t.Errorf("secrets in the log: %s", out)
	}
}

func TestLoginQR_OneAtATimeAndCancel(t *testing.T) {
	r, _ := newScanRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	err := r.LoginQR(ctx, r.acc, Browser{PictureDir: dir}, func(p Progress) {
		if p.Step != QRStepPicture {
			return
		}
		if err := r.LoginQR(ctx, r.acc, Browser{PictureDir: dir}, func(Progress) {}); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("a second one: got %v", err)
		}
		// No password goes out while a person is at it.
		withPassword := *r.acc
		withPassword.MPWeb = &callbackd.MPWebLogin{Username: testUser, Password: testPassword}
		var human *NeedsHumanError
		if _, err := r.MessagePage(ctx, &withPassword, PageQuery{}); !errors.As(err, &human) || r.platform.count("/cgi-bin/login") != 0 {
			t.Errorf("a login by password beside it: got %v", err)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLoginQR_SaysWhatIsMissing(t *testing.T) {
	r, _ := newScanRig(t)
	none := func(p Progress) { t.Errorf("progress %s", p.Step) }
	err := r.LoginQR(t.Context(), r.acc, Browser{ExecPath: filepath.Join(t.TempDir(), "no-browser")}, none)
	if !errors.Is(err, callbackd.ErrUnavailable) || !strings.Contains(err.Error(), "start the browser") || !strings.HasSuffix(err.Error(), "install chromium") {
		t.Errorf("without a browser: got %v", err)
	}
	r.platform.Close()
	err = r.LoginQR(t.Context(), r.acc, Browser{}, none)
	if !errors.Is(err, callbackd.ErrUnavailable) || !strings.Contains(err.Error(), "open the login page") {
		t.Errorf("without a platform: got %v", err)
	}
	many := browserError("open", errors.New("a\nb http://x/?token=1000000001"))
	if many.Error() != "open: a b http://x/?token=0" {
		t.Errorf("got %q", many)
	}
	r.acc.MPWeb = nil
	if err := r.LoginQR(t.Context(), r.acc, Browser{}, none); !errors.Is(err, ErrOff) {
		t.Errorf("without operator pages: got %v", err)
	}
}

func TestLoginQR_NobodyScans(t *testing.T) {
	r, _ := newScanRig(t)
	err := r.LoginQR(t.Context(), r.acc, Browser{PictureDir: t.TempDir(), Timeout: time.Nanosecond}, func(Progress) {})
	if !errors.Is(err, callbackd.ErrUnavailable) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("got %v", err)
	}
}
