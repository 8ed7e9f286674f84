package gormstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SQL expressions on rows of connections:
//
//   - hasLiveToken is true if the connection has a live token, or a live token belongs to the connection's application.
//   - isHeard is true if a webhook about the connection was received at or after webhook_missed_at. Ignored deliveries
//     do not count. The column contains the time of the first synchronisation without a webhook. If the column is NULL,
//     isHeard is false, and the table deliveries is not read.
const (
	hasLiveToken = `(EXISTS (SELECT 1 FROM webhook_tokens t WHERE t.connection_id = connections.id
		AND t.tenant_id = connections.tenant_id AND t.revoked_at IS NULL)
		OR EXISTS (SELECT 1 FROM webhook_tokens t WHERE t.application_key = connections.application_key
		AND t.tenant_id = connections.tenant_id AND t.revoked_at IS NULL))`
	isHeard = `CASE WHEN webhook_missed_at IS NULL THEN false ELSE EXISTS (SELECT 1 FROM deliveries d
		WHERE d.connection_id = connections.id AND d.tenant_id = connections.tenant_id
		AND d.received_at >= connections.webhook_missed_at AND d.status <> 'ignored') END`
)

// SQL conditions on rows of connections. They are also the conditions of the partial indexes on this table.
const (
	awaitsNotice = "consent_notice_at IS NOT NULL AND deleted_at IS NULL"
	hasExpiry    = "consent_expires_at IS NOT NULL AND deleted_at IS NULL"
	awaitsDevice = "device_since IS NOT NULL AND NOT needs_reauth AND deleted_at IS NULL"
	isSilent     = "webhook_missed_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL"
)

// awaitWebhook makes the connection wait for the webhook of the next synchronisation, in the same way as
// domain.WebhookWatch.Awaiting.
func awaitWebhook(tx *gorm.DB, c ConnectionRow) error {
	return tx.Model(&ConnectionRow{}).Where("id = ? AND tenant_id = ?", c.ID, c.Tenant).
		Where("webhook_due_at IS NULL AND webhook_next_at IS NOT NULL").
		Updates(map[string]any{"webhook_due_at": gorm.Expr("webhook_next_at")}).Error
}

// NoticeConsents records in consent_notice_at that the expiry of a consent was announced. This is a compare-and-swap: a
// row is skipped if another process has changed it since it was read.
func (s connections) NoticeConsents(ctx context.Context, now time.Time, limit int) ([]domain.Connection, error) {
	var rows []ConnectionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Where(awaitsNotice).
			Where("kind = ? AND consent_notice_at <= ?", string(domain.Aggregator), Instant{now}).
			Order("consent_notice_at, id").
			Omit("sealed").
			Limit(limit).
			Find(&rows).
			Error
	})
	var noticed []domain.Connection
	for _, row := range rows {
		if err != nil {
			break
		}
		due := row.Consent.NoticeAt
		c := row.Domain()
		c.Consent = c.Consent.Noticed()
		err = s.Background().Change(ctx, func(tx Tx) error {
			changed, err := RowsAffected(tx.Model(&ConnectionRow{}).
				Where("id = ? AND tenant_id = ? AND deleted_at IS NULL", row.ID, row.Tenant).
				Where("consent_notice_at = ?", due).
				Updates(map[string]any{"consent_notice_at": Instant{c.Consent.NoticeAt}}))
			if err != nil || changed == 0 {
				return err
			}
			noticed = append(noticed, c)
			return RecordEvents(tx, s.Dialect, EventOrigin{row.Tenant, row.ID, now}, records.OfConsent(c.ID))
		})
	}
	return noticed, err
}

// ListDeviceWaits reads a partial index.
func (s connections) ListDeviceWaits(
	ctx context.Context, begun time.Time, limit int,
) (found []domain.Connection, err error) {
	var rows []ConnectionRow
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Where(awaitsDevice).Where("device_since <= ? AND paused_at IS NULL", Instant{begun}).
			Order("device_since, id").Omit("sealed").Limit(limit).Find(&rows).Error
	})
	for _, row := range rows {
		found = append(found, row.Domain())
	}
	return found, err
}

