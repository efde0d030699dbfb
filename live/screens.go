package live

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/centrifugal/centrifuge"

	"callbackd"
)

// Screen is an open page of a wall, as it says of itself. It is gone with its
// connection.
type Screen struct {
	Name    string    `json:"name"`
	Width   int       `json:"width"` // of the window, in CSS pixels
	Height  int       `json:"height"`
	Rev     int64     `json:"rev"`     // of the stage that it has painted
	Seq     int64     `json:"seq"`     // of the message on top; 0: none
	Sound   bool      `json:"sound"`   // arriving voices are heard
	Visible bool      `json:"visible"` // its tab is in front
	At      time.Time `json:"at"`      // of the report
}

const (
	maxScreenName = 40 // characters
	maxScreenSide = 100_000
)

// screens are those of all walls. There is at most one for each connection.
type screens struct {
	mu      sync.Mutex // guards what follows
	of      map[*guest]hung
	changed func() // Config.ScreensChanged
}

// hung is a screen on its wall.
type hung struct {
	wall callbackd.Slug
	Screen
}

// Screens returns the open pages of a wall, by name.
func (h *Hub) Screens(wall callbackd.Slug) []Screen {
	h.screens.mu.Lock()
	defer h.screens.mu.Unlock()
	all := []Screen{}
	for _, s := range h.screens.of {
		if s.wall == wall {
			all = append(all, s.Screen)
		}
	}
	slices.SortFunc(all, func(a, b Screen) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.At.Compare(b.At)) })
	return all
}

// Pages is how many connections hear a wall.
func (h *Hub) Pages(wall callbackd.Slug) int {
	return h.node.Hub().NumSubscribers(wallPrefix + string(wall))
}

func (s *screens) put(g *guest, wall callbackd.Slug, screen Screen) {
	s.mu.Lock()
	if !g.left {
		s.of[g] = hung{wall, screen}
	}
	s.mu.Unlock()
	s.tell()
}

// leave is drop at the end of a connection: what it said and nobody has heard yet
// comes too late.
func (s *screens) leave(g *guest) {
	s.mu.Lock()
	g.left = true
	s.mu.Unlock()
	s.drop(g)
}

func (s *screens) drop(g *guest) {
	s.mu.Lock()
	_, was := s.of[g]
	delete(s.of, g)
	s.mu.Unlock()
	if was {
		s.tell()
	}
}

func (s *screens) tell() {
	if s.changed != nil {
		s.changed()
	}
}

// reported takes what a page says of itself: any that has the wall open may.
func (h *Hub) reported(g *guest, e centrifuge.RPCEvent) error {
	var in struct {
		Wall callbackd.Slug `json:"wall"`
		Screen
	}
	if len(e.Data) > maxCallData || json.Unmarshal(e.Data, &in) != nil {
		return centrifuge.ErrorBadRequest
	}
	s := in.Screen
	s.Name, s.At = screenName(s.Name), time.Now()
	sides := s.Width >= 0 && s.Width <= maxScreenSide && s.Height >= 0 && s.Height <= maxScreenSide
	if !in.Wall.Valid() || s.Name == "" || !sides || s.Rev < 0 || s.Seq < 0 {
		return centrifuge.ErrorBadRequest
	}
	if !g.client.IsSubscribed(wallPrefix + string(in.Wall)) {
		return centrifuge.ErrorPermissionDenied
	}
	h.screens.put(g, in.Wall, s)
	return nil
}

// screenName keeps of a name what can be read aloud.
func screenName(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if utf8.RuneCountInString(s) > maxScreenName {
		s = string([]rune(s)[:maxScreenName])
	}
	return s
}
