package wechat

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// What can be wrong with a call beside an error of the platform.
var (
	// ErrNoAPI: the account has no app id or no app secret.
	ErrNoAPI = errors.New("the account has no app_id and app_secret")
	// ErrTooLarge: the answer is longer than anything genuine.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrAnswer: the answer is not in any form that the platform documents.
	ErrAnswer = errors.New("the answer cannot be understood")
)

// APIError is an error that the platform answered, with status 200.
type APIError struct {
	Call    string // path of the call, without its query
	Code    int    // errcode
	Message string // errmsg without its tail (hint, rid), for the operator
}

func (e *APIError) Error() string {
	return fmt.Sprintf("wechat %s: errcode %d: %s", e.Call, e.Code, e.Message)
}

// statusError is an answer with another status than 200.
type statusError struct {
	Call   string
	Status int
}

func (e *statusError) Error() string { return fmt.Sprintf("wechat %s: HTTP %d", e.Call, e.Status) }

// tail is what the platform adds for its own support: " hint: [2DlkvA0590e396]"
// until 2019, " rid: 654df33c-64386a2f-29857782" since.
var tail = regexp.MustCompile(`(?is)[\s,;]*\b(hint|rid)\s*:.*$`)

const maxMessage = 200 // bytes of an errmsg that are kept

func newAPIError(call string, code int, message string, secrets []string) *APIError {
	message = hide(clean([]byte(message)), secrets)
	message = strings.TrimSpace(tail.ReplaceAllString(message, ""))
	return &APIError{Call: call, Code: code, Message: cut(message, maxMessage)}
}

// hide replaces secrets in a text that goes into an error.
func hide(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return text
}

// hasCode reports whether err is an APIError with one of the codes.
func hasCode(err error, codes ...int) bool {
	var e *APIError
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// IsNoSuchMedia reports that the platform has no file of that id (any more:
// ids die after three days). Asking again cannot help.
func IsNoSuchMedia(err error) bool {
	return hasCode(err,
		40007, // invalid media_id
		41006, // media_id missing
		46001, // media does not exist
	)
}

// IsNoPermission reports that nothing will change until the operator changes
// something: the account may not use the call, is banned, has wrong
// credentials, or does not list our address. The error's message says which;
// 40164 names the address.
func IsNoPermission(err error) bool {
	var e *APIError
	if errors.As(err, &e) && e.Code == 40001 && e.Call == pathStableToken {
		return true // here it means a wrong app secret
	}
	return errors.Is(err, ErrNoAPI) || hasCode(err,
		48001,                      // api unauthorized: the account has no such permission
		48004,                      // api forbidden: the account is banned
		50001,                      // user unauthorized
		50002,                      // user limited: the account is blocked
		40002,                      // grant_type refused
		40013,                      // invalid app id
		41004,                      // app secret missing
		40125,                      // invalid app secret
		40243,                      // app secret frozen
		40164,                      // our address is not on the whitelist
		89501, 89503, 89506, 89507, // our address awaits the administrator
		61003, 61004, 61007, // third-party platform: not authorised, address, permission
	)
}

// IsBusy reports that the same call may work later: the platform is busy or a
// quota is used up.
func IsBusy(err error) bool {
	var s *statusError
	if errors.As(err, &s) {
		return s.Status == http.StatusTooManyRequests || s.Status >= 500
	}
	return hasCode(err,
		-1,    // system busy
		45009, // quota of the day or frequency limit
		45011, // quota of the minute
	)
}

// isTokenRefused reports that a call did not take its access token: replaced,
// malformed or expired.
func isTokenRefused(err error) bool { return hasCode(err, 40001, 40014, 42001) }
