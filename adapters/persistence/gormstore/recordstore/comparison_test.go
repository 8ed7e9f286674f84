package recordstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// pulled is a connection with a running pull.
type pulled struct {
	storetest.Backend
	t     testing.TB
	pulls ports.Pulls // Backend.Pulls unless a test changes it
	c     domain.Connection
	lease domain.Lease
	now   time.Time
}

func newPulled(t testing.TB, b storetest.Backend) *pulled {
	t.Helper()
	return newPulledOf(t, b, domain.TenantID{UUID: uuid.New()}, "compared")
}

// newPulledOf is like newPulled, for a connection of the tenant.
func newPulledOf(t testing.TB, b storetest.Backend, tenant domain.TenantID, name string) *pulled {
	t.Helper()
	p := &pulled{Backend: b, t: t, pulls: b.Pulls(), now: time.Now().UTC().Truncate(time.Microsecond)}
	p.c = domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: tenant,
		Kind: domain.Aggregator, Name: name, Vendor: "pluggy", AccountRef: "item-1", Sealed: []byte{1},
		Revision: 1, CreatedAt: p.now, UpdatedAt: p.now, TargetChangedAt: p.now,
	}
	p.must(b.Connections().Create(t.Context(), p.c, nil))
	request := ports.PullRequest{
		ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, Scope: domain.PullScope{Everything: true}, At: p.now,
	}
	pull, err := b.Pulls().Request(t.Context(), p.c.Tenant, p.c.ID, request, nil)
	p.must(err)
	p.lease = domain.Lease{ID: domain.LeaseID{UUID: uuid.New()}, Pull: pull.ID, Until: p.now.Add(time.Hour)}
	_, err = b.Pulls().Claim(t.Context(), p.lease, p.now)
	p.must(err)
	p.lease.Tenant = p.c.Tenant
	return p
}

func (p *pulled) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func newRecordID() domain.TransactionID { return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())} }

