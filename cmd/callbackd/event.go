package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// eventFlags are what add and set are told beside the name.
type eventFlags struct {
	start, end, moderation, from string
	logo, background             string
	json                         bool
}

// newEventCommand takes the account before the step: callbackd event SLUG add.
func newEventCommand(a *app) *cobra.Command {
	var f eventFlags
	c := &cobra.Command{
		Use:   "event SLUG add|set|start|pause|end|list",
		Short: "Plan, start and end the events of an account",
		Long: "What arrives while an event is live belongs to it; what arrives outside of one is kept and shown\n" +
			"nowhere. An account without events has one that never ends.\n\n" +
			"  callbackd event SLUG add NAME [--start T] [--end T] [--moderation M] [--from FILE]\n" +
			"        [--logo FILE] [--background FILE]      prints its id\n" +
			"  callbackd event SLUG set ID [the same]     change name, times, moderation, looks\n" +
			"  callbackd event SLUG start|pause|end [ID]  without ID: the one that can only be meant\n" +
			"  callbackd event SLUG list [--json]         newest first\n\n" +
			"T is 2026-02-16T20:00:00+08:00, \"2026-02-16 20:00\" on this machine's clock, or from now, as 90m.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			step, ok := map[string]func(context.Context, *installation, *callbackd.Account, []string) error{
				"add": func(ctx context.Context, i *installation, acc *callbackd.Account, rest []string) error {
					return a.addEvent(ctx, i, acc, rest, f)
				},
				"set": func(ctx context.Context, i *installation, acc *callbackd.Account, rest []string) error {
					return a.setEvent(ctx, i, acc, rest, f)
				},
				"start": a.stepEvent(callbackd.EventStart),
				"pause": a.stepEvent(callbackd.EventPause),
				"end":   a.stepEvent(callbackd.EventEnd),
				"list": func(ctx context.Context, i *installation, acc *callbackd.Account, rest []string) error {
					return a.listEvents(ctx, i, acc, f.json)
				},
			}[args[1]]
			if !ok {
				return usagef("unknown step %q: write add, set, start, pause, end or list", args[1])
			}
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				return step(c.Context(), i, account, args[2:])
			})
		},
	}
	c.Flags().StringVar(&f.start, "start", "", "`time` at which it starts by itself")
	c.Flags().StringVar(&f.end, "end", "", "`time` at which it ends by itself")
	c.Flags().StringVar(&f.moderation, "moderation", "", "hold, auto or open; the account's where it is not given")
	c.Flags().StringVar(&f.from, "from", "", "JSON `file` with the event, or - for standard input")
	c.Flags().StringVar(&f.logo, "logo", "", "PNG or JPEG `file`; none: no logo")
	c.Flags().StringVar(&f.background, "background", "", "PNG or JPEG `file`; none: no picture behind the wall")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// eventJSON is an event as files and --json have it.
type eventJSON struct {
	ID         callbackd.PublicID   `json:"id,omitempty"`
	Name       string               `json:"name"`
	State      callbackd.EventState `json:"state,omitempty"`
	Moderation callbackd.Moderation `json:"moderation,omitempty"`
	Start      string               `json:"start,omitempty"` // RFC 3339
	End        string               `json:"end,omitempty"`   // RFC 3339
	callbackd.EventSettings
	StartedAt string `json:"started_at,omitempty"`
	EndedAt   string `json:"ended_at,omitempty"`
}

