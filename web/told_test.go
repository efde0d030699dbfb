package web

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"callbackd"
)

var (
	toldUses = regexp.MustCompile(`\bTold\([\w.]+,\s*"([^"]+)",\s*"((?:[^"\\]|\\.)*)"`)
	verbs    = regexp.MustCompile(`%[.0-9]*[a-z]`)
)

// TestTold_EveryTextTakesItsValues: the key is in the catalogue, and its texts take
// the values of the sentence in the same order, or none.
func TestTold_EveryTextTakesItsValues(t *testing.T) {
	found := 0
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		for _, m := range toldUses.FindAllStringSubmatch(string(source), -1) {
			found++
			for _, l := range langs {
				said, want := catalogue()[m[1]][l], verbs.FindAllString(strings.ReplaceAll(m[2], "%q", "%s"), -1)
				if got := verbs.FindAllString(said, -1); said == "" || len(got) > 0 && !slices.Equal(got, want) {
					t.Errorf("%s: %s in %s is %q, takes %q, want %q", path, m[1], l, said, got, want)
				}
			}
		}
		return err
	})
	if err != nil || found < 20 {
		t.Fatalf("%d uses, %v", found, err)
	}
}

func TestTextOf_PutsLabelsInTheReadersLanguage(t *testing.T) {
	e := callbackd.Told(callbackd.ErrInvalid, "error.event_long", "the %s has at most %d characters", callbackd.Label{Key: "events.still.title", Plain: "title of the still card"}, 60).(*callbackd.PublicError)
	if zh, en := Chinese.TextOf(e), English.TextOf(e); zh != "“静止画面：标题”最多 60 个字。" || en != "“Still card: title” has at most 60 characters." {
		t.Errorf("%s %s", zh, en)
	}
	if e.Error() != "the title of the still card has at most 60 characters" {
		t.Error(e)
	}
	plain := callbackd.Public(callbackd.ErrInvalid, "100 % wrong", nil).(*callbackd.PublicError)
	if Chinese.TextOf(plain) != "100 % wrong" {
		t.Error("a sentence without values was changed")
	}
}
