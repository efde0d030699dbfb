package walltest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// ServeHTTP answers /api/v1/….
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.serve(w, r)
	a.dropGone()
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	endpoint := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1/")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked[endpoint]++
	broken := false
	if codes := a.faults[endpoint]; len(codes) > 0 {
		a.faults[endpoint] = codes[1:]
		if codes[0] != 0 {
			w.Header().Set("Retry-After", "7")
			refuse(w, codes[0])
			return
		}
		broken = true
	}
	if r.Method != http.MethodGet && r.Header.Get("Origin") != "http://"+r.Host {
		refuse(w, http.StatusForbidden)
		return
	}
	if endpoint == "POST viewers" {
		a.doViewer(w)
		return
	}
	v := a.who(r)
	if v == nil {
		refuse(w, http.StatusUnauthorized)
		return
	}
	if broken {
		a.answer(endpoint, &dropped{header: http.Header{}}, r, v)
		w.Header().Set("Content-Length", "1000") // browsers try again by themselves where not even the head came
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	a.answer(endpoint, w, r, v)
}

// dropped is an answer that nobody gets.
type dropped struct{ header http.Header }

func (d *dropped) Header() http.Header         { return d.header }
func (d *dropped) Write(b []byte) (int, error) { return len(b), nil }
func (d *dropped) WriteHeader(int)             {}

func (a *API) who(r *http.Request) *viewer {
	if r.URL.Query().Get("account") != string(Slug) {
		return nil // the cookie of another wall
	}
	c, err := r.Cookie("viewer-" + string(Slug))
	if err != nil {
		return nil
	}
	return a.viewers[c.Value]
}

