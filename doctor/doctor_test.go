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
	"callbackd/internal/disk"
	"callbackd/internal/seal"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/store/storetest"
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
	db, err := store.Open(context.Background(), store.Config{DSN: storetest.SQLite(t, filepath.Join(dir, "c.db")), Key: key})
	w.must(err)
	t.Cleanup(func() { db.Close() })
	blobs, err := blob.Open("file:" + filepath.Join(dir, "blobs"))
	w.must(err)
	pages, err := mpweb.New(mpweb.Config{BaseURL: sim.URL, Pace: time.Nanosecond, Sessions: db})
	w.must(err)
	w.Doctor = &doctor.Doctor{DataDir: dir, PublicURL: w.at("https://wall.example"), DB: db, Blobs: blobs,
		WeChat: wechat.NewClient(wechat.Config{APIURL: sim.URL}), MPWeb: pages, HTTP: &http.Client{Transport: toServer{strings.TrimPrefix(front.URL, "http://")}},
		Disk:    func(string) (disk.Usage, error) { return disk.Usage{Free: 50e9, Total: 100e9}, nil },
		Vendors: map[callbackd.Provider]error{callbackd.ProviderWebPush: nil}}
	w.certificate("wall.example", 90*24*time.Hour)
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
		if _, twice := found[f.Name()]; twice {
			w.Errorf("%s is reported twice", f.Name())
		}
		found[f.Name()] = f
		both := f.Says.ZH != "" && f.Says.EN != ""
		fixed := f.Fix.ZH != "" && f.Fix.EN != ""
		if !both || strings.ContainsAny(f.Says.String()+f.Fix.String(), "\n\r") || strings.Contains(f.Says.String()+f.Fix.String(), "%!") || fixed != (f.Level != doctor.OK) || f.At.IsZero() {
			w.Errorf("not one sentence and one fix in both languages: %+v", f)
		}
	})
	return found, well
}

// want looks at one check: its level and words of its text and fix.
func (w *ward) want(f doctor.Finding, level doctor.Level, words ...string) {
	w.Helper()
	if f.Level != level {
		w.Errorf("%s: %s, want %s: %s", f.Name(), f.Level, level, f.Says)
	}
	for _, word := range words {
		if !strings.Contains(f.Says.String()+" → "+f.Fix.String(), word) {
			w.Errorf("%s says nothing of %q: %s → %s", f.Name(), word, f.Says, f.Fix)
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

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
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
		if f := found["gala/join"]; !strings.Contains(f.Says.String()+f.Fix.String(), c.words) {
			t.Errorf("%+v, %q: %s", c.code, c.joinURL, f.Says)
		}
	}
}
