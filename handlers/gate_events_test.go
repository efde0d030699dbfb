package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/handlers"
	"callbackd/notify"
	"callbackd/store"
	"callbackd/wall"
)

// ids are messages that somebody could see.
type ids map[callbackd.PublicID]bool

// gateWall is an account with a message of every kind in every state, each from
// somebody of their own, with a face, and with a notice of it to a viewer.
type gateWall struct {
	*apiSite
	acc    *callbackd.Account
	event  callbackd.Event
	viewer viewer
	marker callbackd.PublicID // a shown text, taken down last
	since  int64              // rev from which on changes tell, not reset
}

var (
	gateKinds  = []callbackd.Kind{"text", "voice", "image", "video", "location", "link"}
	gateStates = []callbackd.State{"held", "shown", "refused", "removed", "erased"}
)

// gateStages are all that a wall can be when somebody looks, and whether what is
// shown may be seen then.
var gateStages = []struct {
	name string
	open bool
	take func(g *gateWall)
}{
	{"none", true, func(g *gateWall) { g.fill() }},
	{"draft", false, func(g *gateWall) { g.fill(); g.add(); g.few() }},
	{"live", true, func(g *gateWall) { g.add(); g.step("start"); g.fill() }},
	{"paused", false, func(g *gateWall) { g.add(); g.step("start"); g.fill(); g.step("pause"); g.few() }},
	{"ended", false, func(g *gateWall) { g.add(); g.step("start"); g.fill(); g.step("end"); g.few() }},
	{"the next one", false, func(g *gateWall) {
		g.add()
		g.step("start")
		g.fill()
		g.step("end")
		g.add()
		g.step("start")
		g.late()
	}},
	{"none, paused", false, func(g *gateWall) { g.fill(); g.control("pause") }},
	{"none, panic", false, func(g *gateWall) { g.fill(); g.control("panic") }},
	{"live, panic", false, func(g *gateWall) { g.add(); g.step("start"); g.fill(); g.control("panic"); g.few() }},
	{"live, cleared", false, func(g *gateWall) { g.add(); g.step("start"); g.fill(); g.control("clear") }},
}

// gatePaths are all public ways to what followers sent.
var gatePaths = map[string]func(g *gateWall, rows []store.Row) ids{
	"page":        (*gateWall).onPage,
	"messages":    (*gateWall).inMessages,
	"control":     (*gateWall).inControl,
	"changes":     (*gateWall).inChanges,
	"media":       (*gateWall).byMedia,
	"avatar":      (*gateWall).byAvatar,
	"inbox":       (*gateWall).inInbox,
	"people":      (*gateWall).amongPeople,
	"publication": (*gateWall).published, // the last: it takes one down
}

// TestGate_EveryPathKindStateAndEvent: whatever the path, what is seen is what is
// shown, of the event that the wall shows, while it is open. Both ways: a path that
// shows less is as wrong as one that shows more.
func TestGate_EveryPathKindStateAndEvent(t *testing.T) {
	s := newAPISite(t, func(c *handlers.Config) {
		c.Notices = notify.New(notify.Config{DB: c.DB})
	})
	ctx, cancel := context.WithCancel(context.Background())
	publisher, err := wall.NewPublisher(ctx, s.db, s.live.Hub, slog.New(slog.DiscardHandler))
	s.must(err)
	done := make(chan error, 1)
	go func() { done <- publisher.Run(ctx) }()
	t.Cleanup(func() { cancel(); s.must(<-done) })
	order := append(slices.DeleteFunc(slices.Sorted(maps.Keys(gatePaths)), func(p string) bool { return p == "publication" }), "publication")
	for i, stage := range gateStages {
		g := &gateWall{apiSite: s, acc: s.addAccount(callbackd.Slug(fmt.Sprint("gate-", i)), callbackd.ModerationOpen)}
		stage.take(g)
		rows := g.rows(g.acc)
		g.tell(rows)
		want := ids{}
		for _, row := range rows {
			if stage.open && row.Message.State == callbackd.StateShown {
				want[row.Message.PublicID] = true
			}
		}
		if stage.open != (len(want) == len(gateKinds)+1) {
			t.Fatalf("%s: %d of %d messages are to be seen", stage.name, len(want), len(rows))
		}
		for _, path := range order {
			g.compare(stage.name+", "+path, rows, gatePaths[path](g, rows), expected(path, want, rows, g.marker))
		}
	}
}

// expected is what of want a path can show at all.
func expected(path string, want ids, rows []store.Row, marker callbackd.PublicID) ids {
	out := ids{}
	for _, row := range rows {
		id := row.Message.PublicID
		can := path != "media" || row.Media != nil
		switch path {
		case "control":
			can = id == marker // which is pinned
		case "publication":
			can = id != marker // which is taken down alone
		}
		if want[id] && can {
			out[id] = true
		}
	}
	return out
}

func (g *gateWall) compare(where string, rows []store.Row, got, want ids) {
	g.Helper()
	for _, row := range rows {
		if id := row.Message.PublicID; got[id] != want[id] {
			g.Errorf("%s: a %s that is %s, of event %d: seen %v, want %v", where, row.Message.Kind, row.Message.State, row.Message.Event, got[id], want[id])
		}
	}
}

