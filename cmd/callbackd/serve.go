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
	tls, err := openTLS(cfg, inst.log)
	if err != nil {
		return err
	}
	ports, err := listen(cfg.HTTP)
	if err != nil {
		return err
	}
	s, err := newServer(ctx, inst)
	if err != nil {
		ports.close()
		return err
	}
	if err := a.welcomeOwner(ctx, inst); err != nil {
		ports.close()
		return err
	}
	s.tls = tls
	return s.run(ctx, ports)
}

// ports are what a server listens on; those that are off are nil.
type ports struct {
	public net.Listener
	plain  net.Listener // HTTP beside TLS
	admin  net.Listener
}

// listen opens the ports that the settings name.
func listen(cfg HTTPConfig) (ports, error) {
	var p ports
	for _, one := range []struct {
		flag, address string
		to            *net.Listener
	}{{"--listen", cfg.Listen, &p.public}, {"--tls-http-listen", cfg.TLS.HTTPListen, &p.plain}, {"--admin-listen", cfg.AdminListen, &p.admin}} {
		if one.address == "" {
			continue
		}
		l, err := net.Listen("tcp", one.address)
		if err != nil {
			p.close()
			return ports{}, fmt.Errorf("%s %s: %w", one.flag, one.address, err)
		}
		*one.to = l
	}
	return p, nil
}

func (p ports) close() {
	for _, l := range []net.Listener{p.public, p.plain, p.admin} {
		if l != nil {
			l.Close()
		}
	}
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
