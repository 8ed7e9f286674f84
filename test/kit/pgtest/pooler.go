package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// Pooler is a running PgBouncer in transaction mode that this process has started. It has the settings that
// docs/operate.md recommends.
type Pooler struct {
	dir   string
	port  int
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// poolerTimeout is the time limit for each attempt to start a pooler.
const poolerTimeout = 10 * time.Second

// Pooled starts a pooler in front of the server at the URL dsn. It returns the URL of the same database through the
// pooler. The pooler opens at most size connections to each database, and ends with the test. The test fails if
// PgBouncer cannot be started.
func Pooled(t testing.TB, dsn string, size int) string {
	t.Helper()
	p, err := StartPooler(dsn, size)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	through, err := p.URL(dsn)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return through
}

// StartPooler starts a pooler on a free port of 127.0.0.1, in front of the server at the URL dsn. The pooler opens at
// most size connections to each database. StartPooler returns when the pooler answers queries.
//
// PgBouncer refuses to run as root. If the test runs as root, PgBouncer runs as another user.
func StartPooler(dsn string, size int) (*Pooler, error) {
	binary, err := poolerBinary()
	if err != nil {
		return nil, err
	}
	credential, err := runAs()
	if err != nil {
		return nil, err
	}
	dir, err := datadir.Create()
	if err != nil {
		return nil, err
	}
	p := &Pooler{dir: dir}
	for range startTries {
		if err = p.launch(binary, credential, dsn, size); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// URL returns the URL of the same database as dsn, but through the pooler: the address in dsn is replaced by the
// address of the pooler.
func (p *Pooler) URL(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("dsn is not a URL")
	}
	u.Host = "127.0.0.1:" + strconv.Itoa(p.port)
	query := u.Query()
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Stop ends the pooler immediately, together with its connections.
func (p *Pooler) Stop() error {
	_ = p.cmd.Process.Kill()
	<-p.ended
	return os.RemoveAll(p.dir)
}

func (p *Pooler) launch(binary string, credential *syscall.Credential, dsn string, size int) error {
	port, err := freeport.Find()
	if err != nil {
		return err
	}
	p.port, p.ended = port, make(chan struct{})
	config, err := p.configure(dsn, size, credential)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.dir, "pgbouncer.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(binary, config)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = log, log, "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := run(p.cmd, p.ended); err != nil {
		return err
	}
	return p.await(dsn, log.Name())
}

// configure writes the configuration file and returns its path. Only the OS user of the pooler can read the file,
// because it contains the password of dsn. The pooler accepts every client without a password. It logs in to the server
// as the user of dsn.
func (p *Pooler) configure(dsn string, size int, credential *syscall.Credential) (string, error) {
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", errors.New("dsn is not the URL of a server")
	}
	login := "user=" + quoted(server.User)
	if server.Password != "" {
		login += " password=" + quoted(server.Password)
	}
	text := fmt.Sprintf(`[databases]
* = host=%s port=%d %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
server_login_retry = 1
max_client_conn = 400
`, server.Host, server.Port, login, p.port, size)
	path := filepath.Join(p.dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil || credential == nil {
		return path, err
	}
	return path, os.Chown(path, int(credential.Uid), int(credential.Gid))
}

// quoted returns value in the quoted form that PgBouncer expects in its connection strings. value must not be empty.
func quoted(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

// await returns as soon as a query through the pooler is answered. If PgBouncer ends before that, await returns an
// error with PgBouncer's log. It also returns an error after poolerTimeout.
func (p *Pooler) await(dsn, logFile string) error {
	through, err := p.URL(dsn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), poolerTimeout)
	defer cancel()
	for ; ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, through)
		if err == nil {
			_, err = conn.Exec(ctx, "SELECT")
			_ = conn.Close(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			said, _ := os.ReadFile(logFile)
			return fmt.Errorf("pgbouncer ended during its start: %s", said)
		case <-ctx.Done():
			_ = p.cmd.Process.Kill()
			<-p.ended
			said, _ := os.ReadFile(logFile)
			return fmt.Errorf("pgbouncer did not answer in time: %w: %s", err, said)
		default:
		}
	}
}
