package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/store"
	"callbackd/store/storetest"
)

// settle ends the load and waits until everything that can come has come: each
// push that is insisted on is answered, each file made, each sender known.
func (r *run) settle() {
	r.t.Helper()
	close(r.load.tickets)
	r.server.await("the answers to all pushes", func() (bool, string) {
		select {
		case <-r.load.done:
			return true, ""
		default:
			return false, fmt.Sprintf("%+v", r.ledger.numbers())
		}
	})
	db := r.db.live(r.t)
	defer db.Close()
	r.server.await("all files to be made and all senders to be known", func() (bool, string) {
		pending := number(r.t, db, `SELECT COUNT(*) FROM media WHERE state = 'pending'`)
		waiting := unknown(r.t, db)
		return pending == 0 && len(waiting) == 0, fmt.Sprintf("%d files, %d senders %v; jobs %s", pending, len(waiting), waiting[:min(3, len(waiting))], unfinished(r.t, db))
	})
	r.checkProblems()
}

// unknown says of each sender who is not known yet where the search stands.
func unknown(t *testing.T, db rows) (out []string) {
	t.Helper()
	now := time.Now().UnixMilli()
	query(t, db, `SELECT a.slug, s.search_due, s.search_attempts, s.profile_due, COALESCE(p.read_at, -1),
		(SELECT COUNT(*) FROM messages m WHERE m.sender_id = s.id) FROM senders s JOIN accounts a ON a.id = s.account_id
		LEFT JOIN persons p ON p.id = s.person_id WHERE p.id IS NULL OR p.nickname = ''`, func(scan func(...any)) {
		var slug string
		var due, attempts, profile, read, messages int64
		scan(&slug, &due, &attempts, &profile, &read, &messages)
		if due > 0 {
			due -= now
		}
		out = append(out, fmt.Sprintf("{%s: search due in %d ms, attempts %d, profile due %d, card read %d, %d messages}", slug, due, attempts, profile, read, messages))
	})
	return out
}

func unfinished(t *testing.T, db rows) string {
	var out []string
	query(t, db, `SELECT kind, state, COUNT(*), MAX(error) FROM jobs WHERE state <> 'done' GROUP BY kind, state`, func(scan func(...any)) {
		var kind, state, why string
		var n int
		scan(&kind, &state, &n, &why)
		out = append(out, fmt.Sprintf("%s %s: %d %q", kind, state, n, why))
	})
	return strings.Join(out, "; ")
}

// lastLook compares everything once more, on the running server, on the one
// that ended cleanly, and on the files.
func (r *run) lastLook() {
	t := r.t
	_, answered, _ := r.ledger.known()
	r.lookAtTheWall(answered)
	r.checkViewers()
	if code := r.server.stop(); code != 0 {
		t.Fatalf("SIGTERM at the end: exit code %d\n%s", code, r.house.logTail())
	}
	db, closeIt := r.db.afterKill(t)
	defer closeIt()
	r.db.checkFile(t, db)
	if left := runningJobs(t, db); len(left) > 0 {
		t.Errorf("jobs are running although no server is: %v", left)
	}
	r.countUnanswered(read(t, db))
	r.checkMedia(db)
	r.checkPeople(db)
	r.checkInvariants()
	r.checkBlobs(db)
	r.checkLeftovers()
	r.checkLog()
	r.checkProblems()
}

// checkViewers compares what pages that stayed open show with the wall, and
// asks for every file.
func (r *run) checkViewers() {
	t := r.t
	complain := few(t)
	for _, v := range r.viewers {
		v.end()
		if err := v.catchUp(t.Context()); err != nil {
			t.Fatalf("%s: catching up: %v", v.slug, err)
		}
		shown := feed(t, r.house.addr, v.slug)
		if len(shown) != len(v.shown) {
			complain("%s: a page that stayed open shows %d messages, the wall %d", v.slug, len(v.shown), len(shown))
		}
		for _, m := range shown {
			if v.shown[m.ID] != m.raw {
				complain("%s: a page that stayed open shows seq %d otherwise than the wall", v.slug, m.Seq)
			}
			if m.Media.URL == "" {
				continue
			}
			if status, body, err := get(t.Context(), "http://"+r.house.addr+m.Media.URL); err != nil || status != http.StatusOK || len(body) == 0 {
				complain("%s: the file of seq %d: status %d, %d bytes, %v", v.slug, m.Seq, status, len(body), err)
			}
		}
	}
}

// countUnanswered counts what was stored although the platform never heard so.
func (r *run) countUnanswered(s *stored) {
	pushes, answered, _ := r.ledger.known()
	r.result.unheard = len(s.callbacks) - len(answered)
	if len(s.callbacks) > len(pushes) || r.result.unheard < 0 {
		r.t.Errorf("%d callbacks are stored of %d pushes, %d of them answered", len(s.callbacks), len(pushes), len(answered))
	}
}

