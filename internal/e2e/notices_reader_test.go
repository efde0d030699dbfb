//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// reader is a program of a follower's that talks to the API alone: it has no
// device, and reads what became of the follower's notices.
type reader struct {
	t     *testing.T
	house *audience
	token string
}

// reads binds such a program to a follower.
func (h *audience) reads(who rehearsal.Follower) *reader {
	h.t.Helper()
	r := &reader{t: h.t, house: h}
	var made struct{ Token, Code string }
	r.want(http.StatusCreated, "POST", "/viewers", `{"account":"gala"}`, &made)
	r.token = made.Token
	r.want(http.StatusOK, "POST", "/me/binding", "", &made)
	h.agrees(who, made.Code)
	r.want(http.StatusOK, "POST", "/me/binding/confirm", "", &struct{}{})
	return r
}

// ask asks the API.
func (r *reader) ask(method, path, body string) (status int, answer []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.house.url("/api/v1"+path), strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

// want is ask with an answer that must be so.
func (r *reader) want(status int, method, path, body string, into any) {
	r.t.Helper()
	got, answer := r.ask(method, path, body)
	if got != status {
		r.t.Fatalf("%s %s is answered with %d: %s", method, path, got, answer)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		r.t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
}

// notice is one of the inbox.
type notice struct {
	ID    callbackd.NoticeID `json:"nid"`
	Title string             `json:"title"`
	Body  string             `json:"body"`
	Why   happened           `json:"why"`
	Read  bool               `json:"read"`
	Trail []happened         `json:"trail"`
}

type happened struct {
	Key       string `json:"key"`
	Device    string `json:"device"`
	Transport string `json:"transport"`
	How       string `json:"how"`
}

// steps are the lines of a trail: what happened, by which way, and where.
func (n notice) steps() []string {
	var out []string
	for _, k := range n.Trail {
		out = append(out, strings.Join(strings.Fields(k.Key+" "+k.Transport+k.How+" "+k.Device), " "))
	}
	return out
}

// sends are those of them by which something left the server.
func (n notice) sends() []string {
	return slices.DeleteFunc(n.steps(), func(s string) bool { return !strings.HasPrefix(s, "sent ") })
}

// told are the follower's notices, newest first.
func (r *reader) told() []notice {
	r.t.Helper()
	var inbox struct{ Notices []notice }
	r.want(http.StatusOK, "GET", "/me/notices", "", &inbox)
	return inbox.Notices
}

// wait looks at the notice of words until ok. It asks less often than the API
// allows, however long it takes.
func (r *reader) wait(words, what string, ok func(notice) bool) notice {
	r.t.Helper()
	const every = 250 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last []notice
	for end := time.Now().Add(patience); ; <-tick.C {
		last = r.told()
		if i := slices.IndexFunc(last, func(n notice) bool { return strings.Contains(n.Body, words) }); i >= 0 && ok(last[i]) {
			return last[i]
		}
		if time.Now().After(end) {
			break
		}
	}
	for _, n := range last {
		r.t.Logf("%s, because %s: %q", n.Body, n.Why.Key, n.steps())
	}
	r.t.Fatalf("waited in vain for %s of %q\n%s", what, words, r.house.logTail())
	return notice{}
}

// about waits for the notice of the message that says words.
func (r *reader) about(words string) notice {
	r.t.Helper()
	return r.wait(words, "a notice", func(notice) bool { return true })
}

// after waits until the trail of the notice of words holds a step.
func (r *reader) after(words, step string) notice {
	r.t.Helper()
	return r.wait(words, fmt.Sprintf("%q in the trail", step), func(n notice) bool { return slices.Contains(n.steps(), step) })
}

// hasRead waits until a notice counts as read.
func (r *reader) hasRead(words string) notice {
	r.t.Helper()
	return r.wait(words, "the reading", func(n notice) bool { return n.Read })
}

// device is one of the follower's.
type device struct {
	ID       callbackd.PublicID `json:"device"`
	Class    string             `json:"class"`
	Provider string             `json:"provider"`
	Name     string             `json:"name"`
	Here     bool               `json:"here"`
	Up       bool               `json:"up"`
}

// devices are the follower's, in the order of the API.
func (r *reader) devices() []device {
	r.t.Helper()
	var list struct{ Devices []device }
	r.want(http.StatusOK, "GET", "/me/devices", "", &list)
	return list.Devices
}

// waitDevices waits until the follower's devices are so.
func (r *reader) waitDevices(what string, ok func([]device) bool) {
	r.t.Helper()
	tick := time.NewTicker(250 * time.Millisecond) // as in wait
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		all := r.devices()
		if ok(all) {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain: %s; devices: %+v", what, all)
		}
	}
}

// nobodyListens waits until none of the follower's devices has a live channel.
func (r *reader) nobodyListens() {
	r.t.Helper()
	r.waitDevices("no channel is up", func(all []device) bool { return !slices.ContainsFunc(all, func(d device) bool { return d.Up }) })
}
