package live

import (
	"context"
	"testing"
)

func TestLane_HoldsSoManyJobsAndDoesThemAll(t *testing.T) {
	c := newCrew()
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		c.run(t.Context())
	}()
	var l lane
	started, goOn := make(chan struct{}), make(chan struct{})
	done := 0
	if !c.do(&l, func(context.Context) { close(started); <-goOn }) {
		t.Fatal("the first job is refused")
	}
	<-started
	for i := range maxWaiting {
		if !c.do(&l, func(context.Context) { done++ }) {
			t.Fatalf("job %d is refused", i)
		}
	}
	if c.do(&l, func(context.Context) { done++ }) {
		t.Error("a job beyond the limit is taken")
	}
	c.close()
	close(goOn)
	<-idle
	if done != maxWaiting {
		t.Errorf("%d jobs done", done)
	}
	if c.do(&l, func(context.Context) {}) {
		t.Error("a job is taken after the end")
	}
}
