package callbackd

// PublicMessage is a message as the gate lets it be seen. The JSON is fixed by
// the contract; what does not apply is absent.
type PublicMessage struct {
	ID      PublicID     `json:"id"`
	Seq     int64        `json:"seq,omitempty"` // 0: never passed the gate; operators see such messages, too
	Kind    Kind         `json:"kind"`
	Text    string       `json:"text,omitempty"`
	SentAt  string       `json:"sent_at"` // RFC 3339
	Sender  PublicSender `json:"sender"`
	Media   *PublicMedia `json:"media,omitempty"`
	Place   *PublicPlace `json:"place,omitempty"`
	Link    *PublicLink  `json:"link,omitempty"`
	Host    bool         `json:"host,omitempty"`    // the host's own announcement
	State   State        `json:"state,omitempty"`   // operators only
	Waiting []string     `json:"waiting,omitempty"` // operators only: media, name, avatar not passed yet
}

// PublicSender is who sent a message. Name is never empty.
type PublicSender struct {
	ID       PublicID `json:"id"`
	Name     string   `json:"name"`
	Avatar   string   `json:"avatar"` // path on this server
	Resolved bool     `json:"resolved"`
}

// PublicMedia is the file of a message. URL is absent unless State is ready.
type PublicMedia struct {
	State      MediaState `json:"state"`
	URL        string     `json:"url,omitempty"`
	Type       string     `json:"type,omitempty"`
	DurationMS int64      `json:"duration_ms,omitempty"`
	Poster     string     `json:"poster,omitempty"`
	Thumb      string     `json:"thumb,omitempty"`
	Width      int        `json:"width,omitempty"`
	Height     int        `json:"height,omitempty"`
	Waveform   []int      `json:"waveform,omitempty"` // 48 heights of 0–255
}

// PublicPlace is a place without its coordinates.
type PublicPlace struct {
	Label string `json:"label"`
}

// PublicLink is a shared article; URL is http or https.
type PublicLink struct {
	Title string `json:"title"`
	Host  string `json:"host,omitempty"`
	URL   string `json:"url,omitempty"` // absent where it was not plain http or https
}

// ChangeOp is what happened to a wall.
type ChangeOp string

const (
	ChangeShow    ChangeOp = "show"
	ChangeUpdate  ChangeOp = "update"
	ChangeRemove  ChangeOp = "remove"
	ChangeControl ChangeOp = "control"
)

// Change is one step of a wall, as feeds and live channels carry it. A removal
// carries the id alone.
type Change struct {
	Rev     int64          `json:"rev"`
	Op      ChangeOp       `json:"op"`
	Message *PublicMessage `json:"message,omitempty"`
	ID      PublicID       `json:"id,omitempty"`
	Control *PublicControl `json:"control,omitempty"` // the whole stage
}
