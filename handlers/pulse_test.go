package handlers_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
)

// figure is what a page of health says under a key.
func figure(body, key string) string {
	m := regexp.MustCompile(`data-figure="` + regexp.QuoteMeta(key) + `">([^<]*)<`).FindStringSubmatch(body)
	if m == nil {
		return "not there"
	}
	return strings.ReplaceAll(m[1], "&lt;", "<")
}

func TestHealth_CountsTheLastHour(t *testing.T) {
	s := newDeskSite(t)
	s.says("oSynthetic-early", "早") // held: it waits
	owner := s.as(s.owner(), nil)
	look := func(what string, want map[string]string) {
		t.Helper()
		body := owner.get("/desk/spring/health?lang=en").body
		for key, is := range want {
			if got := figure(body, key); got != is {
				t.Errorf("%s: %s is %q, want %q", what, key, got, is)
			}
		}
	}
	look("before anything", map[string]string{"callbacks": "0", "p50": "–", "p99": "–", "queue": "1", "oldest": "0 s", "resolved.of": "0 / 1", "disk": "–", "screens": "0 / 0"})

	for range 98 {
		s.handlers.Answered("spring", 800*time.Microsecond)
	}
	s.handlers.Answered("spring", 40*time.Millisecond)
	s.handlers.Answered("spring", 4*time.Second)
	s.handlers.FeelPulses(s.clock.Now())
	s.clock.Advance(30 * time.Second)
	look("in the minute", map[string]string{"callbacks": "100", "callbacks.most": "100", "p50": "< 1 ms", "p99": "50 ms", "oldest": "30 s"})

	s.clock.Advance(90 * time.Second)
	look("two minutes later", map[string]string{"callbacks": "0", "callbacks.most": "100", "p99": "50 ms", "oldest": "2 min"})
	s.clock.Advance(4 * time.Minute)
	look("six minutes later", map[string]string{"callbacks.most": "100", "p99": "–"})
	if body := owner.get("/desk/spring/health?lang=en").body; !strings.Contains(body, "/desk/spring/queue\">A message has waited") {
		t.Error("a message that has waited for long is no alarm on the page")
	}
}

func TestHealth_ForgetsAfterAnHour(t *testing.T) {
	s := newDeskSite(t)
	owner := s.as(s.owner(), nil)
	for _, c := range []struct {
		ago  time.Duration
		most string
	}{{61 * time.Minute, "0"}, {59 * time.Minute, "1"}} {
		s.handlers.Answered("spring", time.Millisecond)
		s.handlers.FeelPulses(s.clock.Now().Add(-c.ago))
		if got := figure(owner.get("/desk/spring/health").body, "callbacks.most"); got != c.most {
			t.Errorf("of a callback %v ago the chart shows %s, want %s", c.ago, got, c.most)
		}
	}
}

func TestHealth_RemembersAnHourAndNoMore(t *testing.T) {
	s := newDeskSite(t)
	for range 400 {
		s.handlers.Looked("spring", s.clock.Now())
	}
	if n, _ := s.handlers.Beats("spring"); n != 360 {
		t.Errorf("%d looks are remembered, want 360", n)
	}
}

// Of an account at which nothing goes on the database is not asked: it would say
// that there is none of this name.
func TestHealth_IdleAskNothing(t *testing.T) {
	s := newDeskSite(t)
	const gone = callbackd.Slug("gone")
	s.handlers.Looked(gone, s.clock.Now())
	s.handlers.FeelPulses(s.clock.Now())
	if n, _ := s.handlers.Beats(gone); n != 2 {
		t.Errorf("%d looks at an idle account, want 2: the database was asked", n)
	}
	s.handlers.Answered(gone, time.Millisecond)
	s.handlers.FeelPulses(s.clock.Now())
	if _, known := s.handlers.Beats(gone); known {
		t.Error("an account that is gone is still looked at")
	}
}

func TestHealth_AllAccountsOfAnOperator(t *testing.T) {
	s := newDeskSite(t)
	other := s.deskAccount("other")
	moderator := s.as(s.operator("审核员", callbackd.Grant{Account: other.ID, Role: callbackd.RoleModerator}), nil)
	body := moderator.get("/desk/health").body
	if !strings.Contains(body, "/desk/other/health") || strings.Contains(body, "/desk/spring") {
		t.Error("the page of all accounts does not show those of the operator alone")
	}
}

func TestQuantile(t *testing.T) {
	if _, any := handlers.Quantile(.5); any {
		t.Error("no answers have a quantile")
	}
	ms := time.Millisecond
	for _, c := range []struct {
		share float64
		took  []time.Duration
		want  time.Duration
	}{
		{.5, []time.Duration{ms / 2}, ms / 2},
		{1, []time.Duration{ms, 10 * ms, 100 * ms}, 100 * ms},
		{.99, []time.Duration{time.Minute}, 5 * time.Second}, // at least
	} {
		if got, _ := handlers.Quantile(c.share, c.took...); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.share, c.took, got, c.want)
		}
	}
}
