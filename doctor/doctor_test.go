package doctor_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/doctor"
	"callbackd/internal/seal"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wechat"
)

// ward is an installation before a simulated platform, reached at a public
// address that leads to a small server.
type ward struct {
	*testing.T
	*doctor.Doctor
	platform *rehearsal.Platform
	public   http.HandlerFunc
}

// toServer leads every host to one server.
type toServer struct{ host string }

func (s toServer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", s.host
	return http.DefaultTransport.RoundTrip(r)
}

func newWard(t *testing.T) *ward {
	w := &ward{T: t, platform: rehearsal.New(rehearsal.Options{Seed: 3})}
	w.public = func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			_, _ = rw.Write([]byte("ok\n"))
			return
		}
		_, _ = rw.Write([]byte(r.URL.Query().Get("echostr")))
	}
	sim := httptest.NewServer(w.platform.Handler())
	t.Cleanup(sim.Close)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.public(rw, r) }))
	t.Cleanup(front.Close)

	programs := t.TempDir() // quicker than the real ones, which answer the same
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		w.must(os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n[ \"$1\" = -version ]\n"), 0o700))
	}
	t.Setenv("PATH", programs)
	dir := t.TempDir()
	w.must(os.Chmod(dir, 0o700))
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	w.must(err)
	db, err := store.Open(context.Background(), store.Config{DSN: "sqlite:" + filepath.Join(dir, "c.db"), Key: key})
	w.must(err)
	t.Cleanup(func() { db.Close() })
	blobs, err := blob.Open("file:" + filepath.Join(dir, "blobs"))
	w.must(err)
	pages, err := mpweb.New(mpweb.Config{BaseURL: sim.URL, Pace: time.Nanosecond, Sessions: db})
	w.must(err)
	w.Doctor = &doctor.Doctor{DataDir: dir, PublicURL: w.at("https://wall.example"), DB: db, Blobs: blobs,
		WeChat: wechat.NewClient(wechat.Config{APIURL: sim.URL}), MPWeb: pages, HTTP: &http.Client{Transport: toServer{strings.TrimPrefix(front.URL, "http://")}},
		Vendors: map[callbackd.Provider]error{callbackd.ProviderWebPush: nil}}
	return w
}

func (w *ward) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *ward) at(address string) *url.URL {
	w.Helper()
	u, err := url.Parse(address)
	w.must(err)
	return u
}

// account adds an account on both sides.
func (w *ward) account(cfg rehearsal.AccountConfig, change func(*callbackd.Account)) (*rehearsal.Account, *callbackd.Account) {
	w.Helper()
	cfg.Slug = "gala"
	sim, err := w.platform.AddAccount(cfg)
	w.must(err)
	c := sim.Config
	a := &callbackd.Account{Slug: "gala", Name: "春晚现场", OriginalID: c.OriginalID, AppID: c.AppID, AppSecret: callbackd.Secret(c.AppSecret),
		Token: callbackd.Secret(c.Token), AESKey: callbackd.Secret(c.AESKey), Mode: callbackd.ModeSafe, Moderation: callbackd.ModerationHold}
	if c.MP != nil {
		a.MPWeb = &callbackd.MPWebLogin{Username: c.MP.Username, Password: callbackd.Secret(c.MP.Password), Dialect: c.MP.Dialect}
	}
	if change != nil {
		change(a)
	}
	w.must(w.DB.InsertAccount(context.Background(), a, "test"))
	return sim, a
}

// findings runs every check.
func (w *ward) findings(accounts ...*callbackd.Account) (map[string]doctor.Finding, bool) {
	w.Helper()
	found := map[string]doctor.Finding{}
	well := w.Doctor.Run(context.Background(), accounts, func(f doctor.Finding) {
		if _, twice := found[f.Check]; twice {
			w.Errorf("%s is reported twice", f.Check)
		}
		found[f.Check] = f
		if f.Text == "" || strings.ContainsAny(f.Text+f.Fix, "\n\r") || (f.Fix != "") != (f.Level == doctor.Fail) {
			w.Errorf("not one line with one fix a failure: %+v", f)
		}
	})
	return found, well
}

// want looks at one check: its level and words of its text and fix.
func (w *ward) want(f doctor.Finding, level doctor.Level, words ...string) {
	w.Helper()
	if f.Level != level {
		w.Errorf("%s: %s, want %s: %s", f.Check, f.Level, level, f.Text)
	}
	for _, word := range words {
		if !strings.Contains(f.Text+" → "+f.Fix, word) {
			w.Errorf("%s says nothing of %q: %s → %s", f.Check, word, f.Text, f.Fix)
		}
	}
}

