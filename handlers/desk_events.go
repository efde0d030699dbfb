package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/wall"
	"callbackd/web"
)

// maxDeskEvents bounds what the page lists.
const maxDeskEvents = 200

// pictureUpload is the route that takes files.
const pictureUpload = "/{account}/events/{event}/picture"

// showEvents lists the events of an account, newest first.
func (h *Handlers) showEvents(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	events, err := h.DB.ListEvents(r.Context(), c.account.ID, maxDeskEvents)
	if err != nil {
		return err
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.EventsPage{DeskShell: s, Events: events} })
}

// doAddEvent adds a draft.
func (h *Handlers) doAddEvent(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	e := callbackd.Event{Account: c.account.ID}
	if err := readEventForm(r, &e); err != nil {
		return err
	}
	if err := h.DB.InsertEvent(r.Context(), &e, c.actor()); err != nil {
		return err
	}
	return h.goOn(w, r, deskPath(c.account, "events"))
}

// doSetEvent changes an event's name, times, moderation and looks.
func (h *Handlers) doSetEvent(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	e, err := h.eventOf(r, c)
	if err != nil {
		return err
	}
	if err := readEventForm(r, &e); err != nil {
		return err
	}
	readEventLooks(r, &e.Settings)
	return h.saveEvent(w, r, c, &e)
}

// doEventPicture gives an event its logo or background, or takes it away.
func (h *Handlers) doEventPicture(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	e, err := h.eventOf(r, c)
	if err != nil {
		return err
	}
	to := map[string]*callbackd.PublicID{"logo": &e.Settings.Logo, "background": &e.Settings.Background}[r.PostFormValue("which")]
	if to == nil {
		return badValue("which")
	}
	*to = ""
	file, _, err := r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart): // none: it is taken away
	case err != nil:
		return badValue("file")
	default:
		defer file.Close()
		if *to, err = wall.PutPicture(r.Context(), h.DB, h.Blobs, e, file); err != nil {
			return err
		}
	}
	return h.saveEvent(w, r, c, &e)
}

func (h *Handlers) saveEvent(w http.ResponseWriter, r *http.Request, c *deskCall, e *callbackd.Event) error {
	if err := wall.SetEvent(r.Context(), h.DB, h.Blobs, e, c.actor()); err != nil {
		return err
	}
	h.say(r, "events.saved")
	return h.goOn(w, r, deskPath(c.account, "events"))
}

// doStepEvent starts, pauses or ends an event.
func (h *Handlers) doStepEvent(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	e, err := h.eventOf(r, c)
	if err != nil {
		return err
	}
	if _, err := h.DB.StepEvent(r.Context(), c.account.ID, e.ID, callbackd.EventStep(r.PostFormValue("do")), c.actor()); err != nil {
		return err
	}
	return h.goOn(w, r, deskPath(c.account, "events"))
}

// eventOf is the event of the account that a path names.
func (h *Handlers) eventOf(r *http.Request, c *deskCall) (callbackd.Event, error) {
	return h.DB.GetEvent(r.Context(), c.account.ID, callbackd.PublicID(chi.URLParam(r, "event")))
}

// readEventForm reads what every event has.
func readEventForm(r *http.Request, e *callbackd.Event) (err error) {
	zone := time.Local
	if z := r.PostFormValue("zone"); z != "" {
		if zone, err = time.LoadLocation(z); err != nil {
			return badValue("zone")
		}
	}
	e.Name, e.Moderation = r.PostFormValue("name"), callbackd.Moderation(r.PostFormValue("moderation"))
	for field, to := range map[string]*time.Time{"start": &e.StartsAt, "end": &e.EndsAt} {
		*to = time.Time{}
		word := r.PostFormValue(field)
		if word == "" {
			continue
		}
		if *to, err = time.ParseInLocation("2006-01-02T15:04", word, zone); err != nil {
			return callbackd.Told(callbackd.ErrInvalid, "error.event_time", "%q is no time", word)
		}
	}
	return nil
}

// readEventLooks reads how the wall looks at an event.
func readEventLooks(r *http.Request, s *callbackd.EventSettings) {
	for field, to := range map[string]*string{
		"title": &s.Title, "ground": &s.Colours.Ground, "ink": &s.Colours.Ink, "accent": &s.Colours.Accent,
		"draft.title": &s.Draft.Title, "draft.text": &s.Draft.Text, "still.title": &s.Still.Title, "still.text": &s.Still.Text,
		"closing.title": &s.Closing.Title, "closing.text": &s.Closing.Text,
		"footer.text": &s.Footer.Text, "footer.icp": &s.Footer.ICP, "footer.link": &s.Footer.Link,
	} {
		*to = strings.ReplaceAll(strings.TrimSpace(r.PostFormValue(field)), "\r\n", "\n")
	}
}

// stageState is how a wall stands, for the room.
func (h *Handlers) stageState(ctx context.Context, a *callbackd.Account) (web.RoomStage, error) {
	stage, _, err := h.DB.GetStage(ctx, a.ID)
	if err != nil {
		return web.RoomStage{}, err
	}
	control, err := wall.ControlOf(ctx, h.DB, stage)
	if err != nil {
		return web.RoomStage{}, err
	}
	out := web.RoomStage{State: control.State, Screens: web.ScreensPainted(wall.Painted(h.Live.Screens(a.Slug), stage.Rev))}
	if control.Event != nil {
		out.Event = control.Event.Name
	}
	return out, nil
}
