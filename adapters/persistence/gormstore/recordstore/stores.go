package recordstore

import (
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// NewPulls returns the store of pulls, and of the accounts and transactions that pulls write.
func NewPulls(core *gormstore.Core) ports.Pulls { return pulls{core} }

// pulls implements ports.Pulls.
type pulls struct{ *gormstore.Core }

// NewLedger returns the store of accounts and transactions. It also stores the closed periods and the completeness of
// the accounts.
func NewLedger(core *gormstore.Core) ports.Ledger {
	return ledger{core, &feedCipher{}, &atomic.Pointer[indexState]{}}
}

// ledger implements ports.Ledger. Pulls store the accounts and transactions. The methods of ledger that write are
// ClosePeriod, ReopenPeriod, UpdateCompleteness, Split, Join, Dismiss, ApplyRemovals and IndexTexts.
type ledger struct {
	*gormstore.Core

	feedCipher *feedCipher
	textIndex  *atomic.Pointer[indexState]
}
