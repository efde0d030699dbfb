package wall

import (
	"context"

	"callbackd"
	"callbackd/store"
)

// Changes is what a page that was away needs to be equal to the server again.
type Changes struct {
	Rev     int64              `json:"rev"`
	Reset   bool               `json:"reset"`
	Changes []callbackd.Change `json:"changes"`
}

// ChangesAfter returns the changes of a wall after a rev, in order, each as the
// gate lets it be seen now. A message that changed several times comes once,
// with its newest rev. A rev that this wall never had (a restored backup) is
// answered with Reset.
func ChangesAfter(ctx context.Context, db *store.DB, account callbackd.AccountID, after int64, limit int) (Changes, error) {
	out := Changes{Changes: []callbackd.Change{}}
	var err error
	if out.Rev, err = db.GetRev(ctx, account); err != nil { // before the rows: later ones come again
		return out, err
	}
	if after > out.Rev {
		out.Reset = true
		return out, nil
	}
	rows, err := db.ListChanged(ctx, account, after, limit)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		out.Changes = append(out.Changes, change(row, after))
		out.Rev = row.Message.Rev
	}
	return out, nil
}

// change turns a row into the step that a reader at rev after must take.
func change(row store.Row, after int64) callbackd.Change {
	m, ok := View(row)
	if !ok {
		return callbackd.Change{Rev: row.Message.Rev, Op: callbackd.ChangeRemove, ID: row.Message.PublicID}
	}
	op := callbackd.ChangeUpdate
	if row.Message.ShownRev > after {
		op = callbackd.ChangeShow
	}
	return callbackd.Change{Rev: row.Message.Rev, Op: op, Message: &m}
}

// Messages is a page of a wall.
type Messages struct {
	Account  AccountName               `json:"account"`
	Rev      int64                     `json:"rev"`
	Messages []callbackd.PublicMessage `json:"messages"`
}

// AccountName is what the public may know of an account.
type AccountName struct {
	Slug callbackd.Slug `json:"slug"`
	Name string         `json:"name"`
}

// MessagesIn returns a page of a wall in ascending order of seq.
func MessagesIn(ctx context.Context, db *store.DB, a *callbackd.Account, span store.Span) (Messages, error) {
	out := Messages{Account: AccountName{a.Slug, a.Name}, Messages: []callbackd.PublicMessage{}}
	rev, rows, err := db.ListShown(ctx, a.ID, span)
	if err != nil {
		return out, err
	}
	out.Rev = rev
	for _, row := range rows {
		if m, ok := View(row); ok {
			out.Messages = append(out.Messages, m)
		}
	}
	return out, nil
}