func describeEvent(e callbackd.Event) eventJSON {
	return eventJSON{ID: e.PublicID, Name: e.Name, State: e.State, Moderation: e.Moderation, Start: rfc3339(e.StartsAt), End: rfc3339(e.EndsAt),
		EventSettings: e.Settings, StartedAt: rfc3339(e.StartedAt), EndedAt: rfc3339(e.EndedAt)}
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// fill puts a file's words and then the flags' into an event; what neither names stays.
func (a *app) fill(e *callbackd.Event, f eventFlags, now time.Time) error {
	in := describeEvent(*e)
	if f.from != "" {
		if err := a.readEvent(f.from, &in); err != nil {
			return err
		}
	}
	e.Name, e.Settings = in.Name, in.EventSettings
	for _, s := range []struct {
		to              *time.Time
		file, flag, key string
	}{{&e.StartsAt, in.Start, f.start, "start"}, {&e.EndsAt, in.End, f.end, "end"}} {
		word := s.file
		if s.flag != "" {
			word = s.flag
		}
		t, err := parseTime(word, now)
		if err != nil {
			return usagef("%s %q: %w", s.key, word, err)
		}
		*s.to = t
	}
	if e.Moderation = in.Moderation; f.moderation != "" {
		e.Moderation = callbackd.Moderation(f.moderation)
	}
	return nil
}

func (a *app) readEvent(from string, in *eventJSON) error {
	r := a.stdin
	if from != "-" {
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	d := json.NewDecoder(io.LimitReader(r, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	return nil
}

var errTime = errors.New(`write 2026-02-16T20:00:00+08:00, "2026-02-16 20:00", or 90m from now`)

// parseTime reads a time as people write it; "" is none.
func parseTime(word string, now time.Time) (time.Time, error) {
	if word == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, word, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(word, "+")); err == nil {
		return now.Add(d).Truncate(time.Second), nil
	}
	return time.Time{}, errTime
}

func (a *app) addEvent(ctx context.Context, i *installation, account *callbackd.Account, rest []string, f eventFlags) error {
	e := callbackd.Event{Account: account.ID}
	if len(rest) > 1 {
		return usagef("an event's name is one argument: put it in quotes")
	}
	if err := a.fill(&e, f, i.db.Now()); err != nil {
		return err
	}
	if len(rest) == 1 {
		e.Name = rest[0]
	}
	e.Settings.Logo, e.Settings.Background = "", "" // of a file that another installation wrote
	if err := i.db.InsertEvent(ctx, &e, shellActor()); err != nil {
		return err
	}
	if err := a.dressEvent(ctx, i, &e, f); err != nil {
		return fmt.Errorf("event %s was added without it: %w", e.PublicID, err)
	}
	_, err := fmt.Fprintln(a.stdout, e.PublicID)
	return err
}

func (a *app) setEvent(ctx context.Context, i *installation, account *callbackd.Account, rest []string, f eventFlags) error {
	if len(rest) == 0 || len(rest) > 2 {
		return usagef("write callbackd event %s set ID [NAME]", account.Slug)
	}
	e, err := findEvent(ctx, i.db, account, rest[0])
	if err != nil {
		return err
	}
	if err := a.fill(&e, f, i.db.Now()); err != nil {
		return err
	}
	if len(rest) == 2 {
		e.Name = rest[1]
	}
	if err := i.db.SetEvent(ctx, &e, shellActor()); err != nil {
		return err
	}
	if err := a.dressEvent(ctx, i, &e, f); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, e.PublicID)
	return err
}

// dressEvent gives an event the pictures that the flags name.
func (a *app) dressEvent(ctx context.Context, i *installation, e *callbackd.Event, f eventFlags) error {
	if f.logo == "" && f.background == "" {
		return nil
	}
	for _, p := range []struct {
		file string
		to   *callbackd.PublicID
	}{{f.logo, &e.Settings.Logo}, {f.background, &e.Settings.Background}} {
		switch p.file {
		case "":
			continue
		case "none":
			*p.to = ""
			continue
		}
		file, err := os.Open(p.file)
		if err != nil {
			return err
		}
		*p.to, err = wall.PutPicture(ctx, i.db, i.blobs, *e, file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
	}
	return wall.SetEvent(ctx, i.db, i.blobs, e, shellActor())
}

// stepEvent starts, pauses or ends an event.
func (a *app) stepEvent(step callbackd.EventStep) func(context.Context, *installation, *callbackd.Account, []string) error {
	return func(ctx context.Context, i *installation, account *callbackd.Account, rest []string) error {
		var e callbackd.Event
		var err error
		switch len(rest) {
		case 0:
			e, err = meantEvent(ctx, i.db, account, step)
		case 1:
			e, err = findEvent(ctx, i.db, account, rest[0])
		default:
			err = usagef("write callbackd event %s %s [ID]", account.Slug, step)
		}
		if err != nil {
			return err
		}
		if e, err = i.db.StepEvent(ctx, account.ID, e.ID, step, shellActor()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s\t%s\n", e.PublicID, e.State)
		return err
	}
}

// maxEvents bounds what list prints, and where a name is looked for.
const maxEvents = 1000

// findEvent finds an event by its id, or by a name that no other has.
func findEvent(ctx context.Context, db *store.DB, account *callbackd.Account, word string) (callbackd.Event, error) {
	all, err := db.ListEvents(ctx, account.ID, maxEvents)
	if err != nil {
		return callbackd.Event{}, err
	}
	var named []callbackd.Event
	for _, e := range all {
		if string(e.PublicID) == word {
			return e, nil
		}
		if e.Name == word {
			named = append(named, e)
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	return callbackd.Event{}, fmt.Errorf("%d events of %s are called %q: callbackd event %s list shows the ids of all", len(named), account.Slug, word, account.Slug)
}

// meantEvent is the one event that a step without an id can mean: the current one;
// to be started, where there is none, the only draft, else the one that the wall shows.
func meantEvent(ctx context.Context, db *store.DB, account *callbackd.Account, step callbackd.EventStep) (callbackd.Event, error) {
	all, err := db.ListEvents(ctx, account.ID, maxEvents)
	if err != nil {
		return callbackd.Event{}, err
	}
	var drafts []callbackd.Event
	for _, e := range all {
		if e.State.Current() {
			return e, nil
		}
		if e.State == callbackd.EventDraft {
			drafts = append(drafts, e)
		}
	}
	if step == callbackd.EventStart && len(drafts) == 1 {
		return drafts[0], nil
	}
	if step != callbackd.EventStart {
		return callbackd.Event{}, fmt.Errorf("no event of %s is live or paused: callbackd event %s list shows all", account.Slug, account.Slug)
	}
	return callbackd.Event{}, fmt.Errorf("%s has %d drafts: name the one to start; callbackd event %s list shows all", account.Slug, len(drafts), account.Slug)
}

func (a *app) listEvents(ctx context.Context, i *installation, account *callbackd.Account, asJSON bool) error {
	all, err := i.db.ListEvents(ctx, account.ID, maxEvents)
	if err != nil {
		return err
	}
	out := make([]eventJSON, len(all))
	for n, e := range all {
		out[n] = describeEvent(e)
	}
	if asJSON {
		return a.print(out)
	}
	for _, e := range out {
		if _, err := fmt.Fprintf(a.stdout, "%s\t%s\t%q\t%s\t%s\n", e.ID, e.State, e.Name, e.Start, e.End); err != nil {
			return err
		}
	}
	return nil
}
