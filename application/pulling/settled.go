package pulling

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// settledRead returns the balances that the attempt has read. It returns nil in these cases:
//   - Both readSettled and readBalances return false, for example because the vendor synchronised while the attempt
//     read everything.
//   - An earlier attempt has read pages of the pull, or a list changed while it was read. The balances and the rows are
//     then not from the same time.
//   - The adapter reads no balances.
//   - The rows are still staged (stored, but not visible yet).
func (a *attempt) settledRead() *ports.SettledRead {
	reader, ok := a.vendor.(ports.BalanceReader)
	settled := a.readSettled()
	if !ok || a.relink.staged || !a.fromStart || a.restarts > 0 || !settled && !a.readBalances() {
		return nil
	}
	read := &ports.SettledRead{
		BalancesOnly: !settled, ReadAt: a.listedAt,
		Balances: make(map[string]books.VendorBalance, len(a.accounts)), Quarantined: a.quarantine.remaining() > 0,
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

// readSettled reports whether the attempt has read everything, and the vendor did not synchronise meanwhile. It
// returns false if the account holder must sign in again, or the consent has ended.
//
// If the proof is TwoReads, the vendor does not report when it synchronises. In this case, confirmation need not be
// statusSame.
func (a *attempt) readSettled() bool {
	if !a.readsEverything() || a.confirmation == statusChanged {
		return false
	}
	proof := a.ground().Rows
	return proof == domain.TwoReads || proof == domain.OneRead && a.confirmation == statusSame
}

// readBalances reports whether the attempt has read balances that must equal the sums of the records, although it has
// not read all rows. The vendor's last synchronisation must be over, and one of these conditions must be true:
//   - The scope has changed the sums of the records.
//   - The attempt has read the vendor's stream of changes to its end, and the vendor has the whole history. The store
//     then has a record of each row.
func (a *attempt) readBalances() bool {
	atEnd := a.pull.Progress.StreamPosition != "" && !a.pull.Progress.Incomplete
	return (a.pull.Scope.ChangesSums() || atEnd) && !a.readsEverything() && a.ground().Rows != domain.NoProof
}
