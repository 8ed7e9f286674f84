package recordstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// awaitsWebhook is an SQL condition on rows of connections: the connection waits for the webhook of a synchronisation.
// It is also the condition of a partial index.
const awaitsWebhook = "webhook_due_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL"

// ListUnheard uses a partial index, and reads only the rows that it returns.
func (s pulls) ListUnheard(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error) {
	var rows []gormstore.ConnectionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.
			Where(awaitsWebhook+" AND kind = ? AND webhook_due_at <= ?",
				string(domain.Aggregator), gormstore.At(cutoff)).
			Order("webhook_due_at, id").
			Omit("sealed").
			Limit(limit).
			Find(&rows).
			Error
	})
	return gormstore.ConvertAll(rows, gormstore.ConnectionRow.Domain), err
}

// PassWebhook ends the connection's wait for an overdue webhook. It locks the connection. If several calls run
// concurrently, only the first call finds that the connection still waits.
func (s pulls) PassWebhook(ctx context.Context, connection domain.Connection, dueAt time.Time,
	r ports.PullRequest,
) (ports.WebhookPassed, error) {
	var passed ports.WebhookPassed
	err := s.Background().Change(ctx, func(tx gormstore.Tx) error {
		passed = ports.WebhookPassed{}
		var rows []gormstore.ConnectionRow
		err := gormstore.Locked(tx.DB, gormstore.NoKeyUpdate).
			Where("id = ? AND tenant_id = ? AND webhook_due_at = ? AND "+awaitsWebhook,
				connection.ID.UUID, connection.Tenant.UUID, gormstore.At(dueAt)).
			Limit(1).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		row, before := rows[0], rows[0].Domain()
		evidence := domain.Evidence{}
		if evidence.Heard, err = heardSince(tx.DB, s.Dialect, row, dueAt); err != nil {
			return err
		}
		if evidence.HasToken, err = hasToken(tx.DB, row); err != nil {
			return err
		}
		next, missed := before.Webhook.Pass(evidence, r.At)
		after := before
		after.Webhook = next
		err = tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Select("webhook_due_at", "webhook_missed_at").Updates(gormstore.RowOfConnection(after)).Error
		if err != nil || !missed {
			return err
		}
		events := records.OfSilence(before, after)
		passed.BecameSilent = len(events) > 0
		origin := gormstore.EventOrigin{Tenant: row.Tenant, Connection: row.ID, At: r.At}
		if err := gormstore.RecordEvents(tx, s.Dialect, origin, events...); err != nil {
			return err
		}
		queued, err := s.queuePull(tx, row, r)
		passed.Pull = queued.ID
		return err
	})
	if err != nil {
		return ports.WebhookPassed{}, err
	}
	return passed, nil
}

// heardSince reports whether a webhook about the connection was received at or after start. It ignores deliveries with
// the status "ignored".
func heardSince(db *gorm.DB, d gormstore.Dialect, c gormstore.ConnectionRow, start time.Time) (bool, error) {
	var found []string
	err := db.Model(&gormstore.DeliveryRow{}).
		Where("connection_id = ? AND received_at >= ?", c.ID, gormstore.At(start)).
		Where(d.TenantIs("tenant_id", "?"), c.Tenant).Where("status <> ?", string(domain.DeliveryIgnored)).
		Limit(1).Pluck("id", &found).Error
	return len(found) > 0, err
}

// hasToken reports whether the connection has a live token, or a live token belongs to the connection's application.
func hasToken(tx *gorm.DB, c gormstore.ConnectionRow) (bool, error) {
	var found []string
	err := tx.Model(&gormstore.TokenRow{}).Where("connection_id = ? AND revoked_at IS NULL", c.ID).
		Where(gormstore.EqualUnindexed("tenant_id", "?"), c.Tenant).Limit(1).Pluck("id", &found).Error
	if err != nil || len(found) > 0 || c.Application == nil {
		return len(found) > 0, err
	}
	err = tx.Model(&gormstore.TokenRow{}).
		Where("application_key = ? AND tenant_id = ? AND revoked_at IS NULL", c.Application, c.Tenant).
		Limit(1).Pluck("id", &found).Error
	return len(found) > 0, err
}