// checkMedia wants every file ready: the platform had them all.
func (r *run) checkMedia(db rows) {
	query(r.t, db, `SELECT kind, state, reason, COUNT(*) FROM media GROUP BY kind, state, reason`, func(scan func(...any)) {
		var kind, state, reason string
		var n int
		if scan(&kind, &state, &reason, &n); state != "ready" {
			r.t.Errorf("%d files of kind %s are %s: %s", n, kind, state, reason)
		}
		r.result.media += n
	})
}

// checkPeople compares each sender's person with the truth.
func (r *run) checkPeople(db rows) {
	complain := few(r.t)
	query(r.t, db, `SELECT a.slug, s.open_id, COALESCE(p.fake_id, '') FROM senders s JOIN accounts a ON a.id = s.account_id
		LEFT JOIN persons p ON p.id = s.person_id`, func(scan func(...any)) {
		var slug callbackd.Slug
		var from callbackd.OpenID
		var fake callbackd.FakeID
		scan(&slug, &from, &fake)
		r.result.senders++
		a := r.world.platform.Account(slug)
		if c, ok := a.ContactByOpenID(from); !ok || a.FakeID(c) != fake {
			complain("%s: a sender is taken for somebody else: known to the platform %v", slug, ok)
		}
	})
}

// checkInvariants asks package store's own specification.
func (r *run) checkInvariants() {
	t := r.t
	key, err := seal.LoadOrCreateKey(filepath.Join(r.house.dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Config{DSN: r.db.dsn, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.CheckInvariants(t, db)
}

// checkBlobs wants every file that a row names, in its size.
func (r *run) checkBlobs(db rows) {
	complain := few(r.t)
	named := 0
	query(r.t, db, `SELECT blob, size FROM media_files UNION ALL SELECT blob, size FROM avatars
		UNION ALL SELECT source, -1 FROM media WHERE source <> ''`, func(scan func(...any)) {
		var key string
		var size int64
		scan(&key, &size)
		named++
		info, err := os.Stat(filepath.Join(r.house.dir, "blobs", filepath.FromSlash(key)))
		if err != nil || size >= 0 && info.Size() != size || info.Size() == 0 {
			complain("a row names a file that is not there, or is not whole: %v", err)
		}
	})
	if named == 0 {
		r.t.Error("no row names a file")
	}
}

// checkLeftovers wants no half made file to stay for good: what was made on
// the way goes at the next start, what was half written an hour later.
func (r *run) checkLeftovers() {
	t := r.t
	for _, dir := range []string{r.house.temp, filepath.Join(r.house.dir, "work")} {
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("left behind in %s: %v", filepath.Base(dir), left)
		}
	}
	half := filepath.Join(r.house.dir, "blobs", ".tmp")
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range names(t, half) {
		r.result.halfWritten++
		if err := os.Chtimes(filepath.Join(half, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	r.start()
	if code := r.server.stop(); code != 0 {
		t.Errorf("a start without work ends with exit code %d\n%s", code, r.house.logTail())
	}
	if left := names(t, half); len(left) > 0 {
		t.Errorf("half written files stay for good: %v", left)
	}
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// checkLog wants no line that calls for a human: a kill needs no repair.
func (r *run) checkLog() {
	complain := few(r.t)
	for line := range strings.Lines(r.house.log()) {
		if strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "callbackd: ") {
			complain("in the log: %s", line)
		}
	}
}

// result is what a run has shown, for docs/operations.md.
type result struct {
	kills, starts, drains int            // under load, during a start, and while a clean end came
	inFlight              int64          // deliveries that waited for their answer when a kill came
	running               map[string]int // jobs at work when a kill came, by kind
	takenUp               time.Duration  // longest, from a kill until all of them went on
	media, senders        int
	unheard               int // stored, and never answered
	halfWritten           int
	took                  time.Duration
}

// report says the result as a row of the table in docs/operations.md.
func (r *run) report() {
	n := r.ledger.numbers()
	kinds := make([]string, 0, len(r.result.running))
	for kind, n := range r.result.running {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(kinds)
	r.t.Logf("%+v %+v", n, r.result)
	fmt.Printf("| %s | %s | %s | %d + %d + %d | %d | %d (%d) | %d (%d) | %d | %s | %.1f s | %s |\n",
		time.Now().UTC().Format(time.DateOnly), r.db.name, machine(), r.result.kills, r.result.starts, r.result.drains, r.result.inFlight,
		n.Answered, n.AnsweredMessages, n.Pushes-n.Answered, r.result.unheard, n.Repeats, strings.Join(kinds, ", "), r.result.takenUp.Seconds(),
		r.result.took.Round(time.Second))
}

// machine is the kind of this machine.
func machine() string {
	kind := fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	b, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, found := strings.Cut(string(b), "model name\t: "); found {
		model, _, _ := strings.Cut(rest, "\n")
		kind += ", " + model
	}
	return kind
}
