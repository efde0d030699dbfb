package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// notOurs are folders that .gitignore keeps out of the tree.
var notOurs = map[string]bool{".git": true, ".tools": true, "bin": true, "data": true, "tmp": true, "node_modules": true}

func TestTree_HoldsNothingThatMustNotBeThere(t *testing.T) {
	top := root(t)
	seen := 0
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if notOurs[name] {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || name == "go.sum" {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		seen++
		name = filepath.ToSlash(name)
		for _, wrong := range append(JudgeText(name, content), JudgeSize(name, content)...) {
			t.Error(wrong)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d files: this is not the tree", seen)
	}
}

func TestJudgeText_FindsWhatMustNotBeThere(t *testing.T) {
	for name, c := range map[string]struct {
		path, text, want string // want "": nothing is wrong
	}{
		"machine path":            {"README.md", "see /ho" + "me/someone/x", "path of one machine"},
		"machine path in quotes":  {"a.go", `"/ro` + `ot/go"`, "path of one machine"},
		"machine path at a start": {"a.sh", "x\n/wor" + "k/main", "a.sh:2: a path of one machine"},
		"a URL's path":            {"a.md", "https://example.org/work/that", ""},
		"path below a name":       {"a.md", "$HOME/work/x and ./root/x", ""},
		"registry":                {"a.md", "get it at regi" + "stry.npmjs.org", "registry"},
		"key":                     {"a.pem", "-----BEGIN EC PRIVATE" + " KEY-----", "private key"},
		"vendor token":            {"a.txt", "AKIA" + "ABCDEFGHIJKLMNOP", "access token"},
		"left open":               {"a.go", "// TO" + "DO later", "left open"},
		"skipped test":            {"a_test.go", "\tt.Sk" + "ip()", "left open"},
		"machine path of others":  {"web/static/vendor/x/x.js", "/ho" + "me/web_user", ""},
		"left open by others":     {"web/static/vendor/x/x.js", "// TO" + "DO later", ""},
		"real app id":             {"wechat/testdata/a.xml", "wx8f3a" + "9b27c4d5e6f7", "app id"},
		"real app id, not stored": {"wechat/a.go", "wx8f3a" + "9b27c4d5e6f7", ""},
		"made-up app id":          {"wechat/testdata/a.xml", "wx0123456789abcdef", ""},
		"published app id":        {"wechat/testdata/a.xml", "wx2c2769f8efd9abc2", ""},
		"real account":            {"mpweb/testdata/a.html", "gh_8f3a" + "9b27c4d5", "account id"},
		"real openID":             {"mpweb/testdata/a.json", "oQx7Rk2b" + "LmZp9TgWvYs4JhNc8EuD", "openID"},
		"made-up openID":          {"mpweb/testdata/a.json", "oFixture0000000000000000001a", ""},
		"long word":               {"mpweb/testdata/a.html", "operator-pages-contact-lists", ""},
		"real session":            {"mpweb/testdata/a.txt", "slave_sid=UTl4ZkpX" + "c3dQbmZLd1hUN2o5; path=/", "session"},
		"made-up session":         {"mpweb/testdata/a.txt", "slave_sid=synthetic-session-1; path=/", ""},
		"binary":                  {"a.png", "\x00 /ho" + "me/someone", ""},
	} {
		got := strings.Join(JudgeText(c.path, []byte(c.text)), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestJudgeSize_FindsLongFilesAndFunctions(t *testing.T) {
	longFunc := "package x\n\nfunc f() {\n" + strings.Repeat("\t_ = 1\n", maxFuncLines) + "}\n"
	longFile := "package x\n" + strings.Repeat("\nvar _ = 1\n", maxFileLines/2)
	for name, c := range map[string]struct{ path, text, want string }{
		"function":          {"a.go", longFunc, "f has 82 lines"},
		"file":              {"a.go", longFile, "501 lines"},
		"function in test":  {"a_test.go", longFunc, ""},
		"function in suite": {"store/storetest/a.go", longFunc, ""},
		"short":             {"a.go", "package x\n", ""},
		"not Go":            {"a.css", longFile, ""},
	} {
		got := strings.Join(JudgeSize(c.path, []byte(c.text)), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
