package blackbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/binary"
)

// keptLines is the number of recent log lines of a process that are kept in case the test fails.
const keptLines = 30

// process is a process that runs the binary. It may have already ended.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	begun  time.Time
	ended  chan struct{} // closed when the process has ended and its log has been read
	listen chan struct{} // closed when the process has logged its address

	mu     sync.Mutex
	origin string
	lines  []string
}

// environ returns the environment for the binary. It contains only the settings, PATH and HOME.
func environ(settings map[string]string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// serve starts `discovery serve` and does not wait until it is ready. The process ends at the end of the
// test, or earlier if the test process ends.
func serve(t testing.TB, settings map[string]string) *process {
	t.Helper()
	return launch(t, exec.Command(binary.Path(t), "serve"), settings)
}

func launch(t testing.TB, cmd *exec.Cmd, settings map[string]string) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, begun: time.Now(), ended: make(chan struct{}), listen: make(chan struct{})}
	cmd.Env = environ(settings)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child ends. Therefore this thread is
		// kept until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.follow(log)
			_ = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-p.ended: // the test has already ended the process
			return
		default:
		}
		p.kill()
		if t.Failed() {
			t.Logf("process %d, its last lines:\n%s", cmd.Process.Pid, p.log())
		}
	})
	return p
}

// follow reads the log of the process until the process ends. It stores the last lines, and the address on
// which the process listens.
func (p *process) follow(log io.Reader) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct{ Message, Address string }
		text := lines.Text()
		// The error is ignored, because lines in the console format are not JSON.
		_ = json.Unmarshal(lines.Bytes(), &entry)
		p.mu.Lock()
		if entry.Message == "serving" {
			p.origin = "http://" + entry.Address
			close(p.listen)
		}
		if entry.Message != "request" || !strings.Contains(text, `"status":2`) {
			p.lines = append(p.lines, text)
			p.lines = p.lines[max(0, len(p.lines)-keptLines):]
		}
		p.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, log)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// baseURL returns the scheme, host and port of the process's URLs, or "" if the process does not serve yet.
func (p *process) baseURL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.origin
}

// ready waits until /readyz answers 200, and returns the time since the start of the process.
func (p *process) ready() time.Duration {
	p.t.Helper()
	select {
	case <-p.listen:
	case <-p.ended:
		p.t.Fatalf("the process ended with %d during its start:\n%s", p.code(), p.log())
	case <-time.After(waitTimeout):
		p.t.Fatalf("the process does not serve:\n%s", p.log())
	}
	eventually(p.t, waitTimeout, "readiness", func() bool { return p.status("/readyz") == http.StatusOK })
	return time.Since(p.begun)
}

// status requests a path without a token and returns the status of the response, or 0 if no response arrives.
func (p *process) status(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.baseURL()+path, nil)
	if err != nil {
		return 0
	}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

func (p *process) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// kill kills the process with SIGKILL, and waits until it has ended.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// stop sends SIGTERM and waits for the end of the process. It returns the exit code and the time from the signal to the
// end.
func (p *process) stop() (int, time.Duration) {
	p.t.Helper()
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(waitTimeout):
		p.t.Fatalf("the process is still running %v after SIGTERM:\n%s", waitTimeout, p.log())
	}
	return p.code(), time.Since(begun)
}

// code returns the exit code of a process that has ended, or -1 if a signal ended it.
func (p *process) code() int { return p.cmd.ProcessState.ExitCode() }

// command runs the binary with these arguments until it ends, for at most waitTimeout.
func command(t testing.TB, settings map[string]string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path := binary.Path(t) // called before the time limit starts, because the first call builds the binary
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = environ(settings), &out, &errs
	cmd.Dir = t.TempDir()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// repeated is like command, but runs the command again while the service answers that it can succeed later. The
// database of a busy machine may miss the time limits of the service.
func repeated(t testing.TB, settings map[string]string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	for range 5 {
		if stdout, stderr, code = command(t, settings, args...); !strings.Contains(stderr, "; try again in ") {
			break
		}
		t.Log(stderr)
		time.Sleep(time.Second)
	}
	return stdout, stderr, code
}

// waitTimeout is the default timeout of the tests. It is long, so that the tests pass on a busy machine. Documented
// time limits are checked with pace.Within.
const waitTimeout = 2 * time.Minute

// eventually polls until the function yes returns true, and fails the test after the timeout. label names the awaited
// event in the error message.
func eventually(t testing.TB, timeout time.Duration, label string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !yes(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v", label, timeout)
		}
	}
}
