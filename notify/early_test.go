package notify_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
)

// Whoever sat at a computer when the server went away has not said so again when a
// vendor answers what is sent once more at the start. That is no reason to tell
// them in WeChat: the answer is kept, and the chain goes on when devices have had
// time to come back.
func TestF16_AnAnswerThatComesBeforeDevicesAreBackLeadsNowhereElse(t *testing.T) {
	for name, c := range map[string]struct {
		answer       push.Result
		early, later []notify.Key
	}{
		"accepted": {push.Result{Outcome: push.Accepted, Status: 201},
			[]notify.Key{notify.KeyVendor, notify.KeyAccepted}, []notify.Key{}},
		"refused": {push.Result{Outcome: push.Refused, Status: 403},
			[]notify.Key{notify.KeyVendor}, []notify.Key{notify.KeyRefused, notify.KeySent, notify.KeyVendor, notify.KeyAccepted}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStageOf(t, nil)
			author, reader := s.person("林小满"), s.bound("王大锤", nil)
			desk := s.device(reader, callbackd.ClassComputer, callbackd.ProviderWebPush, false)
			s.sits(reader, desk)
			s.push(author, "@王大锤 你在吗", nil)
			s.must(s.service.Tell(ctx))
			s.must(s.service.StepDue(ctx)) // stored, and killed before the vendor was called
			s.start()
			s.service.Grace = time.Hour
			run, end := context.WithCancel(ctx)
			s.vendors.answer = func(callbackd.Device) push.Result {
				end()
				return c.answer
			}
			s.must(s.service.Run(run))
			told := []notify.Key{notify.KeyMentioned, notify.KeySent, notify.KeyResumed, notify.KeySent}
			if got := s.trail(reader); !slices.Equal(got, slices.Concat(told, c.early)) || s.weChat.count() != 0 {
				t.Errorf("before devices are back: %v, %d in WeChat", got, s.weChat.count())
			}
			s.start()
			s.settle()
			if got := s.trail(reader); !slices.Equal(got, slices.Concat(told, c.early, c.later)) {
				t.Errorf("after that: %v", got)
			}
		})
	}
}

// What an answer makes due may come before what was waited for.
func TestService_WhatAnAnswerMakesDueIsNotOverslept(t *testing.T) {
	s := newStageOf(t, nil)
	author, reader := s.person("林小满"), s.bound("王大锤", receives)
	s.device(reader, callbackd.ClassPhone, callbackd.ProviderFCM, false)
	s.push(author, "大家好", nil)
	s.service.WaitLong()
	s.vendors.answer = func(callbackd.Device) push.Result { return push.Result{Outcome: push.Retry, Status: 503} }
	run, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.service.Run(run) }()
	defer func() {
		end()
		s.must(<-done)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); s.vendors.count() < 2; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d pushes: the vendor that had no time was not asked again", s.vendors.count())
		}
		s.clock.Advance(20 * time.Millisecond) // four times as fast as the real one
	}
}
