package handlers

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/web"
)

// vitalsKeep is how long figures are used again that take counting whole tables.
const vitalsKeep = 10 * time.Second

// vitals are what is counted of all accounts at once, as it was a moment ago.
type vitals struct {
	mu sync.Mutex // guards what follows; held while counting, so that many pages make one count
	at time.Time
	is vitalCounts
}

type vitalCounts struct {
	senders []store.SenderCount
	media   []store.MediaCount
	jobDue  time.Time // since when the first unfinished job is due; zero: there is none
}

func (h *Handlers) readVitals(ctx context.Context) (vitalCounts, error) {
	v, now := &h.vitals, h.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if age := now.Sub(v.at); age >= 0 && age < vitalsKeep {
		return v.is, nil
	}
	var is vitalCounts
	var err error
	if is.senders, err = h.DB.CountSenders(ctx); err != nil {
		return is, err
	}
	if is.media, err = h.DB.CountMedia(ctx); err != nil {
		return is, err
	}
	jobs, err := h.DB.CountJobs(ctx)
	if err != nil {
		return is, err
	}
	for _, due := range store.OldestJobs(jobs) {
		if at := time.UnixMilli(due); is.jobDue.IsZero() || at.Before(is.jobDue) {
			is.jobDue = at
		}
	}
	v.at, v.is = now, is
	return is, nil
}

// showAccountHealth is how an account does.
func (h *Handlers) showAccountHealth(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	state, err := h.readHealth(r.Context(), c, c.account, c.role)
	if err != nil {
		return err
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { return web.HealthPage{DeskShell: s, Health: state} })
}

// healthState is the same as its page hears it.
func (h *Handlers) healthState(ctx context.Context, c *deskCall) (any, error) {
	return h.readHealth(ctx, c, c.account, c.role)
}

