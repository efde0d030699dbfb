package store

import (
	"database/sql"
	"time"

	"callbackd"
)

// Row is a message with everything that a view of it needs. Only package wall
// turns one into something public.
type Row struct {
	Message callbackd.Message
	Sender  callbackd.Sender
	Person  *callbackd.Person // nil: not known
	Media   *callbackd.Media  // nil: the kind has none
	Stage   callbackd.Stage   // of the message's wall: what decides whether it shows the message
}

// OwnName is the name that the sender has now (callbackd.Sender.OwnName).
func (r Row) OwnName() string { return r.Sender.OwnName(r.Person) }

// sqlOwnName is the same of a sender s with the person p, who may be none.
const sqlOwnName = `CASE WHEN s.chosen_name <> '' THEN s.chosen_name ELSE COALESCE(p.nickname, '') END`

// sqlRows reads Rows; a WHERE clause follows.
const sqlRows = `SELECT m.id, m.public_id, m.account_id, m.kind, m.text, m.sent_at, m.msg_id, m.state, m.moderation, m.reason AS held_reason,
	COALESCE(m.seq, 0) AS seq, COALESCE(m.rev, 0) AS rev, COALESCE(m.shown_rev, 0) AS shown_rev,
	m.place_label, m.place_lat, m.place_lon, m.link_title, m.link_description, m.link_url, m.received_at, m.web, m.event_id, m.host, m.queued_at, m.turn, m.caption,
	w.event_id AS wall_event, w.event_state AS wall_event_state, w.stage AS wall_stage, w.cleared_seq AS wall_cleared,
	s.id AS sender_id, s.open_id, s.public_id AS sender_public_id, s.avatar_id, s.avatar_seed, s.approved AS sender_approved,
	s.removed AS sender_removed, s.following, s.chosen_name, s.passed_name, s.passed_avatar, s.trusted, s.blocked, s.refused_name, s.refused_why,
	p.id AS person_id, p.fake_id, p.nickname, p.gender, p.country, p.province, p.city, p.signature, p.avatar, p.read_at,
	md.id AS media_id, md.state AS media_state, md.reason, md.passed, md.ready_at, md.wechat_id, md.highres_id, md.thumb_id, md.pic_url,
	md.format, md.source, md.duration_ms, md.width, md.height, md.waveform,
	f1.id AS main_id, f1.blob AS main_blob, f1.type AS main_type, f1.size AS main_size,
	f2.id AS poster_id, f2.blob AS poster_blob, f2.type AS poster_type, f2.size AS poster_size,
	f3.id AS thumb_file_id, f3.blob AS thumb_blob, f3.type AS thumb_type, f3.size AS thumb_size
	FROM messages m JOIN senders s ON s.id = m.sender_id JOIN walls w ON w.account_id = m.account_id
	LEFT JOIN persons p ON p.id = s.person_id
	LEFT JOIN media md ON md.message_id = m.id
	LEFT JOIN media_files f1 ON f1.media_id = md.id AND f1.variant = 'main'
	LEFT JOIN media_files f2 ON f2.media_id = md.id AND f2.variant = 'poster'
	LEFT JOIN media_files f3 ON f3.media_id = md.id AND f3.variant = 'thumb' `

type flatRow struct {
	ID              int64              `db:"id"`
	PublicID        callbackd.PublicID `db:"public_id"`
	AccountID       int64              `db:"account_id"`
	Kind            callbackd.Kind
	Text            string
	SentAt          int64 `db:"sent_at"`
	MsgID           int64 `db:"msg_id"`
	State           callbackd.State
	Moderation      callbackd.Moderation
	HeldReason      callbackd.HeldReason `db:"held_reason"`
	Seq, Rev        int64
	ShownRev        int64   `db:"shown_rev"`
	PlaceLabel      string  `db:"place_label"`
	PlaceLat        float64 `db:"place_lat"`
	PlaceLon        float64 `db:"place_lon"`
	LinkTitle       string  `db:"link_title"`
	LinkDescription string  `db:"link_description"`
	LinkURL         string  `db:"link_url"`
	ReceivedAt      int64   `db:"received_at"`
	Web             bool
	EventID         callbackd.EventID `db:"event_id"`
	Host            bool
	QueuedAt        int64 `db:"queued_at"`
	Turn            int64
	Caption         *string

	flatWall
	flatSender
	flatPerson
	flatMedia
}

