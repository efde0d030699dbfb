package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/web"
)

const (
	alertEvery  = 10 * time.Second // how often what needs a human is looked for
	alertRepeat = 10 * time.Minute // an alarm that goes on is told again after this, not before
	alertTTL    = 5 * time.Minute  // that a push service may keep it
)

// alerts remember what operators' browsers were told. They are of this process
// alone: after a restart an alarm that goes on is told once more.
type alerts struct {
	mu   sync.Mutex // guards told
	told map[alarmKey]time.Time
}

// watchAlarms tells operators' browsers what needs a human, until ctx ends.
func (h *Handlers) watchAlarms(ctx context.Context) {
	if h.Alerts == nil {
		return
	}
	tick := time.NewTicker(alertEvery)
	defer tick.Stop()
	for {
		if err := h.tellAlarms(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("operators could not be told what needs a human", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tellAlarms tells what is new, what has gone on for long, and what is over.
func (h *Handlers) tellAlarms(ctx context.Context) error {
	devices, err := h.DB.ListOperatorDevices(ctx)
	if err != nil || len(devices) == 0 {
		return err
	}
	accounts, err := h.DB.ListAccounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		now, err := h.alarms(ctx, a)
		if err != nil {
			return err
		}
		for _, n := range h.alerts.news(a.ID, now, h.Now()) {
			h.tell(ctx, devices, a, n)
		}
	}
	return nil
}

// news is an alarm to tell of, or its end.
type news struct {
	kind string
	over bool
}

// news says what of an account's alarms is to be told now, and takes it for told.
func (s *alerts) news(a callbackd.AccountID, there []alarm, now time.Time) []news {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = map[alarmKey]time.Time{}
	}
	var out []news
	is := map[string]bool{}
	for _, one := range there {
		k := alarmKey{a, one.Kind}
		is[one.Kind] = true
		if at, known := s.told[k]; !known || now.Sub(at) >= alertRepeat {
			s.told[k] = now
			out = append(out, news{kind: one.Kind})
		}
	}
	for k := range s.told {
		if k.account == a && !is[k.kind] {
			delete(s.told, k)
			out = append(out, news{kind: k.kind, over: true})
		}
	}
	return out
}

// tell sends one piece of news to the browsers of those who have a role there.
func (h *Handlers) tell(ctx context.Context, devices []store.OperatorDevice, a *callbackd.Account, n news) {
	title, err := web.AlarmText(n.kind, n.over)
	if err != nil {
		h.Log.Error("an alarm has no words", "err", err)
		return
	}
	tag := string(a.Slug) + " " + n.kind
	if n.kind == alarmDisk {
		tag = n.kind // one disk for all accounts: the browser shows it once
	}
	payload, err := json.Marshal(map[string]string{"title": title, "body": a.Name, "url": deskPath(a, "health"), "tag": tag})
	if err != nil {
		h.Log.Error("an alarm cannot be written", "err", err)
		return
	}
	for _, d := range devices {
		o, err := h.DB.GetOperator(ctx, d.Operator)
		if err != nil || !o.Role(a.ID).Valid() {
			continue // gone meanwhile, or no business of theirs
		}
		sub, err := h.PushHosts.ParseSubscription([]byte(d.Target.Reveal()))
		if err != nil {
			continue // its service is allowed no more
		}
		r := h.Alerts.Send(ctx, push.Target{Subscription: sub}, push.Message{NID: string(callbackd.NewPublicID()), Payload: payload, TTL: alertTTL, Urgency: push.UrgencyHigh})
		if r.Outcome == push.Gone {
			err = h.DB.DropOperatorDevice(ctx, d)
		}
		if err != nil || r.Outcome != push.Accepted {
			h.Log.Warn("an operator's browser was not told", "account", a.Slug, "outcome", r.Outcome, "reason", r.Reason, "err", err)
		}
	}
}

// doAlerts makes the browser that asks one that is told, or forgets it. The
// subscription is what PushSubscription.toJSON() gives.
func (h *Handlers) doAlerts(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	sub, err := h.PushHosts.ParseSubscription([]byte(r.PostFormValue("subscription")))
	if err != nil {
		return callbackd.Public(callbackd.ErrInvalid, "alerts.subscription", errors.New("no subscription of a push service that is known"))
	}
	key := digestOf("operator", sub.Endpoint())
	if r.PostFormValue("off") != "" {
		err = h.DB.DeleteOperatorDevice(r.Context(), c.operator.ID, key)
	} else {
		err = h.DB.SetOperatorDevice(r.Context(), c.operator.ID, callbackd.Secret(r.PostFormValue("subscription")), key)
	}
	if err != nil {
		return fmt.Errorf("keep an operator's browser: %w", err)
	}
	return h.goOn(w, r, "/desk/me")
}

// showAlertKey is what browsers subscribe with.
func (h *Handlers) showAlertKey(w http.ResponseWriter, _ *http.Request, _ *deskCall) error {
	if h.Alerts == nil || h.PushKey == "" {
		return errNoSuchPage
	}
	writeJSON(w, http.StatusOK, map[string]string{"key": h.PushKey})
	return nil
}
