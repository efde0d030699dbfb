package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, address, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, r)
	return w.Result()
}

func staticPath(t *testing.T, name string) string {
	t.Helper()
	p, err := StaticPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStatic_ServesEveryFileForEver(t *testing.T) {
	want := map[string]string{"js/wall.js": "text/javascript", "css/tokens.css": "text/css", "icon.svg": "image/svg+xml",
		"texts.en.json": "application/json", "texts.zh-CN.json": "application/json", "js/amr-worker.js": "text/javascript"}
	for name, kind := range want {
		for _, encoding := range []string{"", "br, gzip"} {
			res := get(t, staticPath(t, name), encoding)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d", name, res.StatusCode)
			}
			head := res.Header
			if !strings.HasPrefix(head.Get("Content-Type"), kind) || !strings.Contains(head.Get("Cache-Control"), "immutable") ||
				head.Get("X-Content-Type-Options") != "nosniff" || head.Get("Content-Security-Policy") != CSP {
				t.Errorf("%s: %v", name, head)
			}
			body := io.Reader(res.Body)
			if head.Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			got, err := io.ReadAll(body)
			if err != nil || string(got) != string(staticTree().files[name].body) {
				t.Errorf("%s with %q: %d bytes, %v", name, encoding, len(got), err)
			}
		}
	}
	if get(t, staticPath(t, "js/wall.js"), "gzip").Header.Get("Content-Encoding") != "gzip" {
		t.Error("scripts go out unpacked")
	}
}

func TestStatic_RefusesWhatIsNotThere(t *testing.T) {
	wall := staticPath(t, "js/wall.js")
	for _, p := range []string{"/static/", "/static/0000000000000000/js/wall.js", "/static/js/wall.js",
		strings.Replace(wall, "wall.js", "none.js", 1), strings.Replace(wall, "js/wall.js", "../static.go", 1),
		staticPath(t, "vendor/"+"centrifuge-5.7.4/centrifuge.js") + ".map", strings.Replace(wall, "js/wall.js", lucide+"/LICENSE", 1)} {
		res := get(t, p, "")
		if res.StatusCode != http.StatusNotFound || strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", p, res.StatusCode, res.Header.Get("Cache-Control"))
		}
	}
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, httptest.NewRequest(http.MethodPost, wall, nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if _, err := StaticPath("js/none.js"); err == nil {
		t.Error("a path of a file that is not there")
	}
}

var imported = regexp.MustCompile(`(?:from |import |import\(|scriptURL\(|decoder = )'([^']+)'`)

func TestScripts_ImportOnlyFilesOfOurs(t *testing.T) {
	files := staticTree().files
	seen := 0
	for name, file := range files {
		if !strings.HasPrefix(name, "js/") {
			continue
		}
		for _, m := range imported.FindAllStringSubmatch(string(file.body), -1) {
			seen++
			if target := path.Join(path.Dir(name), m[1]); files[target] == nil {
				t.Errorf("%s imports %s, which is not there", name, m[1])
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d imports found: the pattern does not fit any more", seen)
	}
}

// Everything from followers goes in as text, and nothing is run that came as text.
func TestScripts_UseNoWayToTurnTextIntoCode(t *testing.T) {
	bad := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|setHTML|createContextualFragment|\.style\s*=|setAttribute\('style'`)
	for name, file := range staticTree().files {
		if strings.HasPrefix(name, "js/") {
			if hit := bad.FindString(string(file.body)); hit != "" {
				t.Errorf("%s: %s", name, hit)
			}
		}
	}
}

func TestVendor_EveryFolderBringsItsLicence(t *testing.T) {
	folders, err := fs.ReadDir(staticFiles, "static/vendor")
	if err != nil || len(folders) == 0 {
		t.Fatal(err, len(folders))
	}
	for _, f := range folders {
		b, err := fs.ReadFile(staticFiles, "static/vendor/"+f.Name()+"/LICENSE")
		if err != nil || !strings.Contains(string(b), "Permission") {
			t.Errorf("%s: %v", f.Name(), err)
		}
		if !regexp.MustCompile(`^[a-z-]+-\d+\.\d+\.\d+$`).MatchString(f.Name()) {
			t.Errorf("%s does not say its version", f.Name())
		}
	}
}
