package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"callbackd"
	"callbackd/handlers"
)

func newOperatorCommand(a *app) *cobra.Command {
	return group("operator", "Say who works on the desk", newOperatorLinkCommand(a), newOperatorAddCommand(a), newOperatorListCommand(a),
		newOperatorPasswdCommand(a), newOperatorRemoveCommand(a))
}

// grantFlags say what an operator is given.
type grantFlags struct{ account, role string }

func (f *grantFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.account, "account", "", "`slug` of the one account that it is for (default: all accounts, as owner)")
	c.Flags().StringVar(&f.role, "role", "", "`role` on that account: owner, admin or moderator")
}

func (f *grantFlags) grant(ctx context.Context, i *installation) (callbackd.Grant, error) {
	if f.account == "" && f.role == "" {
		return callbackd.Grant{Everything: true}, nil
	}
	role := callbackd.Role(f.role)
	if f.account == "" || !role.Valid() {
		return callbackd.Grant{}, usagef("--account and --role (owner, admin or moderator) go together")
	}
	account, err := i.account(ctx, f.account)
	if err != nil {
		return callbackd.Grant{}, err
	}
	return callbackd.Grant{Account: account.ID, Role: role}, nil
}

// newOperatorLink keeps a one-time link and returns its address.
func newOperatorLink(ctx context.Context, i *installation, g callbackd.Grant, actor string) (string, error) {
	token, digest := handlers.NewLinkToken()
	if err := i.db.InsertOperatorLink(ctx, digest, g, i.db.Now().Add(handlers.OperatorLinkLife), actor); err != nil {
		return "", err
	}
	return i.cfg.HTTP.PublicURL.JoinPath(handlers.OperatorLinkPath(token)).String(), nil
}

func newOperatorLinkCommand(a *app) *cobra.Command {
	var grant grantFlags
	c := &cobra.Command{
		Use: "link", Short: "Print a one-time link, good for an hour, that makes an operator", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withInstallation(c.Context(), func(i *installation) error {
				g, err := grant.grant(c.Context(), i)
				if err != nil {
					return err
				}
				link, err := newOperatorLink(c.Context(), i, g, shellActor())
				if err == nil {
					fmt.Fprintln(a.stdout, link)
				}
				return err
			})
		},
	}
	grant.add(c)
	return c
}

func newOperatorAddCommand(a *app) *cobra.Command {
	var grant grantFlags
	c := &cobra.Command{
		Use: "add NAME", Short: "Add an operator; the password is read from standard input", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withInstallation(c.Context(), func(i *installation) error {
				if !callbackd.ValidOperatorName(args[0]) {
					return usagef("a name has 1 to %d letters or digits, with . _ - @ between them", callbackd.OperatorNameLimit)
				}
				g, err := grant.grant(c.Context(), i)
				if err != nil {
					return err
				}
				hash, err := a.readNewPassword(c.Context(), args[0])
				if err != nil {
					return err
				}
				if _, err = i.db.InsertOperator(c.Context(), args[0], hash, g, shellActor()); err != nil {
					return err
				}
				fmt.Fprintln(a.stdout, args[0])
				return nil
			})
		},
	}
	grant.add(c)
	return c
}

func newOperatorListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the operators", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withInstallation(c.Context(), func(i *installation) error {
				operators, err := i.db.ListOperators(c.Context())
				if err != nil {
					return err
				}
				accounts, err := i.db.ListAccounts(c.Context())
				if err != nil {
					return err
				}
				for _, o := range operators {
					var roles []string
					for _, acc := range accounts {
						if r := o.Roles[acc.ID]; r != "" && !o.Everything {
							roles = append(roles, string(acc.Slug)+":"+string(r))
						}
					}
					if o.Everything {
						roles = []string{"everything"}
					}
					fmt.Fprintf(a.stdout, "%s\t%s\n", o.Name, strings.Join(roles, ","))
				}
				return nil
			})
		},
	}
}

// withOperator runs fn with the operator of a name.
func (a *app) withOperator(ctx context.Context, name string, fn func(*installation, *callbackd.Operator) error) error {
	return a.withInstallation(ctx, func(i *installation) error {
		o, err := i.db.GetOperatorByName(ctx, name)
		if errors.Is(err, callbackd.ErrNotFound) {
			return fmt.Errorf("there is no operator %q: callbackd operator list shows all", name)
		}
		if err != nil {
			return err
		}
		return fn(i, o)
	})
}

func newOperatorPasswdCommand(a *app) *cobra.Command {
	var twoFactorOff bool
	c := &cobra.Command{
		Use: "passwd NAME", Short: "Replace a password, read from standard input; all logins of the operator end", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withOperator(c.Context(), args[0], func(i *installation, o *callbackd.Operator) error {
				hash, err := a.readNewPassword(c.Context(), o.Name)
				if err != nil {
					return err
				}
				if err := i.db.SetOperatorPassword(c.Context(), o.ID, hash, shellActor()); err != nil {
					return err
				}
				if twoFactorOff {
					return i.db.SetTwoFactor(c.Context(), o.ID, "", nil, shellActor())
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&twoFactorOff, "two-factor-off", false, "switch the second factor off as well, for who lost it")
	return c
}

func newOperatorRemoveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove an operator; all logins end", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withOperator(c.Context(), args[0], func(i *installation, o *callbackd.Operator) error {
				return i.db.DeleteOperator(c.Context(), o.ID, shellActor())
			})
		},
	}
}

// readNewPassword reads a password, from a terminal without showing it, else the
// first line of standard input, and returns its hash.
func (a *app) readNewPassword(ctx context.Context, name string) (string, error) {
	var password string
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(a.stderr, "Password for %s: ", name)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.stderr)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		password = string(b)
	} else {
		line, err := bufio.NewReader(io.LimitReader(a.stdin, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read password: %w", err)
		}
		password = strings.TrimRight(line, "\r\n")
	}
	if err := handlers.CheckPassword(name, password); err != nil {
		return "", fmt.Errorf("the password on standard input has %d to %d characters and is not the name", handlers.PasswordLeast, handlers.PasswordMost)
	}
	return handlers.HashPassword(ctx, password)
}

// welcomeOwner prints a link for the first owner where there is no operator yet: to
// a terminal alone, since whoever reads a log must not become the owner.
func (a *app) welcomeOwner(ctx context.Context, i *installation) error {
	n, err := i.db.CountOperators(ctx)
	if ctx.Err() != nil || n > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	f, ok := a.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		i.log.Info("nobody can log in to the desk yet: callbackd operator link prints a one-time link for the first owner")
		return nil
	}
	link, err := newOperatorLink(ctx, i, callbackd.Grant{Everything: true}, "start")
	if err != nil {
		return err
	}
	fmt.Fprintf(f, "\n  第一位所有者请在一小时内打开（只能用一次）\n  The first owner opens this within an hour; it works once:\n\n  %s\n\n", link)
	return nil
}
