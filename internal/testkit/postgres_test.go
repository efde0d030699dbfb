package testkit

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv("TESTKIT_DIE_WITH_SERVER") != "" {
		dieWithServer()
		return
	}
	Main(m)
}

// dieWithServer starts a server, tells its process id and address, and waits to be killed.
func dieWithServer() {
	s, err := StartServer(context.Background(), false)
	if err != nil {
		os.Stdout.WriteString("error " + err.Error() + "\n")
		return
	}
	u, _ := url.Parse(s.DSN("postgres"))
	os.Stdout.WriteString(u.Host + " " + s.dir + "\n")
	select {}
}

func TestPostgres_GivesEachTestAnEmptyDatabaseOfItsOwn(t *testing.T) {
	ctx := t.Context()
	a, b := Postgres(t), Postgres(t)
	if a == b {
		t.Fatalf("the same database twice")
	}
	for _, dsn := range []string{a, b} {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "CREATE TABLE only_once (id BIGINT)"); err != nil {
			t.Fatalf("not empty: %v", err)
		}
		for setting, want := range map[string]string{"fsync": "off", "listen_addresses": "127.0.0.1", "server_encoding": "UTF8"} {
			if got := show(t, conn, setting); got != want {
				t.Errorf("%s = %s, want %s", setting, got, want)
			}
		}
	}
}

func TestPostgres_DropsTheDatabaseEvenWhileItIsInUse(t *testing.T) {
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = Postgres(t)
		if _, err := pgx.Connect(t.Context(), dsn); err != nil { // left open on purpose
			t.Fatal(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		conn.Close(t.Context())
		t.Fatal("the database of a finished test is still there")
	}
	if !strings.Contains(err.Error(), "does not exist") {
		t.Fatalf("got %v", err)
	}
}

func TestPostgresDurable_SyncsEachCommit(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), PostgresDurable(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := show(t, conn, setting); got != "on" {
			t.Errorf("%s = %s, want on", setting, got)
		}
	}
}

func TestServer_RefusesAWrongPassword(t *testing.T) {
	u, err := url.Parse(Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(superuser, "guess")
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		conn.Close(t.Context())
		t.Fatal("a server that others of this machine can reach took any password")
	}
}

func TestServer_StopEndsItAndRemovesItsFolder(t *testing.T) {
	s, err := StartServer(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	exited := s.child.Exited()
	s.Stop()
	s.Stop()
	select {
	case <-exited:
	default:
		t.Error("the server still runs")
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestServer_DiesWithAProcessThatWasKilled(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TESTKIT_DIE_WITH_SERVER=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	addr, dir, _ := strings.Cut(strings.TrimSpace(string(buf[:n])), " ")
	t.Cleanup(func() { os.RemoveAll(dir) })
	if conn, err := net.Dial("tcp", addr); err != nil {
		t.Fatalf("the server is not up: %v (%s)", err, buf[:n])
	} else {
		conn.Close()
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	deadline := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("waited 30 s for the server to end after its owner was killed")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestPostgresBinaries_SaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := postgresBinaries(t.TempDir(), "initdb", "postgres")
	if err == nil || !strings.Contains(err.Error(), installHint) {
		t.Fatalf("got %v", err)
	}
}

func TestPostgresBinaries_TakesTheNewestThatIsWhole(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := t.TempDir()
	for path, programs := range map[string][]string{
		"9.6/bin": {"initdb", "postgres"}, "15/bin": {"initdb", "postgres"}, "17/bin": {"initdb"},
	} {
		dir := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range programs {
			if err := os.WriteFile(filepath.Join(dir, p), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := postgresBinaries(root, "initdb", "postgres")
	if want := filepath.Join(root, "15", "bin"); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func show(t *testing.T, conn *pgx.Conn, setting string) string {
	t.Helper()
	var v string
	if err := conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