// flatWall is what the gate asks of the wall for each message.
type flatWall struct {
	WallEvent      callbackd.EventID    `db:"wall_event"`
	WallEventState callbackd.EventState `db:"wall_event_state"`
	WallStage      callbackd.StageState `db:"wall_stage"`
	WallCleared    int64                `db:"wall_cleared"`
}

func (f flatWall) stage() callbackd.Stage {
	return callbackd.Stage{Event: f.WallEvent, EventState: f.WallEventState, State: f.WallStage, Cleared: f.WallCleared}
}

type flatSender struct {
	SenderID       int64              `db:"sender_id"`
	OpenID         callbackd.OpenID   `db:"open_id"`
	SenderPublicID callbackd.PublicID `db:"sender_public_id"`
	AvatarID       callbackd.PublicID `db:"avatar_id"`
	AvatarSeed     int64              `db:"avatar_seed"`
	Approved       int                `db:"sender_approved"`
	Removed        int                `db:"sender_removed"`
	Following      bool
	ChosenName     string             `db:"chosen_name"`
	PassedName     string             `db:"passed_name"`
	PassedAvatar   callbackd.PublicID `db:"passed_avatar"`
	Trusted        bool
	Blocked        bool
	RefusedName    string `db:"refused_name"`
	RefusedWhy     string `db:"refused_why"`
}

type flatPerson struct {
	PersonID  sql.NullInt64  `db:"person_id"`
	FakeID    sql.NullString `db:"fake_id"`
	Nickname  sql.NullString
	Gender    sql.NullInt64
	Country   sql.NullString
	Province  sql.NullString
	City      sql.NullString
	Signature sql.NullString
	Avatar    sql.NullString
	ReadAt    sql.NullInt64 `db:"read_at"`
}

type flatMedia struct {
	MediaID    sql.NullInt64  `db:"media_id"`
	MediaState sql.NullString `db:"media_state"`
	Reason     sql.NullString
	Passed     sql.NullBool
	ReadyAt    sql.NullInt64  `db:"ready_at"`
	WeChatID   sql.NullString `db:"wechat_id"`
	HighResID  sql.NullString `db:"highres_id"`
	ThumbID    sql.NullString `db:"thumb_id"`
	PicURL     sql.NullString `db:"pic_url"`
	Format     sql.NullString
	Source     sql.NullString
	DurationMS sql.NullInt64 `db:"duration_ms"`
	Width      sql.NullInt64
	Height     sql.NullInt64
	Waveform   []byte

	MainID      sql.NullString `db:"main_id"`
	MainBlob    sql.NullString `db:"main_blob"`
	MainType    sql.NullString `db:"main_type"`
	MainSize    sql.NullInt64  `db:"main_size"`
	PosterID    sql.NullString `db:"poster_id"`
	PosterBlob  sql.NullString `db:"poster_blob"`
	PosterType  sql.NullString `db:"poster_type"`
	PosterSize  sql.NullInt64  `db:"poster_size"`
	ThumbFileID sql.NullString `db:"thumb_file_id"`
	ThumbBlob   sql.NullString `db:"thumb_blob"`
	ThumbType   sql.NullString `db:"thumb_type"`
	ThumbSize   sql.NullInt64  `db:"thumb_size"`
}