func TestRun_AWholeInstallationIsWell(t *testing.T) {
	w := newWard(t)
	_, a := w.account(rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}}, nil)
	found, well := w.findings(a)
	if !well {
		t.Errorf("%+v", found)
	}
	for _, check := range []string{"data-dir", "database", "blobs", "ffmpeg", "public-url", "gala/keys", "gala/callback", "gala/token", "gala/mpweb", "gala/moderation", "gala/notices"} {
		w.want(found[check], doctor.OK)
	}
	w.want(found["gala/join"], doctor.Off, "serve gets one")
	left, err := filepath.Glob(filepath.Join(w.DataDir, ".doctor-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("%q stay, %v", left, err)
	}
	if err := w.Blobs.List(context.Background(), "", func(key string, _ blob.Info) error { t.Errorf("%s stays", key); return nil }); err != nil {
		t.Error(err)
	}
}

func TestInstallation_WhatIsWrongAndWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*ward)
		check string
		words []string
	}{
		"others may read":  {func(w *ward) { w.must(os.Chmod(w.DataDir, 0o755)) }, "data-dir", []string{"mode 755", "chmod 700 "}},
		"no folder":        {func(w *ward) { w.DataDir = filepath.Join(w.DataDir, "nowhere") }, "data-dir", []string{"cannot be written", "--data-dir"}},
		"database is away": {func(w *ward) { w.must(w.DB.Close()) }, "database", []string{"--database"}},
		"no place for files": {func(w *ward) {
			w.must(os.RemoveAll(filepath.Join(w.DataDir, "blobs")))
			w.must(os.WriteFile(filepath.Join(w.DataDir, "blobs"), nil, 0o600))
		}, "blobs", []string{"--blobs"}},
		"no ffmpeg": {func(w *ward) { w.Setenv("PATH", w.TempDir()) }, "ffmpeg", []string{"no ffmpeg", "apt-get install ffmpeg"}},
		"broken ffprobe": {func(w *ward) {
			w.must(os.WriteFile(filepath.Join(os.Getenv("PATH"), "ffprobe"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
		}, "ffmpeg", []string{"no ffprobe"}},
		"another port":   {func(w *ward) { w.PublicURL = w.at("http://wall.example:8080") }, "public-url", []string{"80 and 443", "http://wall.example:8080", "--public-url"}},
		"this machine":   {func(w *ward) { w.PublicURL = w.at("http://localhost") }, "public-url", []string{"cannot reach", "--public-url"}},
		"this network":   {func(w *ward) { w.PublicURL = w.at("https://192.168.1.5") }, "public-url", []string{"cannot reach"}},
		"loopback":       {func(w *ward) { w.PublicURL = w.at("http://[::1]/") }, "public-url", []string{"cannot reach"}},
		"nobody answers": {func(w *ward) { w.HTTP.Transport = toServer{"127.0.0.1:1"} }, "public-url", []string{"does not answer", "wall.example"}},
		"somebody else":  {func(w *ward) { w.public = answer(200, "<h1>It works!</h1>") }, "public-url", []string{"something else"}},
		"an error page":  {func(w *ward) { w.public = answer(502, "bad gateway") }, "public-url", []string{"502"}},
		"a redirect":     {func(w *ward) { w.public = answer(301, "") }, "public-url", []string{"301"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			c.spoil(w)
			found, well := w.findings()
			if well {
				t.Error("all is well")
			}
			w.want(found[c.check], doctor.Fail, c.words...)
		})
	}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestAccount_WhatIsOffAndWhatIsWrong(t *testing.T) {
	mp := &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}
	for name, c := range map[string]struct {
		cfg    rehearsal.AccountConfig
		change func(*callbackd.Account)
		spoil  func(*ward, *rehearsal.Account)
		check  string
		level  doctor.Level
		words  []string
	}{
		"plain mode":     {change: func(a *callbackd.Account) { a.Mode = callbackd.ModePlain }, check: "keys", level: doctor.Off, words: []string{"can forge"}},
		"no key":         {change: func(a *callbackd.Account) { a.AESKey = "" }, check: "keys", level: doctor.Fail, words: []string{"aes_key", "account set gala"}},
		"no token":       {change: func(a *callbackd.Account) { a.Token = "" }, check: "keys", level: doctor.Fail, words: []string{"account set gala"}},
		"proxy refuses":  {spoil: func(w *ward, _ *rehearsal.Account) { w.public = answer(403, "no") }, check: "callback", level: doctor.Fail, words: []string{"403", "https://wall.example/callback/gala"}},
		"proxy rewrites": {spoil: func(w *ward, _ *rehearsal.Account) { w.public = answer(200, "ok") }, check: "callback", level: doctor.Fail, words: []string{"changes the answer"}},
		"no secret":      {change: func(a *callbackd.Account) { a.AppSecret = "" }, check: "token", level: doctor.Off, words: []string{"app_secret"}},
		"wrong secret":   {change: func(a *callbackd.Account) { a.AppSecret = "0123456789abcdef0123456789abcdef" }, check: "token", level: doctor.Fail, words: []string{"refuses", "account set gala"}},
		"not whitelisted": {cfg: rehearsal.AccountConfig{API: rehearsal.APIConfig{Whitelist: true}}, check: "token", level: doctor.Fail,
			words: []string{"invalid ip 127.0.0.1", "IP白名单"}},
		"API down": {spoil: func(_ *ward, sim *rehearsal.Account) { sim.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true }) }, check: "token", level: doctor.Fail,
			words: []string{"not reached", "--wechat-api-url"}},
		"no pages": {check: "mpweb", level: doctor.Off, words: []string{"pseudonym"}},
		"captcha": {cfg: rehearsal.AccountConfig{MP: mp}, spoil: func(_ *ward, sim *rehearsal.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = true })
		}, check: "mpweb", level: doctor.Fail, words: []string{"captcha", "callbackd account login gala"}},
		"wrong password": {cfg: rehearsal.AccountConfig{MP: mp}, change: func(a *callbackd.Account) { a.MPWeb.Password = "wrong" }, check: "mpweb", level: doctor.Fail,
			words: []string{"mpweb.password", "callbackd account set gala"}},
		"frequency": {cfg: rehearsal.AccountConfig{MP: mp}, spoil: func(_ *ward, sim *rehearsal.Account) { sim.ThrottleFor(time.Hour) }, check: "mpweb", level: doctor.Fail, words: []string{"wait"}},
		"pages down": {cfg: rehearsal.AccountConfig{MP: mp}, spoil: func(_ *ward, sim *rehearsal.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = true })
		}, check: "mpweb", level: doctor.Fail, words: []string{"--wechat-mp-url"}},
		"nothing to join by": {change: func(a *callbackd.Account) { a.AppSecret = "" }, check: "join", level: doctor.Off, words: []string{"join_url, app_secret or mpweb"}},
		"address to join":    {change: func(a *callbackd.Account) { a.JoinURL = "http://weixin.qq.com/r/x" }, check: "join", level: doctor.OK, words: []string{"join_url"}},
		"open":               {change: func(a *callbackd.Account) { a.Moderation = callbackd.ModerationOpen }, check: "moderation", level: doctor.Off, words: []string{"at once"}},
		"auto":               {change: func(a *callbackd.Account) { a.Moderation = callbackd.ModerationAuto }, check: "moderation", level: doctor.OK, words: []string{"known senders"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			sim, a := w.account(c.cfg, c.change)
			if c.spoil != nil {
				c.spoil(w, sim)
			}
			found, well := w.findings(a)
			w.want(found["gala/"+c.check], c.level, c.words...)
			if well && c.level == doctor.Fail {
				t.Error("all is well")
			}
			for _, f := range found {
				for _, secret := range []callbackd.Secret{a.Token, a.AESKey, a.AppSecret} {
					if s := secret.Reveal(); s != "" && strings.Contains(f.Text+f.Fix, s) {
						t.Errorf("%s tells a secret", f.Check)
					}
				}
			}
		})
	}
}

