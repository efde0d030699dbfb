package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/doctor"
)

func newDoctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [SLUG]",
		Short: "Check this installation and each account: one line a check, one fix a failure",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			i, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer i.close()
			accounts, err := i.db.ListAccounts(c.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				one, err := i.db.GetAccount(c.Context(), callbackd.Slug(args[0]))
				if errors.Is(err, callbackd.ErrNotFound) {
					return fmt.Errorf("there is no account %q: callbackd account list shows all", args[0])
				}
				if err != nil {
					return err
				}
				accounts = []*callbackd.Account{one}
			}
			clients, err := newPlatformClients(i, nil)
			if err != nil {
				return err
			}
			if !newDoctor(i, clients).Run(c.Context(), accounts, a.printFinding) {
				return errors.New("something is wrong; each line with ✗ says what to do")
			}
			return nil
		},
	}
}

// newDoctor makes the doctor of an installation, which the desk asks too.
func newDoctor(i *installation, clients *platformClients) *doctor.Doctor {
	return &doctor.Doctor{DataDir: i.cfg.Storage.DataDir, PublicURL: i.cfg.HTTP.PublicURL, DB: i.db, Blobs: i.blobs,
		WeChat: clients.wechat, MPWeb: clients.mpweb, Vendors: checkVendors(i.cfg.Notices)}
}

func (a *app) printFinding(f doctor.Finding) {
	mark := map[doctor.Level]string{doctor.OK: "✓", doctor.Off: "–", doctor.Fail: "✗"}[f.Level]
	line := fmt.Sprintf("%s %-19s %s", mark, f.Name(), f.Says)
	if f.Level == doctor.Fail { // what is off may stay so
		line += " → " + f.Fix.String()
	}
	fmt.Fprintln(a.stdout, line)
}
