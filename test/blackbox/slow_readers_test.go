package blackbox_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	slowReaders   = 12
	largeRecords  = 300
	activeTenants = 2
	// maxMemoryOfTenants is the maximum resident memory, in bytes, while these tenants are active.
	maxMemoryOfTenants = (100 + 64*activeTenants) << 20
	// slowestNeighbour is the time within which nearly all requests of another tenant must be answered.
	slowestNeighbour = 500 * time.Millisecond
)

// Twelve clients of one tenant request pages of the change feed whose rows have 250,000 bytes of metadata, and read no
// response. The process must hold little memory for them, and must answer another tenant quickly.
func TestReadersThatDoNotReadHoldLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process can be read only on Linux")
	}
	for name, tc := range map[string]struct {
		database func(*testing.T) string
		metadata string
	}{
		"sqlite": {
			func(*testing.T) string { return "" },
			`CAST('{"x":"' || hex(randomblob(124990)) || '"}' AS BLOB)`,
		},
		"postgres": {
			func(t *testing.T) string { return newDatabase(t).url },
			`convert_to('{"x":"' || (SELECT string_agg(md5(n || '.' || i), '') FROM generate_series(1, 7812) AS i) || '"}', 'UTF8')`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newEnv(t, tc.database(t))
			p := h.serve()
			p.ready()
			l := newPluggy(t, 1, 10)
			l.connect(h, p)
			l.mustPost(t, p, l.fullPullEvent())
			h.settle(p, l.id)
			account := text(h.all(p, "/aggregator-connections/"+l.id+"/accounts")[0], "id")
			h.copyRecords(t, account, largeRecords, map[string]string{"metadata": tc.metadata})
			p.stop()
			p = h.serve() // a new process, whose memory does not include that of the preparation
			p.ready()
			h.checkSlowReaders(t, p)
			if n := len(h.readWholeFeed(t, p)); n < largeRecords {
				t.Errorf("the feed has %d changes, want at least %d", n, largeRecords)
			}
		})
	}
}

// checkSlowReaders opens the connections of the slow readers, and meanwhile sends requests of another tenant.
func (h *env) checkSlowReaders(t *testing.T, p *process) {
	t.Helper()
	neighbour := *h
	neighbour.tenant = uuid.NewString()
	neighbour.renewToken()
	before := residentMemory(t, p)
	for range slowReaders {
		defer h.requestWithoutReading(t, p, "/transactions/changes?limit=1000")()
	}
	var took []time.Duration
	peak := before
	for range 250 {
		started := time.Now()
		answer, err := neighbour.try(t.Context(), p, http.MethodGet, surface+"/aggregator-connections", nil)
		if err != nil || answer.status != http.StatusOK {
			t.Fatalf("another tenant got %d, %v", answer.status, err)
		}
		took = append(took, time.Since(started))
		peak = max(peak, residentMemory(t, p))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	if p95 > slowestNeighbour {
		t.Errorf("the 95th percentile of another tenant's requests is %s", p95)
	}
	if peak > maxMemoryOfTenants {
		t.Errorf("the process used %d MiB, want at most %d MiB", peak>>20, maxMemoryOfTenants>>20)
	}
	t.Logf("memory %d MiB before, at most %d MiB; another tenant: %d requests, 95th percentile %s",
		before>>20, peak>>20, len(took), p95)
}

// requestWithoutReading sends a request and reads no response. The returned function closes the connection.
func (h *env) requestWithoutReading(t *testing.T, p *process, path string) (end func()) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.baseURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_ = connection.(*net.TCPConn).SetReadBuffer(4 << 10)
	_, err = fmt.Fprintf(connection, "GET %s%s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n\r\n",
		surface, path, h.token)
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = connection.Close() }
}

// readWholeFeed reads the change feed from its beginning to its end.
func (h *env) readWholeFeed(t *testing.T, p *process) (changes []any) {
	t.Helper()
	for cursor := ""; ; {
		answer, err := h.try(t.Context(), p, http.MethodGet, surface+"/transactions/changes?limit=1000"+cursor, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.status == http.StatusTooManyRequests {
			time.Sleep(time.Second) // the memory of the readers that were closed is not released yet
			continue
		}
		if len(answer.raw) > 5<<20 {
			t.Errorf("a page of %d bytes", len(answer.raw))
		}
		items, _ := answer.body["items"].([]any)
		changes = append(changes, items...)
		if answer.body["hasMore"] != true {
			return changes
		}
		cursor = "&cursor=" + text(answer.body, "nextCursor")
	}
}
