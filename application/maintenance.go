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

// ListDue implements ports.Maintenance. Unlike ListStuck, it also returns pulls that became due only now.
func (s *Service) ListDue(ctx context.Context, limit int) ([]domain.PullID, error) {
	return s.Pulls.ListStuck(ctx, s.Clock.Now(), 0, limit)
}

// Reconcile implements ports.Maintenance. Only a pull of everything postpones the next reconciliation, because a pull
// of only those rows that an event names does not find a removed row whose event was lost. A connection is already due
// after four fifths of the interval. Reconcile runs every twentieth of the interval, so a pull of each connection is
// requested before the whole interval has passed.
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
		})
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
	if rows := deliveries + responses; rows > 0 {
		s.Observer.Emit(ctx, ports.Pruned{Rows: rows})
	}
	return deliveries + responses, err
}

// Reseal implements ports.Maintenance. It does not overwrite a credential that was rotated concurrently,
// because the store replaces only the credential that Reseal has read. Reseal repeats its pass over all
// rows until a pass finds nothing to reseal, because a replica that has not yet loaded the new primary key
// can still seal with the old key. A credential that cannot be decrypted is skipped and counted in the
// error at the end.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	total := 0
	for {
		done, lost, err := s.resealPass(ctx)
		total += done
		if err != nil {
			return total, err
		}
		more, alsoLost, err := s.resealSubscriptions(ctx)
		done, lost, total = done+more, lost+alsoLost, total+more
		if err != nil {
			return total, err
		}
		switch err := s.resealAuditKey(ctx); {
		case errors.Is(err, domain.CredentialUnopened):
			lost++
		case err != nil:
			return total, err
		}
		if done == 0 {
			return total, unopenedError(lost)
		}
	}
}

// resealPass visits all rows once. done is the number of credentials that it resealed, and lost the number
// of credentials that cannot be decrypted.
func (s *Service) resealPass(ctx context.Context) (done, lost int, err error) {
	for after := (domain.ConnectionID{}); ; {
		batch, err := s.Connections.ListSealed(ctx, after, resealBatch)
		if err != nil || len(batch) == 0 {
			return done, lost, err
		}
		for _, c := range batch {
			replaced, err := s.reseal(ctx, c)
			switch {
			case errors.Is(err, domain.CredentialUnopened):
				lost++ // open has already emitted the event SealingFailed
			case err != nil:
				return done, lost, err
			case replaced:
				done++
			}
		}
		after = batch[len(batch)-1].ID
	}
}

// unopenedError returns an error that states how many credentials cannot be decrypted; nil if lost
// is 0.
func unopenedError(lost int) error {
	if lost == 0 {
		return nil
	}
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.CredentialUnopened,
		Message: fmt.Sprintf("credentials that do not open under this keyset: %d", lost),
	}
}

func (s *Service) reseal(ctx context.Context, c domain.Connection) (bool, error) {
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
	return s.Connections.Reseal(ctx, c.ID, c.Sealed, fresh)
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

// FeedDelay implements ports.Maintenance. If the store cannot see when the writer opened its transaction,
// the delay counts from the call of FeedDelay that first found this writer.
func (s *Service) FeedDelay(ctx context.Context) (time.Duration, error) {
	hold, err := s.Ledger.FeedHold(ctx)
	if err != nil {
		return 0, err
	}
	return max(hold.Age, s.feedWriter.openFor(hold.Writer, s.Clock.Now())), nil
}

// feedWriter remembers which writer held the change feed back at the last call of openFor (its transaction was still
// open). The zero value is ready to use.
type feedWriter struct {
	mu    sync.Mutex
	id    string
	since time.Time
}

// openFor returns for how long its callers have passed this id without interruption, or 0 if id is "".
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
