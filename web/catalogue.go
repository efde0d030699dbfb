package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// catalogue.json holds every text for people: key → language → text.
//
//go:embed catalogue.json
var catalogueFile []byte

var catalogue = sync.OnceValue(func() map[string]map[Lang]string {
	var c map[string]map[Lang]string
	if err := json.Unmarshal(catalogueFile, &c); err != nil {
		panic(fmt.Sprintf("catalogue.json: %v", err)) // a broken build; TestCatalogue finds it
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

// textsFor returns the catalogue of one language as JSON, for scripts.
func textsFor(l Lang) ([]byte, error) {
	flat := map[string]string{}
	for key := range catalogue() {
		t, err := text(l, key)
		if err != nil {
			return nil, err
		}
		flat[key] = t
	}
	return json.Marshal(flat)
}
