package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/web"
)

var (
	errDecided = callbackd.Public(callbackd.ErrConflict, "queue.late", nil)
	errNewer   = callbackd.Public(callbackd.ErrConflict, "queue.newer", nil)
)

// markOf says what of a row was seen, in a form that survives a form: id, turn,
// file, name and picture, with points between them.
func markOf(row store.Row) string {
	s := store.SeenOf(row)
	return fmt.Sprintf("%s.%d.%s.%s.%s", row.Message.PublicID, s.Turn, s.Media, s.Name, s.Avatar)
}

func readMark(mark string) (callbackd.PublicID, store.Seen, error) {
	part := strings.Split(mark, ".")
	if len(part) != 5 {
		return "", store.Seen{}, badValue("m")
	}
	turn, err := strconv.ParseInt(part[1], 10, 64)
	if err != nil {
		return "", store.Seen{}, badValue("m")
	}
	return callbackd.PublicID(part[0]), store.Seen{Turn: turn, Media: callbackd.PublicID(part[2]), Name: part[3], Avatar: callbackd.PublicID(part[4])}, nil
}

var batchForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

// by says who decides. A page names its tap, so that it can send it again.
func (h *Handlers) by(r *http.Request, c *deskCall) (store.By, error) {
	batch := r.PostFormValue("batch")
	if batch != "" && !batchForm.MatchString(batch) {
		return store.By{}, badValue("batch")
	}
	return store.By{Actor: c.actor(), Batch: batch, Holder: h.holder(r.Context(), c)}, nil
}

// decidedAnswer is what a script hears of a tap.
type decidedAnswer struct {
	Batch string               `json:"batch"`
	Done  []callbackd.PublicID `json:"done"`
	Late  []callbackd.PublicID `json:"late"`
	Error string               `json:"error,omitempty"`
}

// doDecide takes one tap: approve, refuse or remove, on the messages that it marks.
func (h *Handlers) doDecide(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	by, err := h.by(r, c)
	if err != nil {
		return err
	}
	// approve+pin: with a step of the wall behind it
	do, also, _ := strings.Cut(r.PostFormValue("do"), "+")
	d := callbackd.Decision(do)
	if d != callbackd.DecisionApprove && d != callbackd.DecisionRefuse && d != callbackd.DecisionRemove {
		return badValue("do")
	}
	if also != "" && (d != callbackd.DecisionApprove || also != string(callbackd.ControlPin) && also != string(callbackd.ControlSpotlight)) {
		return badValue("do")
	}
	var verdicts []store.Verdict
	known := map[callbackd.PublicID]bool{}
	for _, mark := range r.PostForm["m"] {
		id, seen, err := readMark(mark)
		if err != nil {
			return err
		}
		if !known[id] {
			verdicts, known[id] = append(verdicts, store.Verdict{Message: id, Decision: d, Seen: seen}), true
		}
	}
	if len(verdicts) == 0 {
		return callbackd.Public(callbackd.ErrInvalid, "queue.none_marked", nil)
	}
	out, err := h.DB.Decide(r.Context(), c.account.ID, by, verdicts)
	if err != nil {
		return err
	}
	if also != "" && len(out.Done) == 1 {
		control := callbackd.Control{Kind: callbackd.ControlKind(also), Message: out.Done[0]}
		if _, err := h.DB.SetStage(r.Context(), c.account.ID, control, c.actor()); err != nil {
			return err
		}
	}
	return h.decided(w, r, c, out, errDecided)
}

// decided answers a tap; where nothing was done of it, with the reason.
func (h *Handlers) decided(w http.ResponseWriter, r *http.Request, c *deskCall, out store.Decided, nothing error) error {
	if !wantsJSON(r) {
		if len(out.Done) == 0 && len(out.Late) > 0 {
			var public *callbackd.PublicError
			if errors.As(nothing, &public) {
				h.say(r, public.Key)
			}
		}
		return h.goOn(w, r, h.backOf(r, c))
	}
	a := decidedAnswer{Batch: out.Batch, Done: out.Done, Late: out.Late}
	code := http.StatusOK
	if len(out.Done) == 0 && len(out.Late) > 0 {
		code = http.StatusConflict
		var public *callbackd.PublicError
		if errors.As(nothing, &public) {
			a.Error = c.lang.TextOf(public)
		}
	}
	writeJSON(w, code, a)
	return nil
}

// backOf is where a form came from; without a word, the queue.
func (h *Handlers) backOf(r *http.Request, c *deskCall) string {
	if back := r.PostFormValue("back"); back != "" {
		return localPath(back)
	}
	return deskPath(c.account) + "/queue"
}

// doUndo takes a tap back.
func (h *Handlers) doUndo(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	by, err := h.by(r, c)
	if err != nil {
		return err
	}
	out, err := h.DB.Undo(r.Context(), c.account.ID, by)
	if errors.Is(err, callbackd.ErrConflict) {
		return errNewer
	}
	if err != nil {
		return err
	}
	return h.decided(w, r, c, out, errNewer)
}

// doLeaveQueue gives back what lies before a moderator who leaves.
func (h *Handlers) doLeaveQueue(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if err := h.DB.ReleaseQueue(r.Context(), c.account.ID, h.holder(r.Context(), c)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// doCaption writes the words of a voice, or gives the recognised ones back.
func (h *Handlers) doCaption(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	words := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("words"), "\r\n", "\n"))
	caption := &words
	if r.PostFormValue("do") == "recognised" {
		caption = nil
	}
	if err := h.DB.SetCaption(r.Context(), c.account.ID, callbackd.PublicID(r.PostFormValue("id")), caption, c.actor()); err != nil {
		return err
	}
	return h.goOn(w, r, h.backOf(r, c))
}

// doStage runs the wall from the queue: pins, spotlight, pause, panic and back.
func (h *Handlers) doStage(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	control := callbackd.Control{Kind: callbackd.ControlKind(r.PostFormValue("do")), Message: callbackd.PublicID(r.PostFormValue("id"))}
	switch control.Kind {
	case callbackd.ControlPin, callbackd.ControlUnpin, callbackd.ControlSpotlight:
	case callbackd.ControlPause, callbackd.ControlPanic, callbackd.ControlResume:
		control.Message = ""
	default:
		return badValue("do")
	}
	if _, err := h.DB.SetStage(r.Context(), c.account.ID, control, c.actor()); err != nil {
		return err
	}
	return h.goOn(w, r, h.backOf(r, c))
}

// showFound searches messages by words and by who sent them.
func (h *Handlers) showFound(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(query) > 200 {
		return badValue("q")
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	page := web.FoundPage{Query: query}
	if query != "" {
		rows, err := h.DB.SearchMessages(r.Context(), c.account.ID, store.MessageSearch{Words: query, NameKey: nameKey(query), Before: callbackd.MessageID(before), Limit: foundMost})
		if err != nil {
			return err
		}
		stage, _, err := h.DB.GetStage(r.Context(), c.account.ID)
		if err != nil {
			return err
		}
		page.Items = h.queueItems(c, rows, stage, "search?"+r.URL.Query().Encode())
		if len(rows) == foundMost {
			page.Next = strconv.FormatInt(int64(rows[len(rows)-1].Message.ID), 10)
		}
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// lookedAt is when a page was made, as its form says; never later than now.
func (h *Handlers) lookedAt(r *http.Request) (time.Time, error) {
	ms, err := strconv.ParseInt(r.PostFormValue("at"), 10, 64)
	if err != nil {
		return time.Time{}, badValue("at")
	}
	at := time.UnixMilli(ms)
	if now := h.DB.Now(); at.After(now) {
		at = now
	}
	return at, nil
}
