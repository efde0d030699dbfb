package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"

	"callbackd"
	"callbackd/notify"
)

func (h *Handlers) showPreferences(w http.ResponseWriter, r *http.Request, c caller) error {
	p, err := h.DB.GetPreferences(r.Context(), c.Sender)
	if err != nil {
		return fmt.Errorf("read preferences: %w", err)
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

// preferencesPatch is what somebody wants to change; what is absent stays.
type preferencesPatch struct {
	Receive    *bool            `json:"receive"`
	Detail     *callbackd.Level `json:"detail"`
	Quiet      json.RawMessage  `json:"quiet"` // null: no quiet hours any more
	IdleAfterS *int             `json:"idle_after_s"`
	PhoneToo   *bool            `json:"phone_too"`
}

// apply puts the changes into preferences; the fields of quiet merge too.
func (in preferencesPatch) apply(p *callbackd.Preferences) error {
	set(&p.Receive, in.Receive)
	set(&p.Detail, in.Detail)
	set(&p.IdleAfterS, in.IdleAfterS)
	set(&p.PhoneToo, in.PhoneToo)
	if err := p.Validate(); err != nil {
		return refuse(callbackd.ErrInvalid,
			fmt.Sprintf("detail 是 0、1 或 2，idle_after_s 是 %d 到 %d", callbackd.IdleAfterLeast, callbackd.IdleAfterMost),
			fmt.Sprintf("detail is 0, 1 or 2, idle_after_s is %d to %d", callbackd.IdleAfterLeast, callbackd.IdleAfterMost))
	}
	if in.Quiet == nil {
		return nil
	}
	if string(in.Quiet) == "null" {
		p.Quiet = nil
		return nil
	}
	var q callbackd.Quiet
	if p.Quiet != nil {
		q = *p.Quiet
	}
	if json.Unmarshal(in.Quiet, &q) != nil || notify.ValidateQuiet(q) != nil {
		return refuse(callbackd.ErrInvalid, `quiet 要有 from、to（HH:MM，两者不同）和 zone（如 Asia/Shanghai）；null 表示不要免打扰`,
			`quiet has from and to (HH:MM, not the same) and zone (such as Asia/Shanghai); null is for no quiet hours`)
	}
	p.Quiet = &q
	return nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// doPreferences merges changes into what the follower chose before.
func (h *Handlers) doPreferences(w http.ResponseWriter, r *http.Request, c caller) error {
	var in preferencesPatch
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	p, err := h.DB.ChangePreferences(r.Context(), c.Account, c.Sender, in.apply)
	if err != nil {
		return err
	}
	h.Notices.Changed(r.Context(), c.Sender)
	writeJSON(w, http.StatusOK, p)
	return nil
}
