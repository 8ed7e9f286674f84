package eventlog

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// EventBacklog adds up the waiting events of the active subscriptions, which it reads one by one.
func (s subscriptions) EventBacklog(ctx context.Context) (backlog ports.EventBacklog, err error) {
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		var disabled int64
		var rows []subscriptionRow
		err := db.Model(&subscriptionRow{}).Where("state = ?", string(events.SubscriptionDisabled)).
			Count(&disabled).Error
		if err == nil {
			err = db.Where("state = ?", string(events.SubscriptionActive)).Find(&rows).Error
		}
		backlog.Disabled = int(disabled)
		for i := 0; i < len(rows) && err == nil; i++ {
			var status ports.SubscriptionStatus
			status, err = statusOf(db, rows[i])
			backlog.Waiting += status.Waiting
			oldest := status.OldestWaiting
			if !oldest.IsZero() && (backlog.Oldest.IsZero() || oldest.Before(backlog.Oldest)) {
				backlog.Oldest = oldest
			}
		}
		return err
	})
	return backlog, err
}

// PruneEvents visits the subscriptions one by one, and deletes their old rows in the order of the primary keys. For a
// deleted subscription, it deletes all rows and then the subscription itself.
func (s subscriptions) PruneEvents(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	var rows []subscriptionRow
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Select("id", "tenant_id", "state", "delivered_to").Order("id").Find(&rows).Error
	})
	attempts, recorded := limit, limit
	for i := 0; i < len(rows) && err == nil; i++ {
		var a, e int
		a, e, err = s.pruneSubscription(ctx, rows[i], before, attempts, recorded)
		attempts, recorded, deleted = attempts-a, recorded-e, deleted+a+e
	}
	if err != nil {
		return deleted, err
	}
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		n, err := gormstore.RowsAffected(
			db.Exec(`DELETE FROM events WHERE (id, tenant_id) IN (SELECT id, tenant_id FROM events
			WHERE made_at < ? ORDER BY made_at LIMIT ?)`, gormstore.At(before), limit),
		)
		deleted += n
		return err
	})
	return deleted, err
}

// pruneSubscription deletes at most maxAttempts attempts and at most maxEvents events of one subscription, and returns
// the numbers of deleted attempts and events.
func (s subscriptions) pruneSubscription(
	ctx context.Context, row subscriptionRow, before time.Time, maxAttempts, maxEvents int,
) (attempts, recorded int, err error) {
	gone := row.State == stateDeleted
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		if maxAttempts <= 0 {
			return nil
		}
		attempts, err = gormstore.RowsAffected(
			db.Exec(`DELETE FROM subscription_attempts WHERE subscription_id = ? AND tenant_id = ?
			AND (attempted_at, id) IN (SELECT attempted_at, id FROM subscription_attempts
				WHERE subscription_id = ? AND tenant_id = ? AND (? OR attempted_at < ?) ORDER BY attempted_at LIMIT ?)`,
				row.ID, row.Tenant, row.ID, row.Tenant, gone, gormstore.At(before), maxAttempts),
		)
		return err
	})
	if err != nil || maxEvents <= 0 {
		return attempts, 0, err
	}
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		recorded, err = gormstore.RowsAffected(
			db.Exec(`DELETE FROM subscription_events WHERE subscription_id = ? AND tenant_id = ?
			AND sequence IN (SELECT sequence FROM (SELECT sequence, made_at FROM subscription_events
				WHERE subscription_id = ? AND tenant_id = ? AND (? OR sequence <= ? AND NOT parked
				AND NOT (last_error = 'skipped' AND type = 'transaction.added'))
				ORDER BY sequence LIMIT ?) AS first WHERE ? OR made_at < ?)`,
				row.ID, row.Tenant, row.ID, row.Tenant, gone, row.DeliveredTo, maxEvents, gone, gormstore.At(before)),
		)
		if err == nil && gone {
			var sent int
			sent, err = gormstore.RowsAffected(
				db.Exec(`DELETE FROM matcher_entries WHERE subscription_id = ? AND tenant_id = ?
				AND transaction_id IN (SELECT transaction_id FROM matcher_entries
					WHERE subscription_id = ? AND tenant_id = ? LIMIT ?)`,
					row.ID, row.Tenant, row.ID, row.Tenant, maxEvents),
			)
			recorded = max(recorded, sent)
		}
		if err == nil && gone && attempts < maxAttempts && recorded < maxEvents {
			err = db.Where("id = ? AND tenant_id = ? AND state = ?", row.ID, row.Tenant, stateDeleted).
				Delete(&subscriptionRow{}).Error
		}
		return err
	})
	return attempts, recorded, err
}

// AnnounceCompleteness finds the accounts whose present completeness state differs from the state that the last event
// reported. For each account, it stores the present state and an event, in a separate transaction.
func (s subscriptions) AnnounceCompleteness(
	ctx context.Context, at time.Time, grace time.Duration, limit int,
) (announced int, err error) {
	since := gormstore.At(at.Add(-grace))
	const (
		drifts   = "drift_since <= ?"
		explains = "compared AND (drift_since IS NULL OR drift_since > ?)"
	)
	var rows []struct {
		Account    uuid.UUID `gorm:"column:account_id"`
		Connection uuid.UUID `gorm:"column:connection_id"`
		Tenant     uuid.UUID `gorm:"column:tenant_id"`
		Announced  string
		Drifts     bool
	}
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Table("account_completeness c").
			Select("account_id, connection_id, tenant_id, announced, coalesce("+drifts+", ?) AS drifts", since, false).
			Where("("+drifts+" AND announced <> ? OR "+explains+" AND announced <> ?)",
				since, string(books.Drifting), since, string(books.Complete)).
			Where("EXISTS (SELECT 1 FROM accounts a WHERE a.id = c.account_id AND a.tenant_id = c.tenant_id" +
				" AND a.removed_at IS NULL)").Limit(limit).Scan(&rows).Error
	})
	for i := 0; i < len(rows) && err == nil; i++ {
		row, state, still := rows[i], books.Complete, explains
		if row.Drifts {
			state, still = books.Drifting, drifts
		}
		event, _ := records.OfCompleteness(domain.AccountID{UUID: row.Account}, state)
		err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
			n, err := gormstore.RowsAffected(
				tx.Table("account_completeness").Where("account_id = ? AND tenant_id = ?", row.Account,
					row.Tenant).Where("announced = ? AND "+still, row.Announced, since).
					Updates(map[string]any{"announced": string(state)}),
			)
			if err != nil || n == 0 {
				return err
			}
			announced++
			return gormstore.RecordEvents(
				tx,
				s.Dialect,
				gormstore.EventOrigin{Tenant: row.Tenant, Connection: row.Connection, At: at},
				event,
			)
		})
	}
	return announced, err
}
