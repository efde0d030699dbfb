package resolver_test

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/internal/seal"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/resolver"
	"callbackd/store"
	"callbackd/store/storetest"
)

var ctx = context.Background()

// stage is a simulated platform, a real store and a planner on one clock that
// only work and waiting move: the planner's requests, and the pauses that it asks
// for. What is due while they go on happens in between, as it would.
type stage struct {
	testing.TB
	platform *rehearsal.Platform
	a        *rehearsal.Account
	crowd    []callbackd.FakeID

	key     *seal.Key
	dir     string // of the database
	db      *store.DB
	acc     *callbackd.Account
	pages   *mpweb.Client
	blobs   blob.Bucket
	planner *resolver.Planner
	log     *lines

	*timeline

	http    *http.Client
	options stageOptions
	odd     int   // what a test counts
	loads   int   // how often the session was read from the store
	foreign int   // pictures that were fetched from other hosts
	slices  int   // how often the job ran
	ended   error // how it ended last
}

// stageOptions are what a test's stage is like.
type stageOptions struct {
	platform rehearsal.Options
	account  rehearsal.AccountConfig
	people   int // who follow from the beginning
	latency  time.Duration
	pace     time.Duration // least time between two requests; 0: 200 ms
	face     func(context.Context, []byte) ([]byte, string, error)
	outbound *http.Client
}

// timeline is the clock, and what happens on it.
type timeline struct {
	mu     sync.Mutex // guards the rest
	now    time.Time
	events events
	count  int
}

var stageStart = time.Unix(1_400_000_000, 0)

func newStage(tb testing.TB, o stageOptions) *stage {
	tb.Helper()
	s := &stage{TB: tb, timeline: &timeline{now: stageStart}, log: &lines{}}
	o.platform.Now = s.Now
	s.platform = rehearsal.New(o.platform)
	if o.account.Slug == "" {
		o.account.Slug = "stage"
	}
	if o.account.MP == nil {
		o.account.MP = &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}
	}
	s.a = s.account(o.account)
	var err error
	s.crowd, err = s.platform.Crowd(o.people)
	s.must(err)
	s.must(s.a.FollowAll(s.crowd, s.now))

	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	s.must(err)
	s.key, s.dir = key, tb.TempDir()
	s.db, err = store.Open(ctx, store.Config{DSN: storetest.SQLite(tb, filepath.Join(s.dir, "c.db")), Key: key, Now: s.Now})
	s.must(err)
	tb.Cleanup(func() { _ = s.db.Close() })
	s.blobs, err = blob.OpenFolder(tb.TempDir())
	s.must(err)
	s.acc = s.register(s.a, o.account.Settings.Resolve)

	s.http = &http.Client{Transport: s.inProcess(o.latency)}
	if o.face == nil {
		o.face = func(_ context.Context, raw []byte) ([]byte, string, error) { return raw, "image/jpeg", nil }
	}
	if o.outbound == nil {
		o.outbound = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			s.foreign++
			return s.inProcess(o.latency).RoundTrip(r)
		})}
	}
	s.options = o
	s.restartPages()
	return s
}

// restartPages makes the client of the operator pages anew, as a new process
// would, and the planner.
func (s *stage) restartPages() {
	s.Helper()
	var err error
	s.pages, err = mpweb.New(mpweb.Config{BaseURL: "http://mp.test", HTTP: s.http, Pace: s.options.pace, Sessions: counting{s}, Log: s.log.logger(),
		Now: s.Now, After: func(d time.Duration) <-chan time.Time {
			s.pass(d)
			c := make(chan time.Time, 1)
			c <- s.Now()
			return c
		}})
	s.must(err)
	s.restart()
}

// restart forgets what is in memory only, as a new process would.
func (s *stage) restart() { s.planner = s.newPlanner(s.options) }

func (s *stage) newPlanner(o stageOptions) *resolver.Planner {
	return resolver.New(resolver.Config{DB: s.db, Pages: s.pages, Blobs: s.blobs, Outbound: o.outbound, Face: o.face, Log: s.log.logger()})
}

func (s *stage) account(c rehearsal.AccountConfig) *rehearsal.Account {
	s.Helper()
	a, err := s.platform.AddAccount(c)
	s.must(err)
	return a
}

