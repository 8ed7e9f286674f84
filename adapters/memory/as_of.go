package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// tick advances the clock of a connection and returns the new time: the given time, but at least one microsecond
// after the previous time. Each change of records and each close of a period thus has a different time.
func (s *Store) tick(connection domain.ConnectionID, at time.Time) time.Time {
	at = domain.Later(at.UTC().Truncate(time.Microsecond), s.clocks[connection].Add(time.Microsecond))
	s.clocks[connection] = at
	return at
}

// asOf returns the version of the row that was in effect at a moment. If the moment is zero, asOf returns the present
// version with all members, even if it is removed. For any other moment, the members that are not stored for each
// version are empty, and ok is false in these cases:
//
//   - The row did not exist at that moment.
//   - The row was removed at that moment.
//   - The row is erased.
func (t *transaction) asOf(at time.Time) (version domain.Transaction, ok bool) {
	if at.IsZero() {
		return t.Transaction, true
	}
	if t.Erased() {
		return domain.Transaction{}, false
	}
	if !t.UpdatedAt.After(at) {
		return t.WithoutUnversioned(), t.RemovedAt.IsZero()
	}
	for _, replaced := range slices.Backward(t.replaced) {
		if !replaced.UpdatedAt.After(at) {
			version = replaced.WithoutUnversioned()
			version.RowSHA256, version.Normalizer = nil, ""
			return version, version.RemovedAt.IsZero()
		}
	}
	return domain.Transaction{}, false
}

// TransactionAsOf searches all transactions, because no map contains them by id.
func (v ledger) TransactionAsOf(ctx context.Context, tenant domain.TenantID, id domain.TransactionID, at time.Time,
) (domain.Transaction, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.TransactionAsOf", func() (domain.Transaction, error) {
		if row := v.rowByID(tenant, id); row != nil {
			if version, ok := row.asOf(at); ok {
				return cloneTransaction(version), nil
			}
		}
		return domain.Transaction{}, domain.NotFoundError()
	})
}