// TestJoin_SaysWhatTheWallShows: the same order as the join QR itself.
func TestJoin_SaysWhatTheWallShows(t *testing.T) {
	w := newWard(t)
	_, a := w.account(rehearsal.AccountConfig{}, nil)
	now := w.DB.Now()
	for _, c := range []struct {
		code    store.JoinCode
		joinURL string
		words   string
	}{
		{store.JoinCode{URL: "u", Source: "api", ExpiresAt: now.Add(time.Hour)}, "http://x.example", "scene code"},
		{store.JoinCode{URL: "u", Source: "api", ExpiresAt: now.Add(-time.Hour)}, "http://x.example", "says join_url"},
		{store.JoinCode{URL: "u", Source: "api", ExpiresAt: now.Add(-time.Hour)}, "", "serve gets one"},
		{store.JoinCode{URL: "u", Source: "mpweb"}, "http://x.example", "says join_url"},
		{store.JoinCode{URL: "u", Source: "mpweb"}, "", "from the operator pages"},
	} {
		w.must(w.DB.SetJoinCode(context.Background(), a.ID, c.code))
		a.JoinURL = c.joinURL
		found, _ := w.findings(a)
		if f := found["gala/join"]; !strings.Contains(f.Text, c.words) {
			t.Errorf("%+v, %q: %s", c.code, c.joinURL, f.Text)
		}
	}
}
