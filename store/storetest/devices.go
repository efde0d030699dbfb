package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// newDevice is a phone of a viewer. Without a target it has no provider.
func newDevice(v callbackd.Viewer, target string) store.NewDevice {
	n := store.NewDevice{Viewer: v, Class: callbackd.ClassPhone, Name: "手机", TargetKey: []byte{}}
	if target != "" {
		n.Provider, n.Target = callbackd.ProviderWebPush, callbackd.Secret("secret of "+target)
		n.TargetKey, n.Proof = []byte(target), []byte("proof of "+target)
	}
	return n
}

func (w *world) register(v callbackd.Viewer, target string) callbackd.Device {
	w.Helper()
	d, _, err := w.db.InsertDevice(ctx, newDevice(v, target))
	w.must(err)
	return d
}

func (w *world) devices(sender callbackd.SenderID) []callbackd.Device {
	w.Helper()
	list, err := w.db.ListDevices(ctx, sender)
	w.must(err)
	return list
}

func exerciseDevices(t *testing.T, h Harness) {
	t.Run("EverythingComesBack", func(t *testing.T) { deviceComesBack(t, h) })
	t.Run("OnlyOfAViewerThatIsBound", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.bind(w.viewer(), "oA")
		b := w.sender("oB")
		wrong := v
		wrong.Sender = b
		for name, viewer := range map[string]callbackd.Viewer{"unbound": w.viewer(), "of another follower": wrong} {
			if _, _, err := w.db.InsertDevice(ctx, newDevice(viewer, "t1")); !errors.Is(err, callbackd.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.db.UnbindViewer(ctx, v.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.db.InsertDevice(ctx, newDevice(v, "t1")); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("unbound meanwhile: %v", err)
		}
	})
	t.Run("AtMostTen", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first, second := w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oA")
		for i := range store.MaxDevices {
			target := ""
			if i < 3 {
				target = fmt.Sprint("t", i)
			}
			w.register(first, target)
		}
		if _, _, err := w.db.InsertDevice(ctx, newDevice(second, "one more")); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("one more: %v", err)
		}
		w.register(first, "t1")  // one of them again
		w.register(second, "t2") // one of them moves
		if n := len(w.devices(first.Sender)); n != store.MaxDevices {
			t.Fatalf("%d devices", n)
		}
		w.register(w.bind(w.viewer(), "oB"), "another follower's")
	})
	t.Run("ATargetMovesToWhomItsProofSays", func(t *testing.T) { deviceMoves(t, h) })
	t.Run("ATargetMovesBetweenAccounts", func(t *testing.T) { deviceMovesAway(t, h) })
	t.Run("RegisteredAtOnceItIsOneDevice", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		here := w.acc
		viewers := []callbackd.Viewer{w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oB")}
		w.acc = w.account("autumn", callbackd.ModerationOpen)
		viewers = append(viewers, w.bind(w.viewer(), "oC"), w.bind(w.viewer(), "oD"))
		w.acc = here
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				// as often as they move in between, it may be that one is told to come again
				if _, _, err := w.db.InsertDevice(ctx, newDevice(viewers[i%len(viewers)], "t1")); err != nil && !errors.Is(err, callbackd.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, v := range viewers {
			n += len(w.devices(v.Sender))
		}
		if n != 1 {
			t.Fatalf("%d devices", n)
		}
	})
	t.Run("GoWithTheirBinding", func(t *testing.T) { devicesGo(t, h) })
	t.Run("DroppedOnlyAsTheyWere", func(t *testing.T) { deviceGone(t, h) })
}

