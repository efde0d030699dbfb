package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Icons of the installed app, drawn from static/icon.svg.
const (
	iconSmall = "icons/icon-192.png"
	iconLarge = "icons/icon-512.png"
)

func manifestPath(slug string) string { return "/wall/" + slug + "/manifest.webmanifest" }

// groundColour finds the ground of screens in tokens.css, the only place that says it.
var groundColour = regexp.MustCompile(`--ground: (#[0-9a-f]{6});`)

type manifest struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	ShortName  string         `json:"short_name"`
	Lang       Lang           `json:"lang"`
	StartURL   string         `json:"start_url"`
	Scope      string         `json:"scope"`
	Display    string         `json:"display"`
	Theme      string         `json:"theme_color"`
	Background string         `json:"background_color"`
	Icons      []manifestIcon `json:"icons"`
}

type manifestIcon struct {
	Src   string `json:"src"`
	Sizes string `json:"sizes"`
	Type  string `json:"type"`
}

// Manifest is the web app manifest of a wall (application/manifest+json): installed,
// it opens the wall under the account's name.
func Manifest(slug, name string) ([]byte, error) {
	m := manifest{ID: "/wall/" + slug, Name: name, ShortName: name, Lang: Chinese,
		StartURL: "/wall/" + slug, Scope: "/wall/" + slug, Display: "standalone"}
	ground := groundColour.FindSubmatch(staticTree().files["css/tokens.css"].body)
	if ground == nil {
		return nil, fmt.Errorf("tokens.css names no ground")
	}
	m.Theme, m.Background = string(ground[1]), string(ground[1])
	for _, icon := range []struct{ file, sizes string }{{iconSmall, "192x192"}, {iconLarge, "512x512"}} {
		src, err := StaticPath(icon.file)
		if err != nil {
			return nil, err
		}
		m.Icons = append(m.Icons, manifestIcon{src, icon.sizes, kinds[".png"]})
	}
	return json.Marshal(m)
}

// serviceWorker is static/js/sw.js with what it cannot read by itself in front: its
// texts in both languages, and the address of its picture.
var serviceWorker = sync.OnceValue(func() *asset {
	a, err := makeServiceWorker()
	if err != nil {
		panic(err) // a broken build; TestServiceWorker finds it
	}
	return a
})

func makeServiceWorker() (*asset, error) {
	texts := map[string]map[Lang]string{}
	for key, all := range catalogue() {
		if strings.HasPrefix(key, "push.") {
			texts[key] = all
		}
	}
	icon, err := StaticPath(iconSmall)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(map[string]any{"texts": texts, "icon": icon})
	if err != nil {
		return nil, err
	}
	file := staticTree().files["js/sw.js"]
	if file == nil {
		return nil, fmt.Errorf("no service worker")
	}
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "self.given = %s;\n%s", head, file.body) // a bytes.Buffer takes everything
	return &asset{body: b.Bytes(), packed: pack(b.Bytes()), kind: kinds[".js"]}, nil
}

// DeskWorker serves the service worker of the desk, at the root as well.
func DeskWorker() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, staticTree().files["js/desk/worker.js"], "no-cache")
	})
}

// ServiceWorker serves /sw.js. It stands at the root, since a worker serves no path
// above its own, and under the same name for ever, so no browser may keep it unasked.
func ServiceWorker() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		serve(w, r, serviceWorker(), "no-cache")
	})
}
