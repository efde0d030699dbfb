// Package wall is the gate between what is stored and every public place: the
// page, feeds, live channels, media files. View is the one function over one
// state through which a message becomes public; nothing else makes a
// callbackd.PublicMessage. The default is to hold.
//
// The package also reads a wall as feeds want it (feed.go), publishes changes
// after their commit (publish.go), and draws names and faces for people who are
// not known (name.go, face.go). It stores nothing itself.
package wall

import (
	"net/url"
	"strings"
	"time"
	"unicode"

	"callbackd"
	"callbackd/store"
)

// View is the gate: the message as the public may see it now, and whether it
// may be seen at all. Only shown messages of the event that the wall shows pass,
// while the wall is open, and after what was cleared. Of a message that arrived
// in open moderation everything passes; of any other only the name, picture and
// file that a moderator's decision covered.
func View(row store.Row) (callbackd.PublicMessage, bool) {
	if !Lets(row.Stage, row.Message) {
		return callbackd.PublicMessage{}, false
	}
	m := describe(row)
	m.Sender = publicSender(row)
	m.Media = publicMedia(row)
	return m, true
}

// Lets is the first question of the gate: whether a wall shows a message at all.
func Lets(s callbackd.Stage, m callbackd.Message) bool {
	return m.State == callbackd.StateShown && s.Shows(m)
}

// OperatorView is the message for the account's own people: everything that is
// known, where it stands, and what of it waits for a decision.
func OperatorView(row store.Row) callbackd.PublicMessage {
	open := row
	open.Message.Moderation = callbackd.ModerationOpen // as if everything had passed
	open.Sender.RefusedName = ""
	if row.Media != nil {
		media := *row.Media
		media.Passed = true
		open.Media = &media
	}
	m := describe(open)
	m.Sender = publicSender(open)
	m.Media = publicMedia(open)
	m.State = row.Message.State
	m.Waiting = waiting(row)
	return m
}

// waiting names what a shown message has that the public does not see yet.
func waiting(row store.Row) []string {
	if row.Message.State != callbackd.StateShown || row.Message.Moderation == callbackd.ModerationOpen {
		return nil
	}
	var w []string
	if row.Media != nil && row.Media.State == callbackd.MediaReady && !row.Media.Passed {
		w = append(w, "media")
	}
	if own := row.OwnName(); own != "" && own != row.Sender.PassedName && own != row.Sender.RefusedName {
		w = append(w, "name")
	}
	if row.Person != nil && row.Person.Avatar != "" && row.Person.Avatar != row.Sender.PassedAvatar {
		w = append(w, "avatar")
	}
	return w
}

// describe copies what the sender wrote. It decides nothing.
func describe(row store.Row) callbackd.PublicMessage {
	m := callbackd.PublicMessage{ID: row.Message.PublicID, Seq: row.Message.Seq, Kind: row.Message.Kind, Text: row.Message.Text,
		SentAt: row.Message.SentAt.UTC().Format(time.RFC3339), Host: row.Message.Host}
	if c := row.Message.Caption; c != nil && row.Message.Kind == callbackd.KindVoice {
		m.Text = *c // what a moderator wrote stands in the place of the recognised words
	}
	if p := row.Message.Place; p != nil {
		m.Place = &callbackd.PublicPlace{Label: p.Label} // coordinates do not leave
	}
	if l := row.Message.Link; l != nil {
		m.Link = publicLink(*l)
	}
	return m
}

// publicLink keeps an address only where it is plain http or https.
func publicLink(l callbackd.Link) *callbackd.PublicLink {
	out := &callbackd.PublicLink{Title: l.Title}
	u, err := url.Parse(strings.TrimSpace(l.URL))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return out
	}
	out.Host, out.URL = u.Hostname(), u.String()
	return out
}

