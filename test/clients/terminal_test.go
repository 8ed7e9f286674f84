package clients_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// terminal is a command that runs on a pseudo-terminal.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	pty    *os.File
	closed chan struct{}

	mu     sync.Mutex
	screen bytes.Buffer
}

// onTerminal starts a command on a pseudo-terminal. The command is killed at the end of the test.
func (e *env) onTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), build(t, "cmd/discovery"), args...)
	cmd.Env = append(e.variables(), "TERM=xterm")
	file, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c := &terminal{t: t, cmd: cmd, pty: file, closed: make(chan struct{})}
	go func() {
		defer close(c.closed)
		buffer := make([]byte, 4096)
		for {
			n, err := file.Read(buffer)
			c.mu.Lock()
			c.screen.Write(buffer[:n])
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = file.Close()
		<-c.closed
	})
	return c
}

func (c *terminal) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.String()
}

// waitFor waits until the terminal shows a text.
func (c *terminal) waitFor(text string) {
	c.t.Helper()
	harness.Eventually(c.t, text+" on the terminal", func() bool { return strings.Contains(c.text(), text) })
}

func (c *terminal) enter(text string) {
	c.t.Helper()
	if _, err := c.pty.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// end waits until the command has ended and returns its exit code.
func (c *terminal) end() int {
	c.t.Helper()
	ended := make(chan int, 1)
	go func() {
		_ = c.cmd.Wait()
		<-c.closed
		ended <- c.cmd.ProcessState.ExitCode()
	}()
	select {
	case code := <-ended:
		return code
	case <-time.After(time.Minute):
		c.t.Fatalf("the command does not end:\n%s", c.text())
		return -1
	}
}

func TestASecretIsAskedForWithoutEcho(t *testing.T) {
	e := open(t)
	c := e.onTerminal(t, "connections", "create", "--vendor", "pluggy", "--name", "pluggy-main", "--base-url", e.vendor,
		"--account-ref", pluggysim.DemoItemID)
	c.waitFor("Enter the client id: ")
	c.enter(pluggysim.DemoClientID + "\r")
	c.waitFor("Enter the secret: ")
	c.enter(pluggysim.DemoClientSecret + "\r")
	if code := c.end(); code != 0 {
		t.Fatalf("the command ended with %d:\n%s", code, c.text())
	}
	if text := c.text(); strings.Contains(text, pluggysim.DemoClientID) ||
		strings.Contains(text, pluggysim.DemoClientSecret) {
		t.Errorf("the terminal shows the credential:\n%s", text)
	}
	e.must(t, "", "connections", "test", "pluggy-main")
}

func TestAnInterruptedPromptRestoresTheTerminal(t *testing.T) {
	e := open(t)
	c := e.onTerminal(t, "connections", "create", "--vendor", "pluggy", "--name", "pluggy-main", "--base-url", e.vendor,
		"--account-ref", pluggysim.DemoItemID)
	c.waitFor("Enter the client id: ")
	c.enter("\x03")
	if code := c.end(); code != 1 || !strings.Contains(c.text(), "interrupted") {
		t.Errorf("the command ended with %d:\n%s", code, c.text())
	}
}

func TestADeletionAsksForTheName(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	c := e.onTerminal(t, "connections", "delete", "pluggy-main")
	c.waitFor("Type pluggy-main to delete the connection: ")
	c.enter("pluggy\r")
	if code := c.end(); code != 1 || !strings.Contains(c.text(), "nothing was changed") {
		t.Errorf("with another name the command ended with %d:\n%s", code, c.text())
	}
	c = e.onTerminal(t, "connections", "delete", "pluggy-main")
	c.waitFor("Type pluggy-main to delete the connection: ")
	c.enter("pluggy-main\r")
	if code := c.end(); code != 0 || !strings.Contains(c.text(), "deleted pluggy-main") {
		t.Errorf("with the name the command ended with %d:\n%s", code, c.text())
	}
}

func TestProgressIsShownOnlyOnATerminal(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	c := e.onTerminal(t, "pulls", "start", "pluggy-main", "--wait")
	code := c.end()
	_, after, shown := strings.Cut(c.text(), "transactions read (")
	if last := strings.LastIndex(after, "transactions read ("); last >= 0 {
		after = after[last:]
	}
	if code != 0 || !shown || !strings.Contains(after, "\r\x1b[K") || !strings.Contains(after, "succeeded") {
		t.Errorf("on a terminal the command ended with %d and showed:\n%q", code, c.text())
	}
	_, fault, code := e.discovery(t, "", "pulls", "start", "pluggy-main", "--wait")
	if code != 0 || fault != "" {
		t.Errorf("without a terminal the command ended with %d and printed %q to the standard error", code, fault)
	}
}

func TestFollowPrintsNewItemsUntilItIsInterrupted(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	minted := object(t, e.must(t, "", "tokens", "create", "pluggy-main", "-o", "json"))
	changes := e.onTerminal(t, "changes", "--follow")
	deliveries := e.onTerminal(t, "deliveries", "list", "--follow", "-o", "json")
	changes.waitFor("CHANGE")
	e.send(t, minted["webhookUrl"].(string))
	changes.waitFor("TARIFA DE PACOTE")
	deliveries.waitFor("item/updated")
	for _, c := range []*terminal{changes, deliveries} {
		c.enter("\x03")
		if code := c.end(); code != 0 {
			t.Errorf("after Ctrl-C the command ended with %d:\n%s", code, c.text())
		}
	}
	if text := changes.text(); !strings.Contains(text, "next cursor: ") {
		t.Errorf("the cursor is not printed:\n%s", text)
	}
	if n := strings.Count(deliveries.text(), "item/updated"); n != 1 {
		t.Errorf("the delivery is printed %d times:\n%s", n, deliveries.text())
	}
}
