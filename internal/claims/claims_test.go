package claims

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	last := ""
	for _, c := range List {
		if seen[c.ID] || c.Text == "" || c.Here == "" || Patents[c.ID[0]] == "" {
			t.Errorf("%+v", c)
		}
		if last != "" && (c.ID[0] < last[0] || c.ID[0] == last[0] && number(t, c.ID) <= number(t, last)) {
			t.Errorf("%s stands after %s", c.ID, last)
		}
		seen[c.ID], last = true, c.ID
		count[c.ID[0]]++
	}
	for patent, want := range map[byte]int{'A': 30, 'B': 8, 'C': 18, 'D': 12, 'E': 11} {
		if count[patent] != want {
			t.Errorf("%c: %d claims are expected, the list has %d", patent, want, count[patent])
		}
	}
}

func number(t *testing.T, id string) int {
	t.Helper()
	n, err := strconv.Atoi(id[1:])
	if err != nil {
		t.Fatal(err)
	}
	return n
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
	for _, name := range []string{"TestClaimD1Sentence", "TestClaimD1_sentence", "TestClaimD13_NotThere", "TestClaimA31_NotListed"} {
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
