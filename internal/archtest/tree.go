package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits of size (docs/architecture.md, habits): past them a file or a
// function is rarely about one thing.
const (
	maxFileLines = 500
	maxFuncLines = 80
)

// rule is a pattern that must not stand in a text file of the tree. A hit with
// a group is judged by what the group matched.
type rule struct {
	name    string
	applies func(path string) bool
	near    []string // in small letters: where none occurs, the pattern is not tried
	pattern *regexp.Regexp
	allowed func(found string) bool // nil: nothing is
}

// registries are hosts that serve packages; a clone must not lean on them by
// name. Written in two parts, so that this file keeps the rule.
var registries = []string{
	"proxy." + "golang.org", "sum." + "golang.org", "registry." + "npmjs.org", "npm" + "js.com",
	"py" + "pi.org", "crates" + ".io", "ruby" + "gems.org", "docker" + ".io", "ghcr" + ".io",
	"deb." + "debian.org", "go" + "proxy.", "npm" + "mirror.com",
}

// either matches one of some words, in any case.
func either(words []string) *regexp.Regexp {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(`(?i)(` + strings.Join(quoted, "|") + `)`)
}

// published are ids that the platform's own documents print.
var published = map[string]bool{
	"wx5823bf96d3bd56c7": true, "wxb11529c136998cb6": true, "wx2c2769f8efd9abc2": true,
	"gh_10f6c3c3ac5a": true, "gh_7f083739789a": true, "oyORnuP8q7ou2gfYjqLzSIWZf0rs": true,
}

var rules = []rule{
	{"a path of one machine", isOurs, []string{"/ho" + "me/", "/ro" + "ot/", "/wo" + "rk/", "/fa" + "rm/"},
		regexp.MustCompile(`(?m)(?:^|[^a-zA-Z0-9_.~-])(/(?:home|root|work|farm)/[a-zA-Z.][^\s"']*)`), nil},
	{"a package registry's host", anyFile, registries, either(registries), nil},
	{"a private key", anyFile, []string{"private " + "key"},
		regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE ` + `KEY-----)`), nil},
	{"a vendor's access token", anyFile, []string{"akia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "aiza"},
		regexp.MustCompile(`\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abpr]-[0-9A-Za-z-]{10,}|AIza[0-9A-Za-z_-]{35})\b`), nil},
	{"work left open", isOurCode, []string{"to" + "do", "fix" + "me", "x" + "xx", "not imple" + "mented", "t.ski" + "p"},
		regexp.MustCompile(`(?m)(\bTO` + `DO\b|\bFIX` + `ME\b|\bX` + `XX\b|not imple` + `mented|\bt\.Ski` + `p(?:f|Now)?\()`), nil},
	{"an app id that is not synthetic", isFixture, []string{"wx"}, regexp.MustCompile(`\b(wx[0-9a-f]{16})\b`), isSynthetic},
	{"an account id that is not synthetic", isFixture, []string{"gh_"}, regexp.MustCompile(`\b(gh_[0-9a-f]{12})\b`), isSynthetic},
	{"an openID that is not synthetic", isFixture, []string{"o"}, regexp.MustCompile(`\b(o[A-Za-z0-9_-]{27})\b`),
		func(id string) bool { return isSynthetic(id) || !looksRandom(id) }},
	{"a session that is not synthetic", isFixture, []string{"slave_", "data_ticket", "pass_ticket", "rand_info"},
		regexp.MustCompile(`(?i)\b(?:slave_sid|data_ticket|pass_ticket|rand_info|slave_bizuin)["']?[=:]\s*["']?([^;\s"'&<]{16,})`), isSynthetic},
}

// JudgeText returns what a text file holds that must not be in the tree, with
// its line. name is the path from the top of the tree, with slashes.
func JudgeText(name string, content []byte) []string {
	if bytes.IndexByte(content, 0) >= 0 {
		return nil // not text
	}
	small := bytes.ToLower(content)
	var wrong []string
	for _, r := range rules {
		occurs := func(word string) bool { return bytes.Contains(small, []byte(word)) }
		if !r.applies(name) || !slices.ContainsFunc(r.near, occurs) {
			continue
		}
		for _, m := range r.pattern.FindAllSubmatchIndex(content, -1) {
			found := string(content[m[2]:m[3]])
			if r.allowed != nil && r.allowed(found) {
				continue
			}
			line := 1 + bytes.Count(content[:m[2]], []byte("\n"))
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s: %s", name, line, r.name, found))
		}
	}
	return wrong
}

// JudgeSize returns what of a Go file of ours is too long. Tests, and packages
// for tests, may be long where their tables are.
func JudgeSize(name string, content []byte) []string {
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Dir(name), "test") {
		return nil
	}
	var wrong []string
	if n := bytes.Count(content, []byte("\n")); n > maxFileLines {
		wrong = append(wrong, fmt.Sprintf("%s: %d lines, at most %d: is it about one thing?", name, n, maxFileLines))
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, content, parser.SkipObjectResolution)
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1; n > maxFuncLines {
			wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines, at most %d", name, f.Name.Name, n, maxFuncLines))
		}
	}
	return wrong
}

func anyFile(string) bool { return true }

// isOurs leaves out what we ship as others wrote it.
func isOurs(name string) bool { return !strings.Contains(name, "/vendor/") }

// isOurCode tells source text of ours from documents and data.
func isOurCode(name string) bool {
	if !isOurs(name) {
		return false
	}
	switch path.Ext(name) {
	case ".go", ".js", ".css", ".html", ".sh", ".sql":
		return true
	}
	return false
}

// isFixture reports whether a file stands for what the platform sent. The
// vectors are left out: each is a published one and names its source.
func isFixture(name string) bool {
	return strings.Contains("/"+name, "/testdata/") && path.Base(name) != "callback-vectors.json"
}

var syntheticMark = regexp.MustCompile(`(?i)0000|1111|1234|abcd|test|synth|fixture|rehears|demo|fake|sample|example`)

// isSynthetic reports whether an id shows on its face that it was made up, or
// is one that the platform's documents print.
func isSynthetic(id string) bool { return published[id] || syntheticMark.MatchString(id) }

// looksRandom tells an id from a word of 28 letters.
func looksRandom(id string) bool {
	return strings.ContainsAny(id, "0123456789") && strings.ToLower(id) != id && strings.ToUpper(id) != id
}
