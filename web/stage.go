package web

import (
	"encoding/json"
	"strings"
	"time"

	"callbackd"
)

// Stage is a wall's stage as a template shows it.
type Stage struct {
	Lang Lang
	callbackd.PublicControl
}

// JSON is the stage for scripts, as feeds carry it.
func (s Stage) JSON() (string, error) {
	b, err := json.Marshal(s.PublicControl)
	return string(b), err
}

// Closed reports whether a card stands in the place of messages.
func (s Stage) Closed() bool { return s.Card != nil }

// CardKind is still, draft or closing.
func (s Stage) CardKind() string {
	if s.Card == nil {
		return "still"
	}
	return s.Card.Kind
}

// CardTitle is what the card says: the event's words, else ours.
// texts: card.still.title card.draft.title card.closing.title
func (s Stage) CardTitle() (string, error) {
	if s.Card != nil && s.Card.Title != "" {
		return s.Card.Title, nil
	}
	return s.Lang.T("card." + s.CardKind() + ".title")
}

// CardText is the card's second line.
// texts: card.still.text card.draft.text card.closing.text
func (s Stage) CardText() (string, error) {
	if s.Card != nil && (s.Card.Text != "" || s.Card.Title != "") {
		return s.Card.Text, nil
	}
	return s.Lang.T("card." + s.CardKind() + ".text")
}

// StartsAt is when the event starts by itself, as RFC 3339; empty: nobody knows yet.
func (s Stage) StartsAt() string {
	if s.Event == nil || s.CardKind() != "draft" {
		return ""
	}
	return s.Event.StartsAt
}

// StartsClock is StartsAt for reading; scripts put the reader's own zone in its place.
func (s Stage) StartsClock() string {
	t, err := time.Parse(time.RFC3339, s.StartsAt())
	if err != nil {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

// Pinned are the rows that are pinned, in their order.
func (s Stage) Pinned() []Row {
	var rows []Row
	for _, id := range s.Pins {
		rows = append(rows, s.rows(id)...)
	}
	return rows
}

// Lit is the row in the spotlight; none without one.
func (s Stage) Lit() []Row { return s.rows(s.Spotlight) }

func (s Stage) rows(id callbackd.PublicID) []Row {
	for _, m := range s.Messages {
		if m.ID == id {
			return []Row{{Lang: s.Lang, PublicMessage: *m}}
		}
	}
	return nil
}

// Logo is the path of the event's logo; empty: it has none.
func (s Stage) Logo() string { return s.event().Logo }

// Style is the path of the event's colours; empty: it has none.
func (s Stage) Style() string { return s.event().Style }

func (s Stage) event() callbackd.PublicEvent {
	if s.Event == nil {
		return callbackd.PublicEvent{}
	}
	return *s.Event
}

// FooterText are the words of the footer.
func (s Stage) FooterText() string { return s.footer().Text }

// ICP is the number of the site's filing.
func (s Stage) ICP() string { return s.footer().ICP }

// FooterLink is where the ICP number leads to. static/js/stage.js has the same rule.
func (s Stage) FooterLink() string {
	link := s.footer().Link
	if strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		return link
	}
	return "https://beian.miit.gov.cn/"
}

func (s Stage) footer() callbackd.Footer {
	if f := s.event().Footer; f != nil {
		return *f
	}
	return callbackd.Footer{}
}
