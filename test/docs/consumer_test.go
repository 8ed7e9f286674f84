package docs_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	kills = flag.Int("kills", 25, "how often the consumer is killed")
	seed  = flag.Uint64("seed", 0, "seed of the random choices; 0 draws one")
)

// TestTheConsumerSurvivesKills kills the program examples/go, a consumer of the change feed, at random points while
// rows change. Sometimes it also truncates the consumer's file, as a power failure can. In the end, the consumer's copy
// must equal the table.
func TestTheConsumerSurvivesKills(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed=%d -kills=%d", *seed, *kills)
	binary := filepath.Join(t.TempDir(), "consumer")
	if out, err := exec.Command("go", "build", "-o", binary, "../../examples/go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	each(t, func(t *testing.T, w *env) {
		random := rand.New(rand.NewPCG(*seed, 0))
		c := consumer{t, binary, filepath.Join(t.TempDir(), "ledger.jsonl"), w}
		editing, stop := context.WithCancel(t.Context())
		var editor sync.WaitGroup
		editor.Go(func() { w.edit(editing, t) })
		cut := 0
		for range *kills {
			c.runAndKill(5*time.Millisecond + time.Duration(random.Int64N(int64(250*time.Millisecond))))
			if random.IntN(4) == 0 {
				c.truncateState(random)
				cut++
			}
		}
		stop()
		editor.Wait()
		want := w.table(t)
		if diff := cmp.Diff(want, c.readCopy()); diff != "" {
			t.Errorf("the copy differs from the table (-table +copy):\n%.3000s", diff)
		}
		t.Logf("%d rows, %d kills, %d cuts", len(want), *kills, cut)
	})
}

// consumer runs the example examples/go as a process.
type consumer struct {
	t             *testing.T
	binary, state string
	*env
}

func (c consumer) command(ctx context.Context, more ...string) *exec.Cmd {
	cmd := exec.CommandContext(
		ctx,
		c.binary,
		append([]string{"-url", c.url, "-state", c.state, "-limit", "7", "-wait", "1s"}, more...)...)
	cmd.Env = append(os.Environ(), "TOKEN="+c.token)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// runAndKill runs the consumer for the given time and then kills it with SIGKILL.
func (c consumer) runAndKill(life time.Duration) {
	c.t.Helper()
	ctx, kill := context.WithTimeout(c.t.Context(), life)
	defer kill()
	var fault bytes.Buffer
	cmd := c.command(ctx)
	cmd.Stderr = &fault
	if err := cmd.Run(); ctx.Err() == nil {
		c.t.Fatalf("it ended by itself: %v\n%s", err, fault.String())
	}
}

// truncateState removes a random number of bytes from the end of the consumer's file.
func (c consumer) truncateState(random *rand.Rand) {
	c.t.Helper()
	info, err := os.Stat(c.state)
	if err != nil || info.Size() == 0 {
		return // the consumer was killed before it created the file
	}
	if err := os.Truncate(c.state, info.Size()-random.Int64N(min(info.Size(), 3000))); err != nil {
		c.t.Fatal(err)
	}
}

// readCopy runs the consumer until it has read the whole feed, and returns its copy of the rows by id.
func (c consumer) readCopy() map[string]string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	out, err := c.command(ctx, "-once").Output()
	if err != nil {
		c.t.Fatalf("it does not catch up: %v", err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(out)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if rows[id] != "" {
			c.t.Errorf("%s is in the copy twice", id)
		}
		rows[id] = rest
	}
	return rows
}

// table returns the rows by id. It reads them with the service's list method and not from the feed. Each row is in the
// form in which the consumer prints it.
func (w *env) table(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	connections, err := w.app.Service.ListConnections(
		t.Context(),
		w.tenant,
		ports.ConnectionFilter{},
		domain.PageRequest{Limit: domain.MaxLimit},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range connections.Items {
		for after := (domain.Position{}); ; {
			page, err := w.app.Service.ListTransactions(t.Context(), w.tenant, c.ID, ports.TransactionFilter{},
				domain.PageRequest{Limit: domain.MaxLimit, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Items {
				gone := map[bool]string{false: " removed"}[row.RemovedAt.IsZero()]
				rows[row.ID.String()] = fmt.Sprintf(
					"v%d %s %s %s%s",
					row.Version,
					row.Date,
					row.Amount.Amount,
					row.Amount.Currency,
					gone,
				)
			}
			if after = page.Next; after.IsZero() {
				break
			}
		}
	}
	if len(rows) == 0 {
		t.Error("the table is empty: nothing was tested")
	}
	return rows
}

// edit adds, changes and removes rows of two connections until ctx ends. Nothing else writes these rows.
func (w *env) edit(ctx context.Context, t *testing.T) {
	leases := []domain.Lease{w.lease(t, "a"), w.lease(t, "b")}
	random := rand.New(rand.NewPCG(*seed, 1))
	for ctx.Err() == nil {
		page := ports.PageWrite{
			NewID: func() domain.TransactionID { return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())} },
			At:    time.Now(), LeaseUntil: time.Now().Add(2 * time.Hour),
		}
		changed := map[string]domain.TransactionData{}
		for range 1 + random.IntN(12) {
			id := fmt.Sprint(random.IntN(150))
			changed[id] = domain.TransactionData{
				ExternalID: id, Date: "2026-03-01", Status: domain.Posted,
				Amount: domain.Money{Amount: decimal.New(random.Int64N(1e6), -2), Currency: "BRL"},
			}
		}
		page.Transactions = slices.Collect(maps.Values(changed))
		if random.IntN(3) == 0 {
			page.Removed = []string{fmt.Sprint(random.IntN(150))}
		}
		if _, err := w.app.Stores.Pulls.StorePage(t.Context(), leases[random.IntN(len(leases))], page); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(random.Int64N(int64(10 * time.Millisecond)))):
		}
	}
}

// lease creates a connection with a pull, and returns a lease of that pull. The test needs the lease to write rows.
//
// A worker of the service may have claimed the pull first. This worker cannot open the credential, so it schedules the
// next attempt or still holds its own lease. The claim below therefore uses a time one hour in the future. At that
// time, the attempt is due and the worker's lease has expired.
func (w *env) lease(t *testing.T, name string) domain.Lease {
	stores, now := w.app.Stores, time.Now().UTC().Truncate(time.Microsecond)
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: w.tenant, Kind: domain.Aggregator, Name: name,
		Vendor: "pluggy", Sealed: domain.Sealed("none"), Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := stores.Connections.Create(t.Context(), c, nil); err != nil {
		t.Error(err)
	}
	pull, err := stores.Pulls.Request(
		t.Context(),
		w.tenant,
		c.ID,
		ports.PullRequest{ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, At: now}, nil,
	)
	if err != nil {
		t.Error(err)
	}
	later := now.Add(time.Hour)
	lease := domain.Lease{
		ID:     domain.LeaseID{UUID: uuid.Must(uuid.NewV7())},
		Pull:   pull.ID,
		Tenant: pull.Tenant,
		Until:  later.Add(time.Hour),
	}
	if _, err := stores.Pulls.Claim(t.Context(), lease, later); err != nil {
		t.Error(err)
	}
	return lease
}
