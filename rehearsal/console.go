package rehearsal

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// Server is what an operator enters under 设置与开发 → 基本配置 → 服务器配置.
type Server struct {
	URL, Token, AESKey string
	Mode               callbackd.Mode
}

// Server returns the settings that are in force.
func (a *Account) Server() Server {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.entered != nil {
		return *a.entered
	}
	return Server{URL: a.callbackURL, Token: a.Config.Token, AESKey: a.Config.AESKey, Mode: a.Config.Mode}
}

// Connected is closed when somebody has saved settings on the console.
func (a *Account) Connected() <-chan struct{} { return a.connected }

var (
	tokenShape = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
	keyShape   = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
)

// Enter saves settings as the platform does: it looks at their form (wechat-protocol
// 1.1), asks the URL, and keeps them only where that echoes. The error's text is
// what the platform shows.
func (a *Account) Enter(ctx context.Context, s Server) error {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("请填写以 http:// 或 https:// 开头的 URL")
	case !tokenShape.MatchString(s.Token):
		return errors.New("令牌（Token）必须为英文或数字，长度为 3-32 字符")
	case !keyShape.MatchString(s.AESKey):
		return errors.New("消息加解密密钥（EncodingAESKey）由 A-Z，a-z，0-9 组成，长度固定为 43 个字符")
	case s.Mode != callbackd.ModePlain && s.Mode != callbackd.ModeCompatible && s.Mode != callbackd.ModeSafe:
		return errors.New("请选择消息加解密方式")
	}
	if err := a.check(ctx, s); errors.Is(err, ErrCheckRefused) {
		return errors.New("token 验证失败")
	} else if err != nil {
		return errors.New("请求 URL 超时")
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.entered == nil {
		close(a.connected)
	}
	a.callbackURL, a.entered = s.URL, &s
	return nil
}

//go:embed console.html
var consolePage string

var consoleTemplate = template.Must(template.New("console").Parse(consolePage))

// routeConsole adds the page on which an operator of a rehearsal enters where the
// account's pushes go, as on the platform.
func (p *Platform) routeConsole(r chi.Router) {
	r.Get("/console/{account}", p.showConsole)
	r.Post("/console/{account}", p.doConsole)
}

type consoleData struct {
	Name, OriginalID, AppID, AppSecret, Random string
	Server
	Failed string
	Saved  bool
}

func (p *Platform) showConsole(w http.ResponseWriter, r *http.Request) {
	p.renderConsole(w, r, nil, "")
}

func (p *Platform) doConsole(w http.ResponseWriter, r *http.Request) {
	a := p.Account(callbackd.Slug(chi.URLParam(r, "account")))
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if a == nil || r.ParseForm() != nil {
		http.NotFound(w, r)
		return
	}
	s := Server{URL: r.PostFormValue("url"), Token: r.PostFormValue("token"), AESKey: r.PostFormValue("aes_key"), Mode: callbackd.Mode(r.PostFormValue("mode"))}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	failed := ""
	if err := a.Enter(ctx, s); err != nil {
		failed = err.Error()
	}
	p.renderConsole(w, r, &s, failed)
}

func (p *Platform) renderConsole(w http.ResponseWriter, r *http.Request, typed *Server, failed string) {
	a := p.Account(callbackd.Slug(chi.URLParam(r, "account")))
	if a == nil {
		http.NotFound(w, r)
		return
	}
	d := consoleData{Name: a.Config.Name, OriginalID: a.Config.OriginalID, AppID: a.Config.AppID, AppSecret: a.Config.AppSecret,
		Random: (rand.Text() + rand.Text())[:43], Failed: failed, Saved: typed != nil && failed == ""}
	if typed != nil {
		d.Server = *typed
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = consoleTemplate.Execute(w, d) // a reader that has gone is no error of ours
}
