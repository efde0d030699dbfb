package notify_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
)

func at(t *testing.T, rfc string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, rfc)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestF28_QuietHoursOverMidnightAndWhenClocksChange(t *testing.T) {
	shanghai, berlin := "Asia/Shanghai", "Europe/Berlin"
	for name, c := range map[string]struct {
		from, to, zone, now string
		want                bool
	}{
		"before midnight":        {"22:00", "08:00", shanghai, "2026-02-16T23:30:00+08:00", true},
		"after midnight":         {"22:00", "08:00", shanghai, "2026-02-17T07:59:59+08:00", true},
		"first moment":           {"22:00", "08:00", shanghai, "2026-02-16T22:00:00+08:00", true},
		"end":                    {"22:00", "08:00", shanghai, "2026-02-17T08:00:00+08:00", false},
		"evening before":         {"22:00", "08:00", shanghai, "2026-02-16T21:59:59+08:00", false},
		"within one day":         {"12:30", "14:00", shanghai, "2026-02-16T13:00:00+08:00", true},
		"one day, after":         {"12:30", "14:00", shanghai, "2026-02-16T14:00:00+08:00", false},
		"another zone":           {"22:00", "08:00", berlin, "2026-02-16T23:30:00+08:00", false},
		"spring: the hour gone":  {"22:00", "02:30", berlin, "2026-03-29T01:00:00Z", false}, // 03:00, the moment of the jump
		"spring: just before":    {"22:00", "02:30", berlin, "2026-03-29T00:59:59Z", true},
		"spring: begins in it":   {"02:30", "05:00", berlin, "2026-03-29T01:00:00Z", true},
		"autumn: first 02:15":    {"01:30", "02:30", berlin, "2026-10-25T00:15:00Z", true},
		"autumn: first 02:45":    {"01:30", "02:30", berlin, "2026-10-25T00:45:00Z", false},
		"autumn: second 02:15":   {"01:30", "02:30", berlin, "2026-10-25T01:15:00Z", false}, // one window, not two
		"autumn: over both":      {"22:00", "08:00", berlin, "2026-10-25T01:30:00Z", true},
		"autumn: begins in it":   {"02:30", "02:45", berlin, "2026-10-25T00:35:00Z", true},
		"autumn: not once more":  {"02:30", "02:45", berlin, "2026-10-25T01:35:00Z", false},
		"a zone that skips days": {"22:00", "08:00", "Pacific/Apia", "2011-12-30T10:30:00Z", true}, // 31st 00:30
	} {
		p := callbackd.Preferences{Quiet: &callbackd.Quiet{From: c.from, To: c.to, Zone: c.zone}}
		if got := notify.Silent(p, callbackd.ReasonReceive, at(t, c.now)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestF28_OnlyMentionsBreakThrough(t *testing.T) {
	night := at(t, "2026-02-16T23:30:00+08:00")
	q := callbackd.Quiet{From: "22:00", To: "08:00", Zone: "Asia/Shanghai"}
	p := callbackd.Preferences{Quiet: &q}
	if !notify.Silent(p, callbackd.ReasonMention, night) {
		t.Error("a mention passed that was not allowed to")
	}
	q.MentionsPass = true
	if notify.Silent(p, callbackd.ReasonMention, night) || !notify.Silent(p, callbackd.ReasonReceive, night) {
		t.Error("only mentions pass")
	}
	if notify.Silent(callbackd.Preferences{}, callbackd.ReasonReceive, night) {
		t.Error("quiet without quiet hours")
	}
	q.Zone = "America/New_York"
	if notify.Silent(p, callbackd.ReasonReceive, night) {
		t.Error("the new zone does not hold")
	}
}

func TestValidateQuiet_SaysWhatMakesNoSense(t *testing.T) {
	if err := notify.ValidateQuiet(callbackd.Quiet{From: "22:00", To: "08:00", Zone: "Asia/Shanghai"}); err != nil {
		t.Error(err)
	}
	for _, q := range []callbackd.Quiet{
		{From: "22:00", To: "22:00", Zone: "Asia/Shanghai"}, {From: "24:00", To: "08:00", Zone: "Asia/Shanghai"},
		{From: "22:00", To: "8:00", Zone: "Asia/Shanghai"}, {From: "", To: "08:00", Zone: "Asia/Shanghai"},
		{From: "22:00", To: "08:00"}, {From: "22:00", To: "08:00", Zone: "Local"},
		{From: "22:00", To: "08:00", Zone: "Mars/Olympus"}, {From: "22:00", To: "08:00", Zone: "../../etc/passwd"},
	} {
		if notify.ValidateQuiet(q) == nil {
			t.Errorf("%+v is valid", q)
		}
	}
}