func deviceComesBack(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v, stranger := w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oB")
	d, replaced, err := w.db.InsertDevice(ctx, newDevice(v, "t1"))
	w.must(err)
	want := callbackd.Device{ID: d.ID, PublicID: d.PublicID, Account: w.acc.ID, Viewer: v.ID, Sender: v.Sender, Class: callbackd.ClassPhone,
		Provider: callbackd.ProviderWebPush, Name: "手机", Target: "secret of t1", RegisteredAt: w.clock.Now(), SeenAt: w.clock.Now()}
	if d != want || len(replaced) != 0 || d.PublicID == "" {
		t.Fatalf("%+v, %v", d, replaced)
	}
	w.clock.Advance(time.Minute)
	w.must(w.db.TouchDevice(ctx, d.ID))
	want.SeenAt = w.clock.Now()
	bare := want
	bare.Target = ""
	one := func(list []callbackd.Device, err error) (callbackd.Device, error) {
		if len(list) != 1 {
			t.Errorf("%d devices", len(list))
			return callbackd.Device{}, err
		}
		return list[0], err
	}
	for name, c := range map[string]struct {
		want callbackd.Device
		get  func() (callbackd.Device, error)
	}{
		"list": {want, func() (callbackd.Device, error) { return one(w.db.ListDevices(ctx, v.Sender)) }},
		"list of": {bare, func() (callbackd.Device, error) {
			return one(w.db.ListDevicesOf(ctx, []callbackd.SenderID{1, v.Sender, 2}))
		}},
		"open": {want, func() (callbackd.Device, error) { return w.db.OpenDevice(ctx, d.ID) }},
		"get":  {bare, func() (callbackd.Device, error) { return w.db.GetDevice(ctx, d.PublicID) }},
	} {
		if got, err := c.get(); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	var many []callbackd.SenderID
	for i := range 1200 { // more than one query takes
		many = append(many, callbackd.SenderID(i+1))
	}
	if got, err := w.db.ListDevicesOf(ctx, append(many, v.Sender)); err != nil || len(got) != 1 {
		t.Errorf("of many: %d, %v", len(got), err)
	}
	if _, err := w.db.DeleteDevice(ctx, stranger.Sender, d.PublicID); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("deleted by another follower: %v", err)
	}
	if got, err := w.db.DeleteDevice(ctx, v.Sender, d.PublicID); err != nil || got != bare {
		t.Errorf("%+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"get":    func() error { _, err := w.db.GetDevice(ctx, d.PublicID); return err }(),
		"open":   func() error { _, err := w.db.OpenDevice(ctx, d.ID); return err }(),
		"delete": func() error { _, err := w.db.DeleteDevice(ctx, v.Sender, d.PublicID); return err }(),
	} {
		if !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("%s after it went: %v", name, err)
		}
	}
	w.must(w.db.TouchDevice(ctx, d.ID))
}

func deviceMoves(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	a, b := w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oB")
	d := w.register(a, "t1")
	stolen := newDevice(b, "t1")
	for _, proof := range [][]byte{[]byte("other keys"), nil} {
		if stolen.Proof = proof; proof == nil {
			stolen.Viewer = a // not even the same viewer, without the keys
		}
		if _, _, err := w.db.InsertDevice(ctx, stolen); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("another proof: %v", err)
		}
	}
	if got := w.devices(a.Sender); len(got) != 1 || got[0] != d || len(w.devices(b.Sender)) != 0 {
		t.Fatalf("a refusal changed something: %+v", got)
	}

	w.clock.Advance(time.Minute)
	again := newDevice(a, "t1")
	again.Class, again.Name, again.Target = callbackd.ClassComputer, "电脑", "fresh secret"
	renewed, replaced, err := w.db.InsertDevice(ctx, again)
	w.must(err)
	if renewed.ID != d.ID || renewed.PublicID != d.PublicID || !renewed.RegisteredAt.Equal(w.clock.Now()) || len(replaced) != 0 {
		t.Fatalf("again of the same viewer: %+v, %v", renewed, replaced)
	}
	if got := w.devices(a.Sender); len(got) != 1 || got[0] != renewed || renewed.Target != "fresh secret" || renewed.Class != callbackd.ClassComputer {
		t.Fatalf("stored %+v, said %+v", got, renewed)
	}

	moved, replaced, err := w.db.InsertDevice(ctx, newDevice(b, "t1"))
	w.must(err)
	if len(replaced) != 1 || replaced[0].ID != d.ID || replaced[0].PublicID != d.PublicID || replaced[0].Sender != a.Sender || moved.PublicID == d.PublicID || moved.Sender != b.Sender {
		t.Fatalf("%+v, %+v", moved, replaced)
	}
	if len(w.devices(a.Sender)) != 0 || len(w.devices(b.Sender)) != 1 {
		t.Fatal("it did not move")
	}
	one, another := w.register(a, ""), w.register(a, "")
	if one.ID == another.ID { // without a target nothing tells them apart
		t.Fatal("two devices without provider are one")
	}
}

