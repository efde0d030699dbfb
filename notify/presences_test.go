package notify_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

func TestPresences_TwoMissesInARowMeanDown(t *testing.T) {
	p := notify.NewMemoryPresences(func() time.Time { return begin })
	up := func() bool { return p.Get([]callbackd.DeviceID{phone})[0].Up }
	p.Up(phone)
	p.Missed(phone)
	if !up() {
		t.Error("one miss")
	}
	p.Heard(phone)
	p.Missed(phone)
	if !up() {
		t.Error("not in a row")
	}
	p.Missed(phone)
	if up() {
		t.Error("two in a row, and still up")
	}
	p.Report(phone, notify.Report{At: begin})
	if !up() {
		t.Error("it spoke, and is still down")
	}
	p.Down(phone)
	if up() {
		t.Error("closed, and still up")
	}
}

func TestPresences_WhatSaysNothingAnyMoreIsForgotten(t *testing.T) {
	now := begin
	p := notify.NewMemoryPresences(func() time.Time { return now })
	for id := range callbackd.DeviceID(3000) {
		p.Report(id+1, notify.Report{At: now})
		now = now.Add(time.Second)
	}
	if n := p.Len(); n > 2048 {
		t.Errorf("%d devices are remembered", n)
	}
}
