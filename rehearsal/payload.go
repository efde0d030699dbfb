package rehearsal

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// Payload is a push's plaintext with what a receiver should make of it.
type Payload struct {
	XML       []byte // root <xml>, as laid out in wechat-protocol 12
	Number    callbackd.FakeID
	OpenID    callbackd.OpenID
	CreatedAt time.Time
	MsgID     uint64  // 0 for events
	Type      MsgType // "" for events
	Event     string  // "" for messages
}

// Payload renders the push of a record.
func (a *Account) Payload(r Record) Payload {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	kind := r.Type
	if kind == TypeUnsupported {
		kind = TypeText
	}
	x := a.openXML(a.Config.OriginalID, r.OpenID, r.CreatedAt, string(kind))
	id := func() { x.number("MsgId", strconv.FormatUint(r.MsgID, 10)) }
	idFirst := a.Config.Push.MsgIDs == MsgIDOld && r.Type == TypeImage // seen in 2013
	switch r.Type {
	case TypeText, TypeUnsupported:
		x.text("Content", r.Content)
	case TypeImage:
		x.text("PicUrl", r.PicURL)
		if idFirst {
			id()
		}
		x.text("MediaId", r.MediaID)
	case TypeVoice:
		x.text("MediaId", r.MediaID)
		x.text("Format", "amr")
		if r.MediaID16K != "" {
			x.text("MediaId16K", r.MediaID16K)
		}
	case TypeVideo, TypeShortVideo:
		x.text("MediaId", r.MediaID)
		x.text("ThumbMediaId", r.ThumbMediaID)
	case TypeLocation:
		x.place(r.Place)
	case TypeLink:
		x.link(r.Link)
	}
	if !idFirst {
		id()
	}
	if r.Recognized {
		x.text("Recognition", r.Recognition)
	}
	x.raw(r.Extra)
	return Payload{XML: x.close(), Number: r.Number, OpenID: r.OpenID, CreatedAt: r.CreatedAt, MsgID: r.MsgID, Type: r.Type}
}

// pushXML writes a push: text in CDATA, numbers bare, a line break after each
// element, none after the root. It escapes nothing that the platform does not.
type pushXML struct{ b bytes.Buffer }

func (a *Account) openXML(to string, from callbackd.OpenID, created time.Time, kind string) *pushXML {
	x := &pushXML{}
	x.b.WriteString("<xml>")
	x.text("ToUserName", to)
	x.text("FromUserName", string(from))
	x.number("CreateTime", strconv.FormatInt(created.Unix(), 10))
	x.text("MsgType", kind)
	return x
}

// text writes an element with CDATA; "]]>" is split over two sections.
// Control characters go out raw, as the platform sends them.
func (x *pushXML) text(name, value string) {
	value = strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>")
	fmt.Fprintf(&x.b, "<%s><![CDATA[%s]]></%s>\n", name, value, name)
}

func (x *pushXML) number(name, value string) {
	fmt.Fprintf(&x.b, "<%s>%s</%s>\n", name, value, name)
}

func (x *pushXML) raw(elements string) { x.b.WriteString(elements) }

func (x *pushXML) place(p *callbackd.Place) {
	if p == nil {
		p = &callbackd.Place{}
	}
	x.number("Location_X", strconv.FormatFloat(p.Lat, 'f', 6, 64))
	x.number("Location_Y", strconv.FormatFloat(p.Lon, 'f', 6, 64))
	x.number("Scale", "16")
	x.text("Label", p.Label)
}

func (x *pushXML) link(l *callbackd.Link) {
	if l == nil {
		l = &callbackd.Link{}
	}
	x.text("Title", l.Title)
	x.text("Description", l.Description)
	x.text("Url", l.URL)
}

func (x *pushXML) close() []byte {
	x.b.WriteString("</xml>")
	return x.b.Bytes()
}
