// Package thirdparty writes THIRD_PARTY.md: what is linked into the program or
// shipped to the browser and was written by others, under which licence, with
// the licences' texts. It judges licences by their texts, never by hearsay, and
// refuses one that it does not know.
package thirdparty

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Part is a thing that others wrote and that we hand on.
type Part struct {
	Name    string // module path or vendor folder
	Version string
	Licence []string // SPDX names, all of which hold
	Holders []string // copyright lines
	Texts   []string // licence and notice files, whole
}

// marks tell licences by sentences that only they have.
var marks = []struct {
	spdx      string
	sentences []string
}{
	{"AGPL-3.0", []string{"GNU AFFERO GENERAL PUBLIC LICENSE"}},
	{"LGPL-3.0", []string{"GNU LESSER GENERAL PUBLIC LICENSE"}},
	{"GPL", []string{"GNU GENERAL PUBLIC LICENSE"}},
	{"MPL-2.0", []string{"Mozilla Public License", "2.0"}},
	{"Apache-2.0", []string{"Apache License", "Version 2.0"}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"}},
	{"ISC", []string{"Permission to use, copy, modify, and distribute this software for any purpose with or without fee"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "Neither the name"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "be used to endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
	{"MIT", []string{"Permission is hereby granted, free of charge, to any person obtaining a copy"}},
	{"Unlicense", []string{"This is free and unencumbered software released into the public domain"}},
}

// allowed are licences whose terms we meet by printing their texts.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}

// Identify names the licences of a text, of which there may be several in one
// file; none when it knows none.
func Identify(text string) []string {
	flat := strings.ToLower(squeeze(text))
	var found []string
	for _, m := range marks {
		lacks := func(s string) bool { return !strings.Contains(flat, strings.ToLower(s)) }
		if slices.Contains(found, m.spdx) || slices.ContainsFunc(m.sentences, lacks) {
			continue
		}
		if m.spdx == "BSD-2-Clause" && slices.Contains(found, "BSD-3-Clause") {
			continue // the longer one holds the shorter
		}
		found = append(found, m.spdx)
	}
	return found
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice([.-].*)?$`)
	holderLine  = regexp.MustCompile(`(?im)^[\s/*#]*((?:portions )?copyright (?:\(c\)|©|[0-9]{4})[^\n]*)$`)
)

// Read fills a part from the licence files of its folder.
func Read(part Part, folder string) (Part, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return part, fmt.Errorf("%s: %w", part.Name, err)
	}
	for _, e := range entries {
		licence, notice := licenceFile.MatchString(e.Name()), noticeFile.MatchString(e.Name())
		if e.IsDir() || !licence && !notice {
			continue
		}
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return part, fmt.Errorf("%s: %w", part.Name, err)
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n"))
		part.Texts = append(part.Texts, text)
		if licence {
			part.Licence = append(part.Licence, Identify(text)...)
		}
		for _, m := range holderLine.FindAllStringSubmatch(text, -1) {
			if h := squeeze(m[1]); !slices.Contains(part.Holders, h) && !strings.Contains(h, "[") && !strings.Contains(h, "{") {
				part.Holders = append(part.Holders, h)
			}
		}
	}
	slices.Sort(part.Licence)
	part.Licence = slices.Compact(part.Licence)
	return part, part.check(folder)
}

// check refuses a part whose terms are not known or not met.
func (p Part) check(folder string) error {
	if len(p.Texts) == 0 {
		return fmt.Errorf("%s: no licence file in %s", p.Name, filepath.Base(folder))
	}
	if len(p.Licence) == 0 {
		return fmt.Errorf("%s: its licence is none that is known here", p.Name)
	}
	for _, spdx := range p.Licence {
		if !slices.Contains(allowed, spdx) {
			return fmt.Errorf("%s: %s asks for more than its text; decide first", p.Name, spdx)
		}
	}
	return nil
}

// squeeze folds runs of white space into single blanks.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
