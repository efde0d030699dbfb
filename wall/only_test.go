package wall_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What of a public message tells something. Package web makes rows without
// any of it, which the page's script fills with what the gate let through.
var telling = map[string][]string{
	"PublicMessage": {"ID", "Seq", "Text", "SentAt", "Sender"},
	"PublicSender":  {"ID", "Name", "Avatar", "Resolved"},
	"PublicMedia":   {"URL", "Poster", "Thumb"},
	"PublicPlace":   {"Label"},
	"PublicLink":    {"Title", "Host"},
	"Change":        {"Message", "ID"},
}

// makes names the public type of which a literal sets a telling field.
func makes(of ast.Expr, lit *ast.CompositeLit) []string {
	name, ok := of.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	fields, public := telling[name.Sel.Name]
	for _, e := range lit.Elts {
		kv, keyed := e.(*ast.KeyValueExpr)
		if public && (!keyed || slices.Contains(fields, kv.Key.(*ast.Ident).Name)) {
			return []string{"makes a callbackd." + name.Sel.Name}
		}
	}
	return nil
}

// bypasses names what of a file makes public views past the gate.
func bypasses(f *ast.File) []string {
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if list, ok := n.Type.(*ast.ArrayType); ok {
				for _, e := range n.Elts {
					if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
						found = append(found, makes(list.Elt, inner)...)
					}
				}
			}
			found = append(found, makes(n.Type, n)...)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "wall" && n.Sel.Name == "OperatorView" {
				found = append(found, "shows what operators see")
			}
		}
		return true
	})
	return found
}

func TestView_IsTheOnlyWay(t *testing.T) {
	allowed := map[string]string{
		filepath.Join("cmd", "callbackd", "message.go"): "shows what operators see", // message list
		filepath.Join("handlers", "desk_queue.go"):      "shows what operators see", // behind the session of a moderator
	}
	files := 0
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "wall" || path == filepath.Join("internal", "testkit") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		source, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
		if err != nil {
			return err
		}
		for _, what := range bypasses(f) {
			if allowed[path] != what {
				t.Errorf("%s %s: only the gate may (package wall)", path, what)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestBypasses_AreFound(t *testing.T) {
	for source, want := range map[string]int{
		`var m = callbackd.PublicMessage{Text: "x"}`:                                        1,
		`var m = &callbackd.PublicMessage{Kind: "text", Sender: s}`:                         1,
		`var m = []callbackd.PublicSender{callbackd.PublicSender{Name: "x"}}`:               1,
		`var m = []callbackd.PublicMessage{{Kind: "text"}, {Text: "x"}}`:                    1,
		`var m = callbackd.PublicPlace{"x"}`:                                                1,
		`var c = callbackd.Change{Op: "show", Message: &m}`:                                 1,
		`var m = wall.OperatorView(row)`:                                                    1,
		`var m = callbackd.PublicMessage{Kind: "text", Place: &callbackd.PublicPlace{}}`:    0,
		`var m, ok = wall.View(row)`:                                                        0,
		`var m = store.Row{Message: callbackd.Message{Text: "x"}}`:                          0,
		`func f() (callbackd.PublicMessage, error) { return callbackd.PublicMessage{}, e }`: 0,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := bypasses(f); len(got) != want {
			t.Errorf("%s: %q", source, got)
		}
	}
}
