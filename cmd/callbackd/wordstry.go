package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"callbackd"
	"callbackd/wall"
)

// tryWords says what each line of a text would meet, from a sender of whom
// messages were approved.
func (a *app) tryWords(ctx context.Context, i *installation, account *callbackd.Account, args []string) error {
	text, err := a.readText(args[0])
	if err != nil {
		return err
	}
	filters := wall.NewFilters(i.db, slog.New(slog.DiscardHandler))
	if _, err := filters.Words(ctx, account); err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		found := filters.Judge(ctx, account, &callbackd.Message{Kind: callbackd.KindText, Text: line})
		state, why := callbackd.FirstState(callbackd.Arrival{Moderation: callbackd.ModerationAuto, Kind: callbackd.KindText, SenderApproved: 1,
			Filters: account.Filters, Found: found})
		if _, err := fmt.Fprintf(a.stdout, "%s\t%s\t%q\n", state, why, line); err != nil {
			return err
		}
	}
	return nil
}
