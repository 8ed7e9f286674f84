package auditing

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// batchSize is the maximum number of entries that are numbered in one transaction.
	batchSize = 256
	// maxBatches is the maximum number of batches that one call numbers, so that the call ends even if other callers
	// append entries meanwhile.
	maxBatches = 64
)

// requestNumbering limits the time in which a request assigns sequence numbers to new entries, or reads the audit key.
const requestNumbering = 1500 * time.Millisecond

// numberInRequest calls numberEntries with the time limit requestNumbering, because a request must not wait long.
// Errors: those of numberEntries, and Unavailable (database_unavailable) if the time limit is exceeded.
func (l *Log) numberInRequest(ctx context.Context, tenant domain.TenantID) error {
	bounded, cancel := context.WithTimeout(ctx, requestNumbering)
	defer cancel()
	return unavailableIfLate(ctx, bounded, l.numberEntries(bounded, tenant))
}

// unavailableIfLate returns the error of a call that used bounded, a copy of ctx with a time limit. If only the time
// limit has ended the call, the result is Unavailable (database_unavailable). In all other cases the result is err.
func unavailableIfLate(ctx, bounded context.Context, err error) error {
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable, Cause: err}
	}
	return err
}

// numberEntries assigns sequence numbers to the tenant's entries that were committed before the call and have no number
// yet.
func (l *Log) numberEntries(ctx context.Context, tenant domain.TenantID) error {
	keys, err := l.keys(ctx)
	if err != nil {
		return err
	}
	for range maxBatches {
		n, err := l.Recorder.Log.Number(ctx, tenant, batchSize, func(b ports.AuditBatch) (ports.AuditExtension, error) {
			return l.Tree.Extend(keys, tenant, b)
		})
		if err != nil || n < batchSize {
			return err
		}
	}
	return nil
}

// NumberAuditEntries implements ports.Maintenance.
func (l *Log) NumberAuditEntries(ctx context.Context, limit int) (int, error) {
	tenants, err := l.Recorder.Log.ListPending(ctx, limit)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, tenant := range tenants {
		if err := l.numberEntries(ctx, tenant); err != nil {
			failed = append(failed, err)
		}
	}
	return len(tenants), errors.Join(failed...)
}
