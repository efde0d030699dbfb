package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"callbackd"
)

// Row is one message as a template shows it.
type Row struct {
	Lang Lang
	callbackd.PublicMessage
}

// Clock is when it was said, as HH:MM in the zone of sent_at; scripts put the
// reader's own zone in its place. Empty where the time does not parse.
func (r Row) Clock() string {
	t, err := time.Parse(time.RFC3339, r.SentAt)
	if err != nil {
		return ""
	}
	return t.Format("15:04")
}

// Size is the class of the words by their length: xs up to 12 characters, s up
// to 24, m up to 40, l beyond. static/js/row.js has the same rule.
func (r Row) Size() string {
	switch n := utf8.RuneCountInString(r.Text); {
	case n <= 12:
		return "xs"
	case n <= 24:
		return "s"
	case n <= 40:
		return "m"
	}
	return "l"
}

// amr is the type of a voice that no browser plays by itself.
const amr = "audio/amr"

// Look names the shape of the row: its kind, and the state of its file where
// it has one; voice-amr is a ready voice that needs our decoder, or without
// scripts a download. static/js/row.js has the same rule.
func (r Row) Look() string {
	switch {
	case r.Kind == callbackd.KindVoice && r.Media != nil && r.Media.State == callbackd.MediaReady && r.Media.Type == amr:
		return "voice-amr"
	case r.Media != nil:
		return string(r.Kind) + "-" + string(r.Media.State)
	case r.Kind.HasMedia():
		return string(r.Kind) + "-" + string(callbackd.MediaPending) // not let through yet
	}
	return string(r.Kind)
}

// Is reports whether the row looks like this.
func (r Row) Is(look string) bool { return r.Look() == look }

// Seconds is the length of a voice or video, rounded, at least 1.
func (r Row) Seconds() int64 {
	if r.Media == nil || r.Media.DurationMS <= 0 {
		return 0
	}
	return max(1, (r.Media.DurationMS+500)/1000)
}

// Wave is the waveform as numbers with commas, for scripts.
func (r Row) Wave() string {
	if r.Media == nil {
		return ""
	}
	var b strings.Builder
	for i, h := range r.Media.Waveform {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(h))
	}
	return b.String()
}

// Still is the small picture of an image where there is one, else the image.
func (r Row) Still() string {
	if r.Media == nil {
		return ""
	}
	if r.Media.Thumb != "" {
		return r.Media.Thumb
	}
	return r.Media.URL
}

// Alt says what the picture is to who does not see it.
func (r Row) Alt() (string, error) {
	t, err := r.Lang.T("image.alt")
	return strings.ReplaceAll(t, "{name}", r.Sender.Name), err
}

// Href is the address of a shared article; empty unless it is http or https.
func (r Row) Href() string {
	if r.Link == nil {
		return ""
	}
	u, err := url.Parse(r.Link.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}
