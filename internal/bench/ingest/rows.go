package main

import (
	"fmt"
	"strings"
)

// row is one server of the table.
type row struct {
	name   string
	title  string
	answer string // the whole body of a right answer
	stores bool   // in a database
	onPG   bool   // in PostgreSQL, else SQLite
	mpweb  bool   // the account has operator pages: senders are searched for
	live   bool   // the wall is published while it fills
	wanted bool   // the wanted values are asked of it
}

// base is the row that ratios refer to.
const base = "silenceper"

var allRows = []row{
	{name: "ok", title: "bare `ok`", answer: "ok"},
	{name: "open", title: "verify, decrypt, parse; stores nothing", answer: "success"},
	{name: base, title: "silenceper's server; stores nothing", answer: "success"},
	{name: "sqlite", title: "**callbackd, SQLite**", answer: "success", stores: true, wanted: true},
	{name: "sqlite-mpweb", title: "**callbackd, SQLite**, account with operator pages", answer: "success", stores: true, mpweb: true, wanted: true},
	{name: "sqlite-live", title: "callbackd, SQLite, operator pages, wall published live", answer: "success", stores: true, mpweb: true, live: true},
	{name: "postgres", title: "callbackd, PostgreSQL", answer: "success", stores: true, onPG: true},
}

func chosenRows(only string) ([]row, error) {
	if only == "" {
		return allRows, nil
	}
	var chosen []row
	for _, name := range strings.Split(only, ",") {
		n := len(chosen)
		for _, r := range allRows {
			if r.name == name {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("there is no row %q", name)
		}
	}
	return chosen, nil
}
