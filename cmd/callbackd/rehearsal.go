package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbackd"
	"callbackd/rehearsal"
)

// evening is what a rehearsal plays.
type evening struct {
	seed    int64
	people  int
	rate    float64
	dialect string
	mode    string
}

func (e *evening) addFlags(c *cobra.Command) {
	c.Flags().Int64Var(&e.seed, "seed", 1, "the same `number` is the same crowd and the same evening")
	c.Flags().IntVar(&e.people, "people", 40, "`how many` people there are")
	c.Flags().Float64Var(&e.rate, "rate", 0.8, "what they do per second, on average")
	c.Flags().StringVar(&e.dialect, "dialect", "2014", "`dialect` of the operator pages: 2014 or 2016")
	c.Flags().StringVar(&e.mode, "mode", "safe", "`mode` of callbacks: plain, compatible or safe")
}

func (e *evening) check() error {
	switch {
	case e.people < 1 || e.people > 5000:
		return usagef("--people %d: write 1 to 5000", e.people)
	case e.rate <= 0 || e.rate > 200:
		return usagef("--rate %g: write more than 0, at most 200", e.rate)
	case e.dialect != "2014" && e.dialect != "2016":
		return usagef("--dialect %q: write 2014 or 2016", e.dialect)
	case e.mode != "plain" && e.mode != "compatible" && e.mode != "safe":
		return usagef("--mode %q: write plain, compatible or safe", e.mode)
	}
	return nil
}

// stage is a simulated platform that listens, with one account and its crowd.
type stage struct {
	platform *rehearsal.Platform
	account  *rehearsal.Account
	crowd    []callbackd.FakeID
	listener net.Listener
	url      *url.URL
}

// newStage builds the platform on an address of this machine.
func (e *evening) newStage(address string, slug callbackd.Slug, name string) (*stage, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the simulated platform: %w", err)
	}
	s := &stage{listener: l, url: &url.URL{Scheme: "http", Host: l.Addr().String()}}
	s.platform = rehearsal.New(rehearsal.Options{Seed: e.seed, BaseURL: s.url.String(),
		PageSkew: rehearsal.Range{Min: -skewBefore, Max: skewAfter}, ListingDelay: rehearsal.Range{Max: listingDelay}})
	s.account, err = s.platform.AddAccount(rehearsal.AccountConfig{Slug: slug, Name: name, Mode: callbackd.Mode(e.mode),
		Settings: rehearsal.Settings{Moderation: callbackd.ModerationOpen}, MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect(e.dialect)},
		Operator: rehearsal.OperatorFaults{UserPage: true}})
	if err == nil {
		s.crowd, err = s.platform.Crowd(e.people)
	}
	for i := 0; err == nil && i < e.following(); i++ {
		_, err = s.account.Follow(s.crowd[i], s.platform.Now().Add(-time.Duration(e.people-i)*time.Hour))
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("set the rehearsal up: %w", err)
	}
	return s, nil
}

// following is how many follow when the evening begins; the others arrive.
func (e *evening) following() int { return (e.people*4 + 4) / 5 }

// serve answers as the platform until ctx ends.
func (s *stage) serve(ctx context.Context) error {
	srv := &http.Server{Handler: s.platform.Handler(), ReadHeaderTimeout: shutdownLimit}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("simulated platform: %w", err)
	}
	return nil
}

// play lets the crowd talk to the callback URL until ctx ends.
func (s *stage) play(ctx context.Context, e *evening, report func(rehearsal.Report)) error {
	err := s.account.Run(ctx, rehearsal.Schedule{Seed: e.seed, Followers: len(s.crowd), Following: e.following(), Rate: e.rate,
		Repeats: 0.05, Opening: true}, s.crowd, report)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// connected waits until the callback was entered; false when ctx ends before.
func (s *stage) connected(ctx context.Context) bool {
	select {
	case <-s.account.Connected():
		return true
	case <-ctx.Done():
		return false
	}
}

func newRehearsalCommand(a *app) *cobra.Command {
	var e evening
	var slug, name string
	var byHand bool
	c := &cobra.Command{
		Use:   "rehearsal",
		Short: "Run the simulated platform alone: its crowd talks to the server at --public-url",
		Long: "排练：模拟的微信平台和一群人，向 --public-url 上的 callbackd 推送消息。\n" +
			"The simulated platform and its crowd push to the callbackd at --public-url. It prints the account as JSON:\n\n" +
			"  callbackd rehearsal > account.json\n" +
			"  callbackd account add rehearsal --from account.json\n\n" +
			"With --by-hand the account waits: enter callback URL, token and key on the page that it prints,\n" +
			"as you would on the platform, and the crowd begins.\n\n" +
			"The server must be started with --wechat-api-url, --wechat-mp-url and --wechat-open-url at this platform.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := e.check(); err != nil {
				return err
			}
			if !callbackd.Slug(slug).Valid() {
				return usagef("--slug %q: use 2–40 of a–z, 0–9 and -", slug)
			}
			cfg, err := a.config()
			if err != nil {
				return err
			}
			s, err := e.newStage(platformAddress(c.Flags(), cfg), callbackd.Slug(slug), name)
			if err != nil {
				return err
			}
			if byHand {
				fmt.Fprintf(a.stderr, "模拟平台的基本配置 · enter the callback here: %s\n", s.url.JoinPath("console", slug))
			} else {
				s.account.SetCallbackURL(cfg.HTTP.PublicURL.JoinPath("callback", slug).String())
				fmt.Fprintf(a.stdout, "%s\n", s.account.JSON())
				fmt.Fprintf(a.stderr, "模拟平台 · simulated platform: %s → %s\n", s.url, cfg.HTTP.PublicURL.JoinPath("callback", slug))
			}
			return together(c.Context(), s.serve, func(ctx context.Context) error { return s.typing(ctx, a.stdin, a.stderr) }, func(ctx context.Context) error {
				if byHand && !s.connected(ctx) {
					return nil
				}
				return s.play(ctx, &e, func(r rehearsal.Report) { fmt.Fprintln(a.stderr, reportLine(r)) })
			})
		},
	}
	e.addFlags(c)
	c.Flags().BoolVar(&byHand, "by-hand", false, "wait until the callback is entered on the platform's page")
	c.Flags().StringVar(&slug, "slug", "rehearsal", "`slug` under which the server knows the account")
	c.Flags().StringVar(&name, "name", "排练现场", "`name` of the account")
	return c
}

// platformAddress is where the simulated platform listens. In the environment
// and in the file, listen is the server's.
func platformAddress(flags *pflag.FlagSet, cfg Config) string {
	if flags.Changed("listen") {
		return cfg.HTTP.Listen
	}
	return "127.0.0.1:8090"
}

// reportLine is one step for people.
func reportLine(r rehearsal.Report) string {
	line := fmt.Sprintf("%s %-11s %s", r.Step.At.Truncate(1e8), r.Step.Kind(), r.Person.Profile.Nickname)
	switch {
	case r.Err != nil:
		return line + " ✗ " + oneLine(r.Err)
	case r.Verdict.Outcome != "":
		return line + " → " + string(r.Verdict.Outcome)
	}
	return line
}