// ListMaybeStale reads two partial indexes: of the old readings, and of the connections with stale_announced.
func (s connections) ListMaybeStale(
	ctx context.Context, cutoff time.Time, after domain.ConnectionID, limit int,
) ([]domain.Connection, error) {
	var rows []ConnectionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Select("id", "tenant_id").
			Where(`id IN (SELECT connection_id FROM accounts WHERE bank_read_at IS NOT NULL AND removed_at IS NULL
				AND bank_read_at < ? UNION SELECT id FROM connections WHERE stale_announced AND deleted_at IS NULL)`,
				At(cutoff)).
			Where("id > ? AND deleted_at IS NULL AND kind = ?", after.UUID, string(domain.Aggregator)).
			Order("id").Limit(limit).Find(&rows).Error
	})
	found := make([]domain.Connection, len(rows))
	for i, row := range rows {
		found[i].ID.UUID, found[i].Tenant.UUID = row.ID, row.Tenant
	}
	return found, err
}

// AnnounceStale changes the row only if it has the other value.
func (s connections) AnnounceStale(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, stale bool, at time.Time,
) (changed bool, err error) {
	err = s.Background().Change(ctx, func(tx Tx) error {
		n, err := RowsAffected(tx.Model(&ConnectionRow{}).
			Where("id = ? AND tenant_id = ? AND deleted_at IS NULL", id.UUID, tenant.UUID).
			Where("stale_announced = ?", !stale).
			Updates(map[string]any{"stale_announced": stale}))
		if changed = n > 0; err != nil || !changed {
			return err
		}
		return RecordEvents(tx, s.Dialect, EventOrigin{tenant.UUID, id.UUID, at}, records.OfStaleness(id, stale))
	})
	return changed && err == nil, err
}

// bankReadings returns the oldest reading of each bank.
func bankReadings(db *gorm.DB) ([]ports.BankReading, error) {
	var rows []struct {
		Vendor      string  `gorm:"column:vendor"`
		Institution string  `gorm:"column:institution_id"`
		At          Instant `gorm:"column:read_at"`
	}
	err := db.Table("accounts a").
		Select("connections.vendor, connections.institution_id, min(a.bank_read_at) AS read_at").
		Joins("JOIN connections ON connections.id = a.connection_id AND connections.tenant_id = a.tenant_id").
		Where("a.bank_read_at IS NOT NULL AND a.removed_at IS NULL AND connections.deleted_at IS NULL").
		Where("connections.paused_at IS NULL AND NOT connections.needs_reauth").
		Group("connections.vendor, connections.institution_id").Scan(&rows).Error
	var readings []ports.BankReading
	for _, row := range rows {
		readings = append(readings, ports.BankReading{
			Vendor: domain.Vendor(row.Vendor), Institution: row.Institution, At: row.At.Time,
		})
	}
	return readings, err
}

// CountAttention uses partial indexes, so that it reads only connections that it may have to count. In addition, it
// reads the completeness of all accounts.
func (s connections) CountAttention(ctx context.Context, at time.Time) (ports.Attention, error) {
	var expiring, silent, drifting int64
	var readings []ports.BankReading
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		err := db.Model(&ConnectionRow{}).Where(hasExpiry+" AND consent_expires_at <= ? AND consent_status <> ?",
			Instant{at.Add(domain.ConsentNotice)}, string(domain.ReportedRevoked)).Count(&expiring).Error
		if err != nil {
			return err
		}
		if readings, err = bankReadings(db); err != nil {
			return err
		}
		err = db.Model(&ConnectionRow{}).Where(isSilent + " AND NOT " + isHeard).Count(&silent).Error
		if err != nil {
			return err
		}
		return db.Table("account_completeness c").
			Joins("JOIN connections ON connections.id = c.connection_id AND connections.tenant_id = c.tenant_id").
			Where("connections.deleted_at IS NULL AND c.announced = ?", string(books.Drifting)).
			Where(isOfPresentAccount).Count(&drifting).Error
	})
	return ports.Attention{
		At:              at,
		ConsentExpiring: int(expiring), Silent: int(silent), Drifting: int(drifting), BankReadings: readings,
	}, err
}
