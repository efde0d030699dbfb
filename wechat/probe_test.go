package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestProbe_AsksAboutNobody: whatever a probe sends names nothing that could
// exist, so that a permission can be looked at without doing anything.
func TestProbe_AsksAboutNobody(t *testing.T) {
	f := newFakeAPI(t)
	c := NewClient(Config{APIURL: f.api.URL})
	for p, code := range map[Permission]int{MayMedia: 40007, MayProfile: 40003, MaySend: 40003, MayQR: 40053, MayTemplate: 40003} {
		for answer, want := range map[int]string{code: "allowed", 48001: "not allowed", 45009: "busy", 0: "no answer to this"} {
			f.call = func(w http.ResponseWriter, r *http.Request) {
				var sent strings.Builder
				fmt.Fprint(&sent, r.URL.Query())
				body := make([]byte, 1000)
				n, _ := r.Body.Read(body)
				sent.Write(body[:n])
				if !strings.Contains(sent.String(), nobody) {
					t.Errorf("%s is about somebody: %s", p, sent.String())
				}
				fmt.Fprintf(w, `{"errcode":%d,"errmsg":"x rid: 1-2-3"}`, answer)
			}
			got := "no answer to this"
			switch err := c.Probe(context.Background(), apiAccount(), p); {
			case err == nil:
				got = "allowed"
			case IsNotAllowed(err):
				got = "not allowed"
			case IsBusy(err):
				got = "busy"
			}
			if got != want {
				t.Errorf("%s answered %d: %s, want %s", p, answer, got, want)
			}
		}
	}
	if err := c.Probe(context.Background(), apiAccount(), "everything"); err == nil {
		t.Error("an unknown permission is allowed")
	}
}

func TestRefusedAddress_IsTheOneInTheText(t *testing.T) {
	for text, want := range map[string]string{
		"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist": "203.0.113.7",
		"invalid ip 203.0.113.7, not in whitelist":                         "203.0.113.7",
		"invalid ip 2001:db8::7, not in whitelist":                         "2001:db8::7",
		"invalid ip 2001:db8::7 ipv4 203.0.113.7, not in whitelist":        "203.0.113.7",
		"not in whitelist": "invalid IP",
	} {
		if got := RefusedAddress(fmt.Errorf("x: %w", &APIError{Code: 40164, Message: text})).String(); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	if RefusedAddress(&APIError{Code: 40001, Message: "1.2.3.4"}).IsValid() || RefusedAddress(errors.New("1.2.3.4")).IsValid() {
		t.Error("an address out of another error")
	}
}

func TestClock_IsThePlatforms(t *testing.T) {
	f := newFakeAPI(t)
	there := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	here := there.Add(time.Hour)
	srv := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("access_token") {
			t.Error("the clock costs a token")
		}
		w.Header().Set("Date", there.Format(http.TimeFormat))
		fmt.Fprint(w, `{"errcode":41001,"errmsg":"access_token missing"}`)
	})
	f.api.Config.Handler = srv
	c := NewClient(Config{APIURL: f.api.URL, Now: func() time.Time { return here }})
	platform, ours, err := c.Clock(context.Background())
	if err != nil || platform.Sub(there) > time.Second || !ours.Equal(here) {
		t.Errorf("%s, %s, %v", platform, ours, err)
	}
}
