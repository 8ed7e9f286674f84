package gormstore_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// The facts of a connection must not cost a read of all accounts of its tenant: with 200 connections of 5,000, these
// were a million reads, and the page of their health took seconds. SQLite has no statistics in a new database, and
// would choose the index over the tenant.
func TestTheFactsOfAConnectionReadNoAccountsOfOthers(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		if b.GORM.Name() != "sqlite" {
			t.Skip("PostgreSQL plans with statistics")
		}
		query := gormstore.SelectedFactsQuery(b.Core().Dialect)
		query = strings.NewReplacer("$1", "'tenant'", "$2", `'["connection"]'`).Replace(query)
		plan := explained(t, b.GORM, "", query)
		correlated := regexp.MustCompile(`CORRELATED SCALAR SUBQUERY \d+ SEARCH a USING INDEX (\w+) `)
		found := correlated.FindAllStringSubmatch(plan, -1)
		if len(found) == 0 {
			t.Errorf("no subquery reads the accounts of a connection:\n%s", plan)
		}
		for _, step := range found {
			if step[1] == "accounts_of_tenant" {
				t.Errorf("%s:\n%s", step[0], plan)
			}
		}
	})
}
