package wall

import (
	"context"
	"slices"
	"sort"

	"callbackd"
	"callbackd/store"
)

// Changes is what a page that was away needs to be equal to the server again.
type Changes struct {
	Rev     int64              `json:"rev"`
	Reset   bool               `json:"reset"`
	Paused  bool               `json:"paused,omitempty"` // the wall shows no messages now
	Changes []callbackd.Change `json:"changes"`
}

// ChangesAfter returns the changes of a wall after a rev, in order, each as the
// gate lets it be seen now. A message that changed several times comes once,
// with its newest rev, and so does the stage. A rev that this wall never had (a
// restored backup), or from before the wall was opened, cleared or given to
// another event, is answered with Reset. While the wall is closed, the stage is
// the only thing that is told.
func ChangesAfter(ctx context.Context, db *store.DB, account callbackd.AccountID, after int64, limit int) (Changes, error) {
	out := Changes{Changes: []callbackd.Change{}}
	stage, rev, err := db.GetStage(ctx, account) // before the rows: later ones come again
	if err != nil {
		return out, err
	}
	out.Rev, out.Paused = rev, !stage.Open()
	if after > rev || stage.Open() && after < stage.OpenedRev {
		out.Reset = true
		return out, nil
	}
	var rows []store.Row
	if stage.Open() {
		if rows, err = db.ListChanged(ctx, account, after, limit); err != nil {
			return out, err
		}
	}
	for _, row := range rows {
		if row.Message.Rev <= rev { // a later one may stand behind a stage that was not read
			out.Changes = append(out.Changes, change(row, after))
		}
	}
	if stage.Rev > after {
		control, err := controlChange(ctx, db, stage)
		if err != nil {
			return out, err
		}
		out.Changes = slices.Insert(out.Changes, placeOf(stage.Rev, out.Changes), control)
	}
	if len(out.Changes) > limit {
		out.Changes = out.Changes[:limit]
	}
	if n := len(out.Changes); n > 0 && !out.Paused {
		out.Rev = out.Changes[n-1].Rev
	}
	return out, nil
}

// placeOf is where a rev belongs among changes.
func placeOf(rev int64, among []callbackd.Change) int {
	return sort.Search(len(among), func(i int) bool { return among[i].Rev > rev })
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
	Paused   bool                      `json:"paused,omitempty"` // the wall shows no messages now
	Control  callbackd.PublicControl   `json:"control"`
	Messages []callbackd.PublicMessage `json:"messages"`
}

// AccountName is what the public may know of an account.
type AccountName struct {
	Slug callbackd.Slug `json:"slug"`
	Name string         `json:"name"`
}

// MessagesIn returns a page of a wall in ascending order of seq, with the wall's
// stage; no messages while the wall is closed.
func MessagesIn(ctx context.Context, db *store.DB, a *callbackd.Account, span store.Span) (Messages, error) {
	out := Messages{Account: AccountName{a.Slug, a.Name}, Messages: []callbackd.PublicMessage{}}
	stage, rev, err := db.GetStage(ctx, a.ID) // before the rows: what changes meanwhile comes again as a change
	if err != nil {
		return out, err
	}
	out.Rev, out.Paused = rev, !stage.Open()
	if out.Control, err = ControlOf(ctx, db, stage); err != nil || out.Paused {
		return out, err
	}
	_, rows, err := db.ListShown(ctx, a.ID, span)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		if m, ok := View(row); ok {
			out.Messages = append(out.Messages, m)
		}
	}
	return out, nil
}
