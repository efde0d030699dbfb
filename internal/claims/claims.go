package claims

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Test is a test that carries claims, or cases of failure, in its name.
type Test struct {
	Name    string
	Package string // folder from the top of the tree
	Claims  []string
}

// naming is how tests carry ids of a list in their names.
type naming struct {
	begins  *regexp.Regexp // every name that is meant so
	form    *regexp.Regexp // and right
	id      *regexp.Regexp // one of its ids
	example string
	known   func(id string) bool
}

var claimTests = naming{
	begins:  regexp.MustCompile(`^TestClaim[A-E][0-9]`),
	form:    regexp.MustCompile(`^TestClaim((?:[A-E][0-9]+)+)_[A-Z]`),
	id:      regexp.MustCompile(`[A-E][0-9]+`),
	example: "TestClaimD1_Sentence",
	known:   func(id string) bool { return slices.ContainsFunc(List, func(c Claim) bool { return c.ID == id }) },
}

// Find reads every test of the tree whose name starts with TestClaim and a claim.
// TestClaimD3D9_… carries two claims. A name that starts so and then goes on
// otherwise, or a claim that is not in the list, is an error.
func Find(root string) ([]Test, error) { return claimTests.find(root) }

func (n naming) find(root string) ([]Test, error) {
	var found []Test
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		tests, err := n.inFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for i := range tests {
			tests[i].Package = filepath.ToSlash(rel)
		}
		found = append(found, tests...)
		return nil
	})
	slices.SortFunc(found, func(a, b Test) int {
		return cmp.Or(strings.Compare(a.Package, b.Package), strings.Compare(a.Name, b.Name))
	})
	return found, err
}

func (n naming) inFile(path string) ([]Test, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tests []Test
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !n.begins.MatchString(f.Name.Name) {
			continue
		}
		m := n.form.FindStringSubmatch(f.Name.Name)
		if m == nil {
			return nil, fmt.Errorf("%s: such a test is named like %s", f.Name.Name, n.example)
		}
		ids := n.id.FindAllString(m[1], -1)
		for _, id := range ids {
			if !n.known(id) {
				return nil, fmt.Errorf("%s: %s is not in the list", f.Name.Name, id)
			}
		}
		tests = append(tests, Test{Name: f.Name.Name, Claims: ids})
	}
	return tests, nil
}

// Missing names the claims without a test, in order.
func Missing(tests []Test) []string {
	var ids []string
	for _, c := range List {
		if len(of(tests, c.ID)) == 0 {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func of(tests []Test, id string) []Test {
	var own []Test
	for _, t := range tests {
		if slices.Contains(t.Claims, id) {
			own = append(own, t)
		}
	}
	return own
}

func shownBy(tests []Test, id string) string {
	var shown []string
	for _, t := range of(tests, id) {
		shown = append(shown, fmt.Sprintf("`%s` in `%s`", t.Name, t.Package))
	}
	return strings.Join(shown, "<br>")
}

// Document writes docs/claims.md.
func Document(tests []Test) string {
	var b strings.Builder
	b.WriteString("# Claims and their tests\n\n" +
		"Made from the tests' names by `make claims`; a test compares. \"First identifier\" of the patents is FakeID in D and openID in E; here the ids are named. Where the text of a claim has an evident slip, the list says how it is read.\n")
	for i, c := range List {
		if i == 0 || List[i-1].ID[0] != c.ID[0] {
			fmt.Fprintf(&b, "\n## %c: %s\n\n| claim | in short | here | shown by |\n|---|---|---|---|\n", c.ID[0], Patents[c.ID[0]])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.ID, c.Text, c.Here, cmp.Or(shownBy(tests, c.ID), "no test yet"))
	}
	return b.String()
}
