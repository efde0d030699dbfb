package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
)

// texts holds every text for people, a file per area: key → language → text.
//
//go:embed texts/*.json
var textFiles embed.FS

// deskFiles begin the names of files whose texts scripts get on the desk only.
const deskFiles = "desk"

// readTexts returns the texts of all files, or of those that are for everybody.
func readTexts(desk bool) (map[string]map[Lang]string, error) {
	all := map[string]map[Lang]string{}
	entries, err := textFiles.ReadDir("texts")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !desk && strings.HasPrefix(e.Name(), deskFiles) {
			continue
		}
		b, err := textFiles.ReadFile(path.Join("texts", e.Name()))
		if err != nil {
			return nil, err
		}
		var some map[string]map[Lang]string
		if err := json.Unmarshal(b, &some); err != nil {
			return nil, fmt.Errorf("texts/%s: %w", e.Name(), err)
		}
		for key, t := range some {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("texts/%s: %s stands in another file, too", e.Name(), key)
			}
			all[key] = t
		}
	}
	return all, nil
}

var catalogue = sync.OnceValue(func() map[string]map[Lang]string {
	c, err := readTexts(true)
	if err != nil {
		panic(err) // a broken build; TestCatalogue finds it
	}
	return c
})

// text returns the text of a key; a language without it falls back to Chinese.
func text(l Lang, key string) (string, error) {
	all, ok := catalogue()[key]
	if !ok {
		return "", fmt.Errorf("no text for key %q", key)
	}
	if t := all[l]; t != "" {
		return t, nil
	}
	return all[Chinese], nil
}

// textsFor returns the texts of one language as JSON, for scripts: those of the
// desk are left out where they are for everybody.
func textsFor(l Lang, desk bool) ([]byte, error) {
	keys, err := readTexts(desk)
	if err != nil {
		return nil, err
	}
	flat := map[string]string{}
	for key := range keys {
		if flat[key], err = text(l, key); err != nil {
			return nil, err
		}
	}
	return json.Marshal(flat)
}
