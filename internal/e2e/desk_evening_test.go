//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"callbackd/internal/testkit"
)

// firstEvening is what a new operator does with README.md alone: a server, the simulated
// platform in a second terminal, and a browser.
type firstEvening struct {
	*stage
	platform string // address of the simulated platform
	words    lockedBuffer
	began    time.Time
	steps    []string
}

func newFirstEvening(t *testing.T) *firstEvening {
	t.Helper()
	root, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	e := &firstEvening{platform: "http://" + freeAddr(t)}
	e.stage = &stage{t: t, program: testkit.Program(t), dir: filepath.Join(root, "data"), temp: root, path: os.Getenv("PATH"), addr: freeAddr(t), log: filepath.Join(root, "log")}
	e.settings = []string{"--data-dir", e.dir, "--admin-listen", "off", "--public-url", "http://" + e.addr,
		"--wechat-api-url", e.platform, "--wechat-mp-url", e.platform, "--wechat-open-url", e.platform}
	e.serve()
	cmd := e.command("rehearsal", "--by-hand", "--listen", strings.TrimPrefix(e.platform, "http://"), "--slug", "chunwan", "--name", "春晚现场", "--rate", "4")
	cmd.Stderr = &e.words
	child, err := testkit.StartChild(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.Kill)
	e.began = time.Now()
	return e
}

// step counts what a person does, and keeps the screen after it.
func (e *firstEvening) step(p *page, what string) {
	e.t.Helper()
	e.steps = append(e.steps, fmt.Sprintf("%d. %s (%.0f s)", len(e.steps)+1, what, time.Since(e.began).Seconds()))
	if !*shots {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		e.t.Fatal(err)
	}
	(&demo{stage: e.stage}).keepPicture(fmt.Sprintf("evening-%d.png", len(e.steps)), png)
}

// A new operator gets from an empty machine to words on the wall in at most seven
// steps, as README.md counts them.
func TestEvening_FromNothingToWordsOnTheWall(t *testing.T) {
	e := newFirstEvening(t)
	console := ""
	eventually(t, "the rehearsal prints the platform's page", func() bool {
		console = regexp.MustCompile(`http://\S+/console/\S+`).FindString(e.words.String())
		return console != ""
	})
	desk := open(t, 1920, 1080, e.url("/desk/login?lang=zh-CN"))
	desk.mayAskInVain()
	e.operator(desk, "导演")

	platform := open(t, 1280, 900, console)
	dev := eval[[]string](platform, `[...document.querySelectorAll('dd')].map((e) => e.textContent)`)
	desk.visit(e.url("/desk/new"))
	desk.fill("#new", "name", dev[0], "slug", "chunwan", "original_id", dev[1], "app_id", dev[2], "app_secret", dev[3])
	desk.arrives("the page that connects", `location.pathname === '/desk/chunwan/connect' && document.readyState === 'complete'`)
	e.step(desk, "一张表，建好公众号 · one form makes the account")

	pasted := eval[[]string](desk, `[...document.querySelectorAll('.fields .secret')].map((e) => e.textContent)`)
	platform.do(`document.querySelector('[name=mode][value=safe]').checked = true`)
	platform.fill("form", "url", pasted[0], "token", pasted[1], "aes_key", pasted[2])
	platform.arrives("the platform keeps it", `document.querySelector('.saved')`)
	desk.until("all lights", `document.querySelectorAll('.light[data-lit]').length === 3`)
	e.step(desk, "把三项粘贴到平台，保存，页面变绿 · three fields pasted on the platform; the page turns green")

	desk.click("#examine button")
	desk.until("the doctor is done", `!document.querySelector('#examine button').disabled && document.querySelectorAll('.finding[data-level=ok]').length > 10 && !document.querySelector('.finding[data-level=""]')`)
	desk.do(`document.getElementById('doctor').scrollIntoView()`)
	e.step(desk, "医生检查 · the doctor")

	desk.visit(e.url("/desk/chunwan/events"))
	desk.fill("form.event-new", "name", "春晚 2026")
	desk.arrives("the event", `document.querySelector('.event[data-state=draft] [name=do][value=start]')`)
	desk.click(".event [name=do][value=start]")
	desk.arrives("it is live", `document.querySelector('.event[data-state=live]')`)
	e.step(desk, "活动：写名字，开始 · the event: a name, and start")

	wall := open(t, 1920, 1080, e.url("/wall/chunwan?lang=zh-CN"))
	wall.mayAskInVain()
	wall.live()
	if n := eval[int](wall, `document.querySelectorAll('#rows [data-id]').length`); n != 0 {
		t.Errorf("%d messages are public before anybody looked", n)
	}
	e.step(wall, "打开大屏 · the wall is opened")

	phone := open(t, 390, 844, e.url("/desk/login?lang=zh-CN"))
	phone.mayAskInVain()
	e.operator(phone, "审核员")
	phone.visit(e.url("/desk/chunwan/queue"))
	phone.arrives("messages wait", `document.querySelector('.q .filled')`)
	e.step(phone, "手机打开审核 · the queue on a phone")
	for n := 1; n <= 5; n++ {
		phone.until("a message waits", `document.querySelector('.q .filled')`)
		first := eval[string](phone, `document.querySelector('.q').dataset.id`)
		phone.do(`document.querySelector('.q .filled').click()`)
		phone.until("the next one", `document.querySelector('.q')?.dataset.id !== `+quote(first))
		wall.until("it is on the wall", `document.querySelector('#rows [data-id="`+first+`"]')`)
	}
	e.step(wall, "点一下通过，上墙 · one tap, and it is on the wall")
	if len(e.steps) > 7 {
		t.Errorf("%d steps before the doors open, at most 7", len(e.steps))
	}
	desk.visit(e.url("/desk/chunwan"))
	desk.arrives("the room", `document.querySelector('[value=panic]')`)
	desk.do(`document.querySelector('[value=panic]').click()`)
	wall.until("the still card", `document.querySelectorAll('#rows [data-id]').length === 0`)
	t.Logf("from the first page to words on the wall:\n%s", strings.Join(e.steps, "\n"))
}

func TestPictures_OfTheEveningAreFewAndSmall(t *testing.T) {
	const files, bytes = 8, 4 << 20
	found, err := filepath.Glob(filepath.Join(pictureDir, "evening-*.png"))
	if err != nil || len(found) == 0 || len(found) > files {
		t.Fatalf("%d pictures, %v: run make screenshots", len(found), err)
	}
	var total int64
	for _, name := range found {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > bytes {
		t.Errorf("%d bytes of pictures", total)
	}
}
