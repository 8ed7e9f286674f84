// Package rabbittest provides tests with a real RabbitMQ broker.
//
// [New] starts a private broker on free loopback ports. The broker has its own folders, node name and port mapper
// (epmd). The broker and its port mapper end with the test. If the test process is killed, the kernel ends both.
//
// A start takes 3 to 4 s on two idle CPUs, so a package should share one broker.
package rabbittest

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
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// serverScript starts a node as the current user, with the settings of its environment. Debian's
// /usr/sbin/rabbitmq-server would always use the folders of the packaged service.
const serverScript = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// startTries is the number of attempts to start a broker. An attempt can fail because another process takes the port
// that freeport has found. startTimeout is the time limit for each attempt.
const (
	startTries   = 3
	startTimeout = 2 * time.Minute
)

// userPassword is the password of both users. It contains the word "canary". The conformance suites search for that
// word in errors, which must not contain it.
const userPassword = "password-canary"

// The names of the broker's users: user has all permissions, and guestUser has none.
const (
	user      = "tester"
	guestUser = "visitor"
)

// Broker is a RabbitMQ node that this process has started.
type Broker struct {
	dir                      string
	port, distPort, epmdPort int
	epmd, node               *process
}

// New starts a broker, which ends with the test. It installs Debian's package if it is missing and the process
// runs as root. If there is no broker and it cannot be installed, the test is skipped.
func New(t testing.TB) *Broker {
	t.Helper()
	b, err := Start()
	Require(t, err)
	t.Cleanup(b.Stop)
	return b
}

// Require checks the error of Start. It skips the test if there is no broker and it cannot be installed, and fails
// the test for any other error.
func Require(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, debian.ErrMissing) {
		t.Skipf("rabbittest: %v", err)
	}
	if err != nil {
		t.Fatalf("rabbittest: %v", err)
	}
}

// Start starts a broker and returns when it accepts connections. The caller must stop it.
func Start() (*Broker, error) {
	if err := debian.Ensure(serverScript, "rabbitmq-server"); err != nil {
		return nil, err
	}
	var err error
	for range startTries {
		b := &Broker{}
		if err = b.start(); err == nil {
			return b, nil
		}
		b.Stop()
	}
	return nil, err
}

// Address returns the host and the port of the broker.
func (b *Broker) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// URL returns the URL of the broker for a user with all permissions. If address is "", the URL contains the broker's
// own host and port. Otherwise it contains address, for example the host and port of a proxy.
func (b *Broker) URL(address string) string { return b.url(user, address) }

// URLWithoutPermission returns the URL of the broker for a user that can sign in, but has no permissions.
func (b *Broker) URLWithoutPermission() string { return b.url(guestUser, "") }

func (b *Broker) url(name, at string) string {
	if at == "" {
		at = b.Address()
	}
	u := url.URL{Scheme: "amqp", User: url.UserPassword(name, userPassword), Host: at, Path: "/"}
	return u.String()
}

// Kill ends the broker immediately, like a crash. Durable exchanges and queues and confirmed persistent messages
// survive. Restart starts the broker again.
func (b *Broker) Kill() { b.node.kill() }

// Restart starts the broker again, on the same port and with the same data.
func (b *Broker) Restart() error { return b.startNode() }

// Pause stops the broker without closing its connections, so that it does not answer until the returned
// function is called.
func (b *Broker) Pause() (resume func()) {
	_ = b.node.cmd.Process.Signal(syscall.SIGSTOP)
	return func() { _ = b.node.cmd.Process.Signal(syscall.SIGCONT) }
}

// Stop ends the broker and its port mapper, and removes its data. It may be called more than once.
func (b *Broker) Stop() {
	b.node.kill()
	b.epmd.kill()
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
}

// start starts the port mapper, and then the node. If no port mapper were running, the node would start one as a
// daemon, and nothing would stop that daemon.
func (b *Broker) start() (err error) {
	if b.dir, err = datadir.Create(); err != nil {
		return err
	}
	for _, port := range []*int{&b.port, &b.distPort, &b.epmdPort} {
		if *port, err = freeport.Find(); err != nil {
			return err
		}
	}
	if err := b.writeConfig(); err != nil {
		return err
	}
	epmd := exec.Command("epmd", "-port", strconv.Itoa(b.epmdPort))
	epmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ERL_EPMD_ADDRESS=127.0.0.1"}
	if b.epmd, err = launch(epmd, b.file("epmd.log")); err != nil {
		return err
	}
	if err := b.epmd.awaitPort(b.epmdPort); err != nil {
		return err
	}
	return b.startNode()
}

func (b *Broker) startNode() (err error) {
	node := exec.Command(serverScript)
	node.Env, node.Dir = b.environment(), b.dir
	if b.node, err = launch(node, b.file("server.log")); err != nil {
		return err
	}
	return b.await()
}

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }

// environment returns the settings of the node. They replace all paths and ports that the packaged service uses.
// RUNNING_UNDER_SYSTEMD makes the start script replace itself with the node, so that signals reach the node.
func (b *Broker) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + b.dir, // HOME contains the Erlang cookie
		"RUNNING_UNDER_SYSTEMD=1",
		"ERL_EPMD_PORT=" + strconv.Itoa(b.epmdPort), "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=" + filepath.Base(b.dir) + "@localhost",
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT=" + strconv.Itoa(b.port),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(b.distPort),
		"RABBITMQ_MNESIA_BASE=" + b.file("mnesia"), "RABBITMQ_LOG_BASE=" + b.file("log"), "RABBITMQ_LOGS=-",
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + b.file("plugins"), "RABBITMQ_PLUGINS_EXPAND_DIR=" + b.file("expanded"),
		"RABBITMQ_CONFIG_FILE=" + b.file("rabbitmq.conf"), "RABBITMQ_GENERATED_CONFIG_DIR=" + b.file("generated"),
		"RABBITMQ_CONF_ENV_FILE=" + b.file("none"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
	}
}

// await returns as soon as the broker accepts a client. If the node ends before that, it returns an error with
// the log of the node; it also returns an error after startTimeout.
func (b *Broker) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for ; ; time.Sleep(50 * time.Millisecond) {
		conn, err := amqp.Dial(b.URL(""))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-b.node.ended:
		case <-ctx.Done():
			b.node.kill()
		default:
			continue
		}
		said, _ := os.ReadFile(b.file("server.log"))
		return fmt.Errorf("the broker did not start: %w: %s", err, said)
	}
}

// process is a child process that this test process has started.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// launch starts a process. If the OS thread that started the process ended, the kernel would send Pdeathsig to the
// process. launch therefore keeps this thread until the process has ended.
func launch(cmd *exec.Cmd, logFile string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p, started := &process{cmd: cmd, ended: make(chan struct{})}, make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// awaitPort returns as soon as the process listens on a port. It returns an error if the process ends before that.
func (p *process) awaitPort(port int) error {
	for ; ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %w", p.cmd.Path, err)
		default:
		}
	}
}

// kill ends the process and its children, and returns when the process has ended. p can be nil.
func (p *process) kill() {
	if p == nil {
		return
	}
	select {
	case <-p.ended:
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// token returns a random name.
func token() string { return strings.ToLower(rand.Text()[:12]) }
