package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets this test program be the servers of its own run.
func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) == "" {
		m.Run()
		return
	}
	if err := serveChild(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func small(t *testing.T) plan {
	return plan{rounds: 1, pushes: 120, connections: 8, senders: 10, dir: t.TempDir()}
}

// Every row answers every push, and what stores has stored all of them: a row
// that does less fails the measurement.
func TestMeasure_EveryRow(t *testing.T) {
	p := small(t)
	p.profile, p.profileRow = filepath.Join(t.TempDir(), "cpu.prof"), "sqlite"
	results, err := measure(t.Context(), p, allRows, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 || len(results[0]) != len(allRows) {
		t.Fatalf("%d rounds", len(results))
	}
	for i, s := range results[0] {
		if s.perSecond <= 0 || s.p99 <= 0 || s.cpu <= 0 {
			t.Errorf("%s: %+v", allRows[i].name, s)
		}
	}
	text := summarise(allRows, results).markdown(p, disk{kind: "ext4"})
	for _, r := range allRows {
		if !strings.Contains(text, "\n| "+r.title+" | ") {
			t.Errorf("no row %q in\n%s", r.title, text)
		}
	}
	if info, err := os.Stat(p.profile); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
	left, err := os.ReadDir(p.dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
}

func TestMeasureOnce_CountsWhatWasStored(t *testing.T) {
	p := small(t)
	push, err := newPusher(p.senders)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := chosenRows("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	f, err := startFleet(t.Context(), p, rows, push)
	if err != nil {
		t.Fatal(err)
	}
	defer f.stop()
	requests, err := push.prepare(30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.children[0].measureOnce(t.Context(), requests, 4); err != nil {
		t.Fatal(err)
	}
	// the same again is answered, and must not pass for new messages
	if _, err := f.children[0].measureOnce(t.Context(), requests, 4); err == nil || !strings.Contains(err.Error(), "answered 60 pushes and stored 30") {
		t.Fatalf("err = %v", err)
	}
}

func TestStartFleet_AServerThatCannotStartIsAnError(t *testing.T) {
	p := small(t)
	push, err := newPusher(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := startFleet(t.Context(), p, []row{{name: "nobody"}}, push); err == nil || !strings.Contains(err.Error(), "server nobody") {
		t.Fatalf("err = %v", err)
	}
	p.dir = filepath.Join(p.dir, "gone")
	if _, err := startFleet(t.Context(), p, nil, push); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("err = %v", err)
	}
}

func TestRun_WrongUsage(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-pushes", "0"}, {"-connections", "0"}, {"-senders", "-1"}, {"-rows", "ok,nobody"}, {"-dir", "/nowhere/at/all"}, {"-x"}} {
		if err := run(context.Background(), args, io.Discard, io.Discard); err == nil || errors.Is(err, errMissed) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := run(context.Background(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestPrepare_MixesKindsAndPeople(t *testing.T) {
	push, err := newPusher(500)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for range 4000 {
		r := push.record()
		seen[string(r.Type)]++
		seen[string(r.OpenID)]++
	}
	if text := seen["text"]; text < 2600 || text > 3000 || seen["voice"] < 400 || seen["image"] < 400 {
		t.Fatalf("%d texts, %d voices, %d pictures", text, seen["voice"], seen["image"])
	}
	if len(seen) < 400 || len(push.known()) != 250 {
		t.Fatalf("%d people spoke, %d are known", len(seen), len(push.known()))
	}
	if first, second := push.record().MsgID, push.record().MsgID; first == second {
		t.Fatal("two messages with one id")
	}
}