func (g *gateWall) add() {
	g.event = callbackd.Event{Account: g.acc.ID, Name: "晚会"}
	g.must(g.db.InsertEvent(context.Background(), &g.event, "test"))
	g.mark()
}

func (g *gateWall) step(s callbackd.EventStep) {
	_, err := g.db.StepEvent(context.Background(), g.acc.ID, g.event.ID, s, "test")
	g.must(err)
	g.mark()
}

func (g *gateWall) control(kind callbackd.ControlKind) {
	_, err := g.db.SetStage(context.Background(), g.acc.ID, callbackd.Control{Kind: kind}, "test")
	g.must(err)
	g.mark()
}

// mark remembers from which rev on a page of now needs no reset.
func (g *gateWall) mark() {
	s, _, err := g.db.GetStage(context.Background(), g.acc.ID)
	g.must(err)
	g.since = s.OpenedRev
}

// fill sends a message of every kind for every state, and brings it there.
func (g *gateWall) fill() {
	for _, state := range gateStates {
		for _, kind := range gateKinds {
			g.send(kind, state)
		}
	}
	id := g.send("text", "shown")
	if g.marker == "" {
		g.marker = id
		_, err := g.db.SetStage(context.Background(), g.acc.ID, callbackd.Control{Kind: callbackd.ControlPin, Message: id}, "test")
		g.must(err)
	}
}

// few sends what is shown of every kind where nothing more is to be seen.
func (g *gateWall) few() {
	for _, kind := range gateKinds {
		g.send(kind, "shown")
	}
}

// late lets through what waited since the event before.
func (g *gateWall) late() {
	for _, row := range g.rows(g.acc) {
		if row.Message.State == callbackd.StateHeld {
			g.decide(row, callbackd.DecisionApprove)
		}
	}
}

func (g *gateWall) send(kind callbackd.Kind, state callbackd.State) callbackd.PublicID {
	ctx := context.Background()
	a := *g.acc
	if state == "held" || state == "refused" {
		a.Moderation = callbackd.ModerationHold
	}
	open := callbackd.OpenID("oGate-" + callbackd.NewPublicID())
	now := g.clock.Now()
	cb := &store.Callback{Account: &a, Key: string(open), ReceivedAt: now, CreateTime: now, Outcome: store.OutcomeAccepted, MsgType: string(kind), From: open,
		Message: &callbackd.Message{Kind: kind, Text: "词", SentAt: now, Place: &callbackd.Place{Label: "天安门"}, Link: &callbackd.Link{Title: "标题", URL: "https://example.com"}}}
	if kind.HasMedia() {
		cb.Media = &callbackd.Media{WeChatID: "wx"}
	}
	out, err := g.db.Accept(ctx, cb)
	g.must(err)
	row, err := g.db.GetMessage(ctx, g.acc.ID, out.Public)
	g.must(err)
	name := "名" + string(out.Public)
	g.dress(g.acc, row, name)
	g.must(g.db.SetNames(ctx, g.acc.ID, []store.Names{{NameDue: store.NameDue{Sender: row.Sender.ID, Own: name}, Keys: []string{notify.FoldName(name)}}}))
	for _, d := range map[callbackd.State][]callbackd.Decision{"shown": {"approve"}, "refused": {"refuse"}, "removed": {"approve", "remove"}, "erased": {"approve", "remove"}}[state] {
		g.decide(row, d)
	}
	if state == "erased" {
		g.exec("UPDATE messages SET state = 'erased' WHERE public_id = ?", out.Public)
	}
	return out.Public
}

// tell gives a follower, whom a viewer is bound to, a notice of each message.
func (g *gateWall) tell(rows []store.Row) {
	ctx := context.Background()
	reader := g.db
	reading := callbackd.OpenID("oReader-" + string(g.acc.Slug))
	yes := true
	_, err := reader.Accept(ctx, &store.Callback{Account: g.acc, Key: string(reading), ReceivedAt: g.clock.Now(), CreateTime: g.clock.Now(), Outcome: store.OutcomeAccepted,
		MsgType: "event", Event: "subscribe", From: reading, Following: &yes})
	g.must(err)
	var sender callbackd.Sender
	raw, err := g.openRaw()
	g.must(err)
	defer raw.Close()
	g.must(raw.QueryRow("SELECT id FROM senders WHERE open_id = ?", reading).Scan(&sender.ID))
	g.viewer = g.apiSite.viewer(g.acc, sender)
	for _, row := range rows {
		g.must(g.db.InsertNotices(ctx, store.Matter{Account: g.acc.ID, Sort: store.NoticeMessage, Message: row.Message.ID, Author: row.Sender.ID},
			[]store.NewNotice{{ID: callbackd.NewNoticeID(), Sender: sender.ID, Reason: callbackd.ReasonReceive, Why: "receiving"}}))
	}
}

func (g *gateWall) path() string { return "/wall/" + string(g.acc.Slug) }

