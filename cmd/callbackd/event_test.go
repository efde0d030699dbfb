package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/wall"
)

// messages reads the list of the spring wall.
func (v *served) messages() wall.Messages {
	v.Helper()
	_, body := v.get("/wall/spring/messages")
	var m wall.Messages
	v.must(json.Unmarshal([]byte(body), &m))
	return m
}

// changes reads the spring wall's changes after a rev.
func (v *served) changes(after string) wall.Changes {
	v.Helper()
	_, body := v.get("/wall/spring/changes?after=" + after)
	var c wall.Changes
	v.must(json.Unmarshal([]byte(body), &c))
	return c
}

func TestEvent_OnAnEmptyDataFolder(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	s.invariants()
	id := strings.TrimSpace(s.done(`{"name":"从文件","title":"晚会","moderation":"open","footer":{"icp":"京ICP备2026000001号"}}`,
		"event", "spring", "add", "第一场", "--end", "2h", "--from", "-"))
	if out := s.done("", "event", "spring", "start"); out != id+"\tlive\n" {
		t.Errorf("start: %q", out)
	}
	other := strings.TrimSpace(s.done("", "event", "spring", "add", "第二场", "--start", "2031-02-16T20:00:00+08:00"))
	s.refused(exitFailure, "end it first", "", "event", "spring", "start", other)
	s.refused(exitFailure, "shows the ids", "", "event", "spring", "end", "第三场")
	s.refused(exitUsage, "from now", "", "event", "spring", "add", "x", "--start", "tomorrow")
	s.refused(exitUsage, "unknown step", "", "event", "spring", "stop")
	s.refused(exitFailure, "ends after it starts", "", "event", "spring", "add", "x", "--start", "2h", "--end", "1h")
	s.refused(exitFailure, "hold, auto or open", "", "event", "spring", "add", "x", "--moderation", "free")
	if out := s.done("", "event", "spring", "set", id, "改名", "--moderation", "auto"); out != id+"\n" {
		t.Errorf("set: %q", out)
	}
	var list []eventJSON
	s.must(json.Unmarshal([]byte(s.done("", "event", "spring", "list", "--json")), &list))
	if len(list) != 2 || string(list[1].ID) != id || list[1].Name != "改名" || list[1].State != "live" || list[1].Title != "晚会" ||
		list[1].Moderation != "auto" || list[1].Footer.ICP == "" || list[1].StartedAt == "" || list[0].Start != "2031-02-16T12:00:00Z" || list[0].State != "draft" {
		t.Errorf("%+v", list)
	}
	if out := s.done("", "event", "spring", "pause"); out != id+"\tpaused\n" {
		t.Errorf("pause: %q", out)
	}
	if out := s.done("", "event", "spring", "end"); out != id+"\tended\n" {
		t.Errorf("end: %q", out)
	}
}

// TestWall_StageSurvivesARestart runs a wall from the shell beside a server, and
// reads what pages read.
func TestWall_StageSurvivesARestart(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "open"})
	s.invariants()
	i, a := s.installation(), s.account("spring")
	first := i.say(t, a, "oA", "第一句")
	s.done("", "wall", "spring", "pin", string(first))
	host := strings.TrimSpace(s.done("", "wall", "spring", "say", "请大家", "看舞台"))
	v := s.serve()
	m := v.messages()
	if len(m.Messages) != 2 || !m.Messages[1].Host || m.Messages[1].Text != "请大家 看舞台" || m.Messages[1].Sender.Name != "春晚现场" || m.Messages[0].Host {
		t.Errorf("%+v", m.Messages)
	}
	if c := m.Control; m.Paused || c.State != "open" || len(c.Pins) != 1 || c.Pins[0] != first || len(c.Messages) != 1 || c.Messages[0].Text != "第一句" {
		t.Errorf("%+v", c)
	}
	s.done("", "wall", "spring", "panic")
	v.eventually("the still card", func() bool { return v.messages().Paused })
	v.cancel()
	v.end()
	v = s.serve()
	m = v.messages()
	c := v.changes("0")
	if !m.Paused || len(m.Messages) != 0 || m.Control.State != "panic" || len(m.Control.Messages) != 0 || m.Control.Card.Kind != "still" {
		t.Errorf("after a restart: %+v", m)
	}
	if !c.Paused || c.Reset || len(c.Changes) != 1 || c.Changes[0].Op != callbackd.ChangeControl || c.Changes[0].Control.State != "panic" || c.Rev != m.Rev {
		t.Errorf("changes: %+v", c)
	}
	i.say(t, a, "oA", "等着")
	if len(v.messages().Messages) != 0 {
		t.Error("a message passed a panic")
	}
	s.done("", "wall", "spring", "resume")
	v.eventually("the wall", func() bool { return len(v.messages().Messages) == 3 })
	if c := v.changes("3"); !c.Reset || c.Paused {
		t.Errorf("a page that was away: %+v", c)
	}
	s.done("", "wall", "spring", "spotlight", host)
	s.done("", "wall", "spring", "clear")
	v.eventually("an empty wall", func() bool { return len(v.messages().Messages) == 0 })
	s.refused(exitFailure, "not on the wall", "", "wall", "spring", "pin", string(first))
	s.refused(exitFailure, "message list spring", "", "wall", "spring", "spotlight", "nobody")
	s.refused(exitUsage, "unknown step", "", "wall", "spring", "stop")
	s.refused(exitUsage, "needs words", "", "wall", "spring", "say")
}

// TestServe_EventsGoByTheClock: the times of events are looked at by the server.
func TestServe_EventsGoByTheClock(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "open"})
	s.done("", "event", "spring", "add", "快", "--start", time.Now().Add(-time.Hour).Format(time.RFC3339))
	v := s.serve()
	v.eventually("the start", func() bool { return v.messages().Control.State == "open" && v.messages().Control.Event.State == "live" })
	s.done("", "event", "spring", "set", "快", "--end", time.Now().Add(-time.Minute).Format(time.RFC3339))
	v.eventually("the end", func() bool { return v.messages().Control.State == "ended" })
}
