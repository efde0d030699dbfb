package testkit

import (
	"context"
	"sync"
	"testing"
	"time"
)

// shared is a server that all tests of one process use; it starts with the
// first test that asks.
type shared struct {
	durable bool
	mu      sync.Mutex // guards the fields below
	tried   bool
	server  *Server
	err     error
	emptied []string // DSNs of databases that tests have left, without their rows
}

// servers are the two of this process. Tests cannot hand a server to each
// other in another way, hence the package-level state.
var servers = struct{ quick, durable shared }{durable: shared{durable: true}}

// Postgres returns the DSN (postgres://…) of a fresh, empty database on this
// process's PostgreSQL server, which it starts at the first call and which
// does not sync to disk. The database is dropped when the test ends. Where
// PostgreSQL is not installed the test fails and says how to install it.
//
// A package that calls this has a TestMain that calls Main.
func Postgres(tb testing.TB) string { tb.Helper(); return servers.quick.database(tb) }

// PostgresReused is Postgres for tests that leave the schema as their migrations
// made it: the database may be one of an earlier such test, without its rows. To
// make a database and migrate it costs more than most tests.
func PostgresReused(tb testing.TB) string { tb.Helper(); return servers.quick.reused(tb) }

// PostgresDurable is Postgres on a server that syncs each commit to disk: for
// crash tests and benches.
func PostgresDurable(tb testing.TB) string { tb.Helper(); return servers.durable.database(tb) }

// Main runs the tests of a package and stops what they shared:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// The exit code of m.Run is kept by m itself.
func Main(m interface{ Run() int }) {
	defer servers.quick.stop()
	defer servers.durable.stop()
	defer program.remove()
	defer chrome.eager.stop()
	defer chrome.polite.stop()
	m.Run()
}

func (s *shared) database(tb testing.TB) string {
	tb.Helper()
	server, err := s.get()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dsn, err := server.Create(ctx)
	if err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Drop(ctx, dsn); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	return dsn
}

func (s *shared) reused(tb testing.TB) string {
	tb.Helper()
	server, err := s.get()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dsn := s.takeEmptied()
	if dsn == "" {
		if dsn, err = server.Create(ctx); err != nil {
			tb.Fatalf("create database: %v", err)
		}
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Empty(ctx, dsn); err != nil {
			tb.Errorf("empty database: %v", err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.emptied = append(s.emptied, dsn)
	})
	return dsn
}

func (s *shared) takeEmptied() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.emptied) == 0 {
		return ""
	}
	dsn := s.emptied[len(s.emptied)-1]
	s.emptied = s.emptied[:len(s.emptied)-1]
	return dsn
}

func (s *shared) get() (*Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tried {
		s.tried = true
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		s.server, s.err = StartServer(ctx, s.durable)
	}
	return s.server, s.err
}

func (s *shared) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		s.server.Stop()
	}
}
