package application

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quarantine contains the keys of the connection's quarantined rows. The value of a key reports whether this attempt
// has read the row. It is loaded when the attempt starts; during a step only the differ uses it.
type quarantine map[domain.QuarantineKey]bool

func newQuarantine(keys []domain.QuarantineKey) quarantine {
	q := make(quarantine, len(keys))
	for _, key := range keys {
		q[key] = false
	}
	return q
}

// has reports whether the transaction with this external id is in the quarantine. Such a row is never
// treated as unchanged: it is normalised at every read, so that it leaves the quarantine as soon as it
// can be read, even if its bytes are the same.
func (q quarantine) has(externalID string) bool {
	if len(q) == 0 {
		return false
	}
	_, found := q[domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: externalID}]
	return found
}

// quarantineChanges contains the changes that the pages of a batch make to the quarantine.
type quarantineChanges struct {
	added    []domain.UnreadableData
	released []domain.QuarantineKey
}

func (c *quarantineChanges) empty() bool { return len(c.added)+len(c.released) == 0 }

// add adds a row to the quarantine, or replaces it.
func (c *quarantineChanges) add(q quarantine, row domain.UnreadableData) {
	q[row.QuarantineKey] = true
	c.added = append(c.added, row)
}

// release removes a row from the quarantine if the quarantine contains it.
func (c *quarantineChanges) release(q quarantine, key domain.QuarantineKey) {
	if len(q) == 0 {
		return
	}
	if _, found := q[key]; !found {
		return
	}
	delete(q, key)
	c.added = slices.DeleteFunc(c.added, func(row domain.UnreadableData) bool { return row.QuarantineKey == key })
	c.released = append(c.released, key)
}

// sortAccounts returns the accounts that can be stored, and records the unreadable ones in changes.
func (q quarantine) sortAccounts(all []domain.AccountData, changes *quarantineChanges) []domain.AccountData {
	readable := make([]domain.AccountData, 0, len(all))
	for _, account := range all {
		if account.Unreadable != "" {
			changes.add(q, account.Quarantined())
			continue
		}
		changes.release(q, domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: account.ExternalID})
		readable = append(readable, account)
	}
	return readable
}

// releaseUnseen removes from the quarantine those rows that the vendor no longer shows. It does so only after a
// complete read that this attempt made from its first page to its last, and during which the vendor did not
// synchronise. A vendor that needs two reads to prove an absence does not report that its synchronisation is complete.
// For such a vendor, one read is enough here, unless the account holder must sign in again. A mistake would be
// harmless: nothing is marked as removed, and a row that is shown again returns to the quarantine.
func (a *attempt) releaseUnseen(ctx context.Context) error {
	settled := a.status.SyncComplete || a.status.Transactions == domain.TwoReads && !a.status.NeedsReauth
	if !a.whole || !a.initial && !a.pull.Scope.Everything || !settled {
		return nil
	}
	var unseen []domain.QuarantineKey
	for key, seen := range a.quarantine {
		if !seen {
			unseen = append(unseen, key)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	slices.SortFunc(unseen, domain.QuarantineKey.Compare)
	if err := a.checkNotPaused(ctx); err != nil {
		return err
	}
	if status, err := a.vendor.Check(ctx, a.access); err != nil || !status.SameState(a.status) {
		return err
	}
	return a.writePage(ctx, ports.PageWrite{Released: unseen, Progress: a.pull.Progress})
}
