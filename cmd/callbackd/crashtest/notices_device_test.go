package crashtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/notify/pushtest"
)

// device is an end of a person: what of it outlives every server.
type device struct {
	person *person
	id     callbackd.PublicID
	vendor *pushtest.Device // nil: its live channel alone

	mu     sync.Mutex // guards what follows
	frames []callbackd.NoticeID
	line   *line // nil: not connected
}

// shown are the notices that came by the live channel, in order.
func (d *device) shown() []callbackd.NoticeID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.frames)
}

// pushed are the notices that came to the vendor, in order.
func (d *device) pushed() []callbackd.NoticeID {
	var all []callbackd.NoticeID
	if d.vendor == nil {
		return nil
	}
	for _, r := range d.vendor.Requests() {
		payload := r.Plain
		if d.vendor.Vendor == pushtest.FCM {
			var in struct {
				Message struct {
					Data struct{ Notice string }
				}
			}
			_ = json.Unmarshal(r.Body, &in) // what is no JSON names no notice
			payload = []byte(in.Message.Data.Notice)
		}
		all = append(all, noticeIn(payload))
	}
	return all
}

// noticeIn is the notice that a frame is about; empty: it is none that alerts.
func noticeIn(frame []byte) callbackd.NoticeID {
	var f struct {
		Type   string
		Notice callbackd.NoticeID `json:"nid"`
	}
	if json.Unmarshal(frame, &f) != nil || f.Type != "notify" {
		return ""
	}
	return f.Notice
}

// webPushPath is where the fake push service knows a browser.
func (d *device) webPushPath() string {
	u, err := url.Parse(d.vendor.Endpoint())
	if err != nil {
		d.person.run.t.Fatal(err)
	}
	return u.Path
}

// line is a live connection, which speaks the JSON protocol of centrifuge.
type line struct {
	ws     *websocket.Conn
	closed chan struct{}

	mu      sync.Mutex // guards what follows, and writing
	asked   int
	answers map[int]chan error
}

