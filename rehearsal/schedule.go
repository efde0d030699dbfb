package rehearsal

import (
	"context"
	"iter"
	"sync"
	"time"

	"callbackd"
)

// Schedule is a crowd's evening. The same schedule is the same evening.
type Schedule struct {
	Seed      int64
	Followers int     // how many people there are; they are the crowd's first
	Following int     // how many of them follow from the beginning; the others arrive with subscribe
	Rate      float64 // steps per second on average; 0: 1
	Total     int     // steps in all; 0: without end
	Kinds     Kinds   // nil: DefaultKinds
	Repeats   float64 // share of pushes that arrive over two connections at once
	// Opening is said first, at a quick pace: a text, a voice, a picture, a
	// film and more, so that a new wall shows everything within seconds.
	Opening bool
}

// Kinds are the weights of what people do: a MsgType, "SCAN", "unsubscribe" …
type Kinds map[string]int

// DefaultKinds is a lively evening.
func DefaultKinds() Kinds {
	return Kinds{
		string(TypeText): 150, string(TypeVoice): 20, string(TypeImage): 16, string(TypeVideo): 4, string(TypeShortVideo): 2,
		string(TypeLocation): 2, string(TypeLink): 2, string(TypeUnsupported): 1, "SCAN": 1, "CLICK": 1,
	}
}

// kindOrder fixes the order in which weights are looked at: maps have none.
var kindOrder = []string{
	string(TypeText), string(TypeVoice), string(TypeImage), string(TypeVideo), string(TypeShortVideo),
	string(TypeLocation), string(TypeLink), string(TypeUnsupported), "SCAN", "CLICK", "VIEW", "LOCATION",
}

// Steps is the evening, step by step, in order of time.
func (s Schedule) Steps() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		w := newWriter(s)
		for n := 0; s.Total == 0 || n < s.Total; n++ {
			if !yield(w.next()) {
				return
			}
		}
	}
}

// Report is one step with what came of it.
type Report struct {
	Step    Step
	Record  Record // of messages
	Person  Follower
	Verdict Verdict
	Err     error // the world refused the step, or the rehearsal ended
}

// Run plays a schedule against an account in real time: each step happens at
// its moment and is pushed in its own goroutine, after the record's push
// delay; steps that overlap arrive in any order.
// It returns when the schedule or ctx ends and every push has its verdict.
// report is called once per step, never twice at a time, and may be nil.
func (a *Account) Run(ctx context.Context, s Schedule, crowd []callbackd.FakeID, report func(Report)) error {
	var pushes sync.WaitGroup
	defer pushes.Wait()
	var one sync.Mutex // guards report
	tell := func(r Report) {
		if report != nil {
			one.Lock()
			defer one.Unlock()
			report(r)
		}
	}
	begin, began := a.p.now(), time.Now()
	for step := range s.Steps() {
		if err := sleepUntil(ctx, began.Add(step.At)); err != nil {
			return err
		}
		out, pl := a.happen(step, crowd, begin) // in order: who subscribes first can speak after it
		if out.Err != nil {
			tell(out)
			continue
		}
		pushes.Go(func() { tell(a.deliverLater(ctx, out, pl)) })
	}
	pushes.Wait()
	return ctx.Err()
}

// happen puts a step into the world.
func (a *Account) happen(step Step, crowd []callbackd.FakeID, begin time.Time) (Report, Payload) {
	r, pl, err := step.Apply(a, crowd, begin)
	out := Report{Step: step, Record: r, Err: err}
	if c, ok := a.Contact(pl.Number); ok {
		out.Person = c.Follower
	}
	return out, pl
}

// deliverLater pushes what has happened, after its push delay.
func (a *Account) deliverLater(ctx context.Context, out Report, pl Payload) Report {
	if delay := out.Record.PushAt.Sub(out.Record.SaidAt); delay > 0 {
		if out.Err = sleepUntil(ctx, time.Now().Add(delay)); out.Err != nil {
			return out
		}
	}
	out.Verdict, out.Err = a.Send(ctx, pl, out.Step.Send)
	return out
}

func sleepUntil(ctx context.Context, at time.Time) error {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
