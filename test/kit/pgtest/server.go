package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// Options configures a server. The zero value is suitable for most tests.
type Options struct {
	// Fsync makes commits survive a crash of the machine, as in production. It is meant for crash tests and
	// measurements. Without Fsync, a server is several times faster and has no autovacuum.
	Fsync bool
	// Dir is the data directory. If it already contains data, the server starts with that data, after recovery if
	// necessary. Stop does not remove this directory. Each commit survives Kill, also without Fsync.
	//
	// If Dir is "", Start creates a directory, which Stop removes. With Fsync, this directory is on disk. Without
	// Fsync, it is in memory if enough memory is free.
	Dir string
	// Port is the port on which the server listens. 0 means a free port. A server that is to be restarted at
	// the same address needs a fixed port.
	Port int
	// Settings are additional server settings, by name.
	Settings map[string]string
}

// Server is a running PostgreSQL server that this process has started.
type Server struct {
	options Options
	dir     string
	port    int
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the server process has ended

	guard      *exec.Cmd // kills the frozen server when this process ends; nil if the server is not frozen
	guardInput io.WriteCloser
}

// startTries is the number of ports that Start tries. startTimeout is the time limit for the start on each port.
const (
	startTries   = 5
	startTimeout = time.Minute
)

// Start initialises and starts a server on 127.0.0.1, and returns when the server accepts queries. The
// role is postgres, without a password. If the test runs as root, the server runs as the user postgres or
// nobody, because it refuses to run as root.
func Start(o Options) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	credential, err := runAs()
	if err != nil {
		return nil, err
	}
	dir, err := prepare(bin, o, credential)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, dir: dir}
	for range startTries {
		if err = s.launch(bin, credential); err == nil {
			return s, nil
		}
	}
	_ = s.removeData()
	return nil, err
}

// URL returns the URL of the database named postgres.
func (s *Server) URL() string {
	return "postgres://postgres@127.0.0.1:" + strconv.Itoa(s.port) + "/postgres?sslmode=disable"
}

// Dir returns the data directory.
func (s *Server) Dir() string { return s.dir }

// Port returns the port on which the server listens.
func (s *Server) Port() int { return s.port }

// Stop shuts the server down gracefully: the server closes its connections and writes its data before it
// ends.
func (s *Server) Stop() error {
	s.signal(syscall.SIGINT)
	return s.removeData()
}

// Kill ends the server immediately, like a crash. Transactions that were not committed are lost. If
// Options.Dir is set, the next Start recovers the committed data.
func (s *Server) Kill() error {
	s.signal(syscall.SIGQUIT)
	return s.removeData()
}

// signal sends sig to the postmaster and waits until it has ended. If this takes more than 20 s, signal kills the
// process.
func (s *Server) signal(sig syscall.Signal) {
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

func (s *Server) removeData() error {
	if s.options.Dir != "" {
		return nil
	}
	return os.RemoveAll(filepath.Dir(s.dir))
}

// launch starts the server on the port in its options, or on a free port if the option is 0. If another process takes
// the port first, the server ends immediately and launch returns an error. The caller then tries again.
func (s *Server) launch(bin string, credential *syscall.Credential) error {
	port, err := choosePort(s.options.Port)
	if err != nil {
		return err
	}
	s.port, s.ended = port, make(chan struct{})
	log, err := os.Create(filepath.Join(filepath.Dir(s.dir), "server.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), s.arguments()...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = log, log, s.dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if err := run(s.cmd, s.ended); err != nil {
		return err
	}
	return s.await(log.Name())
}

// run starts cmd and closes done when the process has ended. If the OS thread that started cmd ended, the kernel would
// send Pdeathsig to the process. run therefore keeps this thread until the process has ended.
func run(cmd *exec.Cmd, done chan<- struct{}) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}()
	return <-started
}

func (s *Server) arguments() []string {
	onOff := map[bool]string{true: "on", false: "off"}
	fsync := onOff[s.options.Fsync]
	// Autovacuum analyses tables in its own transactions, and the change feed waits for these transactions. With
	// autovacuum, the time that a test has to wait would depend on when autovacuum runs.
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "port": strconv.Itoa(s.port), "unix_socket_directories": "",
		"fsync": fsync, "full_page_writes": fsync, "autovacuum": fsync,
		// Without synchronous_commit, Kill could lose the last commits. Only a directory that outlives the server
		// needs them.
		"synchronous_commit": onOff[s.options.Fsync || s.options.Dir != ""],
		"max_connections":    "200", "logging_collector": "off",
	}
	maps.Copy(settings, s.options.Settings)
	args := []string{"-D", s.dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// await returns as soon as the server answers a query. If the server ends before that, it returns an error
// with the server's log; it also returns an error after startTimeout.
func (s *Server) await(logFile string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for ; ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			said, _ := os.ReadFile(logFile)
			return fmt.Errorf("the server ended during its start: %s", said)
		case <-ctx.Done():
			s.signal(syscall.SIGQUIT)
			return errors.Join(errors.New("the server did not answer in time"), err)
		default:
		}
	}
}

// choosePort returns fixedPort, or a free port if fixedPort is 0.
func choosePort(fixedPort int) (int, error) {
	if fixedPort != 0 {
		return fixedPort, nil
	}
	return freeport.Find()
}
