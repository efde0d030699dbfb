package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestManifest(t *testing.T) {
	body, err := Manifest("gala", `春晚 "现场"`)
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != `春晚 "现场"` || m.StartURL != "/wall/gala" || m.Scope != "/wall/gala" || m.Display != "standalone" || m.Theme != "#0d0f13" || len(m.Icons) != 2 {
		t.Errorf("%+v", m)
	}
}

// Guard: what a push may bring is shown with texts of the catalogue, and the
// worker loads nothing else.
func TestServiceWorker(t *testing.T) {
	w := httptest.NewRecorder()
	ServiceWorker().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sw.js", nil))
	body := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Content-Security-Policy") != CSP {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, key := range regexp.MustCompile(`\bt\('([^']+)'\)`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(body, `"`+key[1]+`":{`) {
			t.Errorf("%s is not given to the worker", key[1])
		}
	}
	if strings.Contains(body, "importScripts") || regexp.MustCompile(`(?m)^import `).MatchString(body) || strings.Contains(body, "</") {
		t.Error("the worker loads other scripts, or its texts could end a script element")
	}
	w = httptest.NewRecorder()
	ServiceWorker().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sw.js", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
