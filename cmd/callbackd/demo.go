package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"callbackd"
	"callbackd/rehearsal"
)

// The simulated operator pages are as unhelpful as the real ones.
const (
	skewBefore   = 2 * time.Second
	skewAfter    = 10 * time.Second
	listingDelay = 2 * time.Second
)

const demoSlug callbackd.Slug = "demo"

func newDemoCommand(a *app) *cobra.Command {
	var e evening
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it: the server, a simulated platform and a crowd that talks",
		Long: "演示：服务器、模拟平台和一群会说话的人，全在本机，数据在临时目录里。\n" +
			"The server, a simulated platform beside it, one account and a crowd that talks, all on this machine and\n" +
			"in a temporary folder. Ctrl-C ends it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := e.check(); err != nil {
				return err
			}
			return a.demo(c.Context(), &e)
		},
	}
	e.addFlags(c)
	return c
}

func (a *app) demo(ctx context.Context, e *evening) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	s, err := e.newStage("127.0.0.1:0", demoSlug, "callbackd 春季晚会")
	if err != nil {
		return err
	}
	defer s.listener.Close()
	public, cleanup, err := a.demoConfig(&cfg, s.url)
	if err != nil {
		return err
	}
	defer cleanup()
	defer public.Close()

	inst, err := a.openForServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer inst.close()
	if err := registerDemo(ctx, inst, s.account.JSON()); err != nil {
		return err
	}
	s.account.SetCallbackURL(cfg.HTTP.PublicURL.JoinPath("callback", string(demoSlug)).String())
	srv, err := newServer(ctx, inst)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n  墙 · the wall:  %s\n  Ctrl-C 结束 · ends it\n\n", cfg.HTTP.PublicURL.JoinPath("wall", string(demoSlug)))
	if err := a.welcomeOwner(ctx, inst); err != nil {
		return err
	}
	return together(ctx, s.serve,
		func(ctx context.Context) error { return srv.run(ctx, ports{public: public}) },
		func(ctx context.Context) error { return s.typing(ctx, a.stdin, a.stdout) },
		func(ctx context.Context) error {
			return s.play(ctx, e, func(r rehearsal.Report) { fmt.Fprintln(a.stdout, reportLine(r)) })
		})
}

// demoConfig turns the settings into those of a demo: this machine only, the
// simulated platform, and a temporary folder unless one was named.
func (a *app) demoConfig(cfg *Config, platform *url.URL) (net.Listener, func(), error) {
	cleanup := func() {}
	if !a.settings.given("listen", a.getenv) {
		cfg.HTTP.Listen = "127.0.0.1:8080"
	}
	l, err := net.Listen("tcp", cfg.HTTP.Listen)
	if err != nil && !a.settings.given("listen", a.getenv) {
		l, err = net.Listen("tcp", "127.0.0.1:0") // 8080 is taken
	}
	if err != nil {
		return nil, cleanup, fmt.Errorf("--listen %s: %w", cfg.HTTP.Listen, err)
	}
	if !a.settings.given("public-url", a.getenv) {
		cfg.HTTP.PublicURL = &url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
	}
	if !a.settings.given("log-level", a.getenv) {
		cfg.Log.Level = slog.LevelWarn // the crowd's steps are what people want to see
	}
	cfg.WeChat.APIURL, cfg.WeChat.MPURL, cfg.WeChat.OpenURL = platform, platform, platform
	if a.settings.given("data-dir", a.getenv) {
		return l, cleanup, nil
	}
	dir, err := os.MkdirTemp("", "callbackd-demo-")
	if err != nil {
		l.Close()
		return nil, cleanup, fmt.Errorf("make a temporary folder: %w", err)
	}
	kept := cfg.Storage
	cfg.Storage.moveTo(dir)
	for name, field := range map[string]func(*StorageConfig){ // what was chosen stays chosen
		"database":        func(s *StorageConfig) { s.Database = kept.Database },
		"blobs":           func(s *StorageConfig) { s.Blobs = kept.Blobs },
		"secret-key-file": func(s *StorageConfig) { s.SecretKeyFile = kept.SecretKeyFile },
	} {
		if a.settings.given(name, a.getenv) {
			field(&cfg.Storage)
		}
	}
	return l, func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintf(a.stderr, "the temporary folder %s stays: %v\n", dir, err)
		}
	}, nil
}

// registerDemo adds the account as an operator would, or changes it where the
// folder was used before.
func registerDemo(ctx context.Context, inst *installation, account []byte) error {
	in, err := readAccount(bytes.NewReader(account))
	if err != nil {
		return err
	}
	acc, err := inst.db.GetAccount(ctx, demoSlug)
	isNew := errors.Is(err, callbackd.ErrNotFound)
	if isNew {
		acc, err = &callbackd.Account{Slug: demoSlug}, nil
	}
	if err != nil {
		return err
	}
	in.merge(acc, inst.db.Now())
	if err := acc.Check(); err != nil {
		return err
	}
	if isNew {
		return inst.db.InsertAccount(ctx, acc, "demo")
	}
	return inst.db.SetAccount(ctx, acc, "demo")
}

// together runs parts until ctx ends or one of them fails, then ends them all
// and returns the first error.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() {
			if errs[i] = part(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
