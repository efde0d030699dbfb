package rehearsal

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"callbackd"
)

// loginQRLife is how long a login picture can be used (wechat-protocol 4.2).
const loginQRLife = 5 * time.Minute

// qrStatus is the status of scanloginqrcode?action=ask.
type qrStatus int

const (
	qrWaiting    qrStatus = 0
	qrConfirmed  qrStatus = 1
	qrEndedLate  qrStatus = 2 // expired after it was scanned
	qrEndedEarly qrStatus = 3 // expired, nobody scanned it
	qrScanned    qrStatus = 4
	qrRefused    qrStatus = 5
	qrChoosing   qrStatus = 6 // the phone shows the question
)

// qrDesk holds the logins by picture that have begun; guarded by Platform.mu.
// Until the picture is scanned nobody knows which account it is for.
type qrDesk struct {
	begun  int
	logins []*qrLogin // oldest first
}

// qrLogin is one browser in front of the login page.
type qrLogin struct {
	uuid     string
	startAt  time.Time
	pictures int
	content  string // what the newest picture says; "" before the first
	shownAt  time.Time
	status   qrStatus
	account  *Account // who scanned it
}

// doBizLogin is POST /cgi-bin/bizlogin with the actions of 2020.
func (p *Platform) doBizLogin(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	action := r.FormValue("action")
	switch action {
	case "prelogin":
		p.count(nil, "mp/bizlogin-prelogin")
		writePageJSON(w, loginAnswer{BaseResp: okResp})
	case "startlogin":
		p.startQRLogin(w, r)
	case "login":
		p.finishQRLogin(w, r)
	default:
		p.count(nil, "mp/bizlogin-unknown")
		writePageJSON(w, loginAnswer{BaseResp: baseResp{200002, "invalid args"}})
	}
}

// startQRLogin gives the browser its cookie uuid. Only the login by picture
// (login_type 3) begins so.
func (p *Platform) startQRLogin(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.countLocked(nil, "mp/bizlogin-startlogin")
	if r.FormValue("login_type") != "3" {
		p.mu.Unlock()
		writePageJSON(w, loginAnswer{BaseResp: baseResp{200002, "invalid args"}})
		return
	}
	now := p.now()
	p.qr.logins = slices.DeleteFunc(p.qr.logins, func(l *qrLogin) bool { return now.Sub(l.startAt) > time.Hour })
	p.qr.begun++
	l := &qrLogin{uuid: hexID(p.opts.Seed, 32, "uuid", p.qr.begun), startAt: now}
	p.qr.logins = append(p.qr.logins, l)
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "uuid", Value: l.uuid, Path: "/", HttpOnly: true})
	writePageJSON(w, loginAnswer{BaseResp: okResp})
}

// showScanLogin is GET /cgi-bin/scanloginqrcode: the picture, and where it stands.
func (p *Platform) showScanLogin(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("action") {
	case "getqrcode":
		p.showLoginQR(w, r)
	case "ask":
		p.askQRLogin(w, r)
	default:
		p.count(nil, "mp/scanloginqrcode-unknown")
		writePageJSON(w, loginAnswer{BaseResp: baseResp{200002, "invalid args"}})
	}
}

// showLoginQR draws a new picture; what an older one began is void.
func (p *Platform) showLoginQR(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.countLocked(nil, "mp/scanloginqrcode-getqrcode")
	l := p.qrLoginLocked(r)
	if l == nil {
		p.mu.Unlock()
		w.Header().Set("Content-Type", "image/jpg")
		return // an empty body, as for every picture that cannot be had
	}
	l.pictures++
	l.content = "http://mp.weixin.qq.com/safe/scanlogin?uuid=" + hexID(p.opts.Seed, 32, "picture", l.uuid, l.pictures)
	l.shownAt, l.status, l.account = p.now(), qrWaiting, nil
	content := l.content
	p.mu.Unlock()
	writeQR(w, content)
}

// askAnswer is where a login stands.
type askAnswer struct {
	AcctSize     int      `json:"acct_size"`
	BaseResp     baseResp `json:"base_resp"`
	BindUin      int64    `json:"binduin"`
	Status       qrStatus `json:"status"`
	UserCategory int      `json:"user_category"`
}

func (p *Platform) askQRLogin(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.countLocked(nil, "mp/scanloginqrcode-ask")
	l := p.qrLoginLocked(r)
	if l == nil {
		p.mu.Unlock()
		writePageJSON(w, loginAnswer{BaseResp: baseResp{200003, "invalid session"}})
		return
	}
	p.stepQRLocked(l)
	answer := askAnswer{BaseResp: okResp, Status: l.status}
	if l.account != nil {
		answer.AcctSize = 1
	}
	if l.status == qrScanned { // the phone has shown the question by the next one
		l.status = qrChoosing
	}
	p.mu.Unlock()
	writePageJSON(w, answer)
}

