package application

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stuckGrace is how long a due pull may wait for a worker before its job is queued again.
const stuckGrace = 10 * time.Second

// minPullRetention is the minimum time for which pulls are kept. Matching compares rows that pulls within
// domain.MatchWindow have read.
const minPullRetention = domain.MatchWindow + 24*time.Hour

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

// PrunePulls implements ports.Maintenance. It keeps pulls for minPullRetention at least, because matching reads them.
func (s *Service) PrunePulls(ctx context.Context, keep time.Duration, limit int) (int, error) {
	rows, err := s.Pulls.Prune(ctx, s.Clock.Now().Add(-max(keep, minPullRetention)), limit)
	if rows > 0 {
		s.Observer.Emit(ctx, ports.Pruned{Rows: rows})
	}
	return rows, err
}

// PruneBudgets implements ports.Maintenance.
func (s *Service) PruneBudgets(ctx context.Context) error {
	if s.RateBudgets == nil {
		return nil
	}
	rows, err := s.RateBudgets.Prune(ctx)
	if rows > 0 {
		s.Observer.Emit(ctx, ports.Pruned{Rows: rows})
	}
	return err
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
