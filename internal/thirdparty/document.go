package thirdparty

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// program is what is looked at: modules linked into it are handed on.
const program = "./cmd/callbackd"

// Modules lists the modules that are linked into the program, read from the
// module cache. The answer is that of one platform, so that it is everywhere the same.
func Modules(root string) ([]Part, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", program)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	seen := map[string]bool{}
	var parts []Part
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main || seen[p.Module.Path] {
			continue
		}
		seen[p.Module.Path] = true
		part, err := Read(Part{Name: p.Module.Path, Version: p.Module.Version}, p.Module.Dir)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	return parts, nil
}

// versioned is a folder's name that ends in its version: player-1.2.3.
var versioned = regexp.MustCompile(`^(.+)-([0-9]+(?:\.[0-9]+)+[0-9A-Za-z.-]*)$`)

// Vendored lists what is shipped to the browser: one folder each, with LICENSE
// and the version at the end of its name or in a file VERSION.
func Vendored(folder string) ([]Part, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var parts []Part
	for _, e := range entries {
		if !e.IsDir() {
			return nil, fmt.Errorf("%s: everything here is a folder with a LICENSE", e.Name())
		}
		dir := filepath.Join(folder, e.Name())
		part := Part{Name: e.Name()}
		if m := versioned.FindStringSubmatch(e.Name()); m != nil {
			part.Name, part.Version = m[1], m[2]
		} else if version, err := os.ReadFile(filepath.Join(dir, "VERSION")); err == nil {
			part.Version = squeeze(string(version))
		} else {
			return nil, fmt.Errorf("%s: no version in its name: %w", e.Name(), err)
		}
		part, err = Read(part, dir)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// Document writes THIRD_PARTY.md. Equal texts are printed once.
func Document(modules, vendored, data []Part) string {
	var b strings.Builder
	b.WriteString("# What others wrote\n\nMade from go.mod, web/static/vendor and wall/filter/data by `make third-party`; a test compares.\n")
	texts, number := []string{}, map[string]int{}
	table := func(title, what string, parts []Part) {
		fmt.Fprintf(&b, "\n## %s\n\n| %s | version | licence | holders | texts |\n|---|---|---|---|---|\n", title, what)
		for _, p := range parts {
			var refs []string
			for _, text := range p.Texts {
				key := squeeze(text)
				if number[key] == 0 {
					texts = append(texts, text)
					number[key] = len(texts)
				}
				refs = append(refs, fmt.Sprintf("[%d](#text-%d)", number[key], number[key]))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.Name, p.Version, strings.Join(p.Licence, " and "),
				strings.ReplaceAll(strings.Join(p.Holders, "; "), "|", "/"), strings.Join(refs, ", "))
		}
	}
	table("Linked into the program", "module", modules)
	table("Shipped to the browser", "folder", vendored)
	table("Data in the program", "folder", data)
	b.WriteString("\n## Texts\n")
	for i, text := range texts {
		fmt.Fprintf(&b, "\n### Text %d\n\n```text\n%s\n```\n", i+1, strings.ReplaceAll(text, "```", "'''"))
	}
	return b.String()
}