// finishQRLogin turns a confirmed picture into a session.
func (p *Platform) finishQRLogin(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	l := p.qrLoginLocked(r)
	if l != nil {
		p.stepQRLocked(l)
	}
	if l == nil || l.status != qrConfirmed {
		p.countLocked(nil, "mp/bizlogin-login")
		p.mu.Unlock()
		writePageJSON(w, loginAnswer{BaseResp: baseResp{200003, "invalid session"}})
		return
	}
	a := l.account
	p.countLocked(a, "mp/bizlogin-login")
	s := a.startSessionLocked()
	p.qr.logins = slices.DeleteFunc(p.qr.logins, func(o *qrLogin) bool { return o == l })
	p.mu.Unlock()
	a.writeSession(w, s)
	http.SetCookie(w, &http.Cookie{Name: "uuid", Value: "EXPIRED", Path: "/", HttpOnly: true, Expires: time.Unix(1, 0)})
	writePageJSON(w, loginAnswer{okResp, s.homeURL()})
}

func (p *Platform) qrLoginLocked(r *http.Request) *qrLogin {
	c, err := r.Cookie("uuid")
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(p.qr.logins, func(l *qrLogin) bool { return l.uuid == c.Value })
	if i < 0 {
		return nil
	}
	return p.qr.logins[i]
}

// stepQRLocked brings a login up to the clock: the phone of an account with
// AutoScan goes on, and a picture that is too old ends.
func (p *Platform) stepQRLocked(l *qrLogin) {
	if l.content == "" || l.status == qrConfirmed || l.status == qrRefused {
		return
	}
	age := p.now().Sub(l.shownAt)
	if a := p.autoScannerLocked(l); a != nil && age < loginQRLife {
		switch steps := int(age / a.operator.Login.AutoScan); {
		case steps >= 3:
			l.account, l.status = a, qrConfirmed
		case steps == 2:
			l.account, l.status = a, qrChoosing
		case steps == 1 && l.status == qrWaiting:
			l.account, l.status = a, qrScanned
		}
		return
	}
	switch {
	case age < loginQRLife:
	case l.status == qrWaiting:
		l.status = qrEndedEarly
	case l.status == qrScanned || l.status == qrChoosing:
		l.status = qrEndedLate
	}
}

// autoScannerLocked is the account whose phone scans by itself: first one that
// nobody is logged in to.
func (p *Platform) autoScannerLocked(l *qrLogin) *Account {
	auto := func(a *Account) bool { return a.Config.MP != nil && a.operator.Login.AutoScan > 0 }
	if l.account != nil {
		if auto(l.account) {
			return l.account
		}
		return nil
	}
	if a := p.findLocked(func(a *Account) bool { return auto(a) && a.mp.session == nil }); a != nil {
		return a
	}
	return p.findLocked(auto)
}

// LoginQR is what the newest login picture says; "" when none waits.
func (p *Platform) LoginQR() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.newestQRLocked(func(l *qrLogin) bool { return l.status == qrWaiting }); l != nil {
		return l.content
	}
	return ""
}

// ScanLogin is the operator's phone in front of the newest login picture that
// waits. The error is ErrNotFound when none does.
func (a *Account) ScanLogin() error {
	return a.moveQR("scan login", qrScanned, func(l *qrLogin) bool { return l.status == qrWaiting })
}

// ScanQR is the same with what a picture says.
func (a *Account) ScanQR(content string) error {
	return a.moveQR("scan login", qrScanned, func(l *qrLogin) bool { return l.status == qrWaiting && l.content == content })
}

// ConfirmLogin is the operator's yes on the phone that has scanned.
func (a *Account) ConfirmLogin() error {
	return a.moveQR("confirm login", qrConfirmed, a.scannedQR)
}

// RefuseLogin is the operator's no.
func (a *Account) RefuseLogin() error {
	return a.moveQR("refuse login", qrRefused, a.scannedQR)
}

func (a *Account) scannedQR(l *qrLogin) bool {
	return l.account == a && (l.status == qrScanned || l.status == qrChoosing)
}

func (a *Account) moveQR(doing string, to qrStatus, match func(*qrLogin) bool) error {
	if a.Config.MP == nil {
		return fmt.Errorf("%s: no operator pages: %w", doing, callbackd.ErrInvalid)
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	l := a.p.newestQRLocked(match)
	if l == nil {
		return fmt.Errorf("%s: %w", doing, callbackd.ErrNotFound)
	}
	l.status, l.account = to, a
	return nil
}

// ExpireLoginQR ends every login picture that has not been confirmed, as time
// would.
func (p *Platform) ExpireLoginQR() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.qr.logins {
		switch l.status {
		case qrWaiting:
			if l.content != "" {
				l.status = qrEndedEarly
			}
		case qrScanned, qrChoosing:
			l.status = qrEndedLate
		}
	}
}

// newestQRLocked finds the login whose picture is the newest of those that match.
func (p *Platform) newestQRLocked(match func(*qrLogin) bool) *qrLogin {
	var newest *qrLogin
	for _, l := range p.qr.logins {
		if l.content == "" {
			continue
		}
		p.stepQRLocked(l)
		if match(l) && (newest == nil || !l.shownAt.Before(newest.shownAt)) {
			newest = l
		}
	}
	return newest
}

// writeQR sends a JPEG of a QR code, 430 pixels wide like the platform's own.
func writeQR(w http.ResponseWriter, content string) {
	picture, err := qrJPEG(content, 430)
	if err != nil {
		http.Error(w, "system error", http.StatusInternalServerError)
		return
	}
	writeFile(w, "image/jpg", picture)
}
