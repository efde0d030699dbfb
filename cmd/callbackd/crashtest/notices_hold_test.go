package crashtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Ways to keep a server at an instant until it is killed, however slow the
// machine is: an answer that does not come, and a row that does not change.

// gate stands before a server of others and keeps requests.
type gate struct {
	next http.Handler
	url  string

	mu   sync.Mutex // guards kept
	kept map[string]*kept
}

// kept is a request that waits at a gate.
type kept struct {
	passed bool          // the server behind the gate has it, its answer is kept
	came   chan struct{} // closed when it is there
	end    chan struct{} // closed when it is given up
	drop   func()        // gives it up: nobody answers it
}

func newGate(t *testing.T, next http.Handler) *gate {
	g := &gate{next: next, kept: map[string]*kept{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// keep makes the next request for a path wait: before the server behind the gate
// gets it, or, passed, after that.
func (g *gate) keep(t *testing.T, path string, passed bool) *kept {
	k := &kept{passed: passed, came: make(chan struct{}), end: make(chan struct{})}
	k.drop = sync.OnceFunc(func() { close(k.end) })
	t.Cleanup(k.drop)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kept[path] = k
	return k
}

// there reports whether the request has come.
func (k *kept) there() bool {
	select {
	case <-k.came:
		return true
	default:
		return false
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	k := g.kept[r.URL.Path]
	delete(g.kept, r.URL.Path)
	g.mu.Unlock()
	if k == nil {
		g.next.ServeHTTP(w, r)
		return
	}
	if k.passed {
		g.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	close(k.came)
	<-k.end
	panic(http.ErrAbortHandler) // nobody answers
}

// hold is a rule of the test's own in the database.
type hold struct{ name, table string }

// freeze keeps the chain of a follower where it is after so many steps, for one
// run of the server: who steps it further finds that somebody else was faster.
// Without a node it does so for every run, until it is lifted.
func (r *noticesRun) freeze(p *person, steps int, node string) {
	r.t.Helper()
	rule := fmt.Sprintf("NEW.sender_id = %d AND NEW.rev > %d", p.sender, steps)
	if node != "" {
		rule += " AND NEW.node = '" + node + "'"
	}
	r.forbid("deliveries", "UPDATE", rule, "SELECT RAISE(IGNORE)", "RETURN NULL")
}

// refuse makes every notice for a follower fail to be stored.
func (r *noticesRun) refuse(p *person) {
	r.t.Helper()
	r.forbid("notices", "INSERT", fmt.Sprintf("NEW.sender_id = %d", p.sender), "SELECT RAISE(ABORT, 'held by the test')", "RAISE EXCEPTION 'held by the test'")
}

// forbid adds a hold; what happens instead is said for each database.
func (r *noticesRun) forbid(table, change, rule, inSQLite, inPostgres string) {
	r.t.Helper()
	h := hold{fmt.Sprintf("held_%d", len(r.holds)), table}
	if r.db.file != "" {
		r.change(fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s WHEN %s BEGIN %s; END", h.name, change, table, rule, inSQLite))
	} else {
		r.change(fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; END $$", h.name, inPostgres),
			fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %s()", h.name, change, table, rule, h.name))
	}
	r.holds = append(r.holds, h)
}

// lift takes all holds away. The server runs: of SQLite the first to open the
// file after a kill must be the program.
func (r *noticesRun) lift() {
	r.t.Helper()
	for _, h := range r.holds {
		if r.db.file != "" {
			r.change("DROP TRIGGER " + h.name)
		} else {
			r.change("DROP TRIGGER "+h.name+" ON "+h.table, "DROP FUNCTION "+h.name)
		}
	}
	r.holds = nil
}

// change writes into the database beside the running server.
func (r *noticesRun) change(statements ...string) {
	r.t.Helper()
	driver, dsn := "pgx", r.db.dsn
	if r.db.file != "" {
		driver, dsn = "sqlite3", sqliteURL(r.db.file)+"?mode=rw&_busy_timeout=10000"
	}
	db := openSQL(r.t, driver, dsn)
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(r.t.Context(), s); err != nil {
			r.t.Fatalf("%s: %v", s, err)
		}
	}
}

// node is the id of the server that runs, or ran last.
func (r *noticesRun) node() string {
	r.t.Helper()
	node, err := os.ReadFile(filepath.Join(r.house.dir, "serve.lock"))
	if err != nil || len(node) == 0 {
		r.t.Fatalf("the data folder names no node: %v", err)
	}
	return string(node)
}
