package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"callbackd"
)

// filtersInput is how auto moderation judges, as people write it: null is the
// default of each.
type filtersInput struct {
	remove     bool
	PerMinute  *int // 0: no limit; -1 stands for null
	HoldFirst  *bool
	Pinyin     *bool
	NoChecker  bool
	URL        *string
	SecretWord *string
}

// readFilters reads the key "filters"; null and "" mean the defaults.
func readFilters(value json.RawMessage) (*filtersInput, error) {
	if isNone(value) {
		return &filtersInput{remove: true}, nil
	}
	raw, err := readObject("filters", value)
	if err != nil {
		return nil, err
	}
	in := &filtersInput{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		switch key {
		case "per_minute":
			in.PerMinute, err = readPerMinute(raw[key])
		case "hold_first":
			in.HoldFirst, err = readTruth(key, raw[key], true)
		case "pinyin":
			in.Pinyin, err = readTruth(key, raw[key], false)
		case "checker":
			err = in.readChecker(raw[key])
		default:
			err = fmt.Errorf("unknown key %q in filters: there are per_minute, hold_first, pinyin and checker", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

func readPerMinute(value json.RawMessage) (*int, error) {
	n := -1
	if isNone(value) {
		return &n, nil
	}
	if json.Unmarshal(value, &n) != nil || n < 0 || n > callbackd.MaxPerMinute {
		return nil, fmt.Errorf("filters.per_minute: write a number of 0 (any) to %d, or null for the default (%d)", callbackd.MaxPerMinute, callbackd.DefaultPerMinute)
	}
	return &n, nil
}

func readTruth(key string, value json.RawMessage, usual bool) (*bool, error) {
	b := usual
	if !isNone(value) && json.Unmarshal(value, &b) != nil {
		return nil, fmt.Errorf("filters.%s: write true or false, or null for the default (%v)", key, usual)
	}
	return &b, nil
}

func (in *filtersInput) readChecker(value json.RawMessage) error {
	if isNone(value) {
		in.NoChecker = true
		return nil
	}
	raw, err := readObject("filters.checker", value)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		switch key {
		case "url":
			in.URL, err = readWord("filters.checker.url", raw[key])
		case "secret":
			in.SecretWord, err = readWord("filters.checker.secret", raw[key])
		default:
			err = fmt.Errorf("unknown key %q in filters.checker: there are url and secret", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *filtersInput) merge(a *callbackd.Account) {
	if in == nil {
		return
	}
	if in.remove {
		a.Filters, a.CheckerSecret = callbackd.FilterOptions{}, ""
		return
	}
	if in.PerMinute != nil {
		a.Filters.PerMinute = 0 // the default
		if *in.PerMinute >= 0 {
			a.Filters.SetLimit(*in.PerMinute)
		}
	}
	if in.HoldFirst != nil {
		a.Filters.PassFirst = !*in.HoldFirst
	}
	if in.Pinyin != nil {
		a.Filters.Pinyin = *in.Pinyin
	}
	mergeWord(&a.Filters.Checker, in.URL)
	mergeWord(&a.CheckerSecret, in.SecretWord)
	if in.NoChecker || a.Filters.Checker == "" {
		a.Filters.Checker, a.CheckerSecret = "", ""
	}
}

// filtersOutput are the filters as they are printed.
type filtersOutput struct {
	PerMinute int            `json:"per_minute"` // 0: any number
	HoldFirst bool           `json:"hold_first"`
	Pinyin    bool           `json:"pinyin"`
	Checker   *checkerOutput `json:"checker,omitempty"`
}

type checkerOutput struct {
	URL    string           `json:"url"`
	Secret callbackd.Secret `json:"secret,omitempty"`
}

func describeFilters(a *callbackd.Account) filtersOutput {
	out := filtersOutput{PerMinute: a.Filters.Limit(), HoldFirst: !a.Filters.PassFirst, Pinyin: a.Filters.Pinyin}
	if a.Filters.Checker != "" {
		out.Checker = &checkerOutput{a.Filters.Checker, a.CheckerSecret}
	}
	return out
}
