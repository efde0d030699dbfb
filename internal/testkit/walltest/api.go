package walltest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"callbackd"
	"callbackd/live"
)

// API is the part of the server that viewers talk to, in memory. There is one
// follower, and every viewer that is bound is bound to them. Frames to devices
// go by the real hub.
type API struct {
	// Set before the page asks.
	CodeLife time.Duration // of a code, 5 minutes
	QR       bool          // whether codes come with a QR
	PushKey  string        // of Web Push; empty: there is none
	People   []Person      // that the chooser finds

	mu          sync.Mutex // guards what follows
	hub         *live.Hub
	viewers     map[string]*viewer // by token
	devices     []*Device
	preferences callbackd.Preferences
	inbox       []Notice // newest first
	said        []Said
	states      []State
	acks        []Ack
	reads       []string
	faults      map[string][]int // status codes that an endpoint answers first; 0: no answer at all
	asked       map[string]int
	up          map[callbackd.PublicID]bool
}

type viewer struct {
	id      callbackd.ViewerID
	state   string // none, waiting, confirm, bound
	name    string
	expires time.Time
}

// Device is a device as it registered.
type Device struct {
	ID           callbackd.PublicID `json:"device"`
	Class        string             `json:"class"`
	Provider     string             `json:"provider,omitempty"`
	Name         string             `json:"name"`
	Subscription json.RawMessage    `json:"-"`
}

// Person is somebody whom the chooser offers.
type Person struct {
	Token  string `json:"token"`
	Name   string `json:"name"`
	Avatar string `json:"avatar"`
}

// Notice is one of the inbox.
type Notice struct {
	NID   string  `json:"nid"`
	Seq   int64   `json:"seq"`
	Title string  `json:"title"`
	Body  string  `json:"body"`
	At    string  `json:"at"`
	Read  bool    `json:"read"`
	Why   Words   `json:"why"`
	Trail []Event `json:"trail"`
}

// Words is a sentence in both languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Event is a line of a trail.
type Event struct {
	At string `json:"at"`
	Words
	Device    string `json:"device,omitempty"`
	Transport string `json:"transport,omitempty"`
}

// Frame is what a device gets.
type Frame struct {
	Type    string         `json:"type"`
	NID     string         `json:"nid"`
	Seq     int64          `json:"seq"`
	Account callbackd.Slug `json:"account,omitempty"`
	Level   int            `json:"level"`
	Title   string         `json:"title,omitempty"`
	Body    string         `json:"body,omitempty"`
	URL     string         `json:"url,omitempty"`
	Tag     string         `json:"tag,omitempty"`
	Silent  bool           `json:"silent,omitempty"`
}

// Said is what somebody wrote on the page.
type Said struct{ Text, Key string }

// State is what a device reported.
type State struct {
	Device callbackd.PublicID `json:"device"`
	callbackd.DeviceState
	Beacon bool `json:"-"` // it came by HTTP
}

// Ack is how a device showed a notice.
type Ack struct {
	NID string `json:"nid"`
	How string `json:"how"`
}

func newAPI() *API {
	return &API{CodeLife: 5 * time.Minute, viewers: map[string]*viewer{}, preferences: callbackd.DefaultPreferences(),
		faults: map[string][]int{}, asked: map[string]int{}, up: map[callbackd.PublicID]bool{}}
}

// Agree is the follower's yes in WeChat to every code that waits.
func (a *API) Agree(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.viewers {
		if v.state == "waiting" {
			v.state, v.name = "confirm", name
		}
	}
}

// Unbind frees every viewer, as the follower can in WeChat.
func (a *API) Unbind() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.viewers {
		v.state, v.name = "none", ""
	}
	a.devices = nil
}

// Fail makes an endpoint, such as "POST me/messages", answer with these codes
// before it works; 0 is a connection that breaks after the server has acted.
func (a *API) Fail(endpoint string, codes ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults[endpoint] = codes
}

// Asked is how often an endpoint was asked.
func (a *API) Asked(endpoint string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[endpoint]
}

// Requests is how often the API was asked anything.
func (a *API) Requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, more := range a.asked {
		n += more
	}
	return n
}

// Tell puts a notice into the inbox and sends its frame to every device.
func (a *API) Tell(f Frame) {
	a.mu.Lock()
	if !slices.ContainsFunc(a.inbox, func(n Notice) bool { return n.NID == f.NID }) {
		at := time.Now().UTC().Format(time.RFC3339)
		a.inbox = slices.Insert(a.inbox, 0, Notice{NID: f.NID, Seq: f.Seq, Title: f.Title, Body: f.Body, At: at, Why: Words{"有人提到了你", "somebody mentioned you"},
			Trail: []Event{{At: at, Words: Words{"发往设备", "sent to the device"}, Device: "Chrome · Linux", Transport: "channel"}}})
	}
	a.mu.Unlock()
	f.Type, f.Account = "notify", Slug
	a.send(f)
}

// Cancel takes a notice back from every device.
func (a *API) Cancel(nid string) { a.send(Frame{Type: "cancel", NID: nid}) }

// Lists of what pages said, oldest first.

func (a *API) Acks() []Ack       { return snapshot(a, &a.acks) }
func (a *API) Reads() []string   { return snapshot(a, &a.reads) }
func (a *API) Said() []Said      { return snapshot(a, &a.said) }
func (a *API) States() []State   { return snapshot(a, &a.states) }
func (a *API) Devices() []Device { return values(snapshot(a, &a.devices)) }

// Preferences are the follower's choices.
func (a *API) Preferences() callbackd.Preferences {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.preferences
}

// Up reports whether some device is listened to.
func (a *API) Up() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.up) > 0
}

// Viewers is how many viewers were made.
func (a *API) Viewers() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.viewers)
}

func snapshot[T any](a *API, list *[]T) []T {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(*list)
}

func values(list []*Device) []Device {
	var out []Device
	for _, d := range list {
		out = append(out, *d)
	}
	return out
}

// ServeHTTP answers /api/v1/….
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		a.drop(callbackd.PublicID(part[2]))
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
		if strings.HasPrefix(p.Name, r.URL.Query().Get("q")) && len(found) < 8 {
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
