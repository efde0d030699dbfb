package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// settingFile is what a callbackd.yaml says, each value as a flag would be written.
type settingFile struct {
	name   string // base name, for errors
	values map[string]string
}

// presence is whether a file must be there.
type presence int

const (
	mustExist presence = iota
	mayBeMissing
)

// readSettingFile reads a flat YAML mapping of setting names to words or lists.
func readSettingFile(path string, known map[string]bool, p presence) (settingFile, error) {
	file := settingFile{name: filepath.Base(path), values: map[string]string{}}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && p == mayBeMissing {
		return file, nil
	}
	if err != nil {
		return file, fmt.Errorf("--config: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return file, fmt.Errorf("%s: %w", file.name, err)
	}
	if doc.Kind == 0 {
		return file, nil // empty
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return file, fmt.Errorf("%s: is not a list of settings; write lines like listen: \":8080\"", file.name)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if err := file.add(top.Content[i], top.Content[i+1], known); err != nil {
			return file, err
		}
	}
	return file, nil
}

func (f *settingFile) add(key, value *yaml.Node, known map[string]bool) error {
	at := fmt.Sprintf("%s:%d", f.name, key.Line)
	if !known[key.Value] {
		if dashed := strings.ReplaceAll(key.Value, "_", "-"); known[dashed] {
			return fmt.Errorf("%s: unknown setting %q; it is written %s", at, key.Value, dashed)
		}
		return fmt.Errorf("%s: unknown setting %q; callbackd --help lists them", at, key.Value)
	}
	if _, twice := f.values[key.Value]; twice {
		return fmt.Errorf("%s: %s stands twice", at, key.Value)
	}
	word, ok := scalars(value)
	if !ok {
		return fmt.Errorf("%s: %s takes a word or a list of words", at, key.Value)
	}
	f.values[key.Value] = word
	return nil
}

// scalars writes a word, or a list of words, as a flag's value.
func scalars(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, n.Tag != "!!null"
	case yaml.SequenceNode:
		words := make([]string, 0, len(n.Content))
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
				return "", false
			}
			words = append(words, item.Value)
		}
		return strings.Join(words, ","), true
	}
	return "", false
}
