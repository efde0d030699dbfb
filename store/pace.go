package store

import "time"

// maxPatience bounds how long a batch waits, however slow the disk is.
const maxPatience = 5 * time.Millisecond

// pace says how long a batch waits for callbacks that are about to come, and
// for how many. A commit takes nearly the same time for one as for many, and
// whoever was just answered is about to bring the next one. Half of what a
// commit takes is what PostgreSQL's manual advises for commit_delay. Nobody
// waits for a crowd that has gone.
type pace struct {
	took    time.Duration // a commit, smoothed
	waiting int           // callers when the last commit ended: those in it, and those queued
	ended   time.Time     // the last commit
}

// note takes a commit and how many callers waited at its end.
func (p *pace) note(start, end time.Time, waiting int) {
	p.took += (end.Sub(start) - p.took) / 8
	p.waiting, p.ended = waiting, end
}

// crowd is how many callbacks are expected; 1 where the last ones are long ago.
func (p *pace) crowd(now time.Time) int {
	if now.Sub(p.ended) > p.took {
		return 1
	}
	return p.waiting
}

// patience is how long they are waited for.
func (p *pace) patience() time.Duration { return min(p.took/2, maxPatience) }
