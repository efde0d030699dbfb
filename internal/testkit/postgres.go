package testkit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// installHint is what to run where PostgreSQL is missing.
const installHint = "apt-get update && apt-get install -y --no-install-recommends postgresql"

// superuser is the only role of a server that this package starts.
const superuser = "callbackd"

// Server is a PostgreSQL server of our own in a temporary folder, reachable on
// 127.0.0.1 with a random password.
type Server struct {
	dir      string
	port     int
	password string
	child    *Child // nil: not started
	logFile  string
	stop     sync.Once
	made     atomic.Int64 // databases created so far, for their names
}

// StartServer makes a database cluster and starts a server over it. With
// durable the server syncs each commit to disk as in production; without, it
// never does, which is what suites want. The caller calls Stop.
func StartServer(ctx context.Context, durable bool) (*Server, error) {
	bin, err := postgresBinaries("/usr/lib/postgresql", "initdb", "postgres")
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	s := &Server{password: rand.Text()}
	if s.dir, err = os.MkdirTemp("", "callbackd-postgres-"); err != nil {
		return nil, fmt.Errorf("make folder for postgres: %w", err)
	}
	s.logFile = filepath.Join(s.dir, "server.log")
	if err := s.start(ctx, bin, owner, durable); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, bin string, owner *syscall.Credential, durable bool) error {
	if err := s.initCluster(ctx, bin, owner); err != nil {
		return err
	}
	// Between choosing a free port and binding it somebody else may take it.
	const tries = 5
	var err error
	for range tries {
		if err = s.launch(bin, owner, durable); err != nil {
			return err
		}
		if err = s.awaitReady(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		s.endProcess()
	}
	return fmt.Errorf("start postgres: %w\n%s", err, s.logTail())
}

// initCluster runs initdb as the server's owner.
func (s *Server) initCluster(ctx context.Context, bin string, owner *syscall.Credential) error {
	pwfile := filepath.Join(s.dir, "pw")
	if err := os.WriteFile(pwfile, []byte(s.password), 0o600); err != nil {
		return fmt.Errorf("write postgres password: %w", err)
	}
	if owner != nil {
		for _, path := range []string{s.dir, pwfile} {
			if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
				return fmt.Errorf("give %s to postgres: %w", path, err)
			}
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata="+s.data(),
		"--username="+superuser, "--pwfile="+pwfile, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.dir, cleanEnv(), childAttr(owner)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// launch starts the server process on a port that is free now.
func (s *Server) launch(bin string, owner *syscall.Credential, durable bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	args := []string{"-D", s.data(), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.dir,
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=60s"}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	logFile, err := os.OpenFile(s.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open postgres log: %w", err)
	}
	defer logFile.Close()
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.dir, cleanEnv(), childAttr(owner)
	cmd.Stdout, cmd.Stderr = logFile, logFile

	child, err := StartChild(cmd)
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.child = child
	return nil
}

// awaitReady waits until the server takes connections.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.child.Exited():
			return errors.New("the server ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("waiting for postgres to take connections: %w", err)
		case <-tick.C:
		}
	}
}

// DSN names a database of the server as a postgres:// URL.
func (s *Server) DSN(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database,
		RawQuery: "sslmode=disable"}
	return u.String()
}

// Create makes a fresh, empty database and returns its DSN.
func (s *Server) Create(ctx context.Context) (string, error) {
	name := fmt.Sprintf("test_%d", s.made.Add(1))
	return s.DSN(name), s.exec(ctx, "CREATE DATABASE "+name)
}

// Drop removes a database that Create made, ending its connections.
func (s *Server) Drop(ctx context.Context, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return errors.New("drop database: not a DSN of this server")
	}
	return s.exec(ctx, "DROP DATABASE "+pgx.Identifier{strings.TrimPrefix(u.Path, "/")}.Sanitize()+" WITH (FORCE)")
}

// Empty deletes all rows of a database that Create made but those which say what
// its schema is, ending its connections. Rows that migrations wrote are gone as well.
func (s *Server) Empty(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	// As a replica, so that foreign keys say nothing of the order.
	_, err = conn.Exec(ctx, `DO $$ DECLARE t TEXT; BEGIN
		PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		SET LOCAL session_replication_role = replica;
		FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT starts_with(relname, 'schema_') LOOP
			EXECUTE 'DELETE FROM ' || quote_ident(t);
		END LOOP; END $$`)
	return errors.Join(err, conn.Close(ctx))
}

func (s *Server) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Stop ends the server and removes its folder. It may be called twice.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.endProcess()
		_ = os.RemoveAll(s.dir)
	})
}

// endProcess asks for a fast shutdown, then insists.
func (s *Server) endProcess() {
	if s.child == nil {
		return
	}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.child.Signal(sig)
		select {
		case <-s.child.Exited():
			s.child = nil
			return
		case <-time.After(10 * time.Second):
		}
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// logTail returns the end of the server's log.
func (s *Server) logTail() string {
	const keep = 4096
	b, _ := os.ReadFile(s.logFile)
	return string(b[max(0, len(b)-keep):])
}

// postgresBinaries finds the folder of the newest installed version that holds
// all the named programs. Debian keeps them outside PATH, one folder a version.
func postgresBinaries(root string, programs ...string) (string, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "*", "bin"))
	if err != nil {
		return "", fmt.Errorf("look for postgres: %w", err)
	}
	version := func(dir string) float64 {
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return v
	}
	sort.Slice(dirs, func(i, j int) bool { return version(dirs[i]) > version(dirs[j]) })
	if onPath, err := exec.LookPath(programs[0]); err == nil {
		dirs = append(dirs, filepath.Dir(onPath))
	}
	for _, dir := range dirs {
		if hasAll(dir, programs) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL is not installed, and these tests need it: %s", installHint)
}

func hasAll(dir string, programs []string) bool {
	for _, p := range programs {
		info, err := os.Stat(filepath.Join(dir, p))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("look for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// cleanEnv keeps PGDATA, PGPORT and their like of the caller away.
func cleanEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
