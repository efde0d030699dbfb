package rehearsal

import (
	"time"

	"callbackd"
)

// OperatorFaults are the switches of an account's operator pages. The zero
// value is a quiet day of the strict platform: no captcha, a session without
// end, Referer checked. Guarded by Platform.mu, changed with
// Account.SetOperatorFaults.
type OperatorFaults struct {
	Login   LoginFaults
	Session SessionFaults
	Media   MediaFaults

	// UserPage puts "open_id" into the card of dialect 2014: the
	// user-information page of CN103501265A, in the form of the contract.
	UserPage bool
	// PlainNames leaves nicknames and signatures as people wrote them; else
	// they are HTML-escaped like every text of these pages.
	PlainNames bool
	// DialogNeedsFollow refuses the dialog of a person who has unfollowed.
	DialogNeedsFollow bool
	MaxCount          int // most entries of one answer of the message list; 0: no limit
	MaxPageSize       int // most entries of one answer of the follower lists; 0: 500

	Delay time.Duration // before each answer, in real time
	Down  bool          // every page answers 502 with HTML
}

// LoginFaults are the switches of the logins.
type LoginFaults struct {
	CaptchaAlways     bool          // every password login needs one
	CaptchaAfterWrong int           // needed after so many wrong passwords in a row; 0: never
	WrongPasswordRet  int           // ret of a wrong password, −23 or −2; 0: −23
	Protected         bool          // login protection: the right password leads to readtemplate, not to a session
	Ret               int           // every password login answers this: −1, −7, −25, −26, 15400 …; 0: none
	AutoScan          time.Duration // the operator's phone scans, opens and confirms a QR login, one step each; 0: nobody does
}

// SessionFaults are the switches of a session's life.
type SessionFaults struct {
	Idle       time.Duration // ends so long after its last request; 0: never
	Life       time.Duration // ends so long after the login; 0: never
	Requests   int           // ends after so many requests; 0: never
	Look       LostLook      // how JSON pages say that it has ended
	AnyReferer bool          // do not check the Referer of AJAX calls and media
	Throttle   Throttle
}

// Throttle is the frequency control: ret 200013.
type Throttle struct {
	Requests int           // allowed within Per; 0: no control
	Per      time.Duration // sliding
	Backoff  time.Duration // after one too many, everything is refused for so long
	Extend   bool          // each request in the meantime starts Backoff anew
}

// MediaFaults are the switches of pictures, voices and videos.
type MediaFaults struct {
	Empty bool // 200 without a body, as for a file that is gone
	Cut   bool // the body ends in the middle, under the full Content-Length
}

// LostLook is how a JSON page says that the session has ended. HTML pages and
// media always answer the HTML page (wechat-protocol 4.8, 4.10).
type LostLook string

// The looks of an ended session.
const (
	LookOfDialect LostLook = ""       // −3 in dialect 2014, 200003 in dialect 2016
	LookRet3      LostLook = "-3"     // {"base_resp":{"ret":-3,…}}
	LookRet200003 LostLook = "200003" // {"base_resp":{"ret":200003,"err_msg":"invalid session"}}
	LookRet20000  LostLook = "-20000" // {"ret":"-20000","msg":"…"}: flat, a number in a string
	LookHTML      LostLook = "html"   // the HTML page for AJAX calls too
)

func (l LostLook) in(d callbackd.Dialect) LostLook {
	switch {
	case l != LookOfDialect:
		return l
	case d == callbackd.Dialect2014:
		return LookRet3
	default:
		return LookRet200003
	}
}
