package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"callbackd/internal/testkit"
)

// killsInTest is how often `make test` kills, once at each kind of instant;
// `make crash` says its own number by CALLBACKD_CRASH_RUNS. CALLBACKD_CRASH_SEED
// repeats a run's decisions, though not its instants.
const killsInTest = 6

func TestCrash_SQLite(t *testing.T) {
	r := newRun(t, func(h *house) database { return sqliteIn(h.dir) })
	r.all()
}

func TestCrash_PostgreSQL(t *testing.T) {
	dsn := testkit.PostgresDurable(t)
	r := newRun(t, func(*house) database { return database{name: "PostgreSQL", dsn: dsn} })
	r.all()
}

// run is one installation that is killed again and again.
type run struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand
	kills   int
	world   *world
	house   *house
	db      database
	ledger  *ledger
	load    *load
	viewers []*viewer
	server  *process

	tickets   int // made so far
	startTime time.Duration
	result    result
}

// instant is what is under way when a kill comes.
type instant string

const (
	afterAnswers instant = "after some answers"
	afterTime    instant = "some time after the start"
	inFetch      instant = "while a file is fetched by the official API"
	inSearch     instant = "while a file is searched on the operator pages"
	inPages      instant = "while an operator page is read"
	inMake       instant = "while a file is made"
)

// instants are in the order of the first kills; later ones are drawn.
var instants = []instant{afterAnswers, inFetch, inPages, inMake, inSearch, afterTime}

func newRun(t *testing.T, where func(*house) database) *run {
	r := &run{t: t, seed: uint64(time.Now().UnixNano()), kills: killsInTest, ledger: newLedger(), startTime: 300 * time.Millisecond}
	r.fromEnvironment("CALLBACKD_CRASH_SEED", &r.seed)
	kills := uint64(r.kills)
	r.fromEnvironment("CALLBACKD_CRASH_RUNS", &kills)
	r.kills = int(kills)
	t.Logf("CALLBACKD_CRASH_SEED=%d", r.seed)
	r.rand = rand.New(rand.NewPCG(r.seed, 0))
	r.world = newWorld(t, int64(r.seed>>1))
	r.house = newHouse(t, r.world.settings()...)
	r.db = where(r.house)
	r.house.settings = append(r.house.settings, r.db.settings()...)
	r.result.running = map[string]int{}
	return r
}

