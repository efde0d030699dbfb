package media

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
)

const joinURL = "http://weixin.qq.com/r/chosen"

func (s *stage) join(a *callbackd.Account) error {
	return s.JoinQR(context.Background(), callbackd.Job{Kind: callbackd.JobJoinQR, Account: a.ID})
}

// code is the account's join code; nil where there is none.
func (s *stage) code(a *callbackd.Account) *store.JoinCode {
	s.Helper()
	c, err := s.DB.GetJoinCode(context.Background(), a.ID)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil
	}
	s.must(err)
	return &c
}

func TestJoinQR_TheFirstSourceThatHasOne(t *testing.T) {
	chosen := func(a *callbackd.Account) { a.JoinURL = joinURL }
	for name, c := range map[string]struct {
		cfg    rehearsal.AccountConfig
		change func(*callbackd.Account)
		want   string // source; "": none was made
	}{
		"the API before everything":            {rehearsal.AccountConfig{MP: operator2014}, chosen, "api"},
		"not verified, an address was chosen":  {rehearsal.AccountConfig{MP: operator2014, API: rehearsal.APIConfig{Unverified: true}}, chosen, ""},
		"not verified, the pages":              {rehearsal.AccountConfig{MP: operator2014, API: rehearsal.APIConfig{Unverified: true}}, nil, "mpweb"},
		"no API, the pages of 2016":            {rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}}, noAPI, "mpweb"},
		"no API, an address was chosen":        {rehearsal.AccountConfig{MP: operator2014}, func(a *callbackd.Account) { noAPI(a); chosen(a) }, ""},
		"nothing":                              {rehearsal.AccountConfig{}, noAPI, ""},
		"not on the whitelist, nothing else":   {rehearsal.AccountConfig{API: rehearsal.APIConfig{Whitelist: true}}, nil, ""},
		"not on the whitelist, but there's mp": {rehearsal.AccountConfig{MP: operator2014, API: rehearsal.APIConfig{Whitelist: true}}, nil, "mpweb"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(c.cfg, c.change)
			err := s.join(a)
			code := s.code(a)
			switch c.want {
			case "":
				if err != nil || code != nil {
					t.Errorf("%+v, %v", code, err)
				}
			case "mpweb":
				if err != nil || code == nil || code.Source != "mpweb" || code.URL != sim.FollowURL() || !code.ExpiresAt.IsZero() {
					t.Errorf("%+v, %v", code, err)
				}
			case "api":
				waits(t, err, 27*24*time.Hour-time.Minute, 27*24*time.Hour) // three days before its end
				if code == nil || code.Source != "api" || code.ExpiresAt.Sub(s.clock.Now()) != 30*24*time.Hour {
					t.Fatalf("%+v", code)
				}
				if tickets := sim.Tickets(); len(tickets) != 1 || code.URL == joinURL {
					t.Errorf("%q of %q", code.URL, tickets)
				}
			}
		})
	}
}

func TestJoinQR_IsRenewedBeforeItsEnd(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	var pause *callbackd.SnoozeError
	if !errors.As(s.join(a), &pause) {
		t.Fatal("it does not set itself for the next time")
	}
	first := s.code(a)
	s.clock.Advance(pause.After)
	if !s.clock.Now().Before(first.ExpiresAt) {
		t.Fatal("the old one has ended")
	}
	old := sim.Tickets()
	if !errors.As(s.join(a), &pause) {
		t.Fatal("it does not set itself for the next time")
	}
	second := s.code(a)
	if !second.ExpiresAt.After(first.ExpiresAt) || slices.Equal(old, sim.Tickets()) {
		t.Errorf("%+v after %+v", second, first)
	}
}

func TestRenewAfter_NeverAtOnce(t *testing.T) {
	day := 24 * time.Hour
	for life, want := range map[time.Duration]time.Duration{
		30 * day: 27 * day, 4 * day: 2 * day, day: day / 2, time.Hour: 30 * time.Minute, time.Minute: time.Minute, 0: time.Minute, -day: time.Minute,
	} {
		if got := renewAfter(life); got != want {
			t.Errorf("%s: after %s, want %s", life, got, want)
		}
	}
}

func TestJoinQR_WaitsForAHumanOrForQuietAndTriesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*rehearsal.Account)
		check   func(*testing.T, error)
	}{
		"a human": {func(sim *rehearsal.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.Protected = true })
		}, func(t *testing.T, err error) { waits(t, err, joinRetry, joinRetry) }},
		"quiet": {func(sim *rehearsal.Account) { sim.ThrottleFor(time.Hour) }, func(t *testing.T, err error) { waits(t, err, time.Minute, 24*time.Hour) }},
		"down": {func(sim *rehearsal.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = true })
		}, again},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
			c.trouble(sim)
			c.check(t, s.join(a))
			if code := s.code(a); code != nil {
				t.Errorf("%+v", code)
			}
		})
	}
	t.Run("the API is busy", func(t *testing.T) {
		s := newStage(t, plainMaker())
		sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, nil)
		sim.SetFaults(func(f *rehearsal.Faults) {
			f.Force = map[string]rehearsal.ForcedError{"/cgi-bin/qrcode/create": {Code: -1, N: 1}}
		})
		again(t, s.join(a))
		waits(t, s.join(a), 26*24*time.Hour, 27*24*time.Hour)
	})
}

// TestJoinQR_DropsWhatNoSettingStandsFor: the old code would lead to where the
// account does not want people any more.
func TestJoinQR_DropsWhatNoSettingStandsFor(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{MP: operator2014, API: rehearsal.APIConfig{Unverified: true}}, nil)
	s.must(s.join(a))
	a.MPWeb = nil
	s.must(s.DB.SetAccount(context.Background(), a, "test"))
	s.must(s.join(a))
	if code := s.code(a); code != nil {
		t.Errorf("a code of pages that are not used: %+v", code)
	}
	s.must(s.DB.SetJoinCode(context.Background(), a.ID, store.JoinCode{URL: "http://weixin.qq.com/q/scene", Source: "api", ExpiresAt: s.clock.Now().Add(time.Hour)}))
	s.must(s.join(a)) // refused today, but the code of yesterday still works
	if code := s.code(a); code == nil || len(sim.Tickets()) != 0 {
		t.Error("a scene code that works was dropped")
	}
	noAPI(a)
	s.must(s.DB.SetAccount(context.Background(), a, "test"))
	s.must(s.join(a))
	if code := s.code(a); code != nil {
		t.Errorf("a scene code without the API: %+v", code)
	}
}

func TestJoinQR_OfARemovedAccountIsNothingToDo(t *testing.T) {
	s := newStage(t, plainMaker())
	s.must(s.join(&callbackd.Account{ID: 4711}))
}
