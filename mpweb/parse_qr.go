package mpweb

// QRStatus is where the scan of a login QR stands, as the page's own poll
// (…loginqrcode?action=ask) reports it.
type QRStatus string

const (
	QRWaiting   QRStatus = "waiting"
	QRScanned   QRStatus = "scanned"   // the phone shows the question
	QRConfirmed QRStatus = "confirmed" // the operator said yes
	QRExpired   QRStatus = "expired"   // too old or refused: a new picture is needed
)

// ParseQRPoll reads an answer of the poll (wechat-protocol.md §4.2). What
// status 5 means is disputed (refused, expired, an address must be bound); a
// new picture is the way on in each case.
func ParseQRPoll(body []byte) (QRStatus, error) {
	var answer struct {
		baseResp
		Status *number `json:"status"`
	}
	if !looksLikeJSON(body) || decode(trimJSON(body), &answer) != nil {
		return "", unreadable("qr")
	}
	if ret, ok := answer.code(); ok && ret != 0 {
		return "", &AnswerError{Page: "qr", Ret: ret}
	}
	if answer.Status == nil {
		return "", unreadable("qr")
	}
	switch *answer.Status {
	case 0:
		return QRWaiting, nil
	case 1:
		return QRConfirmed, nil
	case 4, 6:
		return QRScanned, nil
	case 2, 3, 5:
		return QRExpired, nil
	}
	return "", unreadable("qr")
}