func (r *run) fromEnvironment(name string, into *uint64) {
	r.t.Helper()
	value := os.Getenv(name)
	if value == "" {
		return
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 {
		r.t.Fatalf("%s must be a number above 0", name)
	}
	*into = n
}

func (r *run) all() {
	began := time.Now()
	r.killMigrations()
	for _, a := range r.world.accounts {
		r.house.call(a.JSON(), "account", "add", string(a.slug), "--from", "-")
		a.SetCallbackURL("http://" + r.house.addr + "/callback/" + string(a.slug))
		r.viewers = append(r.viewers, startViewer(r.ledger, r.house.addr, a.slug))
		r.t.Cleanup(r.viewers[len(r.viewers)-1].end)
	}
	r.load = startLoad(r.ledger)
	r.t.Cleanup(r.load.abort)
	r.start()
	drain := r.rand.IntN(r.kills)
	for n := range r.kills {
		at := instants[n%len(instants)]
		if n >= len(instants) {
			at = instants[r.rand.IntN(len(instants))]
		}
		r.t.Logf("kill %d: %s", n+1, at)
		release := r.give(at)
		r.kill(release)
		r.goOn(at, n == 1)
		if n == drain {
			r.t.Log("and one while a clean end comes")
			r.killDrain(r.give(afterAnswers))
			r.goOn(afterAnswers, false)
		}
	}
	r.settle()
	r.lastLook()
	r.result.took = time.Since(began)
	r.report()
}

// killMigrations kills the first starts on an empty folder and database.
func (r *run) killMigrations() {
	for range 2 + r.kills/10 {
		r.server = r.house.serve()
		r.killStart()
	}
}

// killStart lets the server that was started run for a random part of what a
// start takes, then kills it.
func (r *run) killStart() {
	pause(r.t.Context(), time.Duration(r.rand.Int64N(int64(r.startTime))))
	if !r.server.kill() {
		r.t.Fatalf("the server ended by itself while it started\n%s", r.house.logTail())
	}
	r.result.starts++
}

// start starts the server and waits until it is ready.
func (r *run) start() {
	r.t.Helper()
	r.server = r.house.serve()
	r.startTime = max(r.server.awaitReady(), time.Millisecond)
}

// goOn looks at what the kill left, starts the server again and compares.
func (r *run) goOn(at instant, killStart bool) {
	_, answered, _ := r.ledger.known()
	killed := time.Now()
	running := r.lookAtTheDead(at, answered)
	for ; killStart || r.rand.IntN(4) == 0; killStart = false {
		r.server = r.house.serve()
		r.killStart()
	}
	r.start()
	r.awaitTakenUp(running, killed)
	r.lookAtTheWall(answered)
	r.checkProblems()
}

// give hands out work and returns when the instant of a kill has come, with
// what lets go of whoever was held at it.
func (r *run) give(at instant) (release func()) {
	release = func() {}
	var held <-chan struct{}
	switch at {
	case inFetch:
		held, release = r.world.hook.hold("/cgi-bin/media/get")
	case inSearch:
		held, release = r.world.hook.hold("/cgi-bin/singlesendpage", "/cgi-bin/getvoicedata")
	case inPages:
		held, release = r.world.hook.hold("/cgi-bin/contactmanage", "/cgi-bin/getcontactinfo", "/cgi-bin/user_tag", "/cgi-bin/message")
	}
	before := r.ledger.numbers().Answered
	given := r.ticketsFor(at)
	switch {
	case held != nil:
		r.server.await(string(at), func() (bool, string) {
			select {
			case <-held:
				return true, ""
			default:
				return false, fmt.Sprintf("%d answered", r.ledger.numbers().Answered-before)
			}
		})
		pause(r.t.Context(), time.Duration(r.rand.IntN(30_000))*time.Microsecond)
	case at == inMake:
		r.awaitMaking()
	case at == afterTime:
		pause(r.t.Context(), time.Duration(r.rand.IntN(300_000))*time.Microsecond)
	default:
		want := before + 1 + r.rand.IntN(given*2/3)
		r.server.await("answers", func() (bool, string) {
			have := r.ledger.numbers().Answered
			return have >= want, fmt.Sprintf("%d of %d", have-before, want-before)
		})
		pause(r.t.Context(), time.Duration(r.rand.IntN(3000))*time.Microsecond)
	}
	return release
}

// awaitMaking returns while ffmpeg or the like is at work.
func (r *run) awaitMaking() {
	db := r.db.live(r.t)
	defer db.Close()
	r.server.await("a running job that makes a file", func() (bool, string) {
		n := number(r.t, db, `SELECT COUNT(*) FROM jobs WHERE kind = 'media-make' AND state = 'running'`)
		return n > 0, ""
	})
}

// ticketsFor makes a round's work: newcomers who speak first, then everybody.
func (r *run) ticketsFor(at instant) (given int) {
	const newcomers, others = 3, 240
	ticket := func(a *account, kind string, who int, insist bool) {
		r.tickets++
		given++
		r.load.tickets <- ticket{n: r.tickets, account: a, from: a.crowd[who], kind: kind, insist: insist, seed: r.rand.Uint64()}
	}
	r.world.newcomers(r.t, newcomers)
	for _, a := range r.world.accounts {
		for i := range newcomers {
			// whose words never came, and who only clicked, is not searched for
			ticket(a, "text", len(a.crowd)-1-i, true)
		}
	}
	first := map[instant][]string{inFetch: {"voice"}, inSearch: {"voice"}, inMake: {"voice", "video"}}[at]
	for _, a := range r.world.accounts {
		for _, kind := range first {
			ticket(a, kind, 0, true)
		}
	}
	names := make([]string, 0, 100)
	for kind, share := range kinds {
		names = append(names, slices.Repeat([]string{kind}, share)...)
	}
	slices.Sort(names) // the same seed gives the same work
	for range others {
		a := r.world.accounts[r.rand.IntN(len(r.world.accounts))]
		ticket(a, names[r.rand.IntN(len(names))], r.rand.IntN(len(a.crowd)), r.rand.IntN(4) > 0)
	}
	return given
}

func (r *run) kill(release func()) {
	r.t.Helper()
	r.result.inFlight += r.load.inFlight.Load()
	killed := r.server.kill()
	release()
	if !killed {
		r.t.Fatalf("the server had ended by itself before the kill\n%s", r.house.logTail())
	}
	r.result.kills++
}

// killDrain asks for a clean end and kills while it comes.
func (r *run) killDrain(release func()) {
	_ = r.server.Signal(syscall.SIGTERM)
	pause(r.t.Context(), time.Duration(r.rand.IntN(40_000))*time.Microsecond)
	killed := r.server.kill()
	release()
	switch {
	case killed:
		r.result.drains++
	case r.server.ExitCode() != 0:
		r.t.Fatalf("a clean end with exit code %d\n%s", r.server.ExitCode(), r.house.logTail())
	}
}

// lookAtTheDead compares what the dead server left with what was answered, and
// returns the jobs that it was running.
func (r *run) lookAtTheDead(at instant, answered []*push) []runningJob {
	r.t.Helper()
	db, closeIt := r.db.afterKill(r.t)
	defer closeIt()
	r.db.checkFile(r.t, db)
	rows := read(r.t, db)
	pushes, _, _ := r.ledger.known()
	checkStored(r.t, rows, answered, pushes)
	running := runningJobs(r.t, db)
	for _, j := range running {
		r.result.running[j.kind]++
	}
	want := map[instant][]string{inFetch: {"media-fetch"}, inSearch: {"media-search"}, inPages: {"resolve"}}[at]
	if want != nil && !slices.ContainsFunc(running, func(j runningJob) bool { return slices.Contains(want, j.kind) }) {
		r.t.Errorf("killed %s, but no such job was running: %v", at, running)
	}
	return running
}

// halfLease is well below the minute for which a node that went silent keeps
// its jobs (package jobs): what is taken up within it was taken up because its
// node is known to be dead.
const halfLease = 30 * time.Second

// awaitTakenUp waits until each job that was running at the kill goes on, and
// none is the dead's.
func (r *run) awaitTakenUp(running []runningJob, killed time.Time) {
	r.t.Helper()
	db := r.db.live(r.t)
	defer db.Close()
	node, err := os.ReadFile(filepath.Join(r.house.dir, "serve.lock"))
	if err != nil || len(node) == 0 {
		r.t.Fatalf("the data folder names no node: %v", err)
	}
	awaitWithin(r.server, halfLease, "the leases of the dead to be taken back", func() (bool, string) {
		left := slices.DeleteFunc(runningJobs(r.t, db), func(j runningJob) bool { return j.node == string(node) })
		return len(left) == 0, fmt.Sprint(left)
	})
	waiting := map[int64]bool{}
	for _, j := range running {
		waiting[j.id] = true
	}
	awaitWithin(r.server, patience, "the jobs that were running to go on", func() (bool, string) {
		now := time.Now().UnixMilli()
		kinds := map[string]int{}
		query(r.t, db, `SELECT id, kind, due_at FROM jobs WHERE state = 'ready'`, func(scan func(...any)) {
			var id, due int64
			var kind string
			if scan(&id, &kind, &due); waiting[id] && due <= now {
				kinds[kind]++
			}
		})
		return len(kinds) == 0, fmt.Sprint(kinds)
	})
	if len(running) > 0 {
		r.result.takenUp = max(r.result.takenUp, time.Since(killed))
	}
}

// lookAtTheWall asks the restarted server for what the dead one had answered.
func (r *run) lookAtTheWall(answered []*push) {
	r.t.Helper()
	db := r.db.live(r.t)
	defer db.Close()
	rows := read(r.t, db)
	pushes, _, _ := r.ledger.known()
	checkStored(r.t, rows, answered, pushes)
	for _, a := range r.world.accounts {
		checkWall(r.t, a.slug, feed(r.t, r.house.addr, a.slug), answered, rows)
	}
}

// checkProblems reports what the crowd and the viewers have met so far.
func (r *run) checkProblems() {
	r.t.Helper()
	_, _, problems := r.ledger.known()
	for _, p := range problems {
		r.t.Error(p)
	}
	if r.t.Failed() {
		r.t.Fatalf("stopped after %d kills, CALLBACKD_CRASH_SEED=%d\n%s", r.result.kills, r.seed, r.house.logTail())
	}
}
