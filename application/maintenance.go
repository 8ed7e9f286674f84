package application

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stuckGrace is how long a due pull may wait for a worker before its job is queued again.
const stuckGrace = 10 * time.Second

// resealBatch is the number of connections that are read at a time for re-encryption.
const resealBatch = 200

// ListStuck implements ports.Maintenance.
func (s *Service) ListStuck(ctx context.Context, limit int) ([]domain.PullID, error) {
	return s.Pulls.ListStuck(ctx, s.Clock.Now(), stuckGrace, limit)
}

// ListDue implements ports.Maintenance. It lists the same pulls as ListStuck, but with a grace period of zero.
func (s *Service) ListDue(ctx context.Context, limit int) ([]domain.PullID, error) {
	return s.Pulls.ListStuck(ctx, s.Clock.Now(), 0, limit)
}

// Reconcile implements ports.Maintenance. A connection is due when 80 % of the interval have passed since its last
// complete pull. The other 20 % are a margin for the time between two calls of Reconcile.
//
// A pull of a few rows is not a complete pull. It cannot find a removal whose event was lost.
func (s *Service) Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error) {
	now := s.Clock.Now()
	due, err := s.Pulls.ListDueForReconcile(ctx, now.Add(-interval*4/5), limit)
	if err != nil {
		return 0, err
	}
	requested := 0
	for _, c := range due {
		_, err := s.Pulls.Request(ctx, c.Tenant, c.ID, ports.PullRequest{
			ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerReconcile, At: now,
		}, nil)
		if errors.Is(err, domain.NotFound) || errors.Is(err, domain.ConnectionPaused) {
			continue // the connection was deleted or paused meanwhile
		}
		if err != nil {
			return requested, err
		}
		requested++
	}
	if requested > 0 {
		s.Observer.Emit(ctx, ports.ReconcileRequested{Requested: requested})
	}
	return requested, nil
}

// Prune implements ports.Maintenance.
func (s *Service) Prune(ctx context.Context, keep time.Duration, limit int) (int, error) {
	now := s.Clock.Now()
	deliveries, err := s.Deliveries.Prune(ctx, now.Add(-keep), limit)
	if err != nil {
		return deliveries, err
	}
	responses, err := s.Idempotency.Prune(ctx, now.Add(-ports.ResponseRetention), limit)
	rows := deliveries + responses
	if err == nil {
		var sessions int
		sessions, err = s.LinkSessions.Prune(ctx, now.Add(-domain.LinkSessionRetention), limit)
		rows += sessions
	}
	if rows > 0 {
		s.Observer.Emit(ctx, ports.Pruned{Rows: rows})
	}
	return rows, err
}

// Reseal implements ports.Maintenance. It visits all rows again and again, until it finds nothing to reseal. One visit
// is not enough, because a replica without the new primary key still seals with the old primary key.
//
// A credential that is rotated at the same time is not overwritten. A credential that cannot be decrypted is skipped
// and counted in the returned error.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	for total := 0; ; {
		done, lost := 0, 0
		for _, visit := range []func(context.Context) (int, int, error){
			s.resealConnections, s.resealLinkSessions, s.resealApplications, s.events.Reseal,
		} {
			resealed, unopened, err := visit(ctx)
			done, lost, total = done+resealed, lost+unopened, total+resealed
			if err != nil {
				return total, err
			}
		}
		for _, reseal := range []func(context.Context) error{s.auditLog.Reseal, s.resealHashKey} {
			switch err := reseal(ctx); {
			case errors.Is(err, domain.CredentialUnopened):
				lost++
			case err != nil:
				return total, err
			}
		}
		if done == 0 {
			return total, unopenedError(lost)
		}
	}
}

// resealAll visits all rows once. list returns at most limit rows with ids greater than after, ordered by id. reseal
// re-encrypts the credential of one row, and returns the id of the row and whether it has replaced the credential.
// resealAll returns how many credentials were replaced, and how many cannot be decrypted.
func resealAll[Row, ID any](
	ctx context.Context, list func(ctx context.Context, after ID, limit int) ([]Row, error),
	reseal func(Row) (ID, bool, error),
) (resealedCount, lostCount int, err error) {
	var after ID
	for {
		batch, err := list(ctx, after, resealBatch)
		if err != nil || len(batch) == 0 {
			return resealedCount, lostCount, err
		}
		for _, row := range batch {
			id, replaced, err := reseal(row)
			switch {
			case errors.Is(err, domain.CredentialUnopened):
				lostCount++ // the call has already emitted SealingFailed
			case err != nil:
				return resealedCount, lostCount, err
			case replaced:
				resealedCount++
			}
			after = id
		}
	}
}

