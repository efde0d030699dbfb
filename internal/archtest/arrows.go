package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Package is what the rules look at, as `go list -json` prints it.
type Package struct {
	ImportPath   string
	Doc          string // first sentence of the package comment
	GoFiles      []string
	CgoFiles     []string
	Imports      []string // program code
	TestImports  []string // _test.go files of the package itself
	XTestImports []string // _test.go files of package x_test
}

// Check returns what a package does against the table, one sentence each.
func Check(rooms []Room, p Package) []string {
	room, ok := roomOf(rooms, p.ImportPath)
	if !ok {
		return []string{fmt.Sprintf("%s is in no room of the table: add it with its reason", p.ImportPath)}
	}
	var wrong []string
	say := func(kind, imported, why string) {
		wrong = append(wrong, fmt.Sprintf("%s %s %s: %s", p.ImportPath, kind, imported, why))
	}
	for _, i := range p.Imports {
		if why := againstProgram(rooms, room, p.ImportPath, i); why != "" {
			say("imports", i, why)
		}
	}
	for _, i := range p.TestImports {
		if why := againstTest(rooms, room, p.ImportPath, i); why != "" {
			say("imports in its tests", i, why)
		}
	}
	for _, i := range p.XTestImports {
		if why := againstExternalTest(rooms, room, p.ImportPath, i); why != "" {
			say("imports in its external tests", i, why)
		}
	}
	if p.Doc == "" && len(p.GoFiles)+len(p.CgoFiles) > 0 {
		wrong = append(wrong, p.ImportPath+" has no package comment")
	}
	return wrong
}

// againstProgram says why program code of a package may not import another;
// "" where it may.
func againstProgram(rooms []Room, room Room, from, imported string) string {
	if !within(imported, Module) {
		return againstForeign(rooms, room, from, imported)
	}
	if isTestPackage(from) {
		return againstExternalTest(rooms, room, from, imported)
	}
	if isTestPackage(imported) {
		return "a package for tests"
	}
	return againstArrow(rooms, room, from, imported)
}

// againstArrow judges an import between packages of ours.
func againstArrow(rooms []Room, room Room, from, imported string) string {
	target, ok := roomOf(rooms, imported)
	switch {
	case !ok:
		return "in no room of the table"
	case room.Path == "":
		return "the root package imports the standard library alone"
	case target.Path == "":
		return ""
	case target.Path == "cmd/callbackd" && room.Path != target.Path:
		return "the program is imported by nothing"
	case room.Path == "internal":
		if below(from, "internal") == below(imported, "internal") {
			return ""
		}
		return "internal packages import the root at most"
	case target.Path == room.Path || target.Path == "internal":
		return ""
	case slices.Contains(room.To, "*") || slices.Contains(room.To, target.Path):
		return ""
	}
	return fmt.Sprintf("there is no arrow %s → %s", room.Path, target.Path)
}

// againstForeign judges an import of the standard library or of a module that is not ours.
func againstForeign(rooms []Room, room Room, from, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return "" // standard library
	}
	if room.Path == "" {
		return "the root package imports the standard library alone"
	}
	if isTestPackage(from) {
		return ""
	}
	for _, r := range rooms {
		if r.Path == room.Path {
			continue
		}
		for _, hidden := range r.Hides {
			if within(imported, hidden) {
				return "hidden behind " + r.Path
			}
		}
	}
	return ""
}

// againstTest judges _test.go files inside a package: what its program may
// import, packages for tests, and modules that are hidden elsewhere.
func againstTest(rooms []Room, room Room, from, imported string) string {
	if !within(imported, Module) || isTestPackage(imported) || isEverywhere(imported) {
		return ""
	}
	return againstArrow(rooms, room, from, imported)
}

// againstExternalTest judges tests from outside a package: they set up what
// their subject stands on, so every room that it reaches is theirs.
func againstExternalTest(rooms []Room, room Room, from, imported string) string {
	if !within(imported, Module) || imported == Module || isTestPackage(imported) || isEverywhere(imported) {
		return ""
	}
	if within(from, Module+"/internal/testkit") {
		return "" // may import what it helps to test
	}
	target, ok := roomOf(rooms, imported)
	if !ok {
		return "in no room of the table"
	}
	if target.Path == "internal" || target.Path == room.Path || reaches(rooms, room, target.Path) {
		return ""
	}
	return fmt.Sprintf("%s does not reach %s", nameOf(room), target.Path)
}

// reaches reports whether arrows lead from one room to another.
func reaches(rooms []Room, from Room, to string) bool {
	if slices.Contains(from.To, "*") {
		return true
	}
	for _, next := range from.To {
		if next == to {
			return true
		}
		for _, r := range rooms {
			if r.Path == next && reaches(rooms, r, to) {
				return true
			}
		}
	}
	return false
}

// isTestPackage reports whether a package of ours exists for tests and benches alone.
func isTestPackage(importPath string) bool {
	return within(importPath, Module) && (strings.HasSuffix(importPath, "test") ||
		within(importPath, Module+"/internal/testkit") || within(importPath, Module+"/internal/bench"))
}

func isEverywhere(importPath string) bool {
	for _, path := range everywhere {
		if within(importPath, Module+"/"+path) {
			return true
		}
	}
	return false
}

// below returns the first path element under a room: the package of internal/…
func below(importPath, room string) string {
	rest := strings.TrimPrefix(importPath, Module+"/"+room+"/")
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func nameOf(r Room) string {
	if r.Path == "" {
		return "the root"
	}
	return r.Path
}

// Markdown prints the table as docs/architecture.md shows it.
func Markdown(rooms []Room) string {
	var b strings.Builder
	b.WriteString("| package | what lives there | imports | hides |\n|---|---|---|---|\n")
	for _, r := range rooms {
		name, to := "`"+r.Path+"`", strings.Join(r.To, ", ")
		switch {
		case r.Path == "":
			name, to = "`callbackd` (root)", "nothing"
		case r.Path == "internal":
			name, to = "`internal/…`", "none of each other"
		case slices.Contains(r.To, "*"):
			to = "everything"
		}
		var hides []string
		for _, h := range r.Hides {
			hides = append(hides, h[strings.LastIndex(h, "/")+1:])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, r.What, to, strings.Join(hides, ", "))
	}
	return b.String()
}
