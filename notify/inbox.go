package notify

import "callbackd"

// Inbox is a page of a follower's notices, newest first.
type Inbox struct {
	Unread  int           `json:"unread"` // of all notices, not of the page
	Notices []InboxNotice `json:"notices"`
}

// InboxNotice is one notice as its follower reads it: rendered by the present
// preferences, with why it came, or did not, and what became of it.
type InboxNotice struct {
	Notice  callbackd.NoticeID `json:"nid"`
	Seq     int64              `json:"seq"`
	Account callbackd.Slug     `json:"account"`
	Level   callbackd.Level    `json:"level"`
	Title   string             `json:"title"`
	Body    string             `json:"body"`
	URL     string             `json:"url"` // a path on this server
	Reason  callbackd.Reason   `json:"reason"`
	Why     Wording            `json:"why"`
	At      string             `json:"at"` // RFC 3339
	Read    bool               `json:"read"`
	Message callbackd.PublicID `json:"message,omitempty"` // absent: of none, a test
	Trail   []TrailEntry       `json:"trail"`
}

// Wording is a key of the trail with its words.
type Wording struct {
	Key Key    `json:"key"`
	ZH  string `json:"zh"`
	EN  string `json:"en"`
}

// TrailEntry is one thing that happened to a notice.
type TrailEntry struct {
	At string `json:"at"` // RFC 3339
	Wording
	Device       string              `json:"device,omitempty"` // as its follower calls it
	Transport    callbackd.Transport `json:"transport,omitempty"`
	How          callbackd.How       `json:"how,omitempty"`
	VendorStatus int                 `json:"vendor_status,omitempty"`
}