// store stores a page.
func (p *pulled) store(w ports.PageWrite) domain.Counts {
	p.t.Helper()
	w.At, w.LeaseUntil, w.NewID = p.now, p.lease.Until, newRecordID
	w.Accounts = []domain.AccountData{{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"}}
	if w.AccountRef == "" {
		w.AccountRef = "item-1"
	}
	counts, err := p.pulls.StorePage(p.t.Context(), p.lease, w)
	p.must(err)
	return counts
}

// records returns the records of the connection by external id.
func (p *pulled) records() map[string]domain.Transaction {
	p.t.Helper()
	found := map[string]domain.Transaction{}
	page := domain.PageRequest{Limit: 200}
	for {
		list, err := p.Ledger().Transactions(p.t.Context(), p.c.Tenant, p.c.ID, ports.TransactionFilter{}, page)
		p.must(err)
		for _, record := range list.Items {
			found[record.ExternalID] = record
		}
		if page.After = list.Next; page.After.IsZero() {
			return found
		}
	}
}

// longRows returns n rows of one amount and day, each with a text of 600 words. The words of a row are the same in each
// call, and the external ids begin with the prefix.
func longRows(prefix string, n int) []domain.TransactionData {
	rows := make([]domain.TransactionData, n)
	for i := range rows {
		var text strings.Builder
		for word := range 600 {
			fmt.Fprintf(&text, "%c%c%c%03d ", 'a'+i%26, 'a'+i/26%26, 'a'+i/676, word)
		}
		money, _ := domain.ParseMoney("-50", "BRL")
		rows[i] = domain.TransactionData{
			ExternalID: fmt.Sprintf("%s%06d", prefix, i), Account: "account", Amount: money, Status: domain.Posted,
			Date: "2026-03-10", Description: text.String(),
		}
	}
	return rows
}

// onFirstRow returns rules that call fn when the first row is compared.
func onFirstRow(fn func()) *ports.Matching {
	var once sync.Once
	return &ports.Matching{RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
		once.Do(fn)
		return banktext.NewRow(data, account, domain.InstitutionKeys{})
	}}
}

// stage stages rows under a new account reference, and returns their publication.
func (p *pulled) stage(rows []domain.TransactionData, rules *ports.Matching) ports.Publication {
	p.t.Helper()
	c, err := p.Connections().
		Update(p.t.Context(), p.c.Tenant, p.c.Kind, p.c.ID, nil, func(c *domain.Connection) error {
			c.Repoint(c.BaseURL, "item-2", p.now)
			return nil
		})
	p.must(err)
	p.store(ports.PageWrite{Transactions: rows, Staged: &ports.Staging{}, AccountRef: "item-2"})
	accounts, err := p.Ledger().
		Accounts(p.t.Context(), p.c.Tenant, ports.AccountFilter{Connection: p.c.ID}, domain.PageRequest{Limit: 1})
	p.must(err)
	return ports.Publication{
		Target: c.Target(), AccountRef: "item-2", NewID: newRecordID, At: p.now, LeaseUntil: p.lease.Until,
		Accounts: []ports.PublishedAccount{{
			Data:   domain.AccountData{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"},
			Listed: true, Continues: accounts.Items[0].ID,
		}},
		Matching: rules,
	}
}

// comparedWrites are the writes that compare rows: all ids of the account change at once.
var comparedWrites = map[string]func(p *pulled, rows []domain.TransactionData, rules *ports.Matching) domain.Counts{
	"publication": func(p *pulled, rows []domain.TransactionData, rules *ports.Matching) domain.Counts {
		published, err := p.pulls.Publish(p.t.Context(), p.lease, p.stage(rows, rules))
		p.must(err)
		return published.Counts
	},
	"sweep": func(p *pulled, rows []domain.TransactionData, rules *ports.Matching) domain.Counts {
		counts, err := p.pulls.Sweep(p.t.Context(), p.lease, ports.SweepWrite{
			Seen: func(id string) bool { return strings.HasPrefix(id, "new") }, Proof: domain.OneRead,
			Page: ports.PageWrite{
				Transactions: rows, NewID: newRecordID, Matching: rules,
			},
			At: p.now, LeaseUntil: p.lease.Until,
		})
		p.must(err)
		return counts
	},
	"page": func(p *pulled, rows []domain.TransactionData, rules *ports.Matching) domain.Counts {
		var removed []string
		for i := range rows {
			removed = append(removed, strings.Replace(rows[i].ExternalID, "new", "old", 1))
		}
		return p.store(ports.PageWrite{
			Transactions: rows, Removed: removed, Confirmed: true, Matching: rules,
		})
	},
}

// The vendor of one tenant chooses how long a comparison takes. While rows are compared, another tenant can write.
func TestNoWriterWaitsWhileRowsAreCompared(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		for name, write := range comparedWrites {
			t.Run(name, func(t *testing.T) {
				p, other := newPulled(t, b), newPulled(t, b)
				p.store(ports.PageWrite{Transactions: longRows("old", n)})
				compared := false
				counts := write(p, longRows("new", n), onFirstRow(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // only a waiting writer needs it
					defer cancel()
					_, err := other.Pulls().StorePage(ctx, other.lease, ports.PageWrite{
						Transactions: longRows(
							"x",
							1,
						),
						NewID:      newRecordID,
						At:         other.now,
						LeaseUntil: other.lease.Until,
					})
					if compared = true; err != nil {
						t.Errorf("another tenant cannot write: %v", err)
					}
				}))
				if !compared || counts.Added+counts.Modified < n {
					t.Errorf("rows were compared: %v, counts: %+v", compared, counts)
				}
			})
		}
	})
}

// The compared records change while they are compared. The rows are compared again.
func TestAnOutdatedPlanIsNotPublished(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		row := longRows("old", 2)
		p.store(ports.PageWrite{Transactions: row})
		stored := p.records()
		pair := ports.RecordPair{Old: stored["old000000"].ID, New: stored["old000001"].ID}
		compared := 0
		rules := onFirstRow(func() {
			p.must(b.Ledger().Dismiss(t.Context(), p.c.Tenant, []ports.RecordPair{pair}, ports.Decision{At: p.now}))
		})
		rules.Compared = func(matching.Cost) { compared++ }
		published, err := p.Pulls().Publish(t.Context(), p.lease, p.stage(longRows("new", 2), rules))
		p.must(err)
		if want := (domain.Counts{Accounts: 1, Modified: 2, IDChanges: 2}); published.Counts != want || compared != 2 {
			t.Errorf("counts %+v, want %+v, after %d comparisons", published.Counts, want, compared)
		}
	})
}
