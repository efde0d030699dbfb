package rehearsal

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"callbackd"
)

// Settings are kept only where the URL echoes under their token; what is sent from
// then on is signed and sealed by them.
func TestConsole_KeepsWhatTheURLEchoes(t *testing.T) {
	const token, key = "entered123", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	echoes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method == http.MethodGet && q.Get("signature") == sign(token, q.Get("timestamp"), q.Get("nonce")) {
			_, _ = io.WriteString(w, q.Get("echostr"))
			return
		}
		_, _ = io.WriteString(w, "success")
	}))
	defer echoes.Close()
	p := New(Options{Seed: 7})
	a, err := p.AddAccount(AccountConfig{Slug: "stage"})
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(p.Handler())
	defer page.Close()
	enter := func(form url.Values) string {
		resp, err := http.PostForm(page.URL+"/console/stage", form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	good := url.Values{"url": {echoes.URL + "/callback/stage"}, "token": {token}, "aes_key": {key}, "mode": {"safe"}}
	for field, bad := range map[string][2]string{"url": {"ftp://x", "http://"}, "token": {"a b", "Token"}, "aes_key": {"short", "43"}, "mode": {"none", "加解密方式"}} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(field, bad[0])
		if got := enter(form); !strings.Contains(got, bad[1]) {
			t.Errorf("a bad %s is not refused", field)
		}
	}
	wrong := url.Values{"url": good["url"], "token": {"another1"}, "aes_key": good["aes_key"], "mode": good["mode"]}
	if got := enter(wrong); !strings.Contains(got, "token 验证失败") || a.Server().Token == "another1" {
		t.Error("settings whose URL does not echo were kept")
	}
	select {
	case <-a.Connected():
		t.Fatal("connected before anything was saved")
	default:
	}
	if got := enter(good); !strings.Contains(got, "提交成功") {
		t.Fatalf("not saved: %s", got)
	}
	<-a.Connected()
	if s := a.Server(); s.Token != token || s.AESKey != key || s.Mode != callbackd.ModeSafe || s.URL != good.Get("url") {
		t.Errorf("in force: %+v", s)
	}
	if err := a.Check(context.Background(), Genuine); err != nil {
		t.Errorf("the check by the entered token: %v", err)
	}
}
