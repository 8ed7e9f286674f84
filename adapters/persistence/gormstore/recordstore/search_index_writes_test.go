package recordstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// indexWrites counts the rows of the search index that each transaction replaces.
type indexWrites struct {
	gormstore.Dialect
	rows []int
}

// ReplaceIndexed counts the rows.
func (d *indexWrites) ReplaceIndexed(
	tx *gorm.DB, tenant uuid.UUID, outdated, added []gormstore.IndexedRow,
) error {
	d.rows = append(d.rows, len(outdated))
	return d.Dialect.ReplaceIndexed(tx, tenant, outdated, added)
}

// A vendor chooses how long texts are and how often they change. On SQLite, all tenants wait while the terms of texts
// are deleted from the index, so one transaction deletes few of them. A record that is removed keeps its terms.
func TestTheIndexIsChangedInShortTransactions(t *testing.T) {
	const n = 12
	texts := func(word string) (rows []domain.TransactionData) {
		for i := range n {
			money, _ := domain.ParseMoney("-50", "BRL")
			rows = append(rows, domain.TransactionData{
				ExternalID: fmt.Sprint("row ", i), Account: "account", Amount: money, Status: domain.Posted,
				Date: "2026-03-10", Description: strings.Repeat(word+" ", 1000/len(word)),
			})
		}
		return rows
	}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		core, counted := *b.Core(), &indexWrites{}
		counted.Dialect = core.Dialect
		core.Dialect = counted
		ledger := recordstore.NewLedger(&core)
		index := func() []int {
			t.Helper()
			counted.rows = nil
			for indexed := 1; indexed > 0; {
				var err error
				indexed, err = ledger.IndexTexts(t.Context(), 1000)
				p.must(err)
			}
			return counted.rows
		}
		finds := func(text string) int {
			t.Helper()
			page, err := b.Ledger().Search(t.Context(), p.c.Tenant, domain.TransactionSearch{Text: text},
				domain.PageRequest{Limit: 50})
			p.must(err)
			return len(page.Items)
		}
		p.store(ports.PageWrite{Transactions: texts("mercado")})
		if got := index(); !slices.Equal(got, []int{0}) || finds("mercado") != n {
			t.Errorf("new texts: rows replaced %v, found %d", got, finds("mercado"))
		}
		p.store(ports.PageWrite{Transactions: texts("farmacia")})
		if got := index(); len(got) < n/3 || slices.Max(got) > 3 || finds("farmacia") != n || finds("mercado") != 0 {
			t.Errorf("changed texts: rows replaced %v, found %d and %d", got, finds("farmacia"), finds("mercado"))
		}
		var removed []string
		for _, row := range texts("farmacia") {
			removed = append(removed, row.ExternalID)
		}
		before := indexedRows(t, b)
		p.store(ports.PageWrite{Removed: removed, Confirmed: true})
		if got := index(); !slices.Equal(got, []int{n}) {
			t.Errorf("removed records: rows replaced %v", got)
		}
		if after := indexedRows(t, b); !slices.Equal(before, after) {
			t.Errorf("the terms of removed records were written again: rows %v, before %v", after, before)
		}
	})
}

// indexedRows returns the keys of the rows of search_texts on SQLite, and nothing on other databases.
func indexedRows(t *testing.T, b storetest.Backend) (rows []int64) {
	t.Helper()
	if b.GORM.Name() != "sqlite" {
		return nil
	}
	if err := b.GORM.Table("search_index").Order("id").Pluck("id", &rows).Error; err != nil {
		t.Fatal(err)
	}
	return rows
}
