package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"callbackd"
)

func TestMe_IsTheSameForEverybody(t *testing.T) {
	s := newSite(t)
	_, a := s.account("gala", callbackd.ModePlain, callbackd.ModerationOpen)
	code, head, page := s.get("/wall/gala/me?lang=en")
	if code != http.StatusOK || !strings.Contains(page, "My notices") || !strings.Contains(page, a.Name) || head.Get("Set-Cookie") != "" {
		t.Errorf("%d, %v", code, head)
	}
	for _, path := range []string{"/wall/none/me", "/wall/none/manifest.webmanifest"} {
		if code, _, _ := s.get(path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestManifest_NamesTheAccountAndItsWall(t *testing.T) {
	s := newSite(t)
	_, a := s.account("gala", callbackd.ModePlain, callbackd.ModerationOpen)
	code, head, body := s.get("/wall/gala/manifest.webmanifest")
	var m struct {
		Name  string `json:"name"`
		Start string `json:"start_url"`
		Icons []struct{ Src, Type string }
	}
	s.must(json.Unmarshal([]byte(body), &m))
	if code != http.StatusOK || head.Get("Content-Type") != "application/manifest+json" || m.Name != a.Name || m.Start != "/wall/gala" || len(m.Icons) != 2 {
		t.Errorf("%d %v %s", code, head, body)
	}
	for _, icon := range m.Icons {
		if code, head, _ := s.get(icon.Src); code != http.StatusOK || head.Get("Content-Type") != icon.Type {
			t.Errorf("%s: %d %s", icon.Src, code, head.Get("Content-Type"))
		}
	}
}

func TestServiceWorker_StandsAtTheRootAndIsNeverOld(t *testing.T) {
	s := newSite(t)
	code, head, body := s.get("/sw.js")
	if code != http.StatusOK || head.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(head.Get("Content-Type"), "text/javascript") ||
		!strings.Contains(body, "有新提醒") || head.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %v", code, head)
	}
}
