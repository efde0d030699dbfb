package web

import (
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// QueueItem is a message before a moderator: everything that is known of it, what
// of it is new, and what the form has to say about what was seen.
type QueueItem struct {
	Lang Lang
	Row  Row

	Mark     string // what was seen, for the form
	Version  string // another one: the item looks different
	Why      string // why it was not let through, a sentence; empty: everything is held
	Late     bool   // it is shown already, and something came after that
	Fresh    []string
	Before   *QueueFace // the face that was let through before; nil: none, or the same
	NameWhy  string     // why the name that the sender has is shown to nobody, a sentence; empty: it may be
	Waits    time.Time  // since when
	Approved int        // messages of this sender
	Removed  int
	Trusted  bool
	Blocked  bool
	OnWall   bool // the wall shows it now
	Pinned   bool
	Lit      bool // in the spotlight

	Recognised string // the words that the platform heard, where a caption stands in their place
	Captioned  bool

	Base string // address of the account's desk
	Back string // where the form leads back to
	CSRF string
}

// QueueFace is a name with a picture.
type QueueFace struct{ Name, Avatar string }

// Voice reports whether words can be written for it.
func (i QueueItem) Voice() bool { return i.Row.Kind == callbackd.KindVoice }

// New reports whether media, name or avatar came after the approval.
func (i QueueItem) New(what string) bool {
	for _, f := range i.Fresh {
		if f == what {
			return true
		}
	}
	return false
}

// First reports whether nothing of this sender was approved yet.
func (i QueueItem) First() bool { return i.Approved == 0 && !i.Trusted }

// State is where the message stands, in a word.
// texts: queue.state.held queue.state.shown queue.state.refused queue.state.removed queue.state.erased
func (i QueueItem) State() (string, error) { return i.Lang.fill("queue.state." + string(i.Row.State)) }

// Is reports whether the message stands there.
func (i QueueItem) Is(state string) bool { return string(i.Row.State) == state }

// History says what became of the sender's messages so far.
func (i QueueItem) History() (string, error) {
	switch {
	case i.Trusted:
		return i.Lang.T("queue.trusted")
	case i.Approved == 0 && i.Removed == 0:
		return i.Lang.T("queue.first")
	case i.Removed == 0:
		return i.Lang.fill("queue.approved", "n", strconv.Itoa(i.Approved))
	}
	return i.Lang.fill("queue.approved_removed", "n", strconv.Itoa(i.Approved), "m", strconv.Itoa(i.Removed))
}

// fill is a text with its holes filled: names and values in turns.
func (l Lang) fill(key string, pairs ...string) (string, error) {
	t, err := l.T(key)
	for i := 0; i+1 < len(pairs); i += 2 {
		t = strings.ReplaceAll(t, "{"+pairs[i]+"}", pairs[i+1])
	}
	return t, err
}

// HeldWhy is a reason in words: empty for none.
// texts: queue.why.blocked queue.why.nolist queue.why.word queue.why.link queue.why.rate queue.why.first
// texts: queue.why.removed queue.why.media queue.why.checker queue.why.waits queue.why.away
func (l Lang) HeldWhy(r callbackd.HeldReason) string {
	key, ok := map[string]string{callbackd.HeldBlocked: "blocked", callbackd.HeldNoList: "nolist", callbackd.HeldWord: "word",
		callbackd.HeldLink: "link", callbackd.HeldRate: "rate", callbackd.HeldFirst: "first", callbackd.HeldRemoved: "removed",
		callbackd.HeldMedia: "media", callbackd.HeldChecker: "checker", callbackd.HeldWaits: "waits", callbackd.HeldAway: "away"}[r.Code()]
	if !ok {
		return string(r) // a code of a newer server, or none
	}
	d := append(r.Details(), "", "")
	words := d[0]
	if r.Code() == callbackd.HeldWord {
		words = d[1]
	}
	t, err := l.fill("queue.why."+key, "words", words)
	if err != nil {
		return r.Code()
	}
	return strings.TrimRight(t, "：: ")
}

// NameWhy is why a name is refused, in words: empty for none.
// texts: queue.name.reserved queue.name.taken queue.name.other
func (l Lang) NameWhy(why string) string {
	switch why {
	case "":
		return ""
	case "reserved", "taken":
		return l.TextOr("queue.name." + why)
	}
	return l.TextOr("queue.name.other")
}

// QueueTap is a step of the trail that can be taken back.
type QueueTap struct {
	Lang   Lang
	Batch  string
	At     time.Time
	Actor  string
	Action callbackd.Decision
	N      int
	Undone bool
}

// Did says what was done, in words.
// texts: queue.did.approve queue.did.refuse queue.did.remove
func (t QueueTap) Did() (string, error) {
	return t.Lang.fill("queue.did."+string(t.Action), "n", strconv.Itoa(t.N))
}

// QueuePage is what waits for a moderator.
type QueuePage struct {
	DeskShell
	Items   []QueueItem
	Waiting string // how many wait, all in all
	Oldest  time.Time
	Others  []string // who else moderates
	Stage   callbackd.StageState
	Trail   []QueueTap
	Most    int // messages before one moderator
}

func (QueuePage) template() string { return "desk_queue.html" }

// Title is what the browser's tab says.
func (p QueuePage) Title() (string, error) { return p.titled("queue.title") }

// QueueItemsPage is items alone, for the page to put in their places.
type QueueItemsPage struct {
	DeskShell
	Items []QueueItem
}

func (QueueItemsPage) template() string { return "desk_queue_items.html" }

// Title is what the browser's tab says.
func (p QueueItemsPage) Title() (string, error) { return p.titled("queue.title") }

// FoundPage is what a search found.
type FoundPage struct {
	DeskShell
	Query string
	Items []QueueItem
	Next  string // where the next page begins; empty: this is the last
}

func (FoundPage) template() string { return "desk_found.html" }

// Title is what the browser's tab says.
func (p FoundPage) Title() (string, error) { return p.titled("queue.search") }

// SenderPage is what one sender sent, with steps on all of it.
type SenderPage struct {
	DeskShell
	Sender   callbackd.PublicSender
	ID       callbackd.PublicID
	At       int64 // unix ms of the look
	Seen     string
	Before   *QueueFace
	Held     int
	Shown    int
	Refused  int
	Removed  int
	Trusted  bool
	Blocked  bool
	Messages []QueueItem
}

func (SenderPage) template() string { return "desk_sender.html" }

// Title is what the browser's tab says.
func (p SenderPage) Title() (string, error) { return p.titled("queue.sender") }
