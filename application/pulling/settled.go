package pulling

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// settledRead returns the balances that the attempt has read. It returns nil if the read was not complete, if the
// vendor synchronised meanwhile, if the adapter reads no balances, or if the rows are still staged (stored, but not
// visible yet).
func (a *attempt) settledRead() *ports.SettledRead {
	reader, ok := a.vendor.(ports.BalanceReader)
	if !ok || a.relink.staged || !a.readSettled() {
		return nil
	}
	read := &ports.SettledRead{
		Balances: make(map[string]books.VendorBalance, len(a.accounts)), Quarantined: len(a.quarantine) > 0,
	}
	for i := range a.accounts {
		if a.accounts[i].Unreadable == "" {
			read.Balances[a.accounts[i].ExternalID] = reader.Balance(a.accounts[i])
		}
	}
	if chains, ok := a.vendor.(ports.RunningBalanceReader); ok {
		read.RunningBalance = chains.RunningBalance
	}
	if creations, ok := a.vendor.(ports.CreationReader); ok {
		read.CreatedAt = creations.CreatedAt
	}
	return read
}

// readSettled reports whether the attempt has read everything, and the vendor did not synchronise during the attempt.
// It returns false if the account holder must sign in again.
//
// If the proof is TwoReads, the vendor does not report when it synchronises. The result then does not depend on
// confirmation.
func (a *attempt) readSettled() bool {
	if !a.readsEverything() || a.confirmation == statusChanged || a.status.NeedsReauth {
		return false
	}
	return a.status.Transactions == domain.TwoReads ||
		a.status.Transactions == domain.OneRead && a.confirmation == statusSame
}
