package pulling

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// quarantine contains the connection's quarantined rows by key, and what this attempt has seen of each. The map is
// loaded when the attempt starts. During a step, only the type differ uses the map.
//
// A row that leaves the quarantine stays in the map until the attempt ends. If a step is read again, the pages of its
// first reading may not have been stored. The row must then leave the quarantine with a page of the second reading.
type quarantine map[domain.QuarantineKey]quarantineState

// quarantineState is what an attempt has seen of a quarantined row.
type quarantineState int

const (
	unread     quarantineState = iota // the attempt has not read the row
	unreadable                        // the row cannot be normalised
	released                          // the row leaves the quarantine
)

func newQuarantine(keys []domain.QuarantineKey) quarantine {
	q := make(quarantine, len(keys))
	for _, key := range keys {
		q[key] = unread
	}
	return q
}

// remaining returns the number of rows that stay in the quarantine.
func (q quarantine) remaining() (n int) {
	for _, state := range q {
		if state != released {
			n++
		}
	}
	return n
}

// has reports whether the transaction with this external id is in the quarantine. The service tries to normalise such a
// transaction whenever the vendor returns it, even if the content has not changed. A new release of the service may be
// able to read content that an earlier release could not read.
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

// add adds a row to the quarantine. It replaces a quarantined row with the same key.
func (c *quarantineChanges) add(q quarantine, row domain.UnreadableData) {
	q[row.QuarantineKey] = unreadable
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
	q[key] = released
	c.added = slices.DeleteFunc(c.added, func(row domain.UnreadableData) bool { return row.QuarantineKey == key })
	c.released = append(c.released, key)
}

// releaseRemoved removes rows from the quarantine that were removed at the vendor.
func (c *quarantineChanges) releaseRemoved(q quarantine, externalIDs []string) {
	for _, id := range externalIDs {
		c.release(q, domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id})
	}
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
