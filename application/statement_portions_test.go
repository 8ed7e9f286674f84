package application_test

import (
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// All costly reads of a tenant, such as statements and searches, have one share of the processors. If a receiver
// reads a statement slowly, the other reads of the tenant must not wait.
func TestASlowReceiverOfAStatementDelaysNoOtherReadOfItsTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dates := make([]domain.Date, 2000)
		for i := range dates {
			dates[i] = "2026-01-01"
		}
		e := newEnv(t, withAccount(books.Completeness{}, nil, dates...), func(d *application.Deps) {
			d.Clock, d.Sleeper = bubbleClock{}, bubbleClock{}
		})
		records := 0
		err := e.WriteStatement(e.ctx, e.tenant, domain.AccountID{}, ports.StatementQuery{},
			func(_ books.Statement, all iter.Seq2[books.StatementRecord, error]) error {
				for _, err := range all {
					e.noError(err)
					if records++; records%500 == 0 {
						begun := time.Now()
						_, err := e.SearchTransactions(
							e.ctx,
							e.tenant,
							domain.TransactionSearch{},
							domain.PageRequest{Limit: 1},
						)
						e.noError(err)
						if waited := time.Since(begun); waited > 0 {
							t.Errorf("after %d records, a search waited %v", records, waited)
						}
					}
				}
				return nil
			})
		e.noError(err)
		if records != len(dates) {
			t.Errorf("%d records, want %d", records, len(dates))
		}
	})
}
