package sqlite

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// A statement of a full batch that is too long to be kept is compiled for each batch, which takes as long as running
// it.
func TestTheStatementOfAFullBatchIsKept(t *testing.T) {
	tables := map[string]string{
		gormstore.TransactionTable: conflictClause,
		gormstore.PreparedTable:    "",
	}
	for table, conflict := range tables {
		if got := len(insertStatement(table, upsertBatch, conflict)); got > cachedLength {
			t.Errorf("the statement for %s has %d bytes, and at most %d are kept", table, got, cachedLength)
		}
	}
}
