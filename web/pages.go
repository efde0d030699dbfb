package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"callbackd"
)

// IndexPage is the front page. It names no account.
type IndexPage struct {
	Lang Lang
}

func (IndexPage) template() string { return "index.html" }

// Title is what the browser's tab says.
func (p IndexPage) Title() (string, error) { return p.Lang.T("app.name") }

// ErrorPage says in both languages that something is not there or went wrong.
type ErrorPage struct {
	Lang   Lang
	Status int // HTTP status
}

func (ErrorPage) template() string { return "error.html" }

// Title is what the browser's tab says.
func (p ErrorPage) Title() (string, error) { return p.Lang.T("error.title") }

// Key is the text for the status.
func (p ErrorPage) Key() string {
	switch p.Status {
	case http.StatusBadRequest:
		return "error.wrong"
	case http.StatusForbidden:
		return "error.forbidden"
	case http.StatusNotFound:
		return "error.not_found"
	case http.StatusGone:
		return "error.gone"
	}
	return "error.server"
}

// WallPage is the public page of an account.
type WallPage struct {
	Lang     Lang
	Slug     string
	Name     string // the account's
	Rev      int64  // of the wall when Messages was read
	Messages []callbackd.PublicMessage
	JoinQR   bool // /wall/{slug}/join.svg exists
	Older    bool // the messages are not the newest: read by ?before=, not live
	Control  callbackd.PublicControl
}

func (WallPage) template() string { return "wall.html" }

// Title is what the browser's tab says.
func (p WallPage) Title() (string, error) {
	t, err := p.Lang.T("wall.title")
	return p.Heading() + " · " + t, err
}

// Heading is the title of the event, or its name, or the account's.
func (p WallPage) Heading() string {
	if e := p.Control.Event; e != nil {
		return cmp.Or(e.Title, e.Name)
	}
	return p.Name
}

// Stage is the wall's stage for the templates.
func (p WallPage) Stage() Stage { return Stage{Lang: p.Lang, PublicControl: p.Control} }

// Rows are the messages, newest first.
func (p WallPage) Rows() []Row {
	rows := make([]Row, 0, len(p.Messages))
	for _, m := range slices.Backward(p.Messages) {
		rows = append(rows, Row{Lang: p.Lang, PublicMessage: m})
	}
	return rows
}

// First is the lowest seq on the page; 0 when it is empty.
func (p WallPage) First() int64 {
	if len(p.Messages) == 0 {
		return 0
	}
	return p.Messages[0].Seq
}

// More reports whether there may be messages before those on the page: seq
// starts at 1.
func (p WallPage) More() bool { return p.First() > 1 }

// EarlierPath is the page of the messages before these.
func (p WallPage) EarlierPath() string {
	return p.path() + "?before=" + strconv.FormatInt(p.First(), 10) + "&lang=" + string(p.Lang)
}

// NewestPath is the page itself.
func (p WallPage) NewestPath() string { return p.path() + "?lang=" + string(p.Lang) }

// OtherPath is the page in the other language.
func (p WallPage) OtherPath() string { return p.path() + "?lang=" + string(p.Lang.Other()) }

// JoinPath is the picture of the join QR.
func (p WallPage) JoinPath() string { return p.path() + "/join.svg" }

// MePath is the page of a viewer's own notices, in the page's language.
func (p WallPage) MePath() string { return p.path() + "/me?lang=" + string(p.Lang) }

// ManifestPath is what makes the wall an app that can be installed.
func (p WallPage) ManifestPath() string { return manifestPath(p.Slug) }

func (p WallPage) path() string { return "/wall/" + p.Slug }

// TextsPath is the file with the texts for scripts.
func (p WallPage) TextsPath() (string, error) { return StaticPath(textsName(p.Lang, false)) }

// Blanks are rows without a message, one per look that a row can have. The
// page carries them as templates, so that scripts build rows of the same shape
// as the server.
func (p WallPage) Blanks() []Row {
	var rows []Row
	blank := func(m callbackd.PublicMessage) { rows = append(rows, Row{Lang: p.Lang, PublicMessage: m}) }
	blank(callbackd.PublicMessage{Kind: callbackd.KindText})
	blank(callbackd.PublicMessage{Kind: callbackd.KindLocation, Place: &callbackd.PublicPlace{}})
	blank(callbackd.PublicMessage{Kind: callbackd.KindLink, Link: &callbackd.PublicLink{URL: "https://"}})
	blank(callbackd.PublicMessage{Kind: callbackd.KindVoice, Media: &callbackd.PublicMedia{State: callbackd.MediaReady, Type: amr}})
	for _, kind := range []callbackd.Kind{callbackd.KindVoice, callbackd.KindVideo, callbackd.KindImage} {
		for _, state := range []callbackd.MediaState{callbackd.MediaPending, callbackd.MediaReady, callbackd.MediaFailed} {
			blank(callbackd.PublicMessage{Kind: kind, Media: &callbackd.PublicMedia{State: state}})
		}
	}
	return rows
}
