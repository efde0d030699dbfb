package web

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// keyUses finds the keys in sources: T "key" in templates, t('key') in scripts,
// T("key") and Public(kind, "key", …) in Go.
var keyUses = map[string]*regexp.Regexp{
	".html": regexp.MustCompile(`\.T "([^"]+)"`),
	".js":   regexp.MustCompile("\\bt\\(['`]([^'`$]+)['`]"),
	".go":   regexp.MustCompile(`(?:\.T\(|\bPublic\([\w.]+,\s*|return )"([a-z_]+\.[a-z_.]+)"`),
}

func TestCatalogue_EveryTextExistsInEveryLanguage(t *testing.T) {
	if len(catalogue()) == 0 {
		t.Fatal("the catalogue is empty")
	}
	holes := regexp.MustCompile(`\{\w+\}`)
	for key, texts := range catalogue() {
		for _, l := range langs {
			if strings.TrimSpace(texts[l]) == "" {
				t.Errorf("%s has no text in %s", key, l)
			}
			if want, got := holes.FindAllString(texts[Chinese], -1), holes.FindAllString(texts[l], -1); !slices.Equal(want, got) {
				t.Errorf("%s: %s has the holes %v, Chinese %v", key, l, got, want)
			}
		}
		if len(texts) != len(langs) {
			t.Errorf("%s: languages %v", key, slices.Collect(maps.Keys(texts)))
		}
	}
}

func TestCatalogue_EveryKeyThatIsUsedExists(t *testing.T) {
	used := usedKeys(t)
	for key, where := range used {
		if _, ok := catalogue()[key]; !ok {
			t.Errorf("%s uses %q, which has no text", where, key)
		}
	}
	if len(used) < 25 {
		t.Errorf("only %d keys found: the patterns do not fit the sources any more", len(used))
	}
}

// named is a key as a string of its own, in Go or in a template: a use where
// there is such a key.
var named = regexp.MustCompile(`"([a-z_]+(?:\.[a-z_]+)+)"`)

// listed is a comment that names keys which the code below it chooses by an
// expression: texts: queue.approve queue.refuse
var listed = regexp.MustCompile(`(?m)(?://|/\*|{{/\*).*\btexts: ([a-z_. ]+)`)

// chosen are keys that a script chooses by an expression; new ones stand in a
// comment beside it.
var chosen = []string{"state.live", "state.behind", "state.offline", "voice.play", "voice.pause", "sound.on", "sound.off",
	"bind.how", "bind.how.qr", "bind.later", "bind.good", "bind.failed", "bind.busy",
	"bind.permission.default", "bind.permission.granted", "bind.permission.denied", "bind.permission.missing",
	"notice.mentioned", "notice.spoke", "push.mentioned", "push.spoke",
	"say.sending", "say.waiting", "say.shown", "say.failed", "say.busy", "say.refused", "say.unbound", "say.retry", "say.send",
	"device.phone", "device.computer", "device.vendor", "device.page",
	"device.failed", "device.busy", "device.tested", "device.removed", "device.idle.denied"}

func TestCatalogue_EveryKeyIsUsed(t *testing.T) {
	used := usedKeys(t)
	for _, key := range chosen {
		used[key] = "static/js"
	}
	for key := range catalogue() {
		if used[key] == "" && !strings.HasPrefix(key, "error.") { // handlers choose among these
			t.Errorf("nobody uses %q", key)
		}
	}
}

// usedKeys reads the sources of the whole module: key → a file that uses it.
func usedKeys(t *testing.T) map[string]string {
	t.Helper()
	used, known := map[string]string{}, families()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != ".." && (strings.HasPrefix(name, ".") || name == "vendor" || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		pattern := keyUses[filepath.Ext(path)]
		if pattern == nil || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			if catalogue()[m[1]] != nil {
				used[m[1]] = path
			}
		}
		for _, m := range listed.FindAllStringSubmatch(string(b), -1) {
			for _, key := range strings.Fields(m[1]) {
				used[key] = path
			}
		}
		for _, m := range pattern.FindAllStringSubmatch(string(b), -1) {
			if family, _, ok := strings.Cut(m[1], "."); ok && known[family] && !strings.HasSuffix(m[1], ".html") {
				used[m[1]] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// families are the first words of keys; what else looks like a key in Go is none.
func families() map[string]bool {
	all := map[string]bool{}
	for key := range catalogue() {
		family, _, _ := strings.Cut(key, ".")
		all[family] = true
	}
	return all
}
