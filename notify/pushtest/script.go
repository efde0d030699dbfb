package pushtest

import (
	"net/http"
	"time"
)

// Answer is what the fake says once.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Hang   bool // never answers
	Reset  bool // breaks the connection (HTTP/2: the stream) without an answer
}

// Device is a browser or phone that a vendor knows. Its methods may be called
// at any time.
type Device struct {
	Name   string
	Vendor Vendor
	// Token is the device token; of a browser, the last part of its endpoint.
	Token string

	server *Server
	keys   *browserKeys // Web Push alone

	script []Answer // guarded by Server.mu, as is all below
	gone   time.Time
}

// Answer adds answers to the device's script. Each is used for one request;
// without any, the fake behaves as the vendor does.
func (d *Device) Answer(answers ...Answer) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.script = append(d.script, answers...)
}

// Unregister makes the vendor say, in its own way, that the device is gone
// since a time.
func (d *Device) Unregister(at time.Time) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.gone = at
}

// Requests returns what came for the device, in order.
func (d *Device) Requests() []Request {
	var out []Request
	for _, r := range d.server.Requests(d.Vendor) {
		if r.Device == d.Name {
			out = append(out, r)
		}
	}
	return out
}

// goneSince returns when the device was unregistered; zero: it was not.
func (d *Device) goneSince() time.Time {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	return d.gone
}

// AnswerTokens adds answers to the script of FCM's token endpoint.
func (s *Server) AnswerTokens(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, answers...)
}

func (s *Server) scripted(v Vendor, d *Device) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	script := &s.tokens
	if v != FCMToken {
		if d == nil {
			return Answer{}, false
		}
		script = &d.script
	}
	if len(*script) == 0 {
		return Answer{}, false
	}
	a := (*script)[0]
	*script = (*script)[1:]
	return a, true
}

func (s *Server) device(v Vendor, token string) *Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.devices[string(v)+" "+token]
}

func (s *Server) add(d *Device) *Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.server = s
	s.devices[string(d.Vendor)+" "+d.Token] = d
	return d
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, a Answer) {
	switch {
	case a.Hang:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		return
	case a.Reset:
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(a.Status)
	// a client that hung up meanwhile is the test's business
	_, _ = w.Write([]byte(a.Body))
}