// register adds a simulated account to the store.
func (s *stage) register(a *rehearsal.Account, resolve []callbackd.Strategy) *callbackd.Account {
	s.Helper()
	c := a.Config
	acc := &callbackd.Account{Slug: c.Slug, Name: c.Name, OriginalID: c.OriginalID, AppID: c.AppID, AppSecret: callbackd.Secret(c.AppSecret),
		Token: callbackd.Secret(c.Token), AESKey: callbackd.Secret(c.AESKey), Mode: c.Mode, Moderation: callbackd.ModerationOpen, Owner: c.Settings.Owner,
		Resolve: resolve, MPWeb: &callbackd.MPWebLogin{Username: c.MP.Username, Password: callbackd.Secret(c.MP.Password), Dialect: c.MP.Dialect}}
	s.must(s.db.InsertAccount(ctx, acc, "test"))
	return acc
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// Now is everybody's clock.
func (s *timeline) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// pass lets time go by; what falls due meanwhile happens at its moment.
func (s *timeline) pass(d time.Duration) {
	end := s.Now().Add(d)
	for {
		s.mu.Lock()
		if len(s.events) == 0 || s.events[0].at.After(end) {
			s.now = maxTime(s.now, end)
			s.mu.Unlock()
			return
		}
		e := heap.Pop(&s.events).(event)
		s.now = maxTime(s.now, e.at)
		s.mu.Unlock()
		e.do()
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// at lets something happen at a moment.
func (s *timeline) at(t time.Time, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	heap.Push(&s.events, event{t, s.count, do})
}

type event struct {
	at time.Time
	n  int
	do func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool {
	return cmp.Or(e[i].at.Compare(e[j].at), cmp.Compare(e[i].n, e[j].n)) < 0
}
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

// inProcess answers requests by the platform's handler, without a socket; each
// takes a while on the stage's clock.
func (s *stage) inProcess(latency time.Duration) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		s.pass(latency)
		w := httptest.NewRecorder()
		r = r.Clone(r.Context())
		if r.Body == nil {
			r.Body = http.NoBody
		}
		r.Host, r.RequestURI = r.URL.Host, r.URL.RequestURI()
		s.platform.Handler().ServeHTTP(w, r)
		res := w.Result()
		res.Request = r
		return res, r.Context().Err()
	})
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// says lets somebody of the crowd say something now; it is pushed when the
// platform would.
func (s *stage) says(who int, m rehearsal.Message) rehearsal.Record {
	s.Helper()
	m.From = s.crowd[who]
	r, err := s.a.Say(m)
	s.must(err)
	s.at(r.PushAt, func() { s.push(r) })
	return r
}

func text(words string) rehearsal.Message { return rehearsal.Message{Content: words} }

var kinds = map[rehearsal.MsgType]callbackd.Kind{
	rehearsal.TypeText: callbackd.KindText, rehearsal.TypeImage: callbackd.KindImage, rehearsal.TypeVoice: callbackd.KindVoice,
	rehearsal.TypeVideo: callbackd.KindVideo, rehearsal.TypeLocation: callbackd.KindLocation, rehearsal.TypeLink: callbackd.KindLink,
}

// push stores a message's callback, as the endpoint would.
func (s *stage) push(r rehearsal.Record) {
	s.Helper()
	cb := s.callback(r.OpenID, string(r.Type), r.CreatedAt)
	cb.Message = &callbackd.Message{Kind: kinds[r.Type], Text: r.Content + r.Recognition, SentAt: r.CreatedAt, MsgID: r.MsgID}
	cb.Key += strconv.FormatUint(uint64(r.ConsoleID), 10)
	_, err := s.db.Accept(ctx, cb)
	s.must(err)
}

func (s *stage) callback(from callbackd.OpenID, kind string, created time.Time) *store.Callback {
	s.mu.Lock()
	s.count++
	key := kind + strconv.Itoa(s.count)
	s.mu.Unlock()
	return &store.Callback{Account: s.acc, Key: key, ReceivedAt: s.Now(), CreateTime: created, Outcome: store.OutcomeAccepted,
		MsgType: kind, From: from, Search: true, Raw: []byte("<xml/>")}
}

// subscribes makes somebody a follower who has not said a word.
func (s *stage) subscribes(who callbackd.FakeID) callbackd.OpenID {
	s.Helper()
	pl, err := s.a.Act(rehearsal.Event{From: who, Name: "subscribe", At: s.Now()})
	s.must(err)
	yes := true
	cb := s.callback(pl.OpenID, "event", pl.CreatedAt)
	cb.Event, cb.Following = "subscribe", &yes
	_, err = s.db.Accept(ctx, cb)
	s.must(err)
	return pl.OpenID
}

// work runs the job whenever it is due, as the runner would, for as long as
// wanted. Nothing else happens in between, so time jumps.
func (s *stage) work(d time.Duration) {
	s.Helper()
	end := s.Now().Add(d)
	for s.Now().Before(end) {
		due, some, err := s.db.NextJobDue(ctx, callbackd.JobResolve)
		s.must(err)
		if some && !due.After(s.Now()) {
			s.runJob()
			continue
		}
		next := end
		if some && due.Before(end) {
			next = due
		}
		s.pass(max(time.Millisecond, s.untilNextEvent(next)))
	}
}

// runJob claims the job, runs one slice and writes how it ended.
func (s *stage) runJob() {
	s.Helper()
	j, err := s.db.ClaimJob(ctx, callbackd.JobResolve, "node", time.Hour)
	s.must(err)
	s.slices++
	s.ended = s.planner.Run(ctx, j)
	out := store.JobOutcome{State: callbackd.JobReady, DueAt: s.Now().Add(2 * time.Second)}
	var z *callbackd.SnoozeError
	switch {
	case s.ended == nil:
		out.State = callbackd.JobDone
	case errors.As(s.ended, &z):
		out.DueAt = s.Now().Add(z.After)
	case callbackd.IsPermanent(s.ended):
		out.State = callbackd.JobFailed
	}
	s.must(s.db.FinishJob(ctx, j.ID, "node", out))
}

func (s *timeline) untilNextEvent(limit time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) > 0 && s.events[0].at.Before(limit) {
		limit = s.events[0].at
	}
	return limit.Sub(s.now)
}

// person returns who somebody of the crowd is taken for; false when unknown.
func (s *stage) person(who int) (callbackd.Person, bool) {
	s.Helper()
	c, _ := s.a.Contact(s.crowd[who])
	return s.personOf(c.OpenID)
}

func (s *stage) personOf(open callbackd.OpenID) (callbackd.Person, bool) {
	s.Helper()
	p, err := s.db.GetPersonByOpenID(ctx, s.acc.ID, open)
	if errors.Is(err, callbackd.ErrNotFound) {
		return p, false
	}
	s.must(err)
	return p, true
}

// pagesRead returns the platform's counter of a page.
func (s *stage) pagesRead(page string) int { return s.platform.Counters(s.a.Config.Slug)["mp/"+page] }

// picture reads a person's picture from the blob store.
func (s *stage) picture(p callbackd.Person) []byte {
	s.Helper()
	if p.Avatar == "" {
		return nil
	}
	a, err := s.db.GetAvatar(ctx, p.Avatar)
	s.must(err)
	r, _, err := s.blobs.Open(ctx, a.Blob)
	s.must(err)
	defer r.Close()
	b, err := io.ReadAll(r)
	s.must(err)
	return b
}

// counting counts how often the session is looked at: each request begins so,
// those that are not sent included.
type counting struct{ *stage }

func (c counting) GetSession(ctx context.Context, id callbackd.AccountID) ([]byte, time.Time, error) {
	c.loads++
	return c.db.GetSession(ctx, id)
}

func (c counting) SetSession(ctx context.Context, id callbackd.AccountID, b []byte) error {
	return c.db.SetSession(ctx, id, b)
}

// sessions is a mpweb.SessionStore of one session.
type sessions struct{ b []byte }

func (s *sessions) GetSession(context.Context, callbackd.AccountID) ([]byte, time.Time, error) {
	if s.b == nil {
		return nil, time.Time{}, callbackd.ErrNotFound
	}
	return s.b, time.Time{}, nil
}

func (s *sessions) SetSession(_ context.Context, _ callbackd.AccountID, b []byte) error {
	s.b = b
	return nil
}
