package resolver_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

func TestPlanner_WordsThenFace(t *testing.T) {
	for name, o := range map[string]stageOptions{
		"msg-id":      {account: rehearsal.AccountConfig{Settings: rehearsal.Settings{Resolve: []callbackd.Strategy{callbackd.StrategyMsgID}}}},
		"create-time": {account: rehearsal.AccountConfig{Settings: rehearsal.Settings{Resolve: []callbackd.Strategy{callbackd.StrategyCreateTime}}}},
		"user-page":   {account: rehearsal.AccountConfig{Operator: rehearsal.OperatorFaults{UserPage: true}, Settings: rehearsal.Settings{Resolve: []callbackd.Strategy{callbackd.StrategyUserPage}}}},
		"open-id":     {account: rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}}},
	} {
		t.Run(name, func(t *testing.T) {
			o.people = 20
			o.platform.ListingDelay = rehearsal.Range{Max: 5 * time.Second}
			o.platform.PageSkew = rehearsal.Range{Min: -2 * time.Second, Max: 10 * time.Second}
			s := newStage(t, o)
			began := s.Now()
			s.says(3, text("终于开始啦"))
			for {
				s.work(100 * time.Millisecond)
				if p, ok := s.person(3); ok && !p.ReadAt.IsZero() {
					t.Logf("after %s: %v pages %v", s.Now().Sub(began), p.Avatar != "", s.platform.Counters("stage"))
					break
				}
				if s.Now().Sub(began) > time.Minute {
					t.Fatalf("not found: %v %v\n%s", s.snoozed, s.platform.Counters("stage"), s.log)
				}
			}
		})
	}
}
