package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated into the documents")

func TestArrows_Hold(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 2 {
		t.Fatalf("go list found %d packages", len(packages))
	}
	for _, p := range packages {
		for _, wrong := range Check(Rooms, p) {
			t.Error(wrong)
		}
	}
}

func TestCheck_FindsWhatIsAgainstTheTable(t *testing.T) {
	pkg := func(path string, imports ...string) Package {
		return Package{ImportPath: path, Doc: "d", GoFiles: []string{"x.go"}, Imports: imports}
	}
	inTests := func(path string, imports ...string) Package {
		return Package{ImportPath: path, Doc: "d", TestImports: imports}
	}
	fromOutside := func(path string, imports ...string) Package {
		return Package{ImportPath: path, Doc: "d", XTestImports: imports}
	}
	for name, c := range map[string]struct {
		p    Package
		want string // part of the complaint; "": none
	}{
		"arrow":                       {pkg("callbackd/wall", "callbackd/store", "callbackd", "callbackd/internal/seal", "os"), ""},
		"no arrow":                    {pkg("callbackd/store", "callbackd/blob"), "no arrow store → blob"},
		"arrow backwards":             {pkg("callbackd/store", "callbackd/wall"), "no arrow store → wall"},
		"below a room":                {pkg("callbackd/wall/names", "callbackd/web"), "no arrow wall → web"},
		"within a room":               {pkg("callbackd/rehearsal", "callbackd/rehearsal/crowd"), ""},
		"everything from cmd":         {pkg("callbackd/cmd/callbackd", "callbackd/store", "callbackd/rehearsal", "callbackd/notify"), ""},
		"cmd from anywhere":           {pkg("callbackd/handlers", "callbackd/cmd/callbackd"), "imported by nothing"},
		"root outside std":            {pkg("callbackd", "golang.org/x/sync/errgroup"), "standard library alone"},
		"root to a room":              {pkg("callbackd", "callbackd/store"), "standard library alone"},
		"internal to a room":          {pkg("callbackd/internal/seal", "callbackd/store"), "root at most"},
		"internal to internal":        {pkg("callbackd/internal/seal", "callbackd/internal/safedial"), "root at most"},
		"internal to root":            {pkg("callbackd/internal/seal", "callbackd"), ""},
		"unknown room":                {pkg("callbackd/util"), "in no room"},
		"import of an unknown room":   {pkg("callbackd/wall", "callbackd/util"), "in no room"},
		"hidden module":               {pkg("callbackd/handlers", "github.com/silenceper/wechat/v2/util"), "hidden behind wechat"},
		"hidden module at home":       {pkg("callbackd/wechat", "github.com/silenceper/wechat/v2/util"), ""},
		"free module":                 {pkg("callbackd/media", "golang.org/x/image/draw"), ""},
		"program to a suite":          {pkg("callbackd/wall", "callbackd/store/storetest"), "package for tests"},
		"program to testkit":          {pkg("callbackd/wall", "callbackd/internal/testkit"), "package for tests"},
		"suite to its subject":        {pkg("callbackd/store/storetest", "callbackd/store", "callbackd/internal/testkit"), ""},
		"suite to a stranger":         {pkg("callbackd/store/storetest", "callbackd/web"), "does not reach web"},
		"testkit to what it tests":    {pkg("callbackd/internal/testkit", "callbackd/store", "github.com/jackc/pgx/v5"), ""},
		"tests to testkit":            {inTests("callbackd/store", "callbackd/internal/testkit", "callbackd/store/storetest"), ""},
		"tests to the platform":       {inTests("callbackd/wechat", "callbackd/rehearsal"), ""},
		"tests to a stranger":         {inTests("callbackd/store", "callbackd/wall"), "no arrow store → wall"},
		"tests with a hidden module":  {inTests("callbackd/web", "github.com/chromedp/chromedp"), ""},
		"outside tests, two steps":    {fromOutside("callbackd/notify", "callbackd/blob"), ""},
		"outside tests to a stranger": {fromOutside("callbackd/store", "callbackd/web"), "does not reach web"},
		"bench to what it measures":   {pkg("callbackd/internal/bench/x", "callbackd/handlers", "github.com/silenceper/wechat/v2/util"), ""},
		"bench to testkit":            {pkg("callbackd/internal/bench/x", "callbackd/internal/testkit"), ""},
		"program to a bench":          {pkg("callbackd/wall", "callbackd/internal/bench/x"), "package for tests"},
		"no package comment":          {Package{ImportPath: "callbackd/wall", GoFiles: []string{"x.go"}}, "no package comment"},
	} {
		got := strings.Join(Check(Rooms, c.p), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestRooms_NameOnlyRoomsAndHaveNoCircle(t *testing.T) {
	known := map[string]bool{"*": true}
	for _, r := range Rooms {
		if known[r.Path] {
			t.Errorf("%s stands twice", r.Path)
		}
		known[r.Path] = true
	}
	for _, r := range Rooms {
		for _, to := range r.To {
			if !known[to] {
				t.Errorf("%s → %s: no such room", r.Path, to)
			}
		}
		if !slices.Contains(r.To, "*") && reaches(Rooms, r, r.Path) { // those that reach everything are imported by nothing
			t.Errorf("%s reaches itself", r.Path)
		}
	}
}

func TestArchitectureDocument_PrintsTheTable(t *testing.T) {
	const begin, end = "<!-- table: begin, written by make arch-update -->\n", "<!-- table: end -->"
	path := filepath.Join(root(t), "docs", "architecture.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	if !ok {
		t.Fatalf("no line %q", begin)
	}
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("no line %q", end)
	}
	want := Markdown(Rooms)
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("docs/architecture.md and the table differ: run make arch-update\ngot:\n%s\nwant:\n%s", got, want)
	}
}

func TestArchitectureDocument_IsOnePage(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root(t), "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(doc, []byte("\n")); n > 120 {
		t.Errorf("%d lines: it is to stay one page (120)", n)
	}
}

// listPackages reads every package of the module, test tags included.
func listPackages(t *testing.T) []Package {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags=e2e,proxy",
		"-json=ImportPath,Doc,GoFiles,CgoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var all []Package
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// root returns the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}
