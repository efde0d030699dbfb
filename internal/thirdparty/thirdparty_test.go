package thirdparty

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write THIRD_PARTY.md")

func TestThirdParty_DocumentIsThatOfThisTree(t *testing.T) {
	root := filepath.Join("..", "..")
	modules, err := Modules(root)
	if err != nil {
		t.Fatal(err)
	}
	vendored, err := Vendored(filepath.Join(root, "web", "static", "vendor"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := Vendored(filepath.Join(root, "wall", "filter", "data"))
	if err != nil {
		t.Fatal(err)
	}
	want := Document(modules, vendored, data)
	path := filepath.Join(root, "THIRD_PARTY.md")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("THIRD_PARTY.md is not that of this tree: run make third-party")
	}
}

const mit = "MIT License\n\nCopyright (c) 2020 The Example Project\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of this software\n"

func TestIdentify_KnowsLicencesByTheirSentences(t *testing.T) {
	for text, want := range map[string]string{
		mit: "MIT",
		"Redistribution and use in source and\nbinary forms, with or without":                                                     "BSD-2-Clause",
		"Redistribution and use in source and binary forms … Neither the name of the copyright holder":                            "BSD-3-Clause",
		"                  Apache License\n            Version 2.0, January 2004":                                                 "Apache-2.0",
		"Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted": "ISC",
		"Mozilla Public License Version 2.0":                                                                                      "MPL-2.0",
		mit + "\nApache License, Version 2.0":                                                                                     "Apache-2.0 and MIT",
		"GNU LESSER GENERAL PUBLIC LICENSE":                                                                                       "LGPL-3.0",
		"GNU GENERAL PUBLIC LICENSE Version 3":                                                                                    "GPL",
		"All rights reserved.":                                                                                                    "",
	} {
		if got := strings.Join(Identify(text), " and "); got != want {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}

func TestRead_RefusesWhatMayNotBeHandedOn(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"no file":      {"README.md", mit, "no licence file"},
		"unknown":      {"LICENSE", "All rights reserved.", "none that is known"},
		"not ours yet": {"COPYING", "GNU GENERAL PUBLIC LICENSE", "decide first"},
	} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, c.file), c.text)
		if _, err := Read(Part{Name: "x"}, dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestRead_TakesHoldersAndNotices(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "LICENSE.md"), mit)
	writeFile(t, filepath.Join(dir, "NOTICE"), "This holds work of others.")
	part, err := Read(Part{Name: "x"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(part.Licence, []string{"MIT"}) || len(part.Texts) != 2 || len(part.Holders) != 1 || part.Holders[0] != "Copyright (c) 2020 The Example Project" {
		t.Errorf("got %+v", part)
	}
}

func TestVendored_NeedsVersionAndLicence(t *testing.T) {
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "player", "LICENSE"), mit)
	if _, err := Vendored(folder); err == nil || !strings.Contains(err.Error(), "VERSION") {
		t.Fatalf("got %v", err)
	}
	writeFile(t, filepath.Join(folder, "player", "VERSION"), "1.2.3\n")
	writeFile(t, filepath.Join(folder, "some-icons-1.62.0", "LICENSE"), mit)
	parts, err := Vendored(folder)
	if err != nil || len(parts) != 2 || parts[0].Name != "player" || parts[0].Version != "1.2.3" ||
		parts[1].Name != "some-icons" || parts[1].Version != "1.62.0" {
		t.Fatalf("got %+v, %v", parts, err)
	}
}

func TestDocument_PrintsEqualTextsOnce(t *testing.T) {
	a := Part{Name: "a", Version: "v1", Licence: []string{"MIT"}, Texts: []string{mit}}
	b := Part{Name: "b", Version: "v2", Licence: []string{"MIT"}, Texts: []string{"  " + mit}}
	doc := Document([]Part{a}, []Part{b}, nil)
	if strings.Count(doc, "Permission is hereby granted") != 1 || strings.Count(doc, "(#text-1)") != 2 {
		t.Error(doc)
	}
}

func TestDependencies_EachHasItsLine(t *testing.T) {
	root := filepath.Join("..", "..")
	direct, err := Direct(root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(direct, "github.com/spf13/cobra") {
		t.Fatalf("only %v", direct)
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs", "adr", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range direct {
		if !strings.Contains(string(doc), "| `"+module+"` |") {
			t.Errorf("docs/adr/dependencies.md has no line for %s", module)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
