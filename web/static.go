package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// lucide is where the icons are, under static.
const lucide = "vendor/lucide-static-1.62.0"

//go:embed static
var staticFiles embed.FS

// tree is every static file in memory, under the hash of all of them.
type tree struct {
	hash  string
	files map[string]*asset
}

type asset struct {
	body   []byte
	packed []byte // gzip; nil where it saves nothing
	kind   string // Content-Type
}

// kinds are the types of files that are served; others are not.
var kinds = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".png":  "image/png",
	".svg":  "image/svg+xml",
}

var staticTree = sync.OnceValue(func() *tree {
	t, err := readTree()
	if err != nil {
		panic(err) // a broken build; TestStatic finds it
	}
	return t
})

func readTree() (*tree, error) {
	t := &tree{files: map[string]*asset{}}
	sum := sha256.New()
	add := func(name string, body []byte) {
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(body))
		_, _ = sum.Write(body)
		t.files[name] = &asset{body: body, packed: pack(body), kind: kinds[path.Ext(name)]}
	}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || kinds[path.Ext(name)] == "" {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		add(strings.TrimPrefix(name, "static/"), body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	for _, l := range langs {
		for _, desk := range []bool{false, true} {
			body, err := textsFor(l, desk)
			if err != nil {
				return nil, err
			}
			add(textsName(l, desk), body)
		}
	}
	t.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return t, nil
}

// textsName is the static file that holds the texts of a language.
func textsName(l Lang, desk bool) string {
	if desk {
		return "texts.desk." + string(l) + ".json"
	}
	return "texts." + string(l) + ".json"
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is a constant of the package
	_, _ = z.Write(body)                            // a bytes.Buffer takes everything
	_ = z.Close()
	if b.Len() > len(body)*9/10 {
		return nil
	}
	return b.Bytes()
}

// StaticPath returns the path of a static file, with the hash of all files in
// it: it names the same bytes for ever.
func StaticPath(name string) (string, error) {
	t := staticTree()
	if t.files[name] == nil {
		return "", fmt.Errorf("no static file %q", name)
	}
	return "/static/" + t.hash + "/" + name, nil
}

// Static serves /static/{hash}/{file}. A browser may keep the answers for ever;
// another hash than today's is 404, since its files are gone.
func Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := staticTree()
		name, ok := strings.CutPrefix(r.URL.Path, "/static/"+t.hash+"/")
		file := t.files[name]
		if !ok || file == nil {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		serve(w, r, file, "public, max-age=31536000, immutable")
	})
}

func serve(w http.ResponseWriter, r *http.Request, file *asset, keep string) {
	body := file.body
	head := w.Header()
	head.Set("Content-Type", file.kind)
	head.Set("Cache-Control", keep)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", CSP) // a worker obeys that of its own file
	head.Set("Vary", "Accept-Encoding")
	if file.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = file.packed
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // a reader that has gone is no error of ours
}
