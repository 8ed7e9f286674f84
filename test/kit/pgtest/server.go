package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options configures a server. The zero value is right for tests.
type Options struct {
	// Fsync makes commits survive a crash of the machine, as in production: for crash tests and
	// measurements. Without it, a server is several times faster and has no autovacuum.
	Fsync bool
	// Dir is the data directory. "" creates one that Stop removes. A Dir that contains data is
	// started with that data, including recovery, and Stop keeps it.
	Dir string
	// Port is a fixed port, for servers that are restarted; 0 takes a free one.
	Port int
	// Settings are further server settings, by name.
	Settings map[string]string
}

// Server is a PostgreSQL server of this process.
type Server struct {
	options Options
	dir     string
	port    int
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process has ended
}

// The number of ports that are tried, and the time limit of one start.
const (
	startTries   = 5
	startTimeout = 30 * time.Second
)

// Start initialises and starts a server on 127.0.0.1 and returns when it accepts queries.
// The role is postgres, without a password. If the test runs as root, the server runs as the
// user postgres or nobody, because it refuses root.
func Start(o Options) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	who, err := runAs()
	if err != nil {
		return nil, err
	}
	dir, err := prepare(bin, o.Dir, who)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, dir: dir}
	for range startTries {
		if err = s.launch(bin, who); err == nil {
			return s, nil
		}
	}
	_ = s.removeData()
	return nil, err
}

// URL returns the URL of the database postgres.
func (s *Server) URL() string {
	return "postgres://postgres@127.0.0.1:" + strconv.Itoa(s.port) + "/postgres?sslmode=disable"
}

// Dir returns the data directory.
func (s *Server) Dir() string { return s.dir }

// Port returns the port on which the server listens.
func (s *Server) Port() int { return s.port }

// Stop ends the server after it has closed its connections and written its data.
func (s *Server) Stop() error {
	s.signal(syscall.SIGINT)
	return s.removeData()
}

// Kill ends the server at once, like a crash: what was not committed is lost, and data
// in a given Dir recovers at the next Start.
func (s *Server) Kill() error {
	s.signal(syscall.SIGQUIT)
	return s.removeData()
}

// signal asks the postmaster to end and waits for it; a process that does not end is killed.
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

// launch starts the server on a free port. Another process may take the port in between:
// then the server ends immediately, and the caller tries again.
func (s *Server) launch(bin string, who *syscall.Credential) error {
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
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if err := s.run(); err != nil {
		return err
	}
	return s.await(log.Name())
}

// run starts the process from an OS thread that lives as long as the process: the kernel
// sends Pdeathsig when the starting thread ends, not when the whole process does.
func (s *Server) run() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
			close(s.ended)
		}
	}()
	return <-started
}

func (s *Server) arguments() []string {
	onOff := map[bool]string{true: "on", false: "off"}[s.options.Fsync]
	// Autovacuum analyses tables in transactions of its own. With it, the duration of a test's
	// waits would depend on the time at which it runs.
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "port": strconv.Itoa(s.port), "unix_socket_directories": "",
		"fsync": onOff, "synchronous_commit": onOff, "full_page_writes": onOff, "autovacuum": onOff,
		"max_connections": "200", "logging_collector": "off",
	}
	maps.Copy(settings, s.options.Settings)
	args := []string{"-D", s.dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// await returns once the server answers a query, or returns the reason why it ended.
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

// choosePort asks the kernel for a free port, since the server itself cannot.
func choosePort(wanted int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
