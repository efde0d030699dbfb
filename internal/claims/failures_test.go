package claims

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFailures_DocumentIsThatOfTheTests(t *testing.T) {
	root := filepath.Join("..", "..")
	tests, err := FindFailures(root)
	if err != nil {
		t.Fatal(err)
	}
	path, want := filepath.Join(root, "docs", "failures.md"), FailuresDocument(tests)
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
		t.Error("docs/failures.md is not that of the tests: run make claims")
	}
	if without := MissingFailures(tests); *missing && len(without) > 0 {
		t.Errorf("failures without a test: %s", strings.Join(without, " "))
	}
}

func TestFailures_ListHoldsEachCaseOnceInOrder(t *testing.T) {
	seen := map[string]bool{}
	last, numbers := 0, 0
	for _, f := range Failures {
		n := number(t, strings.TrimRight(f.ID, "abcd"))
		if seen[f.ID] || f.Case == "" || f.Must == "" || n < last || n > last+1 {
			t.Errorf("%+v", f)
		}
		if n != last {
			numbers++
		}
		seen[f.ID], last = true, n
	}
	if numbers != 40 {
		t.Errorf("%d cases, want 40", numbers)
	}
}

func TestFailures_AreFoundByTheNamesOfTests(t *testing.T) {
	found, err := FindFailures(tree(t, "func TestF3F18_TwoNodes(t *T) {}\nfunc TestF10a_Kiosk(t *T) {}\nfunc TestFCM_Arrives(t *T) {}\nfunc TestFlapping(t *T) {}"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Test{{"TestF10a_Kiosk", "room", []string{"F10a"}}, {"TestF3F18_TwoNodes", "room", []string{"F3", "F18"}}}
	if !slices.EqualFunc(found, want, func(a, b Test) bool {
		return a.Name == b.Name && a.Package == b.Package && slices.Equal(a.Claims, b.Claims)
	}) {
		t.Errorf("got %+v", found)
	}
	without := MissingFailures(found)
	if len(without) != len(Failures)-3 || slices.Contains(without, "F18") || !slices.Contains(without, "F1") || !slices.Contains(without, "F10b") {
		t.Errorf("missing %v", without)
	}
	if doc := FailuresDocument(found); !strings.Contains(doc, "| `TestF10a_Kiosk` in `room` |") {
		t.Error(doc)
	}
	for _, name := range []string{"TestF1Sentence", "TestF1_sentence", "TestF41_NotListed", "TestF10_WithoutALetter"} {
		if _, err := FindFailures(tree(t, "func "+name+"(t *T) {}")); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
