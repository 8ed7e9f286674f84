package recordstore

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// lockWaiting locks and returns the pull of the connection that waits for its next attempt. The caller must have locked
// the connection. Errors: NotFound.
func (s pulls) lockWaiting(tx *gorm.DB, tenant, connection uuid.UUID) (gormstore.PullRow, error) {
	return gormstore.First[gormstore.PullRow](gormstore.Locked(tx, gormstore.ForUpdate).
		Where("connection_id = ? AND "+gormstore.IsUnderWay+" AND state = ?", connection, gormstore.StateWaiting).
		Where(s.Dialect.TenantIs("tenant_id", "?"), tenant))
}

// wake plans an early attempt of a waiting pull (records.Wake), and returns the changed pull. The caller must have
// locked the connection and the pull.
func (s pulls) wake(
	tx gormstore.Tx, c gormstore.ConnectionRow, waiting gormstore.PullRow, at time.Time,
) (gormstore.PullRow, error) {
	woken, next, early := records.Wake(waiting.Summary(), c.PullWoken.Time, at)
	err := tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", c.ID, c.Tenant).
		Updates(map[string]any{"pull_woken_at": gormstore.At(next)}).Error
	if err != nil || !early {
		return waiting, err
	}
	waiting.NotBefore, waiting.Scheduled = gormstore.At(woken.NotBefore), gormstore.At(woken.ScheduledAt)
	err = tx.Model(&gormstore.PullRow{}).Where("id = ? AND tenant_id = ?", waiting.ID, waiting.Tenant).
		Updates(map[string]any{"not_before": waiting.NotBefore, "scheduled_at": waiting.Scheduled}).Error
	if err != nil {
		return waiting, err
	}
	return waiting, tx.Enqueue(waiting.Tenant, waiting.ID)
}

// widen adds a scope that requests everything to a waiting pull that the caller has locked. ok is false if that is not
// possible; see records.Widen.
func widen(
	tx *gorm.DB, c gormstore.ConnectionRow, waiting gormstore.PullRow, scope domain.PullScope,
) (_ domain.Pull, ok bool, err error) {
	p, err := waiting.Domain()
	if err != nil {
		return domain.Pull{}, false, err
	}
	p, ok = records.Widen(p, waiting.Complete, c.Domain(), scope)
	if !ok {
		return domain.Pull{}, false, nil
	}
	progress, err := gormstore.EncodeJSON(p.Progress)
	if err != nil {
		return domain.Pull{}, false, err
	}
	err = tx.Model(&gormstore.PullRow{}).Where("id = ? AND tenant_id = ?", waiting.ID, waiting.Tenant).
		Updates(map[string]any{"progress": progress}).Error
	if err != nil {
		return domain.Pull{}, false, err
	}
	return p, true, saveScope(tx, p)
}

// wakeByEvent plans an early attempt of the waiting pull if an event of the queued pull asks for a read, and no early
// attempt has been planned since it was received. scope is the merged scope of the queued pull.
func (s pulls) wakeByEvent(tx gormstore.Tx, b blockedPull, scope domain.PullScope, at time.Time) error {
	if b.waiting.Summary().AwaitsAccount() || !scope.AsksForRead() {
		return nil
	}
	source := scopeSource{s.Dialect, tx.DB, b.queued.Summary()}
	asks, err := source.askSince(b.connection.PullWoken.Time, scope.MoreRemoved)
	if err != nil || !asks {
		return err
	}
	_, err = s.wake(tx, b.connection, *b.waiting, at)
	return err
}

// askSince reports whether a delivery of the pull that was received after a time asks for a read. large states that the
// scopes of the deliveries are too large to be read: any delivery then counts.
func (s scopeSource) askSince(start time.Time, large bool) (bool, error) {
	since := s.attached(unlimited)
	if !start.IsZero() {
		since = since.Where("received_at > ?", gormstore.At(start))
	}
	if large {
		var found []string
		err := since.Limit(1).Pluck("id", &found).Error
		return len(found) > 0, err
	}
	var stored []string
	if err := since.Distinct().Pluck("scope", &stored).Error; err != nil {
		return false, err
	}
	scopes, err := scopesOf(stored)
	return domain.MergeScopes(scopes).AsksForRead(), err
}
