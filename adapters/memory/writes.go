package memory

import (
	"context"
	"crypto/sha256"
	"maps"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// transaction is a transaction with the digest and the content hash of the vendor's data.
type transaction struct {
	domain.Transaction
	digest [sha256.Size]byte
	source domain.ContentHash
	// rowSHA256, normalizer and reason belong to the current version. Only History returns them.
	rowSHA256  []byte
	normalizer string
	reason     string
	replaced   []domain.Transaction // the versions before the current one, oldest first
	pending    bool                 // the current version is archived, and the next one is not yet written
	// adjustments refers to the adjustments that resulted from changes of the row.
	adjustments []adjustmentKey
}

// change is an entry of a tenant's feed: the given version of a row was stored. Readers skip the entry if the row has
// a newer version, because a later entry reports that version.
type change struct {
	row     *transaction
	version int
}

// FilterUnchanged looks up each row. A row that is stored as removed counts as changed, because it must be stored
// again.
func (v pulls) FilterUnchanged(
	ctx context.Context, _ domain.TenantID, connection domain.ConnectionID, seen []domain.RawTransaction,
) ([]bool, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.FilterUnchanged", func() ([]bool, error) {
		known := make([]bool, len(seen))
		for i, s := range seen {
			row := v.transactions[connection][s.ExternalID]
			known[i] = row != nil && row.RemovedAt.IsZero() && !s.ContentHash.IsZero() && row.source == s.ContentHash
		}
		return known, nil
	})
}

// StorePage writes accounts first, because rows refer to them.
func (v pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	w.AssumeNew = false
	return v.storePage(ctx, "Pulls.StorePage", lease, records.NewPage(w), &w.Progress)
}

// Sweep compares a complete listing with the stored rows.
func (v pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	page := records.NewSweep(w)
	var progress *domain.Progress
	if page.Progress.Planned {
		progress = &page.Progress
	}
	return v.storePage(ctx, "Pulls.Sweep", lease, page, progress)
}

// storePage stores a page. It stores the progress unless it is nil. op is the name of the store method.
func (v pulls) storePage(
	ctx context.Context, op string, lease domain.Lease, page *records.Page, progress *domain.Progress,
) (domain.Counts, error) {
	return exclusiveResult(ctx, v.Store, op, func() (domain.Counts, error) {
		p, err := v.writable(lease)
		if err != nil {
			return domain.Counts{}, err
		}
		page.At = v.tick(p.Connection, page.At)
		accounts, _, err := records.StoreAccounts(page.PageWrite, v.viewOf(p, nil, nil), recordSource{v.Store, p})
		if err != nil {
			return domain.Counts{}, err
		}
		v.saveAccounts(p, accounts, page.At)
		counts, err := v.changeRecords(p, page, accounts.FirstStored)
		if err != nil {
			return domain.Counts{}, err
		}
		counts.Accounts = len(page.Accounts)
		p.Counts, p.lease.Until = p.Counts.Plus(counts), page.LeaseUntil
		if progress != nil {
			p.Progress = cloneProgress(*progress)
		}
		return counts, nil
	})
}

// changeRecords applies the changes that a page makes to the records, and returns their counts.
func (s *Store) changeRecords(p *pull, page *records.Page, firstStored []string) (domain.Counts, error) {
	var externalIDs []string
	for _, row := range page.Rows() {
		externalIDs = append(externalIDs, row.ExternalID)
	}
	w := &recordWriter{recordSource: recordSource{s, p}, at: page.At, newID: page.NewID}
	err := w.apply(page.Changes(s.viewOf(p, externalIDs, firstStored), w))
	return w.counts, err
}

// forgetAbsences deletes the stored absences of the account. If account is "", it deletes all stored absences of the
// connection.
func (s *Store) forgetAbsences(connection domain.ConnectionID, account string) {
	maps.DeleteFunc(s.absences[connection], func(_ string, a domain.Absence) bool {
		return account == "" || a.Account == account
	})
}
