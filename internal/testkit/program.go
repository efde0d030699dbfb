package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program is the product's program, built once for all tests of one process.
var program builtProgram

type builtProgram struct {
	mu  sync.Mutex // guards the fields below
	dir string
	err error
}

// Program builds cmd/callbackd, at the first call of this process, as a release
// is built, and returns the path of the program.
//
// A package that calls this has a TestMain that calls Main.
func Program(tb testing.TB) string {
	tb.Helper()
	path, err := program.get()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func (p *builtProgram) get() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" && p.err == nil {
		p.build()
	}
	return filepath.Join(p.dir, "callbackd"), p.err
}

func (p *builtProgram) build() {
	if p.dir, p.err = os.MkdirTemp("", "callbackd-program-"); p.err != nil {
		return
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(p.dir, "callbackd"), "callbackd/cmd/callbackd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.err = fmt.Errorf("build the program: %w\n%s", err, out)
	}
}

// remove drops the program, where it was built.
func (p *builtProgram) remove() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir != "" {
		_ = os.RemoveAll(p.dir) // a temporary folder that stays is nobody's failure
	}
}
