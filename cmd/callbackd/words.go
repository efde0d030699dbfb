package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/store"
	"callbackd/wall/filter"
)

// newWordsCommand takes the account before the step: callbackd words SLUG list.
func newWordsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "words SLUG import|list|remove|try",
		Short: "Import the word lists that auto moderation goes by",
		Long: "What has a listed word waits for a moderator, however it is written. Without a list, auto passes nothing.\n\n" +
			"  callbackd words SLUG import NAME FILE|-   one word a line, or commas between; # begins a remark. Replaces the list of this name\n" +
			"  callbackd words SLUG list                 name, words, when it was imported\n" +
			"  callbackd words SLUG remove NAME\n" +
			"  callbackd words SLUG try FILE|-           what each line would meet\n\n" +
			"How auto judges beside them is the account's key \"filters\": callbackd account set --help.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			step, ok := map[string]struct {
				args int
				do   func(context.Context, *installation, *callbackd.Account, []string) error
			}{"import": {2, a.importWords}, "list": {0, a.listWords}, "remove": {1, a.removeWords}, "try": {1, a.tryWords}}[args[1]]
			if !ok {
				return usagef("unknown step %q: write import, list, remove or try", args[1])
			}
			if len(args)-2 != step.args {
				return usagef("words SLUG %s takes %d more: callbackd words --help", args[1], step.args)
			}
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				return step.do(c.Context(), i, account, args[2:])
			})
		},
	}
}

// readText reads a file, or standard input for -, up to what a list may have.
func (a *app) readText(name string) (string, error) {
	r := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, 2*store.MaxWordList))
	return string(b), err
}

func (a *app) importWords(ctx context.Context, i *installation, account *callbackd.Account, args []string) error {
	text, err := a.readText(args[1])
	if err != nil {
		return err
	}
	words, leftOut := filter.ParseWords(filter.Decode([]byte(text)))
	if err := i.db.SetWordList(ctx, account.ID, args[0], words, shellActor()); err != nil {
		return err
	}
	if leftOut > 0 {
		fmt.Fprintf(a.stderr, "left out: %d that are no words (over %d characters, or signs alone)\n", leftOut, filter.MaxWord)
	}
	if account.Moderation != callbackd.ModerationAuto {
		fmt.Fprintf(a.stderr, "moderation of %s is %s: the lists count where it is auto\n", account.Slug, account.Moderation)
	}
	_, err = fmt.Fprintf(a.stdout, "%s\t%d\n", args[0], len(words))
	return err
}

func (a *app) listWords(ctx context.Context, i *installation, account *callbackd.Account, _ []string) error {
	lists, err := i.db.ListWordLists(ctx, account.ID)
	if err != nil {
		return err
	}
	for _, l := range lists {
		fmt.Fprintf(a.stdout, "%s\t%d\t%s\n", l.Name, l.Count, l.ImportedAt.Format(time.RFC3339))
	}
	return nil
}

func (a *app) removeWords(ctx context.Context, i *installation, account *callbackd.Account, args []string) error {
	err := i.db.DeleteWordList(ctx, account.ID, args[0], shellActor())
	if errors.Is(err, callbackd.ErrNotFound) {
		return fmt.Errorf("there is no word list %q: callbackd words %s list shows all", args[0], account.Slug)
	}
	return err
}
