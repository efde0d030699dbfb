package mpweb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"callbackd"
)

const (
	defaultQRTimeout = 15 * time.Minute
	maxQRPicture     = 2 << 20
)

// Browser is how the browser for a login by QR is run.
type Browser struct {
	ExecPath   string        // default: the system's chromium or chrome
	PictureDir string        // where the picture is put for the person to scan; must exist; default: the temporary folder
	Timeout    time.Duration // for the whole login; default 15 minutes
}

// Progress is where a login by QR stands.
type Progress struct {
	Step        QRStep
	PicturePath string // of the picture, at QRStepPicture; gone when LoginQR returns
	Picture     []byte // the picture itself, at QRStepPicture
}

// LoginQR logs in by a QR that the operator scans with a phone. It opens the
// login page in a browser without a window, takes the picture and the state of
// the scan from the page's own requests, and keeps the session that comes out
// of it. progress is called for each step, one after the other. An expired
// picture is replaced by a new one until Browser.Timeout has passed.
func (c *Client) LoginQR(ctx context.Context, acc *callbackd.Account, b Browser, progress func(Progress)) error {
	if acc.MPWeb == nil {
		return ErrOff
	}
	g := c.gate(acc.ID)
	if !g.qr.CompareAndSwap(false, true) {
		return fmt.Errorf("log in by QR: somebody is at it: %w", callbackd.ErrConflict)
	}
	defer g.qr.Store(false)
	if b.Timeout <= 0 {
		b.Timeout = defaultQRTimeout
	}
	if b.PictureDir == "" {
		b.PictureDir = os.TempDir()
	}
	bounded, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	fresh, err := c.scan(bounded, acc, b, progress)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil && bounded.Err() != nil:
		return fmt.Errorf("log in by QR: nobody scanned in time: %w", callbackd.ErrUnavailable)
	case err != nil:
		return fmt.Errorf("log in by QR: %w", err)
	}
	if err := c.adopt(ctx, acc, g, fresh); err != nil {
		return fmt.Errorf("log in by QR: %w", err)
	}
	progress(Progress{Step: QRStepDone})
	return nil
}

// adopt makes a session that was just granted the account's.
func (c *Client) adopt(ctx context.Context, acc *callbackd.Account, g *gate, s *session) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer g.leave()
	_, err := c.begin(ctx, acc, g, s)
	return err
}

// scan runs the browser until the operator is logged in.
func (c *Client) scan(ctx context.Context, acc *callbackd.Account, b Browser, progress func(Progress)) (*session, error) {
	allocator, stop := chromedp.NewExecAllocator(ctx, c.browserOptions(b)...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocator)
	defer closeTab()
	w := newPageWatch(c.base)
	if err := chromedp.Listen(tab, w.event); err != nil {
		return nil, browserError("start the browser", err)
	}
	s := &scan{client: c, acc: acc, tab: tab, watch: w, progress: progress, dir: b.PictureDir}
	defer s.removePicture()
	if err := s.open(); err != nil {
		return nil, err
	}
	lost := chromedp.FromContext(tab).Browser.LostConnection
	for {
		select {
		case <-w.ring:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-lost:
			return nil, fmt.Errorf("the browser is gone: %w", callbackd.ErrUnavailable)
		}
		for _, e := range w.take() {
			fresh, err := s.handle(e)
			if fresh != nil || err != nil {
				return fresh, err
			}
		}
	}
}

// browserError is one line about a browser's trouble, whose own words may be
// many lines and hold addresses.
func browserError(doing string, err error) error {
	text := doing + ": " + strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		text += "; install chromium"
	}
	return &kindError{string(scrub([]byte(text), nil)), callbackd.ErrUnavailable}
}

// browserOptions are the flags of the browser. Towards a platform on this
// machine it can reach nothing else.
func (c *Client) browserOptions(b Browser) []chromedp.ExecAllocatorOption {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("mute-audio", true),
		chromedp.Flag("lang", "zh-CN"),
		chromedp.UserAgent(c.userAgent),
	)
	host := c.base.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		opts = append(opts, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE "+host))
	}
	if b.ExecPath != "" {
		opts = append(opts, chromedp.ExecPath(b.ExecPath))
	}
	return opts
}

// scan is one run of a browser for a login by QR.
type scan struct {
	client   *Client
	acc      *callbackd.Account
	tab      context.Context // the handle of a browser tab, not a request
	watch    *pageWatch
	flow     qrFlow
	progress func(Progress)
	dir      string
	path     string // of the picture; "" before the first one
}

// open loads the login page, anew where it is open.
func (s *scan) open() error {
	res, err := chromedp.Call(s.tab, page.Navigate, page.NavigateParams{URL: s.client.base.String() + "/"})
	if err == nil && res.ErrorText != "" {
		err = errors.New(res.ErrorText)
	}
	if err != nil {
		return browserError("open the login page", err)
	}
	return nil
}

// handle takes one event of the page; it returns the session at the end.
func (s *scan) handle(e pageEvent) (*session, error) {
	if e.token != "" {
		for _, step := range s.flow.sawToken() {
			s.progress(Progress{Step: step})
		}
		return s.session(e.token)
	}
	body, err := chromedp.Call(s.tab, network.GetResponseBody, network.GetResponseBodyParams{RequestID: e.request})
	if err != nil {
		return nil, s.tab.Err() // a body that a newer page has pushed out
	}
	if e.kind == qrPicture {
		return nil, s.show(body.Body)
	}
	status, err := ParseQRPoll(body.Body)
	if err != nil {
		s.client.log.Debug("poll of the login page is unreadable", "account", s.acc.Slug, "err", err)
		return nil, nil
	}
	step := s.flow.sawPoll(status)
	if step == "" {
		return nil, nil
	}
	s.progress(Progress{Step: step})
	if step == QRStepExpired {
		return nil, s.open()
	}
	return nil, nil
}

// show puts a new picture where the person finds it.
func (s *scan) show(picture []byte) error {
	kind := http.DetectContentType(picture)
	if len(picture) > maxQRPicture || !strings.HasPrefix(kind, "image/") || !s.flow.sawPicture(picture) {
		return nil
	}
	ext := "." + strings.TrimPrefix(kind, "image/")
	path, err := filepath.Abs(filepath.Join(s.dir, "login-"+string(s.acc.Slug)+strings.Replace(ext, "jpeg", "jpg", 1)))
	if err != nil {
		return fmt.Errorf("keep the picture: %w", err)
	}
	if s.path != "" && s.path != path {
		s.removePicture()
	}
	s.path = path
	if err := writePicture(path, picture); err != nil {
		return fmt.Errorf("keep the picture: %w", err)
	}
	s.progress(Progress{Step: QRStepPicture, PicturePath: path, Picture: picture})
	return nil
}

// writePicture replaces a file as a whole: a viewer never sees half of it. Who
// scans the picture is asked by the phone, yet only the owner may read it.
func writePicture(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".login-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func (s *scan) removePicture() {
	if s.path != "" {
		os.Remove(s.path)
	}
}

// session takes the cookies out of the browser.
func (s *scan) session(token string) (*session, error) {
	jar, err := chromedp.Call(s.tab, network.GetCookies, network.GetCookiesParams{URLs: []string{s.client.base.String() + "/"}})
	if err != nil {
		return nil, browserError("read the browser's cookies", err)
	}
	fresh := &session{token: token}
	for _, k := range jar.Cookies {
		fresh.cookies = append(fresh.cookies, cookie{k.Name, k.Value})
	}
	return fresh, nil
}