// resealConnections re-encrypts the credentials of connections. See resealAll.
func (s *Service) resealConnections(ctx context.Context) (resealedCount, lostCount int, err error) {
	return resealAll(ctx, s.Connections.ListSealed, func(c domain.Connection) (domain.ConnectionID, bool, error) {
		replaced, err := s.reseal(ctx, c, func(fresh domain.Sealed) (bool, error) {
			return s.Connections.Reseal(ctx, c.ID, c.Sealed, fresh)
		})
		return c.ID, replaced, err
	})
}

// unopenedError returns an error that states how many credentials cannot be decrypted. It returns nil
// if count is 0.
func unopenedError(count int) error {
	if count == 0 {
		return nil
	}
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.CredentialUnopened,
		Message: fmt.Sprintf("credentials that do not open under this keyset: %d", count),
	}
}

// reseal re-encrypts the credential of c, and calls replace to store the result. It reports whether the stored
// credential was replaced. reseal does nothing if the credential is sealed under the primary key.
func (s *Service) reseal(
	ctx context.Context, c domain.Connection, replace func(fresh domain.Sealed) (bool, error),
) (bool, error) {
	if !s.Sealer.NeedsReseal(c.Sealed) {
		return false, nil
	}
	credential, err := s.unseal(ctx, c)
	if err != nil {
		return false, err
	}
	fresh, err := s.seal(ctx, c, credential)
	if err != nil {
		return false, err
	}
	return replace(fresh)
}

// FlushTokenUsage implements ports.Maintenance.
func (s *Service) FlushTokenUsage(ctx context.Context) error {
	used := s.tokenUsage.take()
	if len(used) == 0 {
		return nil
	}
	if err := s.Tokens.RecordUsage(ctx, used); err != nil {
		s.tokenUsage.restore(used)
		return err
	}
	return nil
}

// FeedDelay implements ports.Maintenance. The feed is delayed while a writer has an open transaction. The result is
// the age of this transaction. If the store does not know the age, the result is the time since FeedDelay first found
// the writer.
func (s *Service) FeedDelay(ctx context.Context) (time.Duration, error) {
	hold, err := s.Ledger.FeedHold(ctx)
	if err != nil {
		return 0, err
	}
	return max(hold.Age, s.feedWriter.openFor(hold.Writer, s.Clock.Now())), nil
}

// feedWriter remembers the writer that delays the feed, and when this writer was first seen. The zero value is ready to
// use.
type feedWriter struct {
	mu    sync.Mutex
	id    string
	since time.Time
}

// openFor returns the time since the writer with this id was first seen. It returns 0 if id is "" or differs from the
// id of the previous call.
func (w *feedWriter) openFor(id string, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id != w.id || id == "" {
		w.id, w.since = id, now
	}
	return max(0, now.Sub(w.since))
}

// BacklogAge implements ports.Maintenance.
func (s *Service) BacklogAge(ctx context.Context) (time.Duration, error) {
	oldest, err := s.Pulls.OldestOpen(ctx)
	if err != nil || oldest.IsZero() {
		return 0, err
	}
	return max(0, s.Clock.Now().Sub(oldest)), nil
}

// PruneEvents implements ports.Maintenance.
func (s *Service) PruneEvents(ctx context.Context, keep time.Duration, limit int) (int, error) {
	rows, err := s.Subscriptions.PruneEvents(ctx, s.Clock.Now().Add(-keep), limit)
	if rows > 0 {
		s.Observer.Emit(ctx, ports.Pruned{Rows: rows})
	}
	return rows, err
}

// AnnounceCompleteness implements ports.Maintenance.
func (s *Service) AnnounceCompleteness(ctx context.Context, limit int) (int, error) {
	return s.Subscriptions.AnnounceCompleteness(ctx, s.Clock.Now(), s.DriftGrace, limit)
}

// EventBacklog implements ports.Maintenance.
func (s *Service) EventBacklog(ctx context.Context) (ports.EventBacklogAge, error) {
	b, err := s.Subscriptions.EventBacklog(ctx)
	age := ports.EventBacklogAge{Waiting: b.Waiting, Disabled: b.Disabled}
	if !b.Oldest.IsZero() {
		age.Age = max(0, s.Clock.Now().Sub(b.Oldest))
	}
	return age, err
}

// NumberAuditEntries implements ports.Maintenance.
func (s *Service) NumberAuditEntries(ctx context.Context, limit int) (int, error) {
	return s.auditLog.NumberAuditEntries(ctx, limit)
}

// AnnounceCheckpoints implements ports.Maintenance.
func (s *Service) AnnounceCheckpoints(ctx context.Context, limit int) (int, error) {
	return s.auditLog.AnnounceCheckpoints(ctx, limit)
}

// VerifyAudit implements ports.Maintenance.
func (s *Service) VerifyAudit(ctx context.Context, pastCheckpoints [][]byte) (ports.AuditReport, error) {
	return s.auditLog.VerifyAudit(ctx, pastCheckpoints)
}
