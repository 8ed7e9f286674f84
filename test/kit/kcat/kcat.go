// Package kcat provides tests with a Kafka cluster and a consumer that are independent of the service's Kafka library.
// Both are parts of librdkafka, which Debian's package kcat runs.
//
// librdkafka is a client of Apache Kafka's protocol, written in C. It contains a cluster that keeps its messages in
// memory. One process of kcat runs this cluster, with one broker and four partitions for each topic, and consumes a
// topic of it. The cluster has neither TLS nor a login.
package kcat

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
)

// program is the path of kcat in Debian's package.
const program = "/usr/bin/kcat"

// startTimeout is the maximum time until the cluster names its address.
const startTimeout = time.Minute

// Message is a message that kcat has consumed.
type Message struct {
	Topic     string   `json:"topic"`
	Partition int      `json:"partition"`
	Offset    int      `json:"offset"`
	Timestamp int64    `json:"ts"` // in milliseconds since 1970
	Headers   []string `json:"headers"`
	Key       string   `json:"key"`
	Payload   string   `json:"payload"`
}

// Header returns the values of a header.
func (m Message) Header(name string) (values []string) {
	for pair := range slices.Chunk(m.Headers, 2) {
		if len(pair) == 2 && pair[0] == name {
			values = append(values, pair[1])
		}
	}
	return values
}

// Cluster is a process of kcat.
type Cluster struct {
	// Broker is the host and the port of the only broker.
	Broker string

	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended

	mu       sync.Mutex
	count    int       // the number of messages
	messages []Message // nil if they are only counted
	failed   error     // the reason why a message could not be read
}

// New starts a cluster, which ends with the test. It installs Debian's package if it is missing and the process runs as
// root. If kcat is missing and cannot be installed, the test is skipped.
func New(t testing.TB, topic string) *Cluster {
	t.Helper()
	c, err := Start(topic)
	if errors.Is(err, debian.ErrMissing) {
		t.Skipf("kcat: %v", err)
	}
	if err != nil {
		t.Fatalf("kcat: %v", err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Start starts a cluster, and a consumer of the topic. The caller must stop it. The process also ends when this process
// is killed. Errors: debian.ErrMissing.
func Start(topic string) (*Cluster, error) {
	return start(topic, (*Cluster).consume, "-J", "-u")
}

// StartCounter is like Start, but only counts the messages.
func StartCounter(topic string) (*Cluster, error) {
	return start(topic, (*Cluster).countBytes, "-f", "+", "-u")
}

// start starts a cluster. The arguments determine the output of kcat for each message, and the function read reads this
// output.
func start(topic string, read func(*Cluster, io.Reader), arguments ...string) (*Cluster, error) {
	if err := debian.Ensure(program, "kcat"); err != nil {
		return nil, err
	}
	c := &Cluster{ended: make(chan struct{}), process: exec.Command(program, append([]string{
		"-C", "-t", topic, "-o", "beginning", "-X", "test.mock.num.brokers=1", "-b", "replaced:1", "-X", "log_level=5",
	}, arguments...)...)}
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := c.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	// If the OS thread that started the process ended, the kernel would send Pdeathsig to the process.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.process.Start()
		started <- err
		if err == nil {
			read(c, out)
			_ = c.process.Wait()
		}
		close(c.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	if err := c.await(said); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

var address = regexp.MustCompile(`replaced with (127\.0\.0\.1:[0-9]+)`)

// await reads the address of the broker from the standard error of the process.
func (c *Cluster) await(said io.Reader) error {
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if match := address.FindStringSubmatch(lines.Text()); match != nil {
				found <- match[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, said)
	}()
	select {
	case c.Broker = <-found:
		return nil
	case <-c.ended:
		return errors.New("kcat ended at once")
	case <-time.After(startTimeout):
		return errors.New("kcat did not name the address of its cluster")
	}
}

// consume reads the messages that kcat prints, one a line.
func (c *Cluster) consume(out io.Reader) {
	for d := json.NewDecoder(out); ; {
		var m Message
		err := d.Decode(&m)
		c.mu.Lock()
		if err == nil {
			c.messages = append(c.messages, m)
			c.count++
		} else if !errors.Is(err, io.EOF) {
			c.failed = err
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// countBytes counts the bytes that kcat prints, one for each message.
func (c *Cluster) countBytes(out io.Reader) {
	for buffer := make([]byte, 64<<10); ; {
		n, err := out.Read(buffer)
		c.mu.Lock()
		c.count += n
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Messages returns the messages that kcat has consumed so far. The messages of each partition are in order.
func (c *Cluster) Messages(t testing.TB) []Message {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		t.Fatalf("kcat: %v", c.failed)
	}
	return slices.Clone(c.messages)
}

// Count returns the number of messages that kcat has consumed so far.
func (c *Cluster) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Stop ends the process. It may be called more than once.
func (c *Cluster) Stop() {
	_ = c.process.Process.Kill()
	<-c.ended
}