func (f *flatRow) row() Row {
	account := callbackd.AccountID(f.AccountID)
	r := Row{Message: callbackd.Message{
		ID: callbackd.MessageID(f.ID), PublicID: f.PublicID, Account: account, Sender: callbackd.SenderID(f.SenderID),
		Kind: f.Kind, Text: f.Text, SentAt: fromMS(f.SentAt), MsgID: uint64(f.MsgID), State: f.State, Moderation: f.Moderation, Reason: f.HeldReason,
		Seq: f.Seq, Rev: f.Rev, ShownRev: f.ShownRev, ReceivedAt: fromMS(f.ReceivedAt), Web: f.Web,
		Event: f.EventID, Host: f.Host, QueuedAt: fromMS(f.QueuedAt), Turn: f.Turn, Caption: f.Caption},
		Stage: f.flatWall.stage()}
	switch f.Kind {
	case callbackd.KindLocation:
		r.Message.Place = &callbackd.Place{Label: f.PlaceLabel, Lat: f.PlaceLat, Lon: f.PlaceLon}
	case callbackd.KindLink:
		r.Message.Link = &callbackd.Link{Title: f.LinkTitle, Description: f.LinkDescription, URL: f.LinkURL}
	}
	r.Sender = f.flatSender.sender(account, f.flatPerson)
	r.Person = f.flatPerson.person(account, f.OpenID)
	if f.MediaID.Valid {
		r.Media = f.media(account)
	}
	return r
}

func (f flatSender) sender(account callbackd.AccountID, p flatPerson) callbackd.Sender {
	return callbackd.Sender{ID: callbackd.SenderID(f.SenderID), Account: account, OpenID: f.OpenID, PublicID: f.SenderPublicID,
		AvatarID: f.AvatarID, AvatarSeed: f.AvatarSeed, Person: callbackd.PersonID(p.PersonID.Int64), Approved: f.Approved,
		Removed: f.Removed, Following: f.Following, ChosenName: f.ChosenName, PassedName: f.PassedName, PassedAvatar: f.PassedAvatar,
		Trusted: f.Trusted, Blocked: f.Blocked, RefusedName: f.RefusedName, RefusedWhy: f.RefusedWhy}
}

// person returns nil where the sender's person is not known.
func (f flatPerson) person(account callbackd.AccountID, openID callbackd.OpenID) *callbackd.Person {
	if !f.PersonID.Valid {
		return nil
	}
	return &callbackd.Person{ID: callbackd.PersonID(f.PersonID.Int64), Account: account,
		FakeID: callbackd.FakeID(f.FakeID.String), OpenID: openID,
		Profile: callbackd.Profile{Nickname: f.Nickname.String, Gender: callbackd.Gender(f.Gender.Int64), Country: f.Country.String,
			Province: f.Province.String, City: f.City.String, Signature: f.Signature.String},
		Avatar: callbackd.PublicID(f.Avatar.String), ReadAt: fromMS(f.ReadAt.Int64)}
}

func (f *flatRow) media(account callbackd.AccountID) *callbackd.Media {
	return &callbackd.Media{ID: callbackd.MediaID(f.MediaID.Int64), Account: account, Message: callbackd.MessageID(f.ID), Kind: f.Kind,
		State: callbackd.MediaState(f.MediaState.String), Reason: f.Reason.String, Passed: f.Passed.Bool, ReadyAt: fromMS(f.ReadyAt.Int64),
		WeChatID: f.WeChatID.String, HighResID: f.HighResID.String, ThumbID: f.ThumbID.String, PicURL: f.PicURL.String,
		Format: f.Format.String, Source: f.Source.String, Duration: time.Duration(f.DurationMS.Int64) * time.Millisecond,
		Width: int(f.Width.Int64), Height: int(f.Height.Int64), Waveform: f.Waveform,
		Main:   variant(f.MainID, f.MainBlob, f.MainType, f.MainSize),
		Poster: variant(f.PosterID, f.PosterBlob, f.PosterType, f.PosterSize),
		Thumb:  variant(f.ThumbFileID, f.ThumbBlob, f.ThumbType, f.ThumbSize)}
}

func variant(id, blob, typ sql.NullString, size sql.NullInt64) *callbackd.Variant {
	if !id.Valid {
		return nil
	}
	return &callbackd.Variant{ID: callbackd.PublicID(id.String), Blob: blob.String, Type: typ.String, Size: size.Int64}
}

func toRows(flat []flatRow) []Row {
	rows := make([]Row, len(flat))
	for i := range flat {
		rows[i] = flat[i].row()
	}
	return rows
}
