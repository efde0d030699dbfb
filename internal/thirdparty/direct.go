package thirdparty

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Direct names the modules that packages of ours import themselves, tests included.
func Direct(root string) ([]string, error) {
	required, err := required(root)
	if err != nil {
		return nil, err
	}
	out, err := goIn(root, "list", "-e", "-tags=e2e,proxy", "-json=Imports,TestImports,XTestImports", "./...")
	if err != nil {
		return nil, err
	}
	var direct []string
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct{ Imports, TestImports, XTestImports []string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			slices.Sort(direct)
			return slices.Compact(direct), nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if module := moduleOf(required, path); module != "" {
				direct = append(direct, module)
			}
		}
	}
}

// required lists the modules of go.mod.
func required(root string) ([]string, error) {
	out, err := goIn(root, "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("go.mod: %w", err)
	}
	paths := make([]string, 0, len(mod.Require))
	for _, r := range mod.Require {
		paths = append(paths, r.Path)
	}
	return paths, nil
}

// moduleOf returns the module that a package belongs to, the longest that fits;
// "" for the standard library and for ours.
func moduleOf(modules []string, path string) string {
	best := ""
	for _, m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// goIn runs the go command in a folder and returns what it prints.
func goIn(root string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, stderr.Bytes())
	}
	return out, nil
}