func deviceMovesAway(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	here := w.bind(w.viewer(), "oA")
	d := w.register(here, "t1")
	w.acc = w.account("autumn", callbackd.ModerationOpen)
	there := w.bind(w.viewer(), "oA")
	moved, replaced, err := w.db.InsertDevice(ctx, newDevice(there, "t1"))
	w.must(err)
	if moved.Account != w.acc.ID || len(replaced) != 1 || replaced[0].ID != d.ID || len(w.devices(here.Sender)) != 0 {
		t.Fatalf("%+v, %+v", moved, replaced)
	}
}

func devicesGo(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v, stays := w.bind(w.viewer(), "oA"), w.bind(w.viewer(), "oA")
	d := w.register(v, "t1")
	w.register(stays, "t2")
	w.must(w.db.StartBinding(ctx, v, "ABCD2345", w.clock.Now().Add(time.Minute)))
	gone, err := w.db.UnbindViewer(ctx, v.ID)
	if err != nil || len(gone) != 1 || gone[0].ID != d.ID || gone[0].PublicID != d.PublicID {
		t.Fatalf("%+v, %v", gone, err)
	}
	if w.reread(v).Sender != 0 || len(w.devices(stays.Sender)) != 1 || w.reread(stays).Sender != stays.Sender {
		t.Fatal("unbound too little or too much")
	}
	w.stands(v, "", 0)
	w.command("oA", callbackd.CommandBind, "ABCD2345", callbackd.CommandExpired)
	if gone, err := w.db.UnbindViewer(ctx, v.ID); err != nil || len(gone) != 0 {
		t.Fatalf("again: %+v, %v", gone, err)
	}

	before := w.reread(stays).Sender
	same := w.bind(stays, "oA") // to the one that it is bound to
	if same.Sender != before || len(w.devices(before)) != 1 {
		t.Fatal("the devices of one who binds again are gone")
	}
	other := w.bind(stays, "oB")
	if other.Sender == before || len(w.devices(before)) != 0 || len(w.devices(other.Sender)) != 0 {
		t.Fatal("devices went with the viewer to another follower, or stayed behind")
	}
}

func deviceGone(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	v := w.bind(w.viewer(), "oA")
	read := w.register(v, "t1")
	drop := func(d callbackd.Device, goneAt time.Time, want bool) {
		t.Helper()
		if got, err := w.db.DropGoneDevice(ctx, d, goneAt); err != nil || got != want {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	}
	drop(read, read.RegisteredAt, false)
	drop(read, read.RegisteredAt.Add(-time.Hour), false)
	renewed := w.register(v, "t1") // in the same millisecond
	drop(read, time.Time{}, false)
	drop(read, read.RegisteredAt.Add(time.Hour), false)
	drop(renewed, renewed.RegisteredAt, false)
	if got := w.devices(v.Sender); len(got) != 1 || got[0] != renewed {
		t.Fatalf("%+v", got)
	}
	drop(renewed, renewed.RegisteredAt.Add(time.Millisecond), true)
	drop(renewed, renewed.RegisteredAt.Add(time.Millisecond), false)
	drop(w.register(v, "t1"), time.Time{}, true)
	if len(w.devices(v.Sender)) != 0 {
		t.Fatal("still there")
	}
}
