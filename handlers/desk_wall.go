package handlers

import (
	"context"
	"net/http"

	"callbackd"
	"callbackd/wall"
	"callbackd/web"
	"callbackd/wechat"
)

// doControl takes a step with the wall: pin, unpin, spotlight, pause, clear, panic,
// resume.
func (h *Handlers) doControl(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	step := callbackd.Control{Kind: callbackd.ControlKind(r.PostFormValue("do")), Message: callbackd.PublicID(r.PostFormValue("message"))}
	rev, err := h.DB.SetStage(r.Context(), c.account.ID, step, c.actor())
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, struct {
			Rev int64 `json:"rev"`
		}{rev})
		return nil
	}
	return h.goOn(w, r, deskPath(c.account))
}

// doAnnounce puts the host's own words on the wall.
func (h *Handlers) doAnnounce(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if _, err := h.DB.Announce(r.Context(), c.account, wechat.Clean(r.PostFormValue("text")), c.actor()); err != nil {
		return err
	}
	h.say(r, "room.said")
	return h.goOn(w, r, deskPath(c.account))
}

// showScreens lists the open pages of the wall.
func (h *Handlers) showScreens(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	state, err := h.readScreens(r.Context(), c)
	if err != nil {
		return err
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.ScreensPage{DeskShell: s, Screens: state} })
}

// readScreens are the screens as their page shows them.
func (h *Handlers) readScreens(ctx context.Context, c *deskCall) (web.Screens, error) {
	stage, _, err := h.DB.GetStage(ctx, c.account.ID)
	if err != nil {
		return web.Screens{}, err
	}
	out := web.Screens{List: []web.Screen{}}
	all := h.Live.Screens(c.account.Slug)
	for _, s := range all {
		out.List = append(out.List, web.Screen{Name: s.Name, Width: s.Width, Height: s.Height, Seq: s.Seq, Sound: s.Sound, Visible: s.Visible, Painted: s.Rev >= stage.Rev})
	}
	out.ScreensPainted = web.ScreensPainted(wall.Painted(all, stage.Rev))
	return out, nil
}

func (h *Handlers) screensState(ctx context.Context, c *deskCall) (any, error) {
	return h.readScreens(ctx, c)
}
