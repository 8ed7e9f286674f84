package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		serveUntilKilled()
	}
	pgtest.Main(m)
}

func query[T any](t *testing.T, dsn, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(context.Background(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func command(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestEachDSNIsAnEmptyDatabase(t *testing.T) {
	first, second := pgtest.DSN(t), pgtest.DSN(t)
	if first == second {
		t.Fatal("two DSNs name one database")
	}
	command(t, first, `CREATE TABLE made (n int)`)
	if n := query[int](t, second, `SELECT count(*) FROM pg_tables WHERE tablename = 'made'`); n != 0 {
		t.Fatal("the second database is not empty")
	}
}

func TestADatabaseIsDroppedWithItsTest(t *testing.T) {
	var name string
	t.Run("owner", func(t *testing.T) { name = query[string](t, pgtest.DSN(t), `SELECT current_database()`) })
	conn := pgtest.DSN(t)
	if n := query[int](t, conn, `SELECT count(*) FROM pg_database WHERE datname = '`+name+`'`); n != 0 {
		t.Fatal("the database outlived its test")
	}
}

func TestCommittedDataSurvivesAKill(t *testing.T) {
	for _, fsync := range []bool{true, false} {
		t.Run(fmt.Sprintf("fsync %v", fsync), func(t *testing.T) {
			options := pgtest.Options{Fsync: fsync, Dir: filepath.Join(datadir.New(t), "data")}
			server, err := pgtest.Start(options)
			if err != nil {
				t.Fatal(err)
			}
			command(t, server.URL(), `CREATE TABLE made (n int); INSERT INTO made VALUES (7)`)
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
			options.Port = server.Port()
			again, err := pgtest.Start(options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = again.Stop() }()
			if n := query[int](t, again.URL(), `SELECT n FROM made`); n != 7 {
				t.Fatalf("read %d", n)
			}
		})
	}
}

func TestAServerForTestsWritesNothingOfItsOwn(t *testing.T) {
	server, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	if set := query[string](t, server.URL(), `SHOW autovacuum`); set != "off" {
		t.Errorf("autovacuum is %s", set)
	}
}

// childEnv is an environment variable. If it is set, the test binary starts a server, prints its address and
// its folder, and waits until it is killed.
const childEnv = "PGTEST_CHILD"

func TestAKilledTestProcessLeavesNoServer(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
	t.Cleanup(func() { _ = os.RemoveAll(folder) }) // otherwise it would remain until another test process removes it
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its test process")
		}
	}
}

func serveUntilKilled() {
	server, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(os.Stdout, "127.0.0.1:%d %s\n", server.Port(), filepath.Dir(server.Dir()))
	select {}
}

// In transaction mode, the pooler assigns a server connection to a client only for one transaction. Clients of a pool
// with only one server connection must therefore all use that connection, one after the other.
func TestAPoolerSharesServerConnections(t *testing.T) {
	dsn := pgtest.DSN(t)
	through := pgtest.Pooled(t, dsn, 1) + "&default_query_exec_mode=exec" // without prepared statements
	first := query[int](t, through, `SELECT pg_backend_pid()`)
	conn, err := pgx.Connect(t.Context(), through)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var second int
	if err := conn.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&second); err != nil {
		t.Fatal(err)
	}
	if third := query[int](t, through, `SELECT pg_backend_pid()`); first != second || second != third {
		t.Errorf("three clients of a pool of one had the server connections %d, %d and %d", first, second, third)
	}
}
