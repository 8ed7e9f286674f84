package recordstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// If records are listed page by page as they were at a past moment, the pages must together contain each record once.
// This must hold even if most records were added or changed after that moment.
func TestPagesAsOfAMoment(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		a := newPulledAccount(t, b, 1)
		dated := func(from, to int, amount int64) (rows []domain.TransactionData) {
			for n := from; n < to; n++ {
				data := row(1000+n, amount)
				data.Date = domain.Date(time.Date(2026, 3, 1+n/2, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
				rows = append(rows, data)
			}
			return rows
		}
		before := a.list(domain.MaxLimit, time.Time{})
		a.at = a.at.Add(time.Minute)
		a.store(ports.PageWrite{Transactions: dated(0, 40, 1)})
		present := a.list(domain.MaxLimit, time.Time{})
		middle := a.at
		a.at = a.at.Add(time.Minute)
		a.store(ports.PageWrite{Transactions: append(dated(10, 20, 2), dated(40, 100, 3)...)})

		for name, c := range map[string]struct {
			at   time.Time
			want []string
		}{
			"before most": {middle.Add(-time.Second), before}, "in the middle": {middle, present},
			"before all": {middle.Add(-time.Hour), nil}, "at the end": {a.at, a.list(domain.MaxLimit, time.Time{})},
		} {
			for _, limit := range []int{1, 2, 5, domain.MaxLimit} {
				if diff := cmp.Diff(c.want, a.list(limit, c.at)); diff != "" {
					t.Errorf("%s, pages of %d (-want +got):\n%s", name, limit, diff)
				}
			}
		}
		late, err := b.Ledger().Transactions(t.Context(), a.connection.Tenant, a.connection.ID,
			ports.TransactionFilter{AsOf: middle, ExternalID: "row 0"}, domain.PageRequest{Limit: 5})
		if err != nil || len(late.Items) != 1 || !late.Next.IsZero() {
			t.Errorf("%d records with an external id: %v", len(late.Items), err)
		}
	})
}

// list reads all records of the connection as they were at a moment, page by page. If the moment is zero, it reads
// the present records.
func (a *pulledAccount) list(limit int, at time.Time) (texts []string) {
	a.Helper()
	page := domain.PageRequest{Limit: limit}
	for range 1000 {
		found, err := a.Ledger().Transactions(a.Context(), a.connection.Tenant, a.connection.ID,
			ports.TransactionFilter{AsOf: at}, page)
		a.must(err)
		for _, t := range found.Items {
			texts = append(texts, fmt.Sprint(t.ExternalID, " v", t.Version, " ", t.Date, " ", t.Amount.Amount))
		}
		if page.After = found.Next; page.After.IsZero() {
			return texts
		}
	}
	a.Fatal("the list does not end")
	return nil
}
