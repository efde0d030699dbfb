package wall_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/wall"
)

// channels stand for the live channels: what was sent to each wall.
type channels struct {
	s    *stage
	sent chan string
	mu   sync.Mutex // guards what follows
	down map[callbackd.Slug]error
	last map[callbackd.Slug]int64
	raw  []string
	logs bytes.Buffer
}

func (c *channels) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.logs.Write(p)
}

// fail makes a wall's channel fail; nil: work again.
func (c *channels) fail(slug callbackd.Slug, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down[slug] = err
}

func (c *channels) publish(slug callbackd.Slug, change callbackd.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.down[slug]; err != nil {
		return err
	}
	if change.Rev <= c.last[slug] {
		c.s.Errorf("rev %d of %s after %d", change.Rev, slug, c.last[slug])
	}
	c.last[slug] = change.Rev
	b, err := json.Marshal(change)
	if err != nil {
		return err
	}
	c.raw = append(c.raw, string(b))
	c.sent <- string(slug) + " " + steps([]callbackd.Change{change})
	return nil
}

// publishing starts a publisher; it ends with the test.
func publishing(s *stage) *channels {
	c := &channels{s: s, sent: make(chan string, 1000), down: map[callbackd.Slug]error{}, last: map[callbackd.Slug]int64{}}
	run(s, wall.PublishTo(s.db, time.Millisecond, slog.New(slog.NewTextHandler(c, nil)), c.publish).Run)
	return c
}

func run(s *stage, part func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	s.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.Error(err)
		}
	})
}

func (c *channels) want(want ...string) {
	c.s.Helper()
	for _, w := range want {
		select {
		case got := <-c.sent:
			if got != w {
				c.s.Fatalf("sent %q, want %q", got, w)
			}
		case <-time.After(patience):
			c.s.Fatalf("waited for %q", w)
		}
	}
}

func TestPublisher_SendsEveryStepInOrderOfRev(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	c := publishing(s)
	one := s.say(a, "oA", "one")
	c.want("gala 1 show one")
	s.say(a, "oB", "two")
	c.want("gala 2 show two")
	s.name(a, "oA", "小明")
	c.want("gala 3 update one")
	s.decide(a, callbackd.DecisionRemove, one)
	c.want("gala 4 remove -")
	s.decide(a, callbackd.DecisionApprove, one)
	c.want("gala 5 show one")
}

// TestPublisher_ManyAtOnceComeInOrder: publish checks the order of each.
func TestPublisher_ManyAtOnceComeInOrder(t *testing.T) {
	s := newStage(t)
	walls := []*callbackd.Account{s.account("gala", callbackd.ModerationOpen), s.account("other", callbackd.ModerationOpen)}
	const n = 450 // more than two pages of changes
	for i := range n {
		s.say(walls[0], "oA", fmt.Sprint(i))
	}
	s.say(walls[1], "oB", "x")
	c := publishing(s) // begins at rev 0: everything is new to it
	for i := range n {
		c.want(fmt.Sprintf("gala %d show %d", i+1, i))
	}
	c.want("other 1 show x")
}

func TestPublisher_ARemovalCarriesTheIDAlone(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	id := s.say(a, "oA", "schlimm")
	c := publishing(s)
	c.want("gala 1 show schlimm")
	s.decide(a, callbackd.DecisionRemove, id)
	c.want("gala 2 remove -")
	if got, want := c.raw[1], `{"rev":2,"op":"remove","id":"`+string(id)+`"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPublisher_WhatWaitsIsNotSent(t *testing.T) {
	s := newStage(t)
	held, open := s.account("held", callbackd.ModerationHold), s.account("open", callbackd.ModerationOpen)
	c := publishing(s)
	id := s.say(held, "oA", "noch nicht")
	s.decide(held, callbackd.DecisionRefuse, id)
	s.say(open, "oA", "gleich")
	c.want("open 1 show gleich")
	s.decide(held, callbackd.DecisionApprove, id)
	c.want("held 1 show noch nicht")
}

func TestPublisher_SeesWhatAnotherProcessChanges(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationHold)
	id := s.say(a, "oA", "one")
	run(s, s.db.Watch)
	c := publishing(s)
	beside := s.again() // a shell command on the same file
	s.must(beside.Moderate(ctx, a.ID, id, callbackd.DecisionApprove, "shell"))
	c.want("gala 1 show one")
	s.must(beside.Moderate(ctx, a.ID, id, callbackd.DecisionRemove, "shell"))
	c.want("gala 2 remove -")
}

func TestPublisher_TriesAgainAndHoldsUpNoOtherWall(t *testing.T) {
	s := newStage(t)
	broken, fine := s.account("broken", callbackd.ModerationOpen), s.account("fine", callbackd.ModerationOpen)
	c := publishing(s)
	c.fail("broken", errors.New("no hub"))
	s.say(broken, "oA", "one")
	s.say(broken, "oA", "two")
	s.say(fine, "oB", "here")
	c.want("fine 1 show here")
	c.fail("broken", nil)
	c.want("broken 1 show one", "broken 2 show two")
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.Contains(c.logs.String(), "publishing changes failed") {
		t.Error("nobody was told")
	}
}

// TestPublisher_BeginsWhereTheWallsAre: what was there before the start is in
// the feeds and is not sent again.
func TestPublisher_BeginsWhereTheWallsAre(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	s.say(a, "oA", "old")
	hub, viewer := liveHub(s)
	p, err := wall.NewPublisher(ctx, s.db, hub, slog.New(slog.DiscardHandler))
	s.must(err)
	run(s, p.Run)
	s.say(a, "oA", "new")
	if got := viewer(); !strings.Contains(got, `"rev":2,"op":"show"`) || !strings.Contains(got, "new") {
		t.Errorf("%s", got)
	}
}