// showAllHealth is how all accounts of an operator do, those first that need
// somebody.
func (h *Handlers) showAllHealth(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	accounts, err := h.DB.ListAccounts(r.Context())
	if err != nil {
		return err
	}
	var page web.HealthAllPage
	for _, a := range accounts {
		role := c.roleOn(a.ID)
		if !role.Valid() {
			continue
		}
		state, err := h.readHealth(r.Context(), c, a, role)
		if err != nil {
			return err
		}
		page.Accounts = append(page.Accounts, web.HealthAccount{Slug: string(a.Slug), Name: a.Name, Role: role, Health: state})
	}
	slices.SortStableFunc(page.Accounts, func(a, b web.HealthAccount) int {
		return cmp.Compare(len(b.Health.Alarms), len(a.Health.Alarms))
	})
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// readHealth puts together what the page of an account says.
func (h *Handlers) readHealth(ctx context.Context, c *deskCall, a *callbackd.Account, role callbackd.Role) (web.HealthState, error) {
	now := h.Now()
	s := web.HealthState{Alarms: []web.HealthAlarm{}, Figures: map[string]string{}, Paths: map[string]string{}}
	alarms, err := h.alarms(ctx, a)
	if err != nil {
		return s, err
	}
	for _, one := range alarms {
		s.Alarms = append(s.Alarms, healthAlarm(c.lang, a, role, one, now))
	}
	queue, err := h.DB.GetQueue(ctx, a.ID)
	if err != nil {
		return s, err
	}
	s.Figures["queue"], s.Figures["oldest"] = strconv.Itoa(queue.Waiting), nothing
	if queue.Waiting > 0 {
		s.Figures["oldest"] = spell(c.lang, now.Sub(queue.Oldest))
	}
	stage, _, err := h.DB.GetStage(ctx, a.ID)
	if err != nil {
		return s, err
	}
	screens := wall.Painted(h.Live.Screens(a.Slug), stage.Rev)
	s.Figures["pages"] = strconv.Itoa(h.Live.Pages(a.Slug))
	s.Figures["screens"] = strconv.Itoa(screens.Painted) + " / " + strconv.Itoa(screens.All)
	counts, err := h.readVitals(ctx)
	if err != nil {
		return s, err
	}
	counts.tell(&s, c.lang, a.ID, now)
	s.Figures["disk"] = nothing
	if h.DiskFree != nil {
		if free, err := h.DiskFree(); err == nil {
			s.Figures["disk"], s.Paths["disk"] = percent(free), web.ShareOf(0, float64(free))
		}
	}
	drawHour(&s, h.pulses.get(a.Slug).hour(now))
	return s, nil
}

// nothing stands for a figure that there is not.
const nothing = "–"

// healthAlarm is an alarm in words, with where it is put right.
// texts: alarm.login alarm.doctor alarm.queue alarm.disk
func healthAlarm(l web.Lang, a *callbackd.Account, role callbackd.Role, one alarm, now time.Time) web.HealthAlarm {
	where := map[string]struct {
		role callbackd.Role
		page string
	}{alarmLogin: {callbackd.RoleAdmin, "pages"}, alarmDoctor: {callbackd.RoleAdmin, "connect"}, alarmQueue: {callbackd.RoleModerator, "queue"}}
	out := web.HealthAlarm{Text: l.TextOr("alarm." + one.Kind),
		For: strings.ReplaceAll(l.TextOr("health.since"), "{time}", spell(l, now.Sub(one.Since)))}
	if to, ok := where[one.Kind]; ok && role.Allows(to.role) {
		out.Path = deskPath(a, to.page)
	}
	return out
}

// tell puts an account's part of the counts into its state.
func (v vitalCounts) tell(s *web.HealthState, l web.Lang, account callbackd.AccountID, now time.Time) {
	s.Figures["resolved"], s.Figures["resolved.of"] = nothing, "0"
	for _, c := range v.senders {
		if c.Account == account && c.All > 0 {
			share := float64(c.Resolved) / float64(c.All) * 100
			s.Figures["resolved"] = percent(int(share))
			s.Figures["resolved.of"] = strconv.FormatInt(c.Resolved, 10) + " / " + strconv.FormatInt(c.All, 10)
			s.Paths["resolved"] = web.ShareOf(0, share)
		}
	}
	files, all := map[callbackd.MediaState]int64{}, int64(0)
	for _, c := range v.media {
		if c.Account == account {
			files[c.State] += c.N
			all += c.N
		}
	}
	from := 0.0
	for _, state := range []callbackd.MediaState{callbackd.MediaReady, callbackd.MediaPending, callbackd.MediaFailed} {
		key := "media." + string(state)
		s.Figures[key] = strconv.FormatInt(files[state], 10)
		to := from + float64(files[state])/float64(max(1, all))*100
		s.Paths[key] = web.ShareOf(from, to)
		from = to
	}
	s.Figures["jobs"] = nothing
	if late := now.Sub(v.jobDue); !v.jobDue.IsZero() && late > 0 {
		s.Figures["jobs"] = spell(l, late)
	}
}

// drawHour puts the last hour into a state.
func drawHour(s *web.HealthState, is hour) {
	bars := func(key string, values *[pulseMinutes]int) int {
		most := slices.Max(values[:])
		s.Paths[key] = web.BarsPath(floats(values), float64(most))
		return most
	}
	s.Figures["callbacks"], s.Figures["notices"] = strconv.Itoa(is.callbacksNow), strconv.Itoa(is.noticesNow)
	s.Figures["callbacks.most"] = strconv.Itoa(bars("callbacks", &is.callbacks))
	s.Figures["notices.most"] = strconv.Itoa(bars("notices", &is.notices))
	bars("queue", &is.queue)
	s.Paths["pages"] = web.LinePath(floats(&is.pages), float64(slices.Max(is.pages[:])))

	s.Figures["p50"], s.Figures["p99"] = answerTime(&is.timesNow, .5), answerTime(&is.timesNow, .99)
	half, nearly, most := make([]float64, pulseMinutes), make([]float64, pulseMinutes), 0.0
	for i := range is.times {
		half[i], nearly[i] = math.NaN(), math.NaN()
		if p99, ok := is.times[i].quantile(.99); ok {
			p50, _ := is.times[i].quantile(.5)
			half[i], nearly[i] = p50.Seconds(), p99.Seconds()
			most = max(most, nearly[i])
		}
	}
	s.Paths["p50"], s.Paths["p99"] = web.LinePath(half, most), web.LinePath(nearly, most)
}

func floats(values *[pulseMinutes]int) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

func percent(n int) string { return strconv.Itoa(n) + " %" }

// answerTime is a share's answer time as people read it.
func answerTime(c *timeCounts, share float64) string {
	d, ok := c.quantile(share)
	switch {
	case !ok:
		return nothing
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// spell is a time span in words of one unit.
// texts: health.seconds health.minutes health.hours
func spell(l web.Lang, d time.Duration) string {
	key, unit := "health.seconds", time.Second
	switch {
	case d >= 2*time.Hour:
		key, unit = "health.hours", time.Hour
	case d >= 2*time.Minute:
		key, unit = "health.minutes", time.Minute
	}
	return strings.ReplaceAll(l.TextOr(key), "{n}", strconv.FormatInt(int64(max(0, d)/unit), 10))
}
