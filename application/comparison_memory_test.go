package application_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// comparisonLedger records the reservations for comparisons, which are larger than those of the pages of these tests.
// It refuses them if full is set.
type comparisonLedger struct {
	memoryLedger
	full     bool
	reserved []int64
}

const largestPage = 3 << 20

func (l *comparisonLedger) Acquire(ctx context.Context, tenant domain.TenantID, bytes int64) (func(), error) {
	if bytes <= largestPage {
		return l.memoryLedger.Acquire(ctx, tenant, bytes)
	}
	l.reserved = append(l.reserved, bytes)
	if l.full {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.MemoryExhausted, RetryAfter: time.Second}
	}
	return l.memoryLedger.Acquire(ctx, tenant, bytes)
}

// The rows that are compared reserve memory, also those of accounts. A pull whose tenant gets none compares
// nevertheless, because it might hold this memory itself.
func TestComparisonsReserveMemory(t *testing.T) {
	const n = 120
	rows := func(account, prefix string) []domain.TransactionData {
		var texts []string
		for i := range n {
			texts = append(texts, fmt.Sprintf("%s%03d 2026-02-01 shop %c%c", prefix, i, 'a'+i%26, 'a'+i/26))
		}
		return movements(account, texts...)
	}
	for _, full := range []bool{false, true} {
		ledger := &comparisonLedger{full: full}
		e := newRelinkEnv(t, withMemory(ledger))
		e.vendor.links["item-1"].rows = rows("a1", "x")
		e.pull()
		e.vendor.links["item-2"].rows = rows("a2", "y")
		ledger.reserved = nil
		e.repoint(e.c, "item-2")
		e.pull()
		var continued int
		for _, t := range e.rows() {
			if len(t.Supersedes) > 0 {
				continued++
			}
		}
		// one reservation for the rows of the accounts, and one for the rows of the publication
		if len(ledger.reserved) != 2 || slices.Min(ledger.reserved) < 2*n*(16<<10) || ledger.heldNow() != 0 {
			t.Errorf("full: %v: reserved %v, %d bytes are held", full, ledger.reserved, ledger.heldNow())
		}
		if continued != n {
			t.Errorf("full: %v: %d transactions continue, want %d", full, continued, n)
		}
	}
}
