package media

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
	"callbackd/store"
)

// Search finds a file on the operator pages (CN103491087A, claim 2): all
// messages of the sender's FakeID, the one of this push among them by its exact
// console id, else by push time, kind and order where exactly one assignment
// fits; then its bytes.
func (w *Worker) Search(ctx context.Context, j callbackd.Job) error {
	row, a, err := w.find(ctx, j)
	if err != nil || row == nil {
		return err
	}
	if a.MPWeb == nil {
		err = errPassedOver
	} else {
		err = w.fromPages(ctx, a, *row)
	}
	var human *mpweb.NeedsHumanError
	var quiet *mpweb.FrequencyError
	waits := errors.As(err, &human) || errors.As(err, &quiet)
	switch {
	case waits && w.fromPicURL(ctx, row.Media) == nil:
		return nil // a picture need not wait for a human, or for hours of quiet
	case human != nil:
		return callbackd.Snooze(humanPause, "the operator login needs a human")
	case quiet != nil:
		return callbackd.Snooze(max(quiet.After, time.Second), "the operator pages ask for quiet")
	}
	return w.lastly(ctx, j, row.Media, err)
}

// humanPause is between two looks whether somebody has logged in.
const humanPause = time.Minute

// dialogReach is how far around a push the sender's other messages are looked
// at: each narrows the others.
const dialogReach = time.Hour

func (w *Worker) fromPages(ctx context.Context, a *callbackd.Account, row store.Row) error {
	if row.Person == nil {
		return fmt.Errorf("the sender is not known yet: %w", errNotYet)
	}
	at := w.DB.Now()
	lines, err := w.MPWeb.Dialog(ctx, a, row.Person.FakeID)
	if err != nil {
		return fmt.Errorf("read the dialog: %w", err)
	}
	sent := row.Message.SentAt
	rows, err := w.DB.ListMessagesOfSender(ctx, row.Sender.ID, sent.Add(-dialogReach), 500)
	if err != nil {
		return fmt.Errorf("read the sender's messages: %w", err)
	}
	id, err := pick(row.Message, rows, lines, at)
	if err != nil {
		return err
	}
	body, err := w.MPWeb.Media(ctx, a, row.Media.Kind, id)
	if errors.Is(err, mpweb.ErrNoSuchMedia) {
		return fmt.Errorf("%w: %w", errPassedOver, err)
	}
	if err != nil {
		return fmt.Errorf("fetch from the operator pages: %w", tooLarge(err))
	}
	defer body.Close()
	return w.keep(ctx, row.Media, body)
}

// pick tells which line of the dialog a message is; errNotYet where that is
// not certain, errPassedOver where it never will be.
func pick(m callbackd.Message, sent []callbackd.Message, lines []mpweb.Entry, at time.Time) (uint64, error) {
	var entries []match.Entry
	for _, l := range lines {
		if !l.Own {
			entries = append(entries, match.Entry{ID: l.ID, FakeID: l.FakeID, Kind: l.Kind, Time: l.Time, Text: l.Content})
		}
	}
	pushes := make([]match.Push, 0, len(sent))
	for _, s := range sent {
		pushes = append(pushes, match.Push{Message: s.ID, Sender: s.Sender, Time: s.SentAt.Unix(), MsgID: s.MsgID, Kind: s.Kind, Text: s.Text,
			ReceivedAt: s.ReceivedAt})
	}
	found := match.AssignMedia(pushes, entries, match.NewSweep(at, entries, true))
	if e, ok := found[m.ID]; ok {
		return e.ID, nil
	}
	if at.Sub(m.ReceivedAt) > match.KeptFor {
		return 0, fmt.Errorf("%w: the dialog does not reach back so far", errPassedOver)
	}
	return 0, fmt.Errorf("which line of the dialog it is: %w", errNotYet)
}
