package blackbox_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	floodConnections = 2000
	floodBody        = 1 << 20 // the maximum length of a webhook's body, in bytes
	// maxMemory is the maximum memory, in bytes, that the process may use during the flood.
	maxMemory = 256 << 20
	// slowestWebhook is the time within which nearly all webhooks with a valid token must get their responses during
	// the flood.
	slowestWebhook = 2 * time.Second
)

// Two thousand callers without a valid token each send a webhook of 1 MiB whose last byte never arrives.
// The process must not buffer all of these bodies, and a vendor's webhook must still be accepted.
func TestAFloodOfLargeWebhooksUsesLimitedMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process can be read only on Linux")
	}
	h := newEnv(t, "")
	p := h.serve()
	p.ready()
	l := newPluggy(t, 1, 5)
	l.connect(h, p)
	before := residentMemory(t, p)
	flood := startFlood(t, p)
	peak := before
	var took []time.Duration
	for number := range 150 {
		started := time.Now()
		status, _ := l.post(t.Context(), p, fmt.Appendf(nil, `{"event":"item/updated","eventId":"flood-%d"}`, number))
		if status != http.StatusAccepted {
			t.Errorf("a good webhook got %d during the flood, want 202", status)
		}
		took = append(took, time.Since(started))
		peak = max(peak, residentMemory(t, p))
		time.Sleep(20 * time.Millisecond)
	}
	flood()
	if peak > maxMemory {
		t.Errorf("the process used %d MiB, want at most %d MiB", peak>>20, maxMemory>>20)
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	if p95 > slowestWebhook {
		t.Errorf("the 95th percentile of good webhooks is %v, want at most %v", p95, slowestWebhook)
	}
	t.Logf("memory %d MiB before, at most %d MiB during the flood; 95th percentile of webhooks %v, slowest %v",
		before>>20, peak>>20, p95, took[len(took)-1])
}

// startFlood opens the connections of the flood and starts to send the webhook bodies on them. The returned function
// closes them.
func startFlood(t *testing.T, p *process) (end func()) {
	t.Helper()
	address := strings.TrimPrefix(p.baseURL(), "http://")
	connections := make([]net.Conn, 0, floodConnections)
	var senders sync.WaitGroup
	for i := range floodConnections {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		// The buffer is small, because the kernel must not hold all the bodies.
		_ = connection.(*net.TCPConn).SetWriteBuffer(16 << 10)
		connections = append(connections, connection)
		senders.Go(func() {
			_, _ = fmt.Fprintf(connection, "POST %s/webhooks/pluggy/made-up-%d HTTP/1.1\r\nHost: h\r\n"+
				"Content-Length: %d\r\n\r\n", surface, i, floodBody)
			_, _ = io.CopyN(connection, zeros{}, floodBody-1)
		})
	}
	return func() {
		for _, connection := range connections {
			_ = connection.Close()
		}
		senders.Wait()
	}
}

// zeros is a reader that returns zero bytes without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// residentMemory returns the memory that the process uses, in bytes.
func residentMemory(t *testing.T, p *process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	line, _, _ := strings.Cut(rest, " kB")
	kilobytes, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
