package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newMigrateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to this version (serve does it too)",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			i, err := a.open(c.Context()) // opening migrates
			if err != nil {
				return err
			}
			defer i.close()
			_, err = fmt.Fprintln(a.stdout, "the database is up to date")
			return err
		},
	}
}
