package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// plan is what is measured, and how often.
type plan struct {
	rounds      int // that count; one more comes before them
	pushes      int // to each row in each round
	connections int
	senders     int
	dir         string // where databases are made
	only        string // names of rows, with commas; empty: all
	profile     string // file for a CPU profile of profileRow; empty: none
	profileRow  string
	write       string // document that the table is written into; empty: none
}

// errMissed says that everything was measured, and a wanted value is missed.
var errMissed = errors.New("a wanted value is missed")

func main() {
	if os.Getenv(serveEnv) != "" {
		if err := serveChild(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "ingest server:", err)
			os.Exit(2)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errMissed):
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(2)
	}
}

// run measures by the command line's plan and prints the table.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	p, err := readPlan(args, progress)
	if err != nil {
		return err
	}
	rows, err := chosenRows(p.only)
	if err != nil {
		return err
	}
	disk, err := probeDisk(p.dir)
	if err != nil {
		return err
	}
	results, err := measure(ctx, p, rows, progress)
	if err != nil {
		return err
	}
	report := summarise(rows, results)
	text := report.markdown(p, disk)
	fmt.Fprint(out, text)
	if p.write != "" {
		if err := writeInto(p.write, text); err != nil {
			return err
		}
	}
	if len(report.missed) > 0 {
		return errMissed
	}
	return nil
}

func readPlan(args []string, progress io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("ingest", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.IntVar(&p.rounds, "rounds", 7, "rounds that count")
	flags.IntVar(&p.pushes, "pushes", 12000, "pushes to each row in each round")
	flags.IntVar(&p.connections, "connections", 64, "connections that stay open")
	flags.IntVar(&p.senders, "senders", 500, "people who send; every second one is known")
	flags.StringVar(&p.dir, "dir", os.TempDir(), "folder on a real disk in which databases are made, and removed")
	flags.StringVar(&p.only, "rows", "", "names of rows, with commas; without silenceper's there are no ratios (default all)")
	flags.StringVar(&p.profile, "profile", "", "file for a CPU profile of one row")
	flags.StringVar(&p.profileRow, "profile-row", "sqlite", "the row of -profile")
	flags.StringVar(&p.write, "write", "", "document to write the table into, between its marks")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if p.rounds < 1 || p.pushes < 1 || p.connections < 1 || p.senders < 1 {
		return p, errors.New("rounds, pushes, connections and senders are at least 1")
	}
	return p, nil
}
