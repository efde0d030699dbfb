package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

func newMessageCommand(a *app) *cobra.Command {
	return group("message", "Look at messages and decide what the wall shows",
		newMessageListCommand(a),
		newMessageDecideCommand(a, callbackd.DecisionApprove, "Let messages through, with the media, name and avatar that they have now"),
		newMessageDecideCommand(a, callbackd.DecisionRefuse, "Never show messages that wait"),
		newMessageDecideCommand(a, callbackd.DecisionRemove, "Take messages down"))
}

var messageStates = []string{"held", "shown", "refused", "removed", "erased"}

func newMessageListCommand(a *app) *cobra.Command {
	var state string
	var asJSON bool
	var limit int
	c := &cobra.Command{
		Use: "list SLUG [--state S] [--json]", Short: "List messages, newest first", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if state != "" && !slices.Contains(messageStates, state) {
				return usagef("--state %q: write one of %s", state, strings.Join(messageStates, ", "))
			}
			if limit < 0 {
				return usagef("--limit %d: write 0 for all, or more", limit)
			}
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				messages := listMessages(c.Context(), i.db, account.ID, callbackd.State(state), limit)
				if asJSON {
					return a.printArray(messages)
				}
				for m, err := range messages {
					if err != nil {
						return err
					}
					fmt.Fprintln(a.stdout, messageLine(m))
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&state, "state", "", "only messages in this `state`")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().IntVar(&limit, "limit", 0, "at most so `many`; 0: all")
	return c
}

// listPage is how many messages are read at a time.
const listPage = 500

// listMessages yields an account's messages, newest first, page by page.
func listMessages(ctx context.Context, db *store.DB, account callbackd.AccountID, state callbackd.State, limit int) iter.Seq2[callbackd.PublicMessage, error] {
	return func(yield func(callbackd.PublicMessage, error) bool) {
		filter := store.MessageFilter{State: state}
		for n := 0; limit == 0 || n < limit; {
			filter.Limit = listPage
			if limit > 0 {
				filter.Limit = min(listPage, limit-n)
			}
			rows, err := db.ListMessages(ctx, account, filter)
			if err != nil {
				yield(callbackd.PublicMessage{}, err)
				return
			}
			for _, row := range rows {
				if !yield(wall.OperatorView(row), nil) {
					return
				}
			}
			if len(rows) < filter.Limit {
				return
			}
			n, filter.Before = n+len(rows), rows[len(rows)-1].Message.ID
		}
	}
}

// printArray writes messages as one JSON array, without holding them all.
func (a *app) printArray(messages iter.Seq2[callbackd.PublicMessage, error]) error {
	separator := "["
	for m, err := range messages {
		if err != nil {
			return err
		}
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(a.stdout, "%s\n  %s", separator, line); err != nil {
			return err
		}
		separator = ","
	}
	if separator == "[" {
		_, err := fmt.Fprintln(a.stdout, "[]")
		return err
	}
	_, err := fmt.Fprintln(a.stdout, "\n]")
	return err
}

// messageLine is a message on one line; what followers wrote is quoted, so that
// it cannot speak to the terminal.
func messageLine(m callbackd.PublicMessage) string {
	line := fmt.Sprintf("%s\t%s\t%s\t%s\t%q\t%q", m.ID, m.State, m.SentAt, m.Kind, m.Sender.Name, m.Text)
	if m.Media != nil {
		line += "\tmedia " + string(m.Media.State)
	}
	if len(m.Waiting) > 0 {
		line += "\twaiting " + strings.Join(m.Waiting, ",")
	}
	return line
}

// instead says what to do where a decision does not exist.
var instead = map[callbackd.Decision]string{
	callbackd.DecisionApprove: "nothing of it is left to show",
	callbackd.DecisionRefuse:  "take a shown message down with callbackd message remove",
	callbackd.DecisionRemove:  "it is not on the wall; callbackd message refuse keeps it off for good",
}

func newMessageDecideCommand(a *app, d callbackd.Decision, short string) *cobra.Command {
	return &cobra.Command{
		Use: string(d) + " SLUG ID…", Short: short, Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				var failed error
				for _, id := range args[1:] {
					err := i.db.Moderate(c.Context(), account.ID, callbackd.PublicID(id), d, shellActor())
					switch {
					case errors.Is(err, callbackd.ErrNotFound):
						err = fmt.Errorf("there is no message %q in %s: callbackd message list %s shows all;", id, account.Slug, account.Slug)
					case errors.Is(err, callbackd.ErrConflict):
						err = fmt.Errorf("%w: %s;", err, instead[d])
					}
					if err != nil {
						failed = errors.Join(failed, err)
						continue
					}
					fmt.Fprintln(a.stdout, id)
				}
				return failed
			})
		},
	}
}
