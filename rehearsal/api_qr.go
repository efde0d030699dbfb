package rehearsal

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"net/http"
	"strconv"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"callbackd"
)

// qrTicket is a QR code with a scene.
type qrTicket struct {
	scene string
	url   string
	until time.Time // zero: permanent
}

// maxQRLife is the longest life of a temporary QR code.
const maxQRLife = 2_592_000

// postQRCode is qrcode/create (wechat-protocol 3.8).
func postQRCode(c *call) {
	var q struct {
		Expire int    `json:"expire_seconds"`
		Action string `json:"action_name"`
		Info   struct {
			Scene struct {
				ID  int64  `json:"scene_id"`
				Str string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if c.refuseUnverified() || !c.decode(&q) {
		return
	}
	temporary := q.Action == "QR_SCENE" || q.Action == "QR_STR_SCENE"
	scene := q.Info.Scene.Str
	good := len(scene) >= 1 && len(scene) <= 64
	switch q.Action {
	case "QR_SCENE":
		good = q.Info.Scene.ID > 0 && q.Info.Scene.ID <= 0xffffffff
		scene = strconv.FormatInt(q.Info.Scene.ID, 10)
	case "QR_LIMIT_SCENE":
		good = q.Info.Scene.ID > 0 && q.Info.Scene.ID <= 100_000
		scene = strconv.FormatInt(q.Info.Scene.ID, 10)
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
	default:
		c.fail(40053, "invalid action_name")
		return
	}
	if !good {
		c.fail(40052, "invalid scene")
		return
	}
	if q.Expire <= 0 {
		q.Expire = 60
	}
	q.Expire = min(q.Expire, maxQRLife)
	ticket, t := c.a.makeTicket(scene, temporary, q.Expire)
	out := map[string]any{"ticket": ticket, "url": t.url}
	if temporary {
		out["expire_seconds"] = q.Expire
	}
	c.answer(out)
}

func (a *Account) makeTicket(scene string, temporary bool, expire int) (string, qrTicket) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	n := len(a.tickets)
	d := digest(a.p.opts.Seed, "ticket", a.Config.OriginalID, n)
	e := digest(a.p.opts.Seed, "ticket more", a.Config.OriginalID, n)
	ticket := "gQH" + encodeBase64(append(append(d[:], e[:]...), 'q')) // 91 characters with + / =
	t := qrTicket{scene: scene, url: "http://weixin.qq.com/q/" + word(a.p.opts.Seed, 22, "qr", a.Config.OriginalID, n)}
	if temporary {
		t.until = a.p.now().Add(time.Duration(expire) * time.Second)
	}
	a.tickets[ticket] = t
	return ticket, t
}

// Tickets lists the tickets of QR codes that work now.
func (a *Account) Tickets() []string {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	var out []string
	for ticket, t := range a.tickets {
		if t.live(a.p.now()) {
			out = append(out, ticket)
		}
	}
	return out
}

// ScanTicket is the event of a person who scans a QR code of the account:
// subscribe for who does not follow yet, else SCAN.
func (a *Account) ScanTicket(number callbackd.FakeID, ticket string) (Event, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	t, ok := a.tickets[ticket]
	if !ok || !t.live(a.p.now()) {
		return Event{}, fmt.Errorf("scan ticket: %w", callbackd.ErrNotFound)
	}
	if c := a.contacts[number]; c != nil && c.following {
		return ScanScene(number, t.scene, ticket), nil
	}
	return SubscribeByScene(number, t.scene, ticket), nil
}

// ScanCode is the event of a person who points their phone at a QR code of the
// account: one with a scene, as in ScanTicket, or the account's own, which makes
// a follower of who is none yet. Any other code leads nowhere: ErrNotFound.
func (a *Account) ScanCode(number callbackd.FakeID, content string) (Event, error) {
	if c, _ := a.Contact(number); content == a.FollowURL() && !c.Following {
		return EventSample("subscribe", number), nil
	}
	return a.ScanTicket(number, a.ticketSaying(content))
}

// ticketSaying finds the ticket whose code says something; "" when none does.
func (a *Account) ticketSaying(content string) string {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	for ticket, t := range a.tickets {
		if t.url == content {
			return ticket
		}
	}
	return ""
}

func (t qrTicket) live(now time.Time) bool { return t.until.IsZero() || now.Before(t.until) }

// showQRCode serves a ticket's picture; 404 for a bad one.
func (p *Platform) showQRCode(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	p.mu.Lock()
	now := p.now()
	var found qrTicket
	owner := p.findLocked(func(a *Account) bool {
		t, ok := a.tickets[ticket]
		found = t
		return ok && t.live(now)
	})
	p.countLocked(owner, r.URL.Path)
	p.mu.Unlock()
	if owner == nil {
		http.NotFound(w, r)
		return
	}
	picture, err := qrJPEG(found.url, 430)
	if err != nil {
		http.Error(w, "system error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpg") // sic
	_, _ = w.Write(picture)
}

// qrJPEG draws a QR code as a square JPEG of the given pixels.
func qrJPEG(content string, pixels int) ([]byte, error) {
	q, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw qr code: %w", err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, q.Image(pixels), &jpeg.Options{Quality: 90}); err != nil {
		return nil, fmt.Errorf("draw qr code: %w", err)
	}
	return b.Bytes(), nil
}
