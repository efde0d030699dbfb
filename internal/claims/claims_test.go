package claims

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	update  = flag.Bool("update", false, "write docs/claims.md")
	missing = flag.Bool("missing", false, "name the claims without a test, and fail when there are any")
)

func TestClaims_DocumentIsThatOfTheTests(t *testing.T) {
	root := filepath.Join("..", "..")
	tests, err := Find(root)
	if err != nil {
		t.Fatal(err)
	}
	path, want := filepath.Join(root, "docs", "claims.md"), Document(tests)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/claims.md is not that of the tests: run make claims")
	}
	if without := Missing(tests); *missing && len(without) > 0 {
		t.Errorf("claims without a test: %s", strings.Join(without, " "))
	}
}

func TestClaims_ListHoldsEachClaimOnceAndNamesItsPatent(t *testing.T) {
	count := map[byte]int{}
	seen := map[string]bool{}
	for _, c := range List {
		if seen[c.ID] || c.Text == "" || c.Here == "" || Patents[c.ID[0]] == "" {
			t.Errorf("%+v", c)
		}
		seen[c.ID] = true
		count[c.ID[0]]++
	}
	if count['D'] != 12 || count['E'] != 11 {
		t.Errorf("D has 12 claims and E 11, the list has %d and %d", count['D'], count['E'])
	}
}

func TestClaims_AreFoundByTheNamesOfTests(t *testing.T) {
	found, err := Find(tree(t, "func TestClaimD3D9_MatchesPages(t *T) {}\nfunc TestClaimE1_Plays(t *T) {}\nfunc TestClaim_TakesDueJobs(t *T) {}\nfunc TestOther(t *T) {}"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Test{{"TestClaimD3D9_MatchesPages", "room", []string{"D3", "D9"}}, {"TestClaimE1_Plays", "room", []string{"E1"}}}
	if !slices.EqualFunc(found, want, func(a, b Test) bool {
		return a.Name == b.Name && a.Package == b.Package && slices.Equal(a.Claims, b.Claims)
	}) {
		t.Errorf("got %+v", found)
	}
	without := Missing(found)
	if len(without) != len(List)-3 || slices.Contains(without, "D9") || !slices.Contains(without, "D2") {
		t.Errorf("missing %v", without)
	}
	if doc := Document(found); !strings.Contains(doc, "| `TestClaimD3D9_MatchesPages` in `room` |") {
		t.Error(doc)
	}
}

func TestClaims_AWrongNameIsAnError(t *testing.T) {
	for _, name := range []string{"TestClaimD1Sentence", "TestClaimD1_sentence", "TestClaimD13_NotThere", "TestClaimA1_NotListed"} {
		if _, err := Find(tree(t, "func "+name+"(t *T) {}")); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// tree makes a tree with one package of tests.
func tree(t *testing.T, source string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "room"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "room", "a_test.go"), []byte("package room\n\n"+source+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}
