package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/wall"
	"callbackd/wechat"
)

// newWallCommand takes the account before the step: callbackd wall SLUG panic.
func newWallCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "wall SLUG pin|unpin|spotlight|pause|clear|panic|resume|say|show",
		Short: "Run a wall: pins, spotlight, the still card, the host's own words",
		Long: "  callbackd wall SLUG panic          every open page shows the still card at once, and is silent\n" +
			"  callbackd wall SLUG pause          the still card; messages go on waiting in the queue\n" +
			"  callbackd wall SLUG resume         back from both\n" +
			"  callbackd wall SLUG clear          what is shown goes; what comes is shown\n" +
			"  callbackd wall SLUG pin|unpin ID   keep a message on top, or no more\n" +
			"  callbackd wall SLUG spotlight ID   a message large and alone; without ID: off\n" +
			"  callbackd wall SLUG say TEXT       the host's own announcement; prints its id\n" +
			"  callbackd wall SLUG show           the wall's stage as JSON\n\n" +
			"All of it lives in the database: it is on open pages within a second, and survives a restart.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			step, err := a.wallStep(args[1], args[2:])
			if err != nil {
				return err
			}
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				return step(c.Context(), i, account)
			})
		},
	}
}

type wallStep func(context.Context, *installation, *callbackd.Account) error

func (a *app) wallStep(word string, rest []string) (wallStep, error) {
	kind := callbackd.ControlKind(word)
	switch kind {
	case "say":
		if len(rest) == 0 {
			return nil, usagef("say needs words")
		}
		return a.say(strings.Join(rest, " ")), nil
	case "show":
		if len(rest) > 0 {
			return nil, usagef("show takes nothing more")
		}
		return a.showStage, nil
	case callbackd.ControlPin, callbackd.ControlUnpin:
		if len(rest) != 1 {
			return nil, usagef("%s takes the id of one message", word)
		}
		return a.control(callbackd.Control{Kind: kind, Message: callbackd.PublicID(rest[0])}), nil
	case callbackd.ControlSpotlight:
		if len(rest) > 1 {
			return nil, usagef("spotlight takes the id of one message, or nothing")
		}
		return a.control(callbackd.Control{Kind: kind, Message: callbackd.PublicID(strings.Join(rest, ""))}), nil
	case callbackd.ControlPause, callbackd.ControlClear, callbackd.ControlPanic, callbackd.ControlResume:
		if len(rest) > 0 {
			return nil, usagef("%s takes nothing more", word)
		}
		return a.control(callbackd.Control{Kind: kind}), nil
	}
	return nil, usagef("unknown step %q: write pin, unpin, spotlight, pause, clear, panic, resume, say or show", word)
}

// control takes a step and prints how the wall stands then.
func (a *app) control(c callbackd.Control) wallStep {
	return func(ctx context.Context, i *installation, account *callbackd.Account) error {
		_, err := i.db.SetStage(ctx, account.ID, c, shellActor())
		if errors.Is(err, callbackd.ErrNotFound) {
			return fmt.Errorf("there is no message %q in %s: callbackd message list %s shows all", c.Message, account.Slug, account.Slug)
		}
		if err != nil {
			return err
		}
		return a.showStage(ctx, i, account)
	}
}

func (a *app) showStage(ctx context.Context, i *installation, account *callbackd.Account) error {
	s, _, err := i.db.GetStage(ctx, account.ID)
	if err != nil {
		return err
	}
	public, err := wall.ControlOf(ctx, i.db, s)
	if err != nil {
		return err
	}
	public.Messages = nil // the ids are enough here
	return a.print(public)
}

// say is the host's own announcement.
func (a *app) say(text string) wallStep {
	return func(ctx context.Context, i *installation, account *callbackd.Account) error {
		id, err := i.db.Announce(ctx, account, wechat.Clean(text), shellActor())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.stdout, id)
		return err
	}
}
