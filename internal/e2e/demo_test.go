//go:build e2e

package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit"
)

var shots = flag.Bool("shots", false, "write docs/img/wall-1920.png and docs/img/wall-390.png")

// pictures are the README's pictures of the demo.
var pictures = []struct {
	name          string
	width, height int
}{{"wall-1920.png", 1920, 1080}, {"wall-390.png", 390, 844}}

var pictureDir = filepath.Join("..", "..", "docs", "img")

// demo is `callbackd demo`, as make demo runs it.
type demo struct {
	*testkit.Child
	*stage
	says   lockedBuffer
	stderr lockedBuffer
	url    string
}

func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	root, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	d := &demo{stage: &stage{t: t, program: testkit.Program(t), temp: root, path: os.Getenv("PATH"), addr: freeAddr(t)}}
	cmd := d.command(append([]string{"demo", "--listen", d.addr}, args...)...)
	cmd.Stdout, cmd.Stderr = &d.says, &d.stderr
	if d.Child, err = testkit.StartChild(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	address := regexp.MustCompile(`http://\S+/wall/\S+`)
	eventually(t, "the demo prints the wall's address", func() bool {
		if d.Gone() {
			t.Fatalf("the demo ended: %s", d.stderr.String())
		}
		d.url = address.FindString(d.says.String())
		return d.url != ""
	})
	return d
}

// One command, and the wall talks: words at once, then names and faces, and a
// voice that plays. Ctrl-C ends it and leaves nothing behind.
func TestDemo_TheWallTalks(t *testing.T) {
	d := startDemo(t)
	p := open(t, 1920, 1080, d.url+"?lang=zh-CN")
	p.live()
	p.listen()
	p.until("words", `[...document.querySelectorAll('#rows .words')].some((w) => w.textContent !== '')`)
	p.until("a voice", `document.querySelector('#rows [data-look=voice-ready]')`)
	eventually(t, "somebody's name and photo", func() bool {
		for _, m := range d.shown() {
			if _, header, _ := d.get(m.Sender.Avatar); m.Sender.Resolved && header.Get("Content-Type") == "image/jpeg" {
				return true
			}
		}
		return false
	})
	id := eval[callbackd.PublicID](p, `document.querySelector('#rows [data-look=voice-ready]').dataset.id`)
	p.click(".account") // rows move under the mouse; a click anywhere lets the page be heard
	p.do(one(at(id, ".pill")) + `.click()`)
	p.played("a voice", id)
	if *shots {
		d.photograph()
	}
	p.mayLoseServer()
	if err := d.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.Exited():
	case <-time.After(patience):
		t.Fatal("the demo does not end")
	}
	if code := d.ExitCode(); code != 0 || d.EndedBy() != syscall.Signal(0) {
		t.Errorf("exit %d by signal %d: %s", code, d.EndedBy(), d.stderr.String())
	}
	if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if !strings.Contains(d.says.String(), "subscribe") && !strings.Contains(d.says.String(), "text") {
		t.Errorf("it does not say what happens: %s", d.says.String())
	}
}

// shown are the newest messages, newest first.
func (d *demo) shown() []callbackd.PublicMessage {
	d.t.Helper()
	return d.feedOf("/wall/demo")
}

// photograph takes the README's pictures at a moment when the screen is full,
// everybody on it is known, and a voice and a picture are among what they say.
func (d *demo) photograph() {
	d.t.Helper()
	tabs := make([]*page, len(pictures))
	for i, k := range pictures {
		tabs[i] = open(d.t, k.width, k.height, d.url+"?lang=zh-CN")
		tabs[i].live()
	}
	eventuallyWithin(d.t, 4*time.Minute, "a good moment", func() bool { return isGood(d.shown()) })
	// The evening stands still while the pictures are taken.
	if err := d.Signal(syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	for i, k := range pictures {
		p := tabs[i]
		p.until("nothing moves", `!document.querySelector('.arrive') && [...document.images].every((i) => i.complete)`)
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			d.t.Fatal(err)
		}
		d.keepPicture(k.name, png)
	}
	if err := d.Signal(syscall.SIGCONT); err != nil {
		d.t.Fatal(err)
	}
}

// isGood reports whether words come first, a voice and a photograph are near
// them, and everybody on the screen is known.
func isGood(feed []callbackd.PublicMessage) bool {
	const screen, near = 7, 4 // messages
	if len(feed) < screen || feed[0].Kind != callbackd.KindText || len([]rune(feed[0].Text)) < 6 {
		return false
	}
	voice, photo := false, false
	for i, m := range feed[:screen] {
		if !m.Sender.Resolved || m.Media != nil && m.Media.State != callbackd.MediaReady {
			return false
		}
		voice = voice || m.Kind == callbackd.KindVoice && i < near
		photo = photo || m.Kind == callbackd.KindImage && m.Media.Type == "image/jpeg" && i < near
	}
	return voice && photo
}

// keepPicture writes a picture with a palette of its own, which is a quarter of the size.
func (d *demo) keepPicture(name string, png []byte) {
	d.t.Helper()
	if err := os.MkdirAll(pictureDir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	raw := filepath.Join(d.t.TempDir(), name)
	if err := os.WriteFile(raw, png, 0o600); err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(d.t.Context()), "ffmpeg", "-hide_banner", "-loglevel", "error", "-y", "-i", raw,
		"-vf", "split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a", "-compression_level", "9", filepath.Join(pictureDir, name))
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("make the palette: %v\n%s", err, out)
	}
}

func TestPictures_OfTheReadmeAreThereAndSmall(t *testing.T) {
	const most = 400 << 10
	for _, k := range pictures {
		f, err := os.Open(filepath.Join(pictureDir, k.name))
		if err != nil {
			t.Fatalf("%v: run make screenshots", err)
		}
		defer f.Close()
		c, format, err := image.DecodeConfig(f)
		info, statErr := f.Stat()
		if err != nil || statErr != nil || format != "png" || fmt.Sprint(c.Width, c.Height) != fmt.Sprint(k.width, k.height) || info.Size() > most {
			t.Errorf("%s: %s of %d×%d, %d bytes, %v %v", k.name, format, c.Width, c.Height, info.Size(), err, statErr)
		}
	}
}
