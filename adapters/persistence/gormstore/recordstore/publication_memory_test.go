package recordstore_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

var publishedRows = flag.Int("published-rows", 3000, "how many transactions the measured publication continues")

// A publication must keep only the rows of some days in memory, and not all rows of the account. In this test, half of
// the rows have an institution key; the others are matched by their descriptions.
func TestAPublicationNeedsLittleMemory(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		n := *publishedRows
		w, lease := stageRows(t, b, n)
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		stop, highest := make(chan struct{}), make(chan uint64)
		go func() {
			var top uint64
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapInuse)
				select {
				case <-stop:
					highest <- top
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}()
		began := time.Now()
		published, err := b.Pulls().Publish(t.Context(), lease, w)
		took := time.Since(began)
		close(stop)
		top := <-highest
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d transactions: published in %s, heap at most %d MiB, before %d MiB", n, took.Round(time.Millisecond),
			top>>20, before.HeapInuse>>20)
		if want := (domain.Counts{Accounts: 1, Modified: n, IDChanges: n}); published.Counts != want {
			t.Errorf("counts %+v, want %+v", published.Counts, want)
		}
		if limit := before.HeapInuse + 100<<20 + 500*uint64(n); top > limit {
			t.Errorf("the heap had %d MiB, the limit is %d MiB", top>>20, limit>>20)
		}
	})
}

// stageRows stores n transactions of one account over two years, and stages the same movements under another account
// reference. It returns the arguments of Publish for the staged rows.
func stageRows(b testing.TB, s storetest.Backend, n int) (ports.Publication, domain.Lease) {
	b.Helper()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	newID := func() domain.TransactionID { return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())} }
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: domain.TenantID{UUID: uuid.New()},
		Kind: domain.Aggregator, Name: "bench", Vendor: "pluggy", AccountRef: "item-1", Sealed: []byte{1},
		Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now,
	}
	must(s.Connections().Create(b.Context(), c, nil))
	p, err := s.Pulls().Request(b.Context(), c.Tenant, c.ID, ports.PullRequest{
		ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, Scope: domain.PullScope{Everything: true}, At: now,
	}, nil)
	must(err)
	lease := domain.Lease{ID: domain.LeaseID{UUID: uuid.New()}, Pull: p.ID, Until: now.Add(time.Hour)}
	_, err = s.Pulls().Claim(b.Context(), lease, now)
	must(err)
	lease.Tenant = c.Tenant
	account := domain.AccountData{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"}
	store := func(prefix string, staged *ports.Staging) {
		const page = 1000
		for from := 0; from < n; from += page {
			w := ports.PageWrite{
				At: now, LeaseUntil: lease.Until, AccountRef: "item-1", NewID: newID, Staged: staged,
				Accounts: []domain.AccountData{account},
			}
			for i := from; i < min(from+page, n); i++ {
				// 64 random letters, which differ for each row, because the seed is the number of the row
				text, r := &strings.Builder{}, rand.New(rand.NewPCG(uint64(i), 1))
				for range 64 {
					text.WriteByte(byte('a' + r.IntN(26)))
				}
				w.Transactions = append(w.Transactions, domain.TransactionData{
					ExternalID: fmt.Sprintf("%s-0000-4000-8000-%012d", prefix, i),
					Account:    "account",
					Amount: domain.Money{
						Amount:   decimal.New(int64(i%997)+1, -2),
						Currency: "BRL",
					},
					Status:      domain.Posted,
					Date:        domain.Date(now.AddDate(0, 0, -i%700).Format(time.DateOnly)),
					Description: text.String(),
					Metadata:    json.RawMessage(benchMetadata),
					Category:    fmt.Sprint(i),
				})
			}
			_, err := s.Pulls().StorePage(b.Context(), lease, w)
			must(err)
		}
	}
	store("00000000", nil)
	c, err = s.Connections().Update(b.Context(), c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, "item-2", now)
		return nil
	})
	must(err)
	store("11111111", &ports.Staging{Step: 0})
	accounts, err := s.Ledger().
		Accounts(b.Context(), c.Tenant, ports.AccountFilter{Connection: c.ID}, domain.PageRequest{Limit: 1})
	must(err)
	return ports.Publication{
		Target: c.Target(), AccountRef: "item-2", NewID: newID, At: now, LeaseUntil: lease.Until,
		Accounts: []ports.PublishedAccount{{Data: account, Listed: true, Continues: accounts.Items[0].ID}},
		Matching: &ports.Matching{RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
			var keys domain.InstitutionKeys
			if len(data.Category)%2 == 0 {
				keys.Transaction = data.Category
			}
			return banktext.NewRow(data, account, keys)
		}},
	}, lease
}

// benchMetadata has about the same size as a transaction in a response of a vendor.
var benchMetadata = `{"id":"` + fmt.Sprintf("%0450d", 1) + `"}`
