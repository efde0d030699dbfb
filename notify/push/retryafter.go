package push

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultRetryAfter holds where a vendor limits us and names no time that
	// can be read.
	defaultRetryAfter = 300 * time.Second
	// maxRetryAfter bounds what one answer can switch off.
	maxRetryAfter = 24 * time.Hour
)

// retryAfter reads Retry-After (RFC 9110, 10.2.3), seconds or date. A date is
// held against the answer's own Date, so that our clock may be wrong. Nonsense
// and times that lie behind are no value.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	var wait time.Duration
	if allDigits(text) {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter, true
		}
		wait = time.Duration(seconds) * time.Second
	} else {
		at, err := http.ParseTime(text)
		if err != nil {
			return 0, false
		}
		if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
			now = theirs
		}
		wait = at.Sub(now)
	}
	if wait <= 0 {
		return 0, false
	}
	return min(wait, maxRetryAfter), true
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
