package mpweb

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
)

// QRStep is a step of a login by QR, as the person at it sees it.
type QRStep string

const (
	QRStepPicture   QRStep = "picture"   // a picture is there to scan
	QRStepScanned   QRStep = "scanned"   // the phone asks
	QRStepConfirmed QRStep = "confirmed" // the phone said yes
	QRStepExpired   QRStep = "expired"   // the picture is of no use any more; another one comes
	QRStepDone      QRStep = "done"      // logged in, and the session is kept
)

// qrFlow follows a login by QR through what the login page's own requests
// show. It is pure: the browser feeds it.
type qrFlow struct {
	step    QRStep // "" before the first picture
	picture []byte
}

// sawPicture takes the picture that the page loaded; true where it is new.
func (f *qrFlow) sawPicture(b []byte) bool {
	if f.step == QRStepDone || len(b) == 0 || bytes.Equal(b, f.picture) {
		return false
	}
	f.step, f.picture = QRStepPicture, bytes.Clone(b)
	return true
}

// sawPoll takes a status of the page's poll and returns the step that it makes,
// or "". Polls of a picture that has expired say nothing about the next one.
func (f *qrFlow) sawPoll(s QRStatus) QRStep {
	live := f.step == QRStepPicture || f.step == QRStepScanned
	switch {
	case !live:
		return ""
	case s == QRWaiting:
		f.step = QRStepPicture // the phone went back: it may be scanned again
		return ""
	case s == QRScanned && f.step == QRStepPicture:
		f.step = QRStepScanned
	case s == QRConfirmed:
		f.step = QRStepConfirmed
	case s == QRExpired:
		f.step = QRStepExpired
	default:
		return ""
	}
	return f.step
}

// sawToken takes that the page moved on with a token. It returns the steps that
// were not told yet.
func (f *qrFlow) sawToken() []QRStep {
	steps := []QRStep{QRStepConfirmed}
	if f.step == QRStepConfirmed {
		steps = nil
	}
	f.step = QRStepDone
	return steps
}

// qrRequest is what one of the page's requests is to a login by QR.
type qrRequest int

const (
	qrOther   qrRequest = iota
	qrPicture           // loads the picture
	qrPoll              // asks whether it was scanned
)

// qrRequestOf knows the requests of all generations of the login page:
// loginqrcode, scanloginqrcode and loginauth (wechat-protocol.md §4.2).
func qrRequestOf(base *url.URL, address string) qrRequest {
	u, err := url.Parse(address)
	if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
		return qrOther
	}
	qr := strings.HasSuffix(u.Path, "loginqrcode")
	switch action := u.Query().Get("action"); {
	case action == "getqrcode" && qr:
		return qrPicture
	case action == "ask" && (qr || strings.HasSuffix(u.Path, "loginauth")):
		return qrPoll
	}
	return qrOther
}

var reQueryToken = regexp.MustCompile(`^\d+$`)

// tokenOf returns the token of an address on the platform; "" where it has none.
func tokenOf(base *url.URL, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || strings.Contains(u.Path, "readtemplate") {
		return ""
	}
	if token := u.Query().Get("token"); reQueryToken.MatchString(token) {
		return token
	}
	return ""
}
