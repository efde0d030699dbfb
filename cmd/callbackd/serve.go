package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func newServeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			return a.serve(c.Context(), cfg)
		},
	}
}

func (a *app) serve(ctx context.Context, cfg Config) error {
	inst, err := a.openForServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer inst.close()
	public, admin, err := listen(cfg.HTTP)
	if err != nil {
		return err
	}
	s, err := newServer(ctx, inst)
	if err != nil {
		return err
	}
	return s.run(ctx, public, admin)
}

// listen opens both ports; admin is nil when it is off.
func listen(cfg HTTPConfig) (public, admin net.Listener, err error) {
	if public, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, nil, fmt.Errorf("--listen %s: %w", cfg.Listen, err)
	}
	if cfg.AdminListen == "" {
		return public, nil, nil
	}
	if admin, err = net.Listen("tcp", cfg.AdminListen); err != nil {
		public.Close()
		return nil, nil, fmt.Errorf("--admin-listen %s: %w", cfg.AdminListen, err)
	}
	return public, admin, nil
}

// allowOrigin lets live connections come from pages of this server: of the
// public address, or of the host that was asked for.
func allowOrigin(public *url.URL) func(*http.Request) bool {
	return func(r *http.Request) bool {
		origin := r.Header.Get("Origin")
		if origin == "" {
			return true // no browser: there is nobody whose cookies could be used
		}
		u, err := url.Parse(origin)
		return err == nil && (strings.EqualFold(u.Host, public.Host) || strings.EqualFold(u.Host, r.Host))
	}
}
