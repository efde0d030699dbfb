package callbackd

import "time"

// MediaState is where a message's file stands.
type MediaState string

const (
	MediaPending MediaState = "pending" // being fetched or transcoded
	MediaReady   MediaState = "ready"   // can be played
	MediaFailed  MediaState = "failed"  // will not come; Reason says why
)

// Media is the file of a voice, video or picture message.
type Media struct {
	ID      MediaID
	Account AccountID
	Message MessageID
	Kind    Kind
	State   MediaState
	Reason  string // why it failed, a key of the catalogue; never from outside
	Passed  bool   // the gate let this file through
	ReadyAt time.Time

	// Where the platform keeps it.
	WeChatID  string // MediaId
	HighResID string // MediaId16K, voices of newer clients
	ThumbID   string // ThumbMediaId
	PicURL    string
	Format    string // what the push claimed; never believed

	Source   string        // blob key of the file as it came; never public
	Duration time.Duration // voices and videos
	Width    int           // pixels, pictures and videos
	Height   int
	Waveform []byte // 48 heights of 0–255, voices

	Main   *Variant // what the page plays or shows
	Poster *Variant // first picture of a video
	Thumb  *Variant // small picture
}

// Variant is one public file of a media row.
type Variant struct {
	ID   PublicID // the path is /media/{id}
	Blob string   // key in the blob store
	Type string   // MIME type by content
	Size int64    // bytes
}
