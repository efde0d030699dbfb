package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// The marks in a document between which the table stands.
const (
	beginMark = "<!-- ingest: begin, written by make bench -->\n"
	endMark   = "<!-- ingest: end -->"
)

// writeInto puts the table and the day between the marks of a document.
func writeInto(path, table string) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(doc), beginMark)
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		return fmt.Errorf("%s has no marks for the table", path)
	}
	day := "Written by `make bench` on " + time.Now().Format(time.DateOnly) + ".\n\n"
	return os.WriteFile(path, []byte(before+beginMark+day+table+endMark+after), 0o644)
}
