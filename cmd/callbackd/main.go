// Command callbackd takes the callbacks of official accounts and shows what
// their followers say on a wall, each message with its sender's name and face.
//
// This package reads settings, wires the other packages together and offers
// them as subcommands. It holds no rule of the product.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes: done, failed, wrongly used.
const (
	exitDone    = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// app is what every subcommand is given: the streams of the process and the
// settings as they were given to it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	settings       *settingFlags
}

// config reads the settings: flag, then environment, then file, then default.
// What is wrong with them is wrong usage.
func (a *app) config() (Config, error) {
	c, err := a.settings.load(a.getenv)
	if err != nil {
		return Config{}, &usageError{err}
	}
	return c, nil
}

// usageError is a call that cannot mean anything: exit 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef makes an error that ends the program with exit 2.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// run is the whole program. stdout gets the answer alone, stderr everything
// else; an error is one line. It ends when ctx does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
	root := newRoot(a)
	root.SetIn(stdin)
	root.SetOut(stdout)
	return execute(ctx, root, args, stderr)
}

// execute runs a command tree and turns its error into a line and an exit code.
func execute(ctx context.Context, root *cobra.Command, args []string, stderr io.Writer) int {
	root.SetArgs(args)
	root.SetErr(stderr)
	// Whatever fails before a command's own code runs is wrong usage.
	running := false
	onRun(root, func() { running = true })
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "callbackd: %s\n", oneLine(err))
	var usage *usageError
	if !running || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// newRoot builds the command tree. Each command is in a file named after it.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "callbackd",
		Short: "Callbacks of official accounts, on a wall",
		Long: "callbackd 把公众号收到的消息放上墙：谁说的、说了什么、语音和视频，都在一页上。\n" +
			"It takes the callbacks of official accounts (公众号) and shows what followers say on a wall.\n\n" +
			"Every setting is a flag, an environment variable (CALLBACKD_ and the flag's name) and a\n" +
			"key of callbackd.yaml, in that order of strength.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.NoArgs,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(*cobra.Command, []string) error {
			return usagef("name a command; callbackd --help lists them")
		},
	}
	a.settings = addSettings(root.PersistentFlags())
	root.AddCommand(
		newServeCommand(a), newDemoCommand(a), newAccountCommand(a), newMessageCommand(a), newWordsCommand(a), newEventCommand(a), newWallCommand(a),
		newOperatorCommand(a), newDoctorCommand(a),
		newMigrateCommand(a), newRehearsalCommand(a), newVersionCommand(a),
	)
	return root
}

// onRun calls before ahead of each command's own code.
func onRun(c *cobra.Command, before func()) {
	if own := c.RunE; own != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			before()
			return own(c, args)
		}
	}
	for _, sub := range c.Commands() {
		onRun(sub, before)
	}
}

// group is a command that only holds others (account, message): called alone,
// or with a word that it does not know, it is wrongly used.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("unknown command %q; %s --help lists what there is", args[0], c.CommandPath())
		}
		return usagef("%s needs a command; %s --help lists them", c.CommandPath(), c.CommandPath())
	}}
	c.AddCommand(commands...)
	return c
}

// oneLine folds an error's text into one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
