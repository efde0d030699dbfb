package live

import (
	"slices"
	"testing"

	"callbackd"
)

// counted are listeners without the library: there says which guests it has.
func counted() (*listeners, map[*guest]bool) {
	there := map[*guest]bool{}
	return &listeners{
		there:    func(g *guest, _ callbackd.PublicID) bool { return there[g] },
		byDevice: map[callbackd.PublicID]*deviceChannel{},
	}, there
}

// subscribe takes a guest all the way in, as the library does.
func (l *listeners) subscribe(g *guest, there map[*guest]bool) {
	l.enter(g, "one")
	l.admit(g, "one")
	there[g] = true
	l.settle(g, "one")
}

// told drains the turns of device one.
func (l *listeners) told() []string {
	var turns []string
	note := func(what string) func(callbackd.PublicID) {
		return func(callbackd.PublicID) { turns = append(turns, what) }
	}
	l.tell("one", note("up"), note("down"))
	return turns
}

func TestListeners_AnEndBeforeTheSubscriptionIsCompleteCountsForNothing(t *testing.T) {
	l, _ := counted()
	g := &guest{}
	l.enter(g, "one")
	l.admit(g, "one")
	l.leave(g, "one") // the library's event is earlier than its reply
	l.settle(g, "one")
	if got := l.told(); len(got) > 0 || len(l.byDevice) > 0 {
		t.Errorf("told %v, %d devices remembered", got, len(l.byDevice))
	}
}

func TestListeners_ADoubledEndCountsOnce(t *testing.T) {
	l, there := counted()
	a, b := &guest{}, &guest{}
	l.subscribe(a, there)
	l.subscribe(b, there)
	there[a] = false
	l.leave(a, "one")
	l.leave(a, "one")
	if got := l.told(); !slices.Equal(got, []string{"up"}) || !l.heard("one") {
		t.Errorf("told %v", got)
	}
	there[b] = false
	l.leave(b, "one")
	l.leave(b, "one")
	if got := l.told(); !slices.Equal(got, []string{"down"}) || len(l.byDevice) > 0 {
		t.Errorf("told %v, %d devices remembered", got, len(l.byDevice))
	}
}

func TestListeners_ALateEndDoesNotCountOutTheNextSubscription(t *testing.T) {
	l, there := counted()
	g := &guest{}
	l.subscribe(g, there)
	there[g] = false
	l.leave(g, "one")
	l.subscribe(g, there)
	l.leave(g, "one") // the first one's, doubled and late
	if got := l.told(); !slices.Equal(got, []string{"up", "down", "up"}) || !l.heard("one") {
		t.Errorf("told %v", got)
	}
}

func TestListeners_TurnsAreToldInOrderEvenFromWithin(t *testing.T) {
	l, there := counted()
	g := &guest{}
	l.subscribe(g, there)
	var turns []string
	down := func(callbackd.PublicID) { turns = append(turns, "down") }
	l.tell("one", func(callbackd.PublicID) {
		there[g] = false
		l.leave(g, "one") // what hears of it drops the device
		l.tell("one", nil, down)
		turns = append(turns, "up is over")
	}, down)
	if !slices.Equal(turns, []string{"up is over", "down"}) || len(l.byDevice) > 0 {
		t.Errorf("%v, %d devices remembered", turns, len(l.byDevice))
	}
}

func TestListeners_ADropVoidsWhatIsAskedAndNamesWhoIsIn(t *testing.T) {
	l, there := counted()
	asks, comes, is := &guest{}, &guest{}, &guest{}
	l.enter(asks, "one")
	l.enter(comes, "one")
	l.admit(comes, "one")
	l.subscribe(is, there)
	inside := l.drop("one")
	if len(inside) != 2 || !slices.Contains(inside, comes) || !slices.Contains(inside, is) {
		t.Errorf("%d are inside", len(inside))
	}
	if l.admit(asks, "one") {
		t.Error("an answer from before the drop is good")
	}
	if !l.admit(asks, "one") {
		t.Error("an answer from after it is not")
	}
}
