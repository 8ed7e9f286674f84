package erasing_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

var erasureRows = flag.Int("erasure-rows", 2000, "how many transactions the measured erasure erases")

// The memory that an erasure needs must not depend on the number of transactions.
func TestAnErasureNeedsLittleMemoryAndTime(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c := fillConnection(t, b, *erasureRows)
		began := time.Now()
		longest, heap := eraseAll(t, b, c)
		t.Logf("%d transactions: erased in %s, longest batch %s, heap at most %d MiB",
			*erasureRows, time.Since(began).Round(time.Millisecond), longest.Round(time.Millisecond), heap>>20)
		if heap > 200<<20 || longest > 10*time.Second {
			t.Errorf("the longest batch took %s, and the heap had %d MiB", longest, heap>>20)
		}
	})
}

// fillConnection stores a connection with n transactions of about 600 bytes. Each transaction has a second version.
func fillConnection(b testing.TB, s storetest.Backend, n int) domain.Connection {
	b.Helper()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: domain.TenantID{UUID: uuid.New()},
		Kind: domain.Aggregator, Name: "bench", Vendor: "pluggy", AccountRef: uuid.NewString(), Sealed: []byte{1},
		Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now,
	}
	must(s.Connections().Create(b.Context(), c, nil))
	p, err := s.Pulls().Request(b.Context(), c.Tenant, c.ID, ports.PullRequest{
		ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, Scope: domain.PullScope{Everything: true}, At: now,
	}, nil)
	must(err)
	lease := domain.Lease{ID: domain.LeaseID{UUID: uuid.New()}, Pull: p.ID, Tenant: p.Tenant, Until: now.Add(time.Hour)}
	_, err = s.Pulls().Claim(b.Context(), lease, now)
	must(err)
	const page = 1000
	for _, text := range []string{"first", "edited"} {
		for from := 0; from < n; from += page {
			rows := make([]domain.TransactionData, 0, page)
			for i := from; i < min(from+page, n); i++ {
				rows = append(rows, domain.TransactionData{
					ExternalID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Account: "account",
					Amount: domain.Money{Amount: decimal.New(int64(i), -2), Currency: "BRL"}, Status: domain.Posted,
					Date:        domain.Date(now.AddDate(0, 0, -i%700).Format(time.DateOnly)),
					Description: text + fmt.Sprint(" purchase number ", i), Metadata: json.RawMessage(benchMetadata),
				})
			}
			_, err := s.Pulls().StorePage(b.Context(), lease, ports.PageWrite{
				Accounts:     []domain.AccountData{{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"}},
				Transactions: rows, At: now, LeaseUntil: lease.Until,
				NewID: func() domain.TransactionID {
					return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())}
				},
			})
			must(err)
		}
	}
	return c
}

// benchMetadata has about the same size as a transaction in a response of a vendor.
var benchMetadata = `{"id":"` + fmt.Sprintf("%0450d", 1) + `"}`

// eraseAll erases the connection completely, in batches of 1,000 rows. It returns the duration of the longest batch,
// and the largest heap size in bytes.
func eraseAll(b testing.TB, s storetest.Backend, c domain.Connection) (longest time.Duration, heap uint64) {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	e, err := s.Erasures().Start(b.Context(), c.Tenant, c.ID, domain.ErasureRequest{
		ID: domain.ErasureID{UUID: uuid.Must(uuid.NewV7())}, At: now,
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for e.Passes < domain.ErasurePasses {
		began := time.Now()
		if e, err = s.Erasures().EraseBatch(b.Context(), e, now, now, 1000); err != nil {
			b.Fatal(err)
		}
		longest = max(longest, time.Since(began))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap = max(heap, m.HeapInuse)
	}
	e.Status = domain.ErasureDone
	if _, err := s.Erasures().End(b.Context(), e, now); err != nil {
		b.Fatal(err)
	}
	return longest, heap
}
