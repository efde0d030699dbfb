package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteInto_ReplacesWhatIsBetweenTheMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginMark+"old\n"+endMark+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := writeInto(path, "| new |\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	if !strings.HasPrefix(text, "before\n"+beginMark+"Written by `make bench` on 2") || !strings.HasSuffix(text, "\n\n| new |\n"+endMark+"\nafter\n") ||
		strings.Contains(text, "old") || strings.Count(text, "new") != 1 {
		t.Fatalf("%s", text)
	}
}

func TestWriteInto_NeedsBothMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	for _, doc := range []string{"", beginMark, endMark} {
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := writeInto(path, "x"); err == nil {
			t.Errorf("%q: written", doc)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != doc {
			t.Errorf("%q became %q, %v", doc, got, err)
		}
	}
	if err := writeInto(path+".gone", "x"); err == nil {
		t.Error("written into nothing")
	}
}
