package memory

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// archive appends a copy of the current version to t.replaced. The caller then changes the current version. archive
// does nothing if the row is new.
func (t *transaction) archive() {
	if t.Version > 0 {
		t.replaced = append(t.replaced, t.currentVersion())
	}
}

// currentVersion returns the current version of a row, with the members that only History returns.
func (t *transaction) currentVersion() domain.Transaction {
	version := cloneTransaction(t.Transaction)
	version.RowSHA256, version.Normalizer, version.Reason = slices.Clone(t.rowSHA256), t.normalizer, t.reason
	return version
}

// History returns the current version of a row, followed by the versions that it replaced.
func (v ledger) History(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
	page domain.PageRequest,
) (domain.Page[domain.TransactionVersion], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.History", func() (domain.Page[domain.TransactionVersion], error) {
		before, err := domain.VersionBefore(id, page.After)
		if err != nil {
			return domain.Page[domain.TransactionVersion]{}, err
		}
		row := v.rowByID(tenant, id)
		if row == nil {
			return domain.Page[domain.TransactionVersion]{}, domain.NotFoundError()
		}
		if row.Erased() {
			return domain.Page[domain.TransactionVersion]{}, nil
		}
		stored := []domain.Transaction{row.currentVersion()}
		for _, replaced := range slices.Backward(row.replaced) {
			stored = append(stored, cloneTransaction(replaced))
		}
		stored = slices.DeleteFunc(stored, func(t domain.Transaction) bool { return t.Version >= before })
		found := domain.PageOfVersions(stored, page)
		for i := range found.Items {
			v.addOrigin(&found.Items[i])
		}
		return domain.CutVersions(found, page), nil
	})
}

// rowByID returns the tenant's row with this id, or nil.
func (s *Store) rowByID(tenant domain.TenantID, id domain.TransactionID) *transaction {
	for _, rows := range s.transactions {
		for _, row := range rows {
			if row.ID == id && row.Tenant == tenant {
				return row
			}
		}
	}
	return nil
}

// addOrigin sets the version's trigger and deliveries to those of the pull that made the version.
func (s *Store) addOrigin(version *domain.TransactionVersion) {
	p := s.pulls[version.Transaction.Pull]
	if p == nil {
		return
	}
	version.Trigger = p.Trigger
	for id, d := range s.deliveries {
		if d.Pull == p.ID {
			version.Deliveries = append(version.Deliveries, id)
		}
	}
	slices.SortFunc(version.Deliveries, domain.DeliveryID.Compare)
	version.Deliveries = version.Deliveries[:min(len(version.Deliveries), domain.MaxVersionDeliveries)]
}
