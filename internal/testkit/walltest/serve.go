package walltest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"callbackd"
	"callbackd/live"
	"callbackd/web"
)

// pageRows is how many messages the page holds when it comes.
const pageRows = 50

// routes are those of the contract that a page needs.
func (w *Wall) routes(hub *live.Hub) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	mux.Handle("GET /live/websocket", hub.Handler())
	mux.HandleFunc("GET /wall/"+string(Slug), w.showPage)
	mux.HandleFunc("GET /wall/"+string(Slug)+"/messages", w.endpoint("messages", w.messages))
	mux.HandleFunc("GET /wall/"+string(Slug)+"/changes", w.endpoint("changes", w.changes))
	mux.HandleFunc("GET /wall/"+string(Slug)+"/join.svg", w.showJoin)
	mux.HandleFunc("GET /wall/"+string(Slug)+"/me", w.showMe)
	mux.HandleFunc("GET /wall/"+string(Slug)+"/manifest.webmanifest", w.showManifest)
	mux.Handle("GET /sw.js", web.ServiceWorker())
	mux.Handle("/api/v1/", w.API)
	mux.HandleFunc("GET /media/", w.showFile)
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", web.CSP)
		if r.URL.Path == "/" {
			_ = web.Render(rw, web.IndexPage{Lang: web.LangOf(r)})
			return
		}
		rw.WriteHeader(http.StatusNotFound)
		_ = web.Render(rw, web.ErrorPage{Lang: web.LangOf(r), Status: http.StatusNotFound})
	})
	return mux
}

func (w *Wall) showPage(rw http.ResponseWriter, r *http.Request) {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	w.mu.Lock()
	page := web.WallPage{Lang: web.LangOf(r), Slug: string(Slug), Name: w.Name, Rev: w.rev,
		Control:  callbackd.PublicControl{State: "open", Pins: []callbackd.PublicID{}},
		Messages: w.page(before, 0, pageRows), JoinQR: w.JoinQR, Older: before > 0}
	w.mu.Unlock()
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", web.CSP)
	if err := web.Render(rw, page); err != nil {
		w.tb.Errorf("render: %v", err)
	}
}

func (w *Wall) showMe(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", web.CSP)
	if err := web.Render(rw, web.MePage{Lang: web.LangOf(r), Slug: string(Slug), Name: w.Name}); err != nil {
		w.tb.Errorf("render: %v", err)
	}
}

func (w *Wall) showManifest(rw http.ResponseWriter, _ *http.Request) {
	body, err := web.Manifest(string(Slug), w.Name)
	if err != nil {
		w.tb.Errorf("manifest: %v", err)
	}
	rw.Header().Set("Content-Type", "application/manifest+json")
	_, _ = rw.Write(body)
}

// endpoint answers with JSON, after having been held where a test wants that.
func (w *Wall) endpoint(name string, answer func(*http.Request) any) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		body, err := json.Marshal(answer(r))
		gate := w.held[name]
		w.counts[name]++
		w.mu.Unlock()
		if err != nil {
			w.tb.Errorf("%s: %v", name, err)
		}
		if gate != nil {
			<-gate
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	}
}

func number(r *http.Request, name string, absent int64) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return absent
	}
	return n
}

func (w *Wall) messages(r *http.Request) any {
	return map[string]any{
		"account":  map[string]any{"slug": Slug, "name": w.Name},
		"rev":      w.rev,
		"messages": w.page(number(r, "before", 0), number(r, "after", 0), int(number(r, "limit", 50))),
	}
}

// changes tells of each message once, with its newest rev, as the contract's
// endpoint does.
func (w *Wall) changes(r *http.Request) any {
	after, limit := number(r, "after", 0), int(number(r, "limit", 50))
	if after < w.epoch || after > w.rev {
		return map[string]any{"rev": w.rev, "reset": true, "changes": []any{}}
	}
	changes := []callbackd.Change{}
	for id, row := range w.rows {
		if row.rev <= after {
			continue
		}
		c := callbackd.Change{Rev: row.rev, Op: callbackd.ChangeUpdate, Message: &row.message}
		switch {
		case row.removed:
			c = callbackd.Change{Rev: row.rev, Op: callbackd.ChangeRemove, ID: id}
		case row.shown > after:
			c.Op = callbackd.ChangeShow
		}
		changes = append(changes, c)
	}
	slices.SortFunc(changes, func(a, b callbackd.Change) int { return int(a.Rev - b.Rev) })
	rev := w.rev
	if len(changes) > 0 {
		changes = changes[:min(limit, len(changes))]
		rev = changes[len(changes)-1].Rev
	}
	return map[string]any{"rev": rev, "reset": false, "changes": changes}
}

// showJoin draws a square that is recognisable as one; whether it can be
// scanned is for the tests of who makes it.
func (w *Wall) showJoin(rw http.ResponseWriter, _ *http.Request) {
	if !w.JoinQR {
		http.Error(rw, "none", http.StatusNotFound)
		return
	}
	rw.Header().Set("Content-Type", "image/svg+xml")
	_, _ = rw.Write([]byte(square))
}

const square = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#fff"/><path d="M1 1h3v3H1zM6 1h3v3H6zM1 6h3v3H1zM6 6h1v1H6zM8 8h1v1H8z"/></svg>`

func (w *Wall) showFile(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	f, ok := w.files[r.URL.Path]
	w.mu.Unlock()
	if !ok {
		f = file{"image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#4d9167"/></svg>`)}
	}
	rw.Header().Set("Content-Type", f.kind)
	rw.Header().Set("Content-Security-Policy", "sandbox")
	rw.Header().Set("Cache-Control", "private, no-cache")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(f.body))
}