// face is the name and picture of a sender that may be seen on this message;
// empty where only the pseudonym and the drawn avatar may.
func face(row store.Row) (name string, avatar callbackd.PublicID) {
	if row.Message.Moderation != callbackd.ModerationOpen || row.Message.Host {
		return row.Sender.PassedName, row.Sender.PassedAvatar
	}
	if name = row.OwnName(); name == row.Sender.RefusedName {
		name = "" // it poses as somebody else
	}
	if row.Person != nil {
		avatar = row.Person.Avatar
	}
	return name, avatar
}

func publicSender(row store.Row) callbackd.PublicSender {
	name, avatar := face(row)
	out := callbackd.PublicSender{ID: row.Sender.PublicID, Name: name, Resolved: true}
	if !visible(name) {
		out.Name, out.Resolved = Pseudonym(row.Sender.AvatarSeed), false
	}
	if avatar == "" {
		avatar = row.Sender.AvatarID
	}
	out.Avatar = AvatarPath(avatar)
	return out
}

// PublicName is what the public may call a follower in an account's present
// moderation: a name that nobody has looked at only where everything passes. It
// is never empty.
func PublicName(face store.Face, m callbackd.Moderation) string {
	return publicSender(store.Row{Message: callbackd.Message{Moderation: m}, Sender: face.Sender, Person: face.Person}).Name
}

// visible reports whether a name has anything to see: spaces, marks without a
// letter, letters that are drawn as nothing and what only steers text have not.
func visible(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsPrint(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && !strings.ContainsRune("\u115f\u1160\u2800\u3164\uffa0", r)
	})
}

// AvatarPath is the address of a picture, drawn or copied.
func AvatarPath(id callbackd.PublicID) string { return "/avatar/" + string(id) }

// MediaPath is the address of a media file.
func MediaPath(id callbackd.PublicID) string { return "/media/" + string(id) }

// publicMedia is the file as it may be played: pending until it is ready and
// has passed.
func publicMedia(row store.Row) *callbackd.PublicMedia {
	md := row.Media
	if md == nil {
		return nil
	}
	if md.State == callbackd.MediaFailed {
		return &callbackd.PublicMedia{State: callbackd.MediaFailed}
	}
	if md.State != callbackd.MediaReady || !md.Passed || md.Main == nil {
		return &callbackd.PublicMedia{State: callbackd.MediaPending}
	}
	out := &callbackd.PublicMedia{State: callbackd.MediaReady, URL: MediaPath(md.Main.ID), Type: md.Main.Type,
		DurationMS: md.Duration.Milliseconds(), Width: md.Width, Height: md.Height}
	if md.Poster != nil {
		out.Poster = MediaPath(md.Poster.ID)
	}
	if md.Thumb != nil {
		out.Thumb = MediaPath(md.Thumb.ID)
	}
	for _, h := range md.Waveform {
		out.Waveform = append(out.Waveform, int(h))
	}
	return out
}

// MayServeFile asks the gate for a media file of a message: 404 for what it
// holds, 410 for what was taken down.
func MayServeFile(row store.Row, id callbackd.PublicID) (*callbackd.Variant, error) {
	if s := row.Message.State; s == callbackd.StateRemoved || s == callbackd.StateErased {
		return nil, callbackd.ErrGone
	}
	m, ok := View(row)
	if !ok || m.Media == nil || m.Media.State != callbackd.MediaReady {
		return nil, callbackd.ErrNotFound
	}
	for _, v := range []*callbackd.Variant{row.Media.Main, row.Media.Poster, row.Media.Thumb} {
		if v != nil && v.ID == id {
			return v, nil
		}
	}
	return nil, callbackd.ErrNotFound
}

// MayServeAvatar asks the gate for a picture of a sender: it is public while a
// shown message of the sender carries it.
func MayServeAvatar(shown []store.Row, id callbackd.PublicID) bool {
	for _, row := range shown {
		if m, ok := View(row); ok && m.Sender.Avatar == AvatarPath(id) {
			return true
		}
	}
	return false
}
