package walltest

import (
	"encoding/json"
	"slices"
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
	gone        []callbackd.PublicID // removed, and not told to the hub yet
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
	for _, v := range a.viewers {
		v.state, v.name = "none", ""
	}
	for _, d := range a.devices {
		a.gone = append(a.gone, d.ID)
	}
	a.devices = nil
	a.mu.Unlock()
	a.dropGone()
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

// Keep puts a notice into the inbox.
func (a *API) Keep(f Frame) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.ContainsFunc(a.inbox, func(n Notice) bool { return n.NID == f.NID }) {
		return
	}
	at := time.Now().UTC().Format(time.RFC3339)
	a.inbox = slices.Insert(a.inbox, 0, Notice{NID: f.NID, Seq: f.Seq, Title: f.Title, Body: f.Body, At: at, Why: Words{"有人提到了你", "somebody mentioned you"},
		Trail: []Event{{At: at, Words: Words{"发往设备", "sent to the device"}, Device: "Chrome · Linux", Transport: "channel"}}})
}

// Tell keeps a notice and sends its frame to every device.
func (a *API) Tell(f Frame) {
	a.Keep(f)
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
	p := a.preferences
	if p.Quiet != nil { // its own: the next change is written into ours
		quiet := *p.Quiet
		p.Quiet = &quiet
	}
	return p
}

// Up reports whether some device is listened to.
func (a *API) Up() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.up) > 0
}

// ListensTo reports whether somebody listens to a device.
func (a *API) ListensTo(device callbackd.PublicID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.up[device]
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
