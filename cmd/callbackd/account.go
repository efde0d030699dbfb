package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callbackd"
)

func newAccountCommand(a *app) *cobra.Command {
	return group("account", "Add, look at and change official accounts",
		newAccountAddCommand(a), newAccountSetCommand(a), newAccountListCommand(a), newAccountShowCommand(a),
		newAccountLoginCommand(a), newAccountRemoveCommand(a))
}

// withInstallation opens the installation for one command.
func (a *app) withInstallation(ctx context.Context, fn func(*installation) error) error {
	i, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer i.close()
	return fn(i)
}

// withAccount opens the installation and finds the account that an argument names.
func (a *app) withAccount(ctx context.Context, slug string, fn func(*installation, *callbackd.Account) error) error {
	return a.withInstallation(ctx, func(i *installation) error {
		account, err := i.account(ctx, slug)
		if err != nil {
			return err
		}
		return fn(i, account)
	})
}

// account finds the account that an argument names.
func (i *installation) account(ctx context.Context, slug string) (*callbackd.Account, error) {
	account, err := i.db.GetAccount(ctx, callbackd.Slug(slug))
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, fmt.Errorf("there is no account %q: callbackd account list shows all", slug)
	}
	return account, err
}

// input reads the account that --from names.
func (a *app) input(from string) (accountInput, error) {
	if from == "" {
		return accountInput{}, usagef("--from is missing: name a JSON file, or - for standard input")
	}
	var r io.Reader = a.stdin
	if from != "-" {
		f, err := os.Open(from)
		if err != nil {
			return accountInput{}, err
		}
		defer f.Close()
		r = f
	}
	return readAccount(r)
}

func newAccountAddCommand(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "add SLUG --from FILE|-", Short: "Register an account from JSON", Long: accountHelp, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := a.input(from)
			if err != nil {
				return err
			}
			account := &callbackd.Account{Slug: callbackd.Slug(args[0])}
			in.merge(account, time.Now())
			if err := account.Check(); err != nil {
				return err // before anything is made
			}
			i, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer i.close()
			err = i.db.InsertAccount(c.Context(), account, shellActor())
			if errors.Is(err, callbackd.ErrConflict) {
				return fmt.Errorf("there is an account %q already: callbackd account set %s changes it", account.Slug, account.Slug)
			}
			if err != nil {
				return err
			}
			return a.print(describeAccount(account, i.cfg.HTTP.PublicURL))
		},
	}
	c.Flags().StringVar(&from, "from", "", "JSON `file` with the account, or - for standard input")
	return c
}

func newAccountSetCommand(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "set SLUG --from FILE|-", Short: "Change an account: a missing key stays, null removes", Long: accountHelp, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := a.input(from)
			if err != nil {
				return err
			}
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				in.merge(account, i.db.Now())
				if err := account.Check(); err != nil {
					return err
				}
				if err := i.db.SetAccount(c.Context(), account, shellActor()); err != nil {
					return err
				}
				return a.print(describeAccount(account, i.cfg.HTTP.PublicURL))
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "JSON `file` with what changes, or - for standard input")
	return c
}

func newAccountListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List accounts: slug, name, mode, moderation", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			i, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer i.close()
			accounts, err := i.db.ListAccounts(c.Context())
			if err != nil {
				return err
			}
			for _, account := range accounts {
				fmt.Fprintf(a.stdout, "%s\t%s\t%s\t%s\n", account.Slug, account.Name, account.Mode, account.Moderation)
			}
			return nil
		},
	}
}

func newAccountShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show SLUG", Short: "Show an account without its secrets", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				return a.print(describeAccount(account, i.cfg.HTTP.PublicURL))
			})
		},
	}
}

func newAccountRemoveCommand(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "remove SLUG [--yes]", Short: "Remove an account with its messages, people and files", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withAccount(c.Context(), args[0], func(i *installation, account *callbackd.Account) error {
				if !yes {
					if err := a.confirmRemoval(account); err != nil {
						return err
					}
				}
				blobs, err := i.db.DeleteAccount(c.Context(), account.ID, shellActor())
				if err != nil {
					return err
				}
				for _, key := range blobs {
					if err := i.blobs.Delete(c.Context(), key); err != nil {
						i.log.Warn("a file of the account stays; nothing names it", "err", err)
					}
				}
				_, err = fmt.Fprintf(a.stdout, "removed %s\n", account.Slug)
				return err
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	return c
}

// confirmRemoval asks for the slug once more: nothing brings an account back.
func (a *app) confirmRemoval(account *callbackd.Account) error {
	fmt.Fprintf(a.stderr, "删除 %s（%s）的全部消息、发言人和文件？输入 %s 确认 · this removes %s with all its messages, people and files; type %s to do it: ",
		account.Slug, account.Name, account.Slug, account.Slug, account.Slug)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if strings.TrimSpace(answer) == string(account.Slug) {
		return nil
	}
	if err != nil && answer == "" { // nobody is there to ask
		fmt.Fprintln(a.stderr)
		return usagef("nothing was removed: say --yes to remove %s without being asked", account.Slug)
	}
	return fmt.Errorf("nothing was removed: that is not %s", account.Slug)
}

// print writes an answer as JSON.
func (a *app) print(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
