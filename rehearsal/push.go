package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"callbackd"
)

// maxAnswer is how much of an answer the platform reads.
const maxAnswer = 1 << 20

// SendOptions are the switches of one push.
type SendOptions struct {
	PrepareOptions
	Attempts int // deliveries in all; 0: the account's
	// Copies sends every attempt this many times at once, each over its own
	// connection, as when repeats overlap or several nodes of the platform
	// push; 0 and 1 are the same.
	Copies int
	URL    string // empty: the account's callback URL
}

// Attempt is one delivery.
type Attempt struct {
	Status int // 0: no answer
	Body   []byte
	Cut    bool  // the platform closed the connection after its deadline
	Err    error // connection refused, reset …
	Took   time.Duration
}

// Push lets a follower say something and delivers it, repeats included. The
// error says that the world refused the message; what the receiver made of it
// is in the verdict.
func (a *Account) Push(ctx context.Context, m Message, o SendOptions) (Record, Verdict, error) {
	r, err := a.Say(m)
	if err != nil {
		return Record{}, Verdict{}, err
	}
	v, err := a.Send(ctx, a.Payload(r), o)
	return r, v, err
}

// PushEvent lets an event happen and delivers it.
func (a *Account) PushEvent(ctx context.Context, e Event, o SendOptions) (Verdict, error) {
	pl, err := a.Act(e)
	if err != nil {
		return Verdict{}, err
	}
	return a.Send(ctx, pl, o)
}

// Send delivers a payload: up to Attempts times, each cut after
// Options.Timeout, the next one at once after it, so that receivers that are
// slow see their handlers overlap. A refused connection and a status that is
// not 200 are repeated after Options.RepeatPause. It returns the verdict on
// the last answer and records it, forgeries excepted.
func (a *Account) Send(ctx context.Context, pl Payload, o SendOptions) (Verdict, error) {
	total := o.Attempts
	if total == 0 {
		total = a.Config.Push.Attempts
	}
	var (
		pr       Prepared
		attempts []Attempt
	)
	for n := range total {
		if n == 0 || !a.Config.Push.RepeatSame {
			next, err := a.Prepare(pl, o.PrepareOptions)
			if err != nil {
				return Verdict{}, err
			}
			pr = next
		}
		got := a.deliverCopies(ctx, pr, o)
		attempts = append(attempts, got...)
		last := got[len(got)-1]
		if last.Status == http.StatusOK || ctx.Err() != nil {
			break
		}
		if n+1 < total && !last.Cut && a.p.pause(ctx) != nil {
			break
		}
	}
	v := a.judge(pr, attempts)
	if pr.forgery == Genuine || pr.forgery == PreviousKey || pr.forgery == NoContentType {
		a.p.record(a, v)
	}
	return v, ctx.Err()
}

// deliverCopies sends one attempt, maybe over several connections at once. The
// last element is the answer that counts: of equal ones the first that came.
func (a *Account) deliverCopies(ctx context.Context, pr Prepared, o SendOptions) []Attempt {
	copies := max(o.Copies, 1)
	out := make([]Attempt, copies)
	var wg sync.WaitGroup
	for i := range copies {
		wg.Go(func() { out[i] = a.Deliver(ctx, pr, o.URL) })
	}
	wg.Wait()
	for i := range out {
		if out[i].Status == http.StatusOK {
			out[i], out[copies-1] = out[copies-1], out[i]
			break
		}
	}
	return out
}

// Deliver sends a prepared push once; target "" is the account's callback URL.
func (a *Account) Deliver(ctx context.Context, pr Prepared, target string) Attempt {
	if target == "" {
		a.p.mu.Lock()
		target = a.callbackURL
		a.p.mu.Unlock()
	}
	began := time.Now() // the receiver's slowness is real time, whatever the platform's clock says
	deadline, cancel := a.p.deadline(ctx)
	defer cancel()
	req, err := pr.Request(deadline, target)
	if err != nil {
		return Attempt{Err: err}
	}
	out := a.p.roundTrip(req)
	out.Took = time.Since(began)
	out.Cut = out.Err != nil && deadline.Err() != nil && ctx.Err() == nil
	return out
}

func (p *Platform) roundTrip(req *http.Request) Attempt {
	resp, err := p.client.Do(req)
	if err != nil {
		return Attempt{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Attempt{Err: err} // an answer that is not whole is none
	}
	return Attempt{Status: resp.StatusCode, Body: body}
}

// pause waits between a failed delivery and the next.
func (p *Platform) pause(ctx context.Context) error {
	if p.opts.RepeatPause == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(p.opts.RepeatPause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newPushClient follows no redirects and uses no proxy: the platform does neither.
func newPushClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Check sends the GET check that the platform makes when an operator saves the
// callback's settings. nil: the answer was echostr, byte for byte. With
// ForgeSignature it comes from somebody who does not know the token.
func (a *Account) Check(ctx context.Context, f Forgery) error {
	server := a.Server()
	if f == ForgeSignature {
		server.Token += "x"
	}
	return a.check(ctx, server)
}

// check makes the GET check of settings that need not be saved yet.
func (a *Account) check(ctx context.Context, server Server) error {
	token, target := server.Token, server.URL
	stamp := strconv.FormatInt(a.p.now().Unix(), 10)
	nonce, echo := randomDecimal(), randomDecimal()+randomDecimal()
	q := url.Values{"signature": {sign(token, stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}, "echostr": {echo}}
	ctx, cancel := a.p.deadline(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"?"+q.Encode(), nil)
	if err != nil {
		return fmt.Errorf("check callback: %w", err)
	}
	got := a.p.roundTrip(req)
	if got.Err != nil {
		return fmt.Errorf("check callback: %w", got.Err)
	}
	if got.Status != http.StatusOK || string(got.Body) != echo {
		return fmt.Errorf("%w: status %d", ErrCheckRefused, got.Status)
	}
	return nil
}

// ErrCheckRefused is what Check returns when the receiver did not echo.
var ErrCheckRefused = errors.New("the callback did not answer the check")

// record keeps a verdict and what the follower saw of it.
func (p *Platform) record(a *Account, v Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.Attempts = append([]Attempt(nil), v.Attempts...)
	for i := range v.Attempts {
		v.Attempts[i].Body = nil // an operator's rehearsal may run for days
	}
	p.verdicts = append(p.verdicts, v)
	if over := len(p.verdicts) - maxVerdicts; over > 0 {
		p.verdicts = append(p.verdicts[:0], p.verdicts[over:]...)
	}
	if v.Outcome == OutcomeReply && v.Reply.Type == "text" {
		if _, err := a.replyLocked(v.Number, v.Reply.Content); err != nil {
			p.log.Debug("reply to nobody", "account", a.Config.Slug, "err", err)
		}
	}
}

// Verdicts returns the latest verdicts on genuine pushes, oldest first, at
// most the last ten thousand.
func (p *Platform) Verdicts() []Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Verdict(nil), p.verdicts...)
}

// FaultLines counts the system lines 该公众号提供的服务出现故障 that a person
// has seen in the dialog with this account.
func (a *Account) FaultLines(number callbackd.FakeID) int {
	n := 0
	for _, v := range a.p.Verdicts() {
		if v.Account == a.Config.Slug && v.Number == number && v.Outcome == OutcomeFault {
			n++
		}
	}
	return n
}
