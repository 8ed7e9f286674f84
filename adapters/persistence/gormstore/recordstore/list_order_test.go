package recordstore_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// indexReads counts the calls of ReadByIndex.
type indexReads struct {
	gormstore.Dialect
	calls int
}

// ReadByIndex counts the call.
func (d *indexReads) ReadByIndex(tx *gorm.DB) error {
	d.calls++
	return d.Dialect.ReadByIndex(tx)
}

// Without statistics, PostgreSQL expects so few transactions that it reads and sorts all of a connection to find the
// last one that a page may examine. A list whose filter no index serves must therefore ask for the order of an index.
func TestListsWithoutAnIndexAreReadInOrder(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		p.store(ports.PageWrite{Transactions: ordinaryRows("row", 3)})
		core, counted := *b.Core(), &indexReads{}
		counted.Dialect = core.Dialect
		core.Dialect = counted
		ledger := recordstore.NewLedger(&core)
		for filter, scans := range map[ports.TransactionFilter]bool{
			{}:                             false,
			{Status: domain.Pending}:       false,
			{ExternalID: "row"}:            false,
			{Status: domain.Posted}:        true,
			{Account: p.account()}:         true,
			{Pull: p.lease.Pull}:           true,
			{AsOf: p.now.AddDate(1, 0, 0)}: true,
		} {
			counted.calls = 0
			page, err := ledger.Transactions(t.Context(), p.c.Tenant, p.c.ID, filter, domain.PageRequest{Limit: 2})
			p.must(err)
			if want := scans && core.Dialect.HasStatistics(); (counted.calls > 0) != want {
				t.Errorf("%+v: %d requests for the order of an index, want some: %t", filter, counted.calls, want)
			}
			if n := len(page.Items); n != 2 && filter.Status != domain.Pending && filter.ExternalID == "" {
				t.Errorf("%+v: %d transactions", filter, n)
			}
		}
	})
}

// account returns the id of the account of the connection.
func (p *pulled) account() domain.AccountID {
	p.t.Helper()
	accounts, err := p.Ledger().
		Accounts(p.t.Context(), p.c.Tenant, ports.AccountFilter{Connection: p.c.ID}, domain.PageRequest{Limit: 1})
	p.must(err)
	return accounts.Items[0].ID
}

// No index contains a tax number and the connection. A search for both examines a limited number of transactions for a
// page, which may all belong to other connections.
func TestASearchForAFrequentValueInOneConnectionEndsEarly(t *testing.T) {
	const others = 1203
	document := domain.PartyDocument{Type: domain.CNPJ, Value: "11222333000181"}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		rows := func(n int, prefix string, date domain.Date) []domain.TransactionData {
			rows := ordinaryRows(prefix, n)
			for i := range rows {
				rows[i].CounterpartyDocument, rows[i].Date = document, date
			}
			return rows
		}
		p.store(ports.PageWrite{Transactions: rows(3, "own", "2026-01-02")})
		other := newPulledOf(t, b, p.c.Tenant, "other")
		for i := range 3 {
			other.store(ports.PageWrite{Transactions: rows(others/3, fmt.Sprint("other", i), "2026-03-10")})
		}
		var found []domain.Transaction
		pages, page := 0, domain.PageRequest{Limit: 2}
		for {
			list, err := b.Ledger().Search(t.Context(), p.c.Tenant,
				domain.TransactionSearch{Document: document, Connection: p.c.ID}, page)
			p.must(err)
			pages, found = pages+1, append(found, list.Items...)
			if page.After = list.Next; page.After.IsZero() {
				break
			}
		}
		if len(found) != 3 || pages != 3 {
			t.Errorf("%d transactions on %d pages, want 3 on 3, the first without any", len(found), pages)
		}
	})
}