func (a *API) doViewer(w http.ResponseWriter) {
	token := rand.Text()
	a.viewers[token] = &viewer{id: callbackd.ViewerID(len(a.viewers) + 1), state: "none"}
	http.SetCookie(w, &http.Cookie{Name: "viewer-" + string(Slug), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	write(w, http.StatusCreated, map[string]any{"token": token, "viewer": "v"})
}

// answer is for a known viewer; the lock is held.
func (a *API) answer(endpoint string, w http.ResponseWriter, r *http.Request, v *viewer) {
	switch endpoint {
	case "POST me/binding":
		a.doBinding(w, v)
	case "GET me/binding":
		a.showBinding(w, v)
	case "GET me/binding/qr.svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write([]byte(square))
	case "POST me/binding/confirm":
		if v.state != "confirm" {
			refuse(w, http.StatusConflict)
			return
		}
		v.state = "bound"
		a.showBinding(w, v)
	case "DELETE me/binding":
		v.state, v.name = "none", ""
		w.WriteHeader(http.StatusNoContent)
	default:
		if v.state != "bound" {
			refuse(w, http.StatusConflict)
			return
		}
		a.answerBound(endpoint, w, r)
	}
}

func (a *API) doBinding(w http.ResponseWriter, v *viewer) {
	v.state, v.expires = "waiting", time.Now().Add(a.CodeLife)
	out := map[string]any{"code": "K7QM3XZ" + string(rune('A'+len(a.asked)%20)), "expires_at": v.expires.UTC().Format(time.RFC3339Nano)}
	if a.QR {
		out["qr"] = "http://weixin.qq.com/q/02"
	}
	write(w, http.StatusOK, out)
}

func (a *API) showBinding(w http.ResponseWriter, v *viewer) {
	if (v.state == "waiting" || v.state == "confirm") && time.Now().After(v.expires) {
		v.state, v.name = "none", ""
	}
	write(w, http.StatusOK, map[string]any{"state": v.state, "name": v.name})
}

func (a *API) answerBound(endpoint string, w http.ResponseWriter, r *http.Request) {
	switch endpoint {
	case "GET me/preferences":
		write(w, http.StatusOK, a.preferences)
	case "PATCH me/preferences":
		a.doPreferences(w, r)
	case "GET push/key":
		if a.PushKey == "" {
			refuse(w, http.StatusNotFound)
			return
		}
		write(w, http.StatusOK, map[string]any{"key": a.PushKey})
	case "GET me/devices":
		write(w, http.StatusOK, map[string]any{"devices": append([]*Device{}, a.devices...)})
	case "POST me/devices":
		a.doDevice(w, r)
	case "GET me/notices":
		a.showNotices(w, r)
	case "GET me/people":
		a.showPeople(w, r)
	case "POST me/messages":
		a.doMessage(w, r)
	default:
		a.answerOne(endpoint, w, r)
	}
}

// answerOne is for endpoints with an id in their path.
func (a *API) answerOne(endpoint string, w http.ResponseWriter, r *http.Request) {
	part := strings.Split(endpoint, "/")
	switch {
	case len(part) == 3 && strings.HasPrefix(endpoint, "POST notices/") && part[2] == "ack":
		a.acks = append(a.acks, Ack{part[1], body(r)["how"].(string)})
	case len(part) == 3 && strings.HasPrefix(endpoint, "POST notices/") && part[2] == "read":
		a.read(part[1])
	case len(part) == 3 && strings.HasPrefix(endpoint, "DELETE me/devices/"):
		a.devices = slices.DeleteFunc(a.devices, func(d *Device) bool { return string(d.ID) == part[2] })
		a.gone = append(a.gone, callbackd.PublicID(part[2]))
	case len(part) == 4 && part[3] == "test":
		write(w, http.StatusAccepted, map[string]any{"nid": "t1"})
		return
	case len(part) == 4 && part[3] == "state":
		s := State{Device: callbackd.PublicID(part[2]), Beacon: true}
		_ = json.NewDecoder(r.Body).Decode(&s.DeviceState)
		a.states = append(a.states, s)
	default:
		refuse(w, http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) doPreferences(w http.ResponseWriter, r *http.Request) {
	raw := map[string]json.RawMessage{}
	_ = json.NewDecoder(r.Body).Decode(&raw)
	if string(raw["quiet"]) == "null" {
		a.preferences.Quiet = nil
	}
	whole, _ := json.Marshal(raw)
	if err := json.Unmarshal(whole, &a.preferences); err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	write(w, http.StatusOK, a.preferences)
}

func (a *API) doDevice(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Device
		Subscription json.RawMessage `json:"subscription"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	d := in.Device
	d.Subscription, d.ID = in.Subscription, callbackd.PublicID(fmt.Sprint("d", a.asked["POST me/devices"]))
	a.devices = append(a.devices, &d)
	write(w, http.StatusCreated, map[string]any{"device": d.ID})
}

func (a *API) showNotices(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = 50
	}
	from := 0
	if before := r.URL.Query().Get("before"); before != "" {
		from = 1 + slices.IndexFunc(a.inbox, func(n Notice) bool { return n.NID == before })
	}
	unread := 0
	for _, n := range a.inbox {
		if !n.Read {
			unread++
		}
	}
	page := append([]Notice{}, a.inbox[from:min(from+limit, len(a.inbox))]...)
	write(w, http.StatusOK, map[string]any{"unread": unread, "notices": page})
}

func (a *API) showPeople(w http.ResponseWriter, r *http.Request) {
	found := []Person{}
	for _, p := range a.People {
		if strings.HasPrefix(p.Name, r.URL.Query().Get("q")) {
			found = append(found, p)
		}
	}
	write(w, http.StatusOK, map[string]any{"people": found})
}

// doMessage keeps a message once for each key.
func (a *API) doMessage(w http.ResponseWriter, r *http.Request) {
	in := body(r)
	s := Said{fmt.Sprint(in["text"]), r.Header.Get("Idempotency-Key")}
	if s.Key == "" || !slices.ContainsFunc(a.said, func(old Said) bool { return old.Key == s.Key }) {
		a.said = append(a.said, s)
	}
	write(w, http.StatusAccepted, map[string]any{"id": "m", "state": "held"})
}

func (a *API) read(nid string) {
	a.reads = append(a.reads, nid)
	for i := range a.inbox {
		if a.inbox[i].NID == nid {
			a.inbox[i].Read = true
		}
	}
}

func body(r *http.Request) map[string]any {
	in := map[string]any{}
	_ = json.NewDecoder(r.Body).Decode(&in)
	return in
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code int) {
	write(w, code, map[string]string{"error": http.StatusText(code)})
}
