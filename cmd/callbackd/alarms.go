package main

import (
	"context"

	"callbackd"
	"callbackd/internal/disk"
	"callbackd/mpweb"
)

// needsLogin tells whether an account's operator pages wait for somebody to log in.
func needsLogin(clients *platformClients) func(context.Context, *callbackd.Account) (bool, error) {
	return func(ctx context.Context, a *callbackd.Account) (bool, error) {
		s, err := clients.mpweb.Status(ctx, a)
		return s.State == mpweb.SessionNeedsHuman, err
	}
}

// diskFree tells how much of a folder's disk is free, in per cent.
func diskFree(folder string) func() (int, error) {
	return func() (int, error) {
		u, err := disk.Of(folder)
		return u.Percent(), err
	}
}