// connect opens the live connection of a device and returns when the server knows
// that it is up.
func (d *device) connect() {
	t, r := d.person.run.t, d.person.run
	t.Helper()
	cfg, err := websocket.NewConfig("ws://"+r.house.addr+"/live/websocket", "http://"+r.house.addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Header = http.Header{"Authorization": {"Bearer " + d.person.token}}
	ws, err := websocket.DialConfig(cfg)
	if err != nil {
		t.Fatalf("%s: connect: %v", d.person.name, err)
	}
	l := &line{ws: ws, closed: make(chan struct{}), answers: map[int]chan error{}}
	d.mu.Lock()
	d.line = l
	d.mu.Unlock()
	go d.listen(l)
	t.Cleanup(func() { ws.Close(); <-l.closed })
	d.ask(`"connect":{}`)
	d.ask(fmt.Sprintf(`"subscribe":{"channel":"device:%s"}`, d.id))
	d.awaitUp(true)
}

// hangUp ends the live connection and returns when the server knows.
func (d *device) hangUp() {
	d.person.run.t.Helper()
	d.mu.Lock()
	l := d.line
	d.mu.Unlock()
	l.ws.Close()
	<-l.closed
	d.awaitUp(false)
}

func (d *device) awaitUp(up bool) {
	r := d.person.run
	r.t.Helper()
	r.server.await("the state of a device's live connection", func() (bool, string) {
		var out struct {
			Devices []struct {
				Device callbackd.PublicID
				Up     bool
			}
		}
		d.person.call(http.MethodGet, "/api/v1/me/devices", nil, http.StatusOK, &out)
		for _, known := range out.Devices {
			if known.Device == d.id && known.Up == up {
				return true, ""
			}
		}
		pause(r.t.Context(), lookPause)
		return false, fmt.Sprintf("%+v", out)
	})
}

// listen reads until the connection ends, answers pings, and keeps what it is told.
func (d *device) listen(l *line) {
	defer close(l.closed)
	for {
		var raw string
		if err := websocket.Message.Receive(l.ws, &raw); err != nil {
			l.end(err)
			return
		}
		for text := range strings.SplitSeq(strings.TrimSpace(raw), "\n") {
			d.hear(l, text)
		}
	}
}

func (d *device) hear(l *line, text string) {
	var in struct {
		ID    int
		Error *struct{ Code int }
		Push  *struct {
			Pub *struct{ Data json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		d.person.run.ledger.problem("%s: a line that is no JSON", d.person.name)
		return
	}
	switch {
	case in.Push != nil && in.Push.Pub != nil:
		if id := noticeIn(in.Push.Pub.Data); id != "" {
			d.mu.Lock()
			d.frames = append(d.frames, id)
			d.mu.Unlock()
		}
	case in.ID > 0:
		var err error
		if in.Error != nil {
			err = fmt.Errorf("error %d", in.Error.Code)
		}
		l.answer(in.ID, err)
	case text == "{}":
		_ = l.write("{}") // a dead server needs no pong
	}
}

func (l *line) write(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return websocket.Message.Send(l.ws, text)
}

func (l *line) answer(id int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ch := l.answers[id]; ch != nil {
		ch <- err
		delete(l.answers, id)
	}
}

// end tells everybody who waits for an answer that none comes.
func (l *line) end(err error) {
	l.mu.Lock()
	ids := make([]int, 0, len(l.answers))
	for id := range l.answers {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	for _, id := range ids {
		l.answer(id, err)
	}
}

// ask says one command and waits for its answer.
func (d *device) ask(command string) {
	t := d.person.run.t
	t.Helper()
	d.mu.Lock()
	l := d.line
	d.mu.Unlock()
	answer := make(chan error, 1)
	l.mu.Lock()
	l.asked++
	id := l.asked
	l.answers[id] = answer
	l.mu.Unlock()
	err := l.write(fmt.Sprintf(`{"id":%d,%s}`, id, command))
	if err == nil {
		select {
		case err = <-answer:
		case <-l.closed:
			err = fmt.Errorf("the connection ended")
		}
	}
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", d.person.name, command, err, d.person.run.house.logTail())
	}
}

// tell makes a call on the live connection.
func (d *device) tell(method, data string) {
	d.person.run.t.Helper()
	d.ask(fmt.Sprintf(`"rpc":{"method":%q,"data":%s}`, method, data))
}

// sit says that somebody sits at a computer.
func (d *device) sit() {
	d.person.run.t.Helper()
	d.tell("state", fmt.Sprintf(`{"device":%q,"active":true,"screen":"on","client":"open","input_age_ms":0}`, d.id))
}

// awaitShown returns when so many frames have come, and the last one.
func (d *device) awaitShown(n int) callbackd.NoticeID {
	r := d.person.run
	r.t.Helper()
	r.server.await(fmt.Sprintf("frame %d of %s", n, d.person.name), func() (bool, string) {
		have := len(d.shown())
		return have >= n, fmt.Sprintf("%d came; %v", have, d.person.trail())
	})
	return d.shown()[n-1]
}

// awaitPushed returns when so many requests have come to the vendor, and what the
// last one is about.
func (d *device) awaitPushed(n int) callbackd.NoticeID {
	r := d.person.run
	r.t.Helper()
	r.server.await(fmt.Sprintf("push %d of %s", n, d.person.name), func() (bool, string) {
		have := len(d.pushed())
		return have >= n, fmt.Sprintf("%d came; %v", have, d.person.trail())
	})
	return d.pushed()[n-1]
}

// acknowledge says on the live connection that a notice is shown.
func (d *device) acknowledge(nid callbackd.NoticeID, how callbackd.How) {
	d.person.run.t.Helper()
	d.tell("ack", fmt.Sprintf(`{"nid":%q,"how":%q}`, nid, how))
}