func (g *gateWall) onPage(rows []store.Row) ids {
	_, _, body := g.get(g.path())
	out := ids{}
	for _, row := range rows {
		if id := row.Message.PublicID; strings.Contains(body, string(id)) || strings.Contains(body, "名"+string(id)) {
			out[id] = true
		}
	}
	return out
}

func (g *gateWall) inMessages([]store.Row) ids {
	out := ids{}
	for _, m := range g.feed(string(g.acc.Slug)).Messages {
		out[m.ID] = true
	}
	return out
}

func (g *gateWall) inControl([]store.Row) ids {
	out := ids{}
	c := g.feed(string(g.acc.Slug)).Control
	for _, m := range c.Messages {
		out[m.ID] = true
	}
	for _, id := range append(c.Pins, c.Spotlight) {
		out[id] = true
	}
	return out
}

func (g *gateWall) inChanges([]store.Row) ids {
	out := ids{}
	for after := g.since; ; {
		_, _, body := g.get(fmt.Sprintf("%s/changes?after=%d&limit=200", g.path(), after))
		var c wall.Changes
		g.must(json.Unmarshal([]byte(body), &c))
		for _, change := range c.Changes {
			if change.Message != nil {
				out[change.Message.ID] = true
			}
		}
		if len(c.Changes) == 0 || c.Reset {
			return out
		}
		after = c.Rev
	}
}

func (g *gateWall) byMedia(rows []store.Row) ids {
	out := ids{}
	for _, row := range rows {
		if row.Media == nil {
			continue
		}
		for _, v := range []*callbackd.Variant{row.Media.Main, row.Media.Poster} {
			if code, _, _ := g.get(wall.MediaPath(v.ID)); code == http.StatusOK {
				out[row.Message.PublicID] = true
			}
		}
	}
	return out
}

func (g *gateWall) byAvatar(rows []store.Row) ids {
	out := ids{}
	for _, row := range rows {
		if code, _, _ := g.get(wall.AvatarPath(row.Person.Avatar)); code == http.StatusOK {
			out[row.Message.PublicID] = true
		}
	}
	return out
}

func (g *gateWall) inInbox([]store.Row) ids {
	out := ids{}
	var box struct {
		Notices []struct {
			Message callbackd.PublicID `json:"message"`
		} `json:"notices"`
	}
	r := g.want(http.StatusOK, http.MethodGet, "/api/v1/me/notices?limit=200", "", g.viewer.bearer())
	g.must(json.Unmarshal([]byte(r.body), &box))
	for _, n := range box.Notices {
		out[n.Message] = true
	}
	return out
}

func (g *gateWall) amongPeople(rows []store.Row) ids {
	out := ids{}
	for i, row := range rows {
		if i%50 == 49 {
			g.clock.Advance(time.Minute) // the chooser is not asked more often
		}
		id := row.Message.PublicID
		r := g.want(http.StatusOK, http.MethodGet, "/api/v1/me/people?q=名"+string(id), "", g.viewer.bearer())
		if strings.Contains(r.body, "名"+string(id)) {
			out[id] = true
		}
	}
	return out
}

// published has the wall open, changes every message, and returns whose words came
// until the marker was taken down.
func (g *gateWall) published(rows []store.Row) ids {
	ws, err := websocket.Dial("ws"+strings.TrimPrefix(g.http.URL, "http")+"/live/websocket", "", g.http.URL)
	g.must(err)
	defer ws.Close()
	g.must(ws.SetDeadline(time.Now().Add(time.Minute)))
	g.must(websocket.Message.Send(ws, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"wall:`+string(g.acc.Slug)+`","recover":true}}`))
	out, ready := ids{}, false
	hear := func(c callbackd.Change) (end bool) {
		if c.Message != nil {
			out[c.Message.ID] = true
		}
		return c.Op == callbackd.ChangeRemove && c.ID == g.marker
	}
	for {
		var raw string
		g.must(websocket.Message.Receive(ws, &raw))
		for line := range strings.SplitSeq(strings.TrimSpace(raw), "\n") {
			f := gateFrame{}
			g.must(json.Unmarshal([]byte(line), &f))
			for _, p := range f.Subscribe.Publications {
				hear(p.Data)
			}
			if f.ID == 2 && !ready {
				ready = true
				g.touch(rows)
			}
			if hear(f.Push.Pub.Data) {
				return out
			}
		}
	}
}

type gatePublication struct {
	Data callbackd.Change `json:"data"`
}

type gateFrame struct {
	ID        int `json:"id"`
	Subscribe struct {
		Publications []gatePublication `json:"publications"`
	} `json:"subscribe"`
	Push struct {
		Pub gatePublication `json:"pub"`
	} `json:"push"`
}

// touch takes down whatever is shown and lets it through again, but the marker.
func (g *gateWall) touch(rows []store.Row) {
	for _, row := range rows {
		if row.Message.State == callbackd.StateShown && row.Message.PublicID != g.marker {
			g.decide(row, callbackd.DecisionRemove)
			g.decide(row, callbackd.DecisionApprove)
		}
	}
	for _, row := range rows {
		if row.Message.PublicID == g.marker {
			g.decide(row, callbackd.DecisionRemove)
		}
	}
}
