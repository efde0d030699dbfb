package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"callbackd"
	"callbackd/notify"
	"callbackd/wall"
)

const (
	maxPeople = 8 // that the chooser offers
	// peopleRead is how many are looked at for them: the index also knows names that
	// are not public, and those must find nobody.
	peopleRead = 64
)

// publicPerson is somebody who can be mentioned. Token means nothing to another viewer.
type publicPerson struct {
	Token  string `json:"token"`
	Name   string `json:"name"`
	Avatar string `json:"avatar"` // path on this server
}

// showPeople finds, for the composer's chooser, followers with a message on the
// wall whose public name begins as q does.
func (h *Handlers) showPeople(w http.ResponseWriter, r *http.Request, c caller) error {
	prefix := notify.FoldName(strings.TrimSpace(r.URL.Query().Get("q")))
	if prefix == "" {
		return refuse(callbackd.ErrInvalid, "请用 ?q=… 给出名字的开头，至少一个字", "give the beginning of a name by ?q=…, one character at least")
	}
	rows, err := h.DB.ListPeople(r.Context(), c.Account, prefix, peopleRead)
	if err != nil {
		return fmt.Errorf("find people: %w", err)
	}
	people, who := []publicPerson{}, []callbackd.SenderID{}
	for _, row := range rows {
		m, ok := wall.View(row)
		if !ok || row.Sender.ID == c.Sender || !strings.HasPrefix(notify.FoldName(m.Sender.Name), prefix) {
			continue
		}
		people, who = append(people, publicPerson{Name: m.Sender.Name, Avatar: m.Sender.Avatar}), append(who, row.Sender.ID)
		if len(people) == maxPeople {
			break
		}
	}
	tokens, err := h.DB.MentionTokens(r.Context(), c.ID, who)
	if err != nil {
		return fmt.Errorf("make mention tokens: %w", err)
	}
	for i := range people {
		people[i].Token = tokens[who[i]]
	}
	writeJSON(w, http.StatusOK, struct {
		People []publicPerson `json:"people"`
	}{people})
	return nil
}
