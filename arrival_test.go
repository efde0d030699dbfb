package callbackd_test

import (
	"testing"

	"callbackd"
)

func TestFirstState_AutoNamesWhatSpeaksAgainst(t *testing.T) {
	good := callbackd.Arrival{Moderation: callbackd.ModerationAuto, Kind: callbackd.KindText, SenderApproved: 1, Found: callbackd.Findings{Lists: true}}
	word := callbackd.NewHeldReason(callbackd.HeldWord, "list", "wo|rd", "text")
	for name, c := range map[string]struct {
		change func(a *callbackd.Arrival)
		state  callbackd.State
		why    callbackd.HeldReason
	}{
		"nothing":                     {func(*callbackd.Arrival) {}, "shown", ""},
		"a place":                     {func(a *callbackd.Arrival) { a.Kind = callbackd.KindLocation }, "shown", ""},
		"no list":                     {func(a *callbackd.Arrival) { a.Found = callbackd.Findings{}; a.Trusted = true }, "held", "no-list"},
		"a word":                      {func(a *callbackd.Arrival) { a.Found.Word = word; a.Trusted = true }, "held", "word|list|wo/rd|text"},
		"a link":                      {func(a *callbackd.Arrival) { a.Found.Link = true }, "held", "link"},
		"an article":                  {func(a *callbackd.Arrival) { a.Kind = callbackd.KindLink }, "held", "link"},
		"a trusted article":           {func(a *callbackd.Arrival) { a.Kind, a.Trusted, a.Found.Link = callbackd.KindLink, true, true }, "shown", ""},
		"a picture":                   {func(a *callbackd.Arrival) { a.Kind = callbackd.KindImage }, "held", "media"},
		"a voice":                     {func(a *callbackd.Arrival) { a.Kind = callbackd.KindVoice }, "held", "media"},
		"a film":                      {func(a *callbackd.Arrival) { a.Kind = callbackd.KindVideo }, "held", "media"},
		"something unknown":           {func(a *callbackd.Arrival) { a.Kind = "new" }, "held", "media"},
		"a trusted film":              {func(a *callbackd.Arrival) { a.Kind, a.Trusted = callbackd.KindVideo, true }, "shown", ""},
		"a stranger":                  {func(a *callbackd.Arrival) { a.SenderApproved = 0 }, "held", "first"},
		"welcome strangers":           {func(a *callbackd.Arrival) { a.SenderApproved, a.Filters.PassFirst = 0, true }, "shown", ""},
		"somebody who was taken down": {func(a *callbackd.Arrival) { a.SenderRemoved, a.Filters.PassFirst = 1, true }, "held", "removed"},
		"the sixth in a minute":       {func(a *callbackd.Arrival) { a.Recent = 5 }, "shown", ""},
		"the seventh in a minute":     {func(a *callbackd.Arrival) { a.Recent = 6 }, "held", "rate|6"},
		"a rate of one's own":         {func(a *callbackd.Arrival) { a.Recent, a.Filters.PerMinute = 2, 2 }, "held", "rate|2"},
		"no rate":                     {func(a *callbackd.Arrival) { a.Recent, a.Filters.PerMinute = 99, -1 }, "shown", ""},
		"a trusted flood":             {func(a *callbackd.Arrival) { a.Recent, a.Trusted = 99, true }, "shown", ""},
		"a checker":                   {func(a *callbackd.Arrival) { a.Filters.Checker = "https://checker.example" }, "held", "waits"},
		"a blocked one":               {func(a *callbackd.Arrival) { a.Blocked, a.Trusted = true, true }, "refused", "blocked"},
		"a blocked one in open":       {func(a *callbackd.Arrival) { a.Blocked, a.Moderation = true, callbackd.ModerationOpen }, "refused", "blocked"},
		"open":                        {func(a *callbackd.Arrival) { a.Moderation, a.Found.Word = callbackd.ModerationOpen, word }, "shown", ""},
		"hold":                        {func(a *callbackd.Arrival) { a.Moderation = callbackd.ModerationHold }, "held", ""},
		"a moderation that is none":   {func(a *callbackd.Arrival) { a.Moderation = "new" }, "held", ""},
	} {
		a := good
		c.change(&a)
		if state, why := callbackd.FirstState(a); state != c.state || why != c.why {
			t.Errorf("%s: %s, %q; want %s, %q", name, state, why, c.state, c.why)
		}
	}
	if d := word.Details(); word.Code() != callbackd.HeldWord || len(d) != 3 || d[1] != "wo/rd" {
		t.Errorf("%q: %q", word.Code(), d)
	}
	if none := callbackd.HeldReason(""); none.Code() != "" || none.Details() != nil {
		t.Error("no reason has something to tell")
	}
}
