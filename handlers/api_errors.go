package handlers

import (
	"errors"
	"net/http"
	"strings"

	"callbackd"
)

// apiError is an error with the sentence for whoever called.
type apiError struct {
	kind error
	text string
}

func (e *apiError) Error() string { return e.text }
func (e *apiError) Unwrap() error { return e.kind }

// refuse returns an error of a kind that says, in both languages, what to do.
func refuse(kind error, zh, en string) error { return &apiError{kind, both(zh, en)} }

// both is the Chinese sentence with the English one beside it.
func both(zh, en string) string { return zh + " · " + en }

var (
	errNoViewer     = refuse(errNobody, "请先 POST /api/v1/viewers，再带上它给的 token", "POST /api/v1/viewers first, then send the token that it gives")
	errNoSuchViewer = refuse(errNobody, "这个 token 不认识或已失效，请 POST /api/v1/viewers 取新的", "this token is not known or is over: POST /api/v1/viewers for a new one")
	errWhichViewer  = refuse(callbackd.ErrInvalid, "这个浏览器看着几面墙，请用 ?account=… 指明是哪一面", "this browser watches several walls: say which by ?account=…")
	errForeignPage  = refuse(callbackd.ErrForbidden, "用 cookie 的修改只能来自本站的页面；程序请用 Authorization: Bearer", "what changes by cookie must come from a page of this site; programs use Authorization: Bearer")
	errUnbound      = refuse(callbackd.ErrConflict, "还没有绑定关注者，请先 POST /api/v1/me/binding", "bound to no follower yet: POST /api/v1/me/binding first")
	errNoObject     = refuse(callbackd.ErrInvalid, "正文要是一个 JSON 对象，见 docs/api.md", "the body must be a JSON object: see docs/api.md")
)

// apiProblem is the body of every answer that is an error.
type apiProblem struct {
	Error string `json:"error"`
}

// api answers errors as {"error": "…"} with a sentence that says what to do.
func (h *Handlers) api(fn endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil {
			return
		}
		code := status(err)
		h.report(r, code, err)
		var wait *throttledError
		switch {
		case errors.As(err, &wait):
			w.Header().Set("Retry-After", wait.seconds())
		case code == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		writeJSON(w, code, apiProblem{apiText(code, err)})
	}
}

// apiText is what the caller reads: the error's own sentence where it has one.
func apiText(code int, err error) string {
	var said *apiError
	var wait *throttledError
	var public *callbackd.PublicError
	switch {
	case errors.As(err, &wait):
		return both("请求太多，请过 "+wait.seconds()+" 秒再试", "too many requests: try again in "+wait.seconds()+" s")
	case errors.As(err, &said):
		return said.text
	case errors.As(err, &public) && strings.Contains(public.Plain(), " "):
		return public.Plain() // a sentence, not a key of the catalogue
	}
	switch code {
	case http.StatusNotFound:
		return both("没有这个，或者它不是你的", "there is no such thing, or it is not yours")
	case http.StatusRequestEntityTooLarge:
		return both("正文最多 16 KiB", "a body has at most 16 KiB")
	case http.StatusBadRequest:
		return both("请求有误，见 docs/api.md", "the request is wrong: see docs/api.md")
	case http.StatusForbidden:
		return both("不允许", "not allowed")
	case http.StatusConflict:
		return both("现在还不行，请先 GET 看看状态", "not now: GET it to see how it stands")
	}
	return both("服务器出错了，请稍后再试", "the server failed: try again later")
}
