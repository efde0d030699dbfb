package wechat

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"callbackd"
)

// endOfTime is the first unix second that RFC 3339 cannot write: year 10000.
const endOfTime = 253402300800

var errFields = errors.New("FromUserName or MsgType is missing")

// field is one of the elements that we need; all others are passed over.
type field int

const (
	fToUser field = iota
	fFrom
	fCreateTime
	fMsgType
	fMsgID
	fEvent
	fEventKey
	fTicket
	fContent
	fRecognition
	fPicURL
	fMediaID
	fMediaID16K
	fThumbMediaID
	fFormat
	fLat
	fLon
	fLabel
	fTitle
	fDescription
	fURL
	fEncrypt
	fieldCount
	noField field = -1
)

// fields are the texts of a document's elements; absent ones are empty.
type fields [fieldCount]string

// set is a set of fields.
type set uint32

func only(f field) set { return 1 << f }

// inside is what a push may say; a ciphertext inside a push is nothing.
const inside = set(1)<<fieldCount - 1 - set(1)<<fEncrypt

// fieldOf finds the field of an element. Names are the platform's to the
// letter: MsgID (of jobs) is not MsgId (of messages).
func fieldOf(name []byte) field {
	switch string(name) {
	case "ToUserName":
		return fToUser
	case "FromUserName":
		return fFrom
	case "CreateTime":
		return fCreateTime
	case "MsgType":
		return fMsgType
	case "MsgId":
		return fMsgID
	case "Event":
		return fEvent
	case "EventKey":
		return fEventKey
	case "Ticket":
		return fTicket
	case "Content":
		return fContent
	case "Recognition":
		return fRecognition
	case "PicUrl":
		return fPicURL
	case "MediaId":
		return fMediaID
	case "MediaId16K":
		return fMediaID16K
	case "ThumbMediaId":
		return fThumbMediaID
	case "Format":
		return fFormat
	case "Location_X":
		return fLat
	case "Location_Y":
		return fLon
	case "Label":
		return fLabel
	case "Title":
		return fTitle
	case "Description":
		return fDescription
	case "Url":
		return fURL
	case "Encrypt":
		return fEncrypt
	}
	return noField
}

// readFields reads the wanted children of the root. The first of several with
// one name counts: an element that got in behind it cannot replace it. What
// was read before an error is returned with it.
func readFields(doc []byte, want set) (fields, error) {
	var f fields
	var seen set
	err := scan(doc, func(name, text []byte) {
		i := fieldOf(name)
		if i == noField || want&only(i) == 0 || seen&only(i) != 0 {
			return
		}
		seen |= only(i)
		f[i] = clean(text)
		if !written(i) {
			f[i] = strings.TrimSpace(f[i])
		}
	})
	return f, err
}

// written reports whether a person wrote the field; its spaces then stay.
func written(f field) bool {
	return f == fContent || f == fRecognition || f == fLabel || f == fTitle || f == fDescription
}

// read fills the push from Raw. Only a document that cannot be walked to its
// end, or that does not say who sent what kind of thing, is an error.
func (p *Push) read() error {
	f, err := readFields(p.Raw, inside)
	p.ToUser = f[fToUser]
	p.From = callbackd.OpenID(f[fFrom])
	p.created = seconds(f[fCreateTime])
	p.CreateTime = p.created
	p.MsgType = f[fMsgType]
	p.MsgID = id(f[fMsgID])
	p.Event, p.EventKey, p.Ticket = f[fEvent], f[fEventKey], f[fTicket]
	p.Content, p.Recognition = f[fContent], f[fRecognition]
	p.PicURL, p.MediaID, p.MediaID16K = f[fPicURL], f[fMediaID], f[fMediaID16K]
	p.ThumbMediaID, p.Format = f[fThumbMediaID], f[fFormat]
	switch p.MsgType {
	case "location":
		p.Place = &callbackd.Place{Label: f[fLabel], Lat: degrees(f[fLat], 90), Lon: degrees(f[fLon], 180)}
	case "link":
		p.Link = &callbackd.Link{Title: f[fTitle], Description: f[fDescription], URL: f[fURL]}
	}
	if err == nil && (p.From == "" || p.MsgType == "") {
		err = errFields
	}
	return err
}

// id reads a MsgId; what is none is 0. ParseUint would give the largest number
// for one that is too large, and so one id to all of them.
func id(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// seconds reads a CreateTime; a fraction is cut, what is no number is 0.
func seconds(s string) int64 {
	whole, _, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// degrees reads a coordinate; what is none is 0.
func degrees(s string, limit float64) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > limit {
		return 0
	}
	return v
}
