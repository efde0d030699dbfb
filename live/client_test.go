package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/live"
)

// patience is how long a test waits before it says what did not come.
const patience = time.Minute

// startHub runs a hub behind a server of its own, with one wall: "gala".
func startHub(t *testing.T, set func(*live.Config)) (*live.Hub, *httptest.Server) {
	t.Helper()
	cfg := live.Config{
		Log:        slog.New(slog.DiscardHandler),
		WallExists: func(s callbackd.Slug) bool { return s == "gala" },

		PingInterval: time.Hour, // no viewer of these tests answers pings
	}
	if set != nil {
		set(&cfg)
	}
	hub, err := live.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(hub.Handler())
	run(t, hub, srv)
	return hub, srv
}

// run keeps a hub and its server running until the test ends.
func run(t *testing.T, hub *live.Hub, srv *httptest.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	srv.Start()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		srv.Close()
	})
	eventually(t, "hub is ready", hub.Ready)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("gave up waiting: %s", what)
}

// viewer is a client of the protocol, written from its documentation.
type viewer struct {
	t      *testing.T
	ws     *websocket.Conn
	id     int
	queued []frame
}

type frame struct {
	ID    int `json:"id"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Connect *struct {
		Ping int  `json:"ping"`
		Pong bool `json:"pong"`
	} `json:"connect"`
	Subscribe *struct {
		Epoch        string        `json:"epoch"`
		Offset       uint64        `json:"offset"`
		Recoverable  bool          `json:"recoverable"`
		Recovered    bool          `json:"recovered"`
		Publications []publication `json:"publications"`
	} `json:"subscribe"`
	Push *struct {
		Channel string       `json:"channel"`
		Pub     *publication `json:"pub"`

		Unsubscribe *struct {
			Code int `json:"code"`
		} `json:"unsubscribe"`
	} `json:"push"`
}

type publication struct {
	Offset uint64
	Data   callbackd.Change
	Text   string // the data as it came
}

func (p *publication) UnmarshalJSON(b []byte) error {
	var in struct {
		Offset uint64          `json:"offset"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	p.Offset, p.Text = in.Offset, string(in.Data)
	return json.Unmarshal(in.Data, &p.Data)
}

func dial(srv *httptest.Server, origin, query string, protocols ...string) (*websocket.Conn, error) {
	cfg, err := websocket.NewConfig("ws"+strings.TrimPrefix(srv.URL, "http")+"/live/websocket"+query, origin)
	if err != nil {
		return nil, err
	}
	cfg.Protocol = protocols
	return websocket.DialConfig(cfg)
}

// connect opens a connection as a page of the same origin does.
func connect(t *testing.T, srv *httptest.Server) *viewer {
	t.Helper()
	ws, err := dial(srv, srv.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	return connectOver(t, ws)
}

// connectAs opens a connection as the app of a viewer does; see startDevices.
func connectAs(t *testing.T, srv *httptest.Server, id callbackd.ViewerID) *viewer {
	t.Helper()
	ws, err := dialAs(srv, id)
	if err != nil {
		t.Fatal(err)
	}
	return connectOver(t, ws)
}

func dialAs(srv *httptest.Server, id callbackd.ViewerID) (*websocket.Conn, error) {
	cfg, err := websocket.NewConfig("ws"+strings.TrimPrefix(srv.URL, "http")+"/live/websocket", srv.URL)
	if err != nil {
		return nil, err
	}
	cfg.Header.Set("Authorization", "Bearer "+jsonOf(id))
	return websocket.DialConfig(cfg)
}

func connectOver(t *testing.T, ws *websocket.Conn) *viewer {
	t.Helper()
	v := &viewer{t: t, ws: ws}
	t.Cleanup(v.close)
	if f := v.ask(`"connect":{}`); f.Error != nil {
		t.Fatalf("connect: error %d", f.Error.Code)
	}
	return v
}

func (v *viewer) close() { _ = v.ws.Close() }

// hangUp reads until the server ends the connection, as a browser does, and
// reports whether it did.
func (v *viewer) hangUp() bool {
	defer v.close()
	for {
		if _, err := v.read(); err != nil {
			var slow net.Error
			return !errors.As(err, &slow) || !slow.Timeout()
		}
	}
}

// ask sends one command and returns its reply.
func (v *viewer) ask(command string) frame {
	v.t.Helper()
	return v.answer(v.say(command))
}

// say sends one command and does not wait for its reply, which has this id.
func (v *viewer) say(command string) int {
	v.t.Helper()
	v.id++
	if err := v.send(command); err != nil {
		v.t.Fatal(err)
	}
	return v.id
}

func (v *viewer) send(command string) error {
	return websocket.Message.Send(v.ws, `{"id":`+jsonOf(v.id)+`,`+command+`}`)
}

// answer returns the reply to a command that was said; pushes that come first
// are kept.
func (v *viewer) answer(id int) frame {
	v.t.Helper()
	var kept []frame
	for {
		f, err := v.read()
		if err != nil {
			v.t.Fatalf("no reply to command %d: %v", id, err)
		}
		if f.ID == id {
			v.queued = append(kept, v.queued...)
			return f
		}
		if f.Push != nil {
			kept = append(kept, f)
		}
	}
}

// next returns the next change that was pushed.
func (v *viewer) next() publication {
	v.t.Helper()
	for {
		f, err := v.read()
		if err != nil {
			v.t.Fatalf("no change came: %v", err)
		}
		if f.Push != nil && f.Push.Pub != nil {
			return *f.Push.Pub
		}
	}
}

func (v *viewer) read() (frame, error) {
	for len(v.queued) == 0 {
		_ = v.ws.SetReadDeadline(time.Now().Add(patience))
		var raw string
		if err := websocket.Message.Receive(v.ws, &raw); err != nil {
			return frame{}, err
		}
		for line := range strings.SplitSeq(strings.TrimSpace(raw), "\n") {
			var f frame
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				return frame{}, err
			}
			v.queued = append(v.queued, f)
		}
	}
	f := v.queued[0]
	v.queued = v.queued[1:]
	return f, nil
}

func (v *viewer) subscribe(channel string) frame {
	v.t.Helper()
	return v.ask(`"subscribe":{"channel":` + jsonOf(channel) + `}`)
}

func (v *viewer) call(method, data string) frame {
	v.t.Helper()
	return v.ask(`"rpc":{"method":` + jsonOf(method) + `,"data":` + data + `}`)
}

// code is the error of a reply; 0: none.
func (f frame) code() int {
	if f.Error == nil {
		return 0
	}
	return f.Error.Code
}

// recover subscribes as a page does that was away since a position.
func (v *viewer) recover(channel, epoch string, offset uint64) frame {
	v.t.Helper()
	return v.ask(`"subscribe":{"channel":` + jsonOf(channel) + `,"recover":true,"epoch":` + jsonOf(epoch) + `,"offset":` + jsonOf(offset) + `}`)
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func show(rev int64, id callbackd.PublicID, words string) callbackd.Change {
	return callbackd.Change{Rev: rev, Op: callbackd.ChangeShow, Message: &callbackd.PublicMessage{
		ID: id, Seq: rev, Kind: callbackd.KindText, Text: words, SentAt: "2026-11-20T20:00:00+08:00",
		Sender: callbackd.PublicSender{ID: "s", Name: "云端的海豚", Avatar: "/media/s"},
	}}
}

func remove(rev int64, id callbackd.PublicID) callbackd.Change {
	return callbackd.Change{Rev: rev, Op: callbackd.ChangeRemove, ID: id}
}
