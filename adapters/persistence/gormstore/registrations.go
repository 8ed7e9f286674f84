package gormstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SQL conditions on rows of webhook_tokens. Besides the token, a row describes the webhook that the service has
// registered at the vendor for this token. AwaitsRemoval is also the condition of the partial index over
// registrations and their due times.
const (
	isListed      = "registration <> 'pending'"
	AwaitsRemoval = "registration IN ('pending', 'removing')"
)

// revokedColumns returns the columns that a revocation changes, with their new values. An UPDATE with these columns has
// the same effect as domain.WebhookToken.Revoke.
func revokedColumns(at time.Time) map[string]any {
	return map[string]any{
		"revoked_at": Instant{at},
		"registration": gorm.Expr("CASE registration WHEN ? THEN ? ELSE registration END",
			string(domain.RegistrationActive), string(domain.RegistrationRemoving)),
		"registration_due": gorm.Expr("CASE registration WHEN ? THEN ? ELSE registration_due END",
			string(domain.RegistrationActive), Instant{at}),
	}
}

// FindRegistration looks up the live token of an application. It uses a unique index.
func (s tokens) FindRegistration(
	ctx context.Context, tenant domain.TenantID, application domain.ApplicationKey,
) (domain.WebhookToken, error) {
	var row TokenRow
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		row, err = First[TokenRow](db.Where("application_key = ? AND tenant_id = ? AND revoked_at IS NULL",
			application[:], tenant.UUID))
		return err
	})
	if err != nil {
		return domain.WebhookToken{}, err
	}
	return row.domain(), nil
}

// AbandonRegistration revokes the token with one SQL statement.
func (s tokens) AbandonRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time,
) error {
	return s.Write(ctx, func(db *gorm.DB) error {
		return db.Model(&TokenRow{}).Where("id = ? AND tenant_id = ? AND revoked_at IS NULL AND registration = ?",
			id.UUID, tenant.UUID, string(domain.RegistrationPending)).
			Updates(map[string]any{"revoked_at": Instant{at}}).Error
	})
}

// ActivateRegistration changes the row only if the registration is still pending and the token is still live. The
// token may have been revoked in the meantime, by ClaimRegistrations or by the deletion of its connection.
func (s tokens) ActivateRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, webhook string, entries ports.AuditEntries,
) error {
	changed, err := s.writeRecorded(ctx, tenant, entries, func(db *gorm.DB) *gorm.DB {
		query := db.Model(&TokenRow{}).Where("id = ? AND tenant_id = ? AND revoked_at IS NULL AND registration = ?",
			id.UUID, tenant.UUID, string(domain.RegistrationPending))
		return query.Updates(map[string]any{
			"registration": string(domain.RegistrationActive), "registration_id": webhook,
		})
	})
	if err == nil && changed == 0 {
		return domain.NotFoundError()
	}
	return err
}

// ClaimRegistrations implements ports.Tokens.
func (s tokens) ClaimRegistrations(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int,
) ([]ports.ClaimedRegistration, error) {
	var due []TokenRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := WithoutTenants(db.Where(AwaitsRemoval+" AND registration_due <= ?", Instant{now}), skip)
		return query.Order("registration_due").Limit(limit).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	return ClaimEach(ctx, s.Background(), due, func(tx Tx, row TokenRow) (ports.ClaimedRegistration, bool, error) {
		return claimRegistration(tx.DB, row, now, claimEnd)
	})
}

// claimRegistration claims the registration that the row describes for this process, until the given time. It also
// revokes the token if the token is live. It returns false if another process has changed the row since it was read.
func claimRegistration(
	tx *gorm.DB,
	row TokenRow,
	at, until time.Time,
) (c ports.ClaimedRegistration, ok bool, err error) {
	if row.Revoked.IsZero() {
		row.Revoked = Instant{at}
	}
	unchanged := tx.Model(&TokenRow{}).Where("id = ? AND tenant_id = ? AND registration = ? AND registration_due = ?",
		row.ID, row.Tenant, row.Registration, row.RegistrationDue)
	row.RegistrationDue, row.RegistrationAttempts = Instant{until}, row.RegistrationAttempts+1
	changed, err := RowsAffected(unchanged.Updates(map[string]any{
		"revoked_at": row.Revoked, "registration_due": row.RegistrationDue,
		"registration_attempts": row.RegistrationAttempts,
	}))
	if err != nil || changed == 0 {
		return c, false, err
	}
	connection, err := First[ConnectionRow](tx.Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant))
	return ports.ClaimedRegistration{Token: row.domain(), Connection: connection.Domain()}, err == nil, err
}

// PostponeRegistration sets the time at which the registration is due. It changes only registrations that are pending
// or being removed.
func (s tokens) PostponeRegistration(
	ctx context.Context, tenant domain.TenantID, id domain.TokenID, due time.Time,
) error {
	return s.Write(ctx, func(db *gorm.DB) error {
		return db.Model(&TokenRow{}).Where("id = ? AND tenant_id = ? AND "+AwaitsRemoval, id.UUID, tenant.UUID).
			Updates(map[string]any{"registration_due": Instant{due}}).Error
	})
}

// EndRegistration ends the registration of a token. The effect depends on the state of the registration:
//
//   - If the registration is pending, EndRegistration deletes the token. The vendor has no webhook with this token.
//   - If the registration is being removed, EndRegistration marks it as removed.
func (s tokens) EndRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error {
	return s.Change(ctx, func(tx Tx) error {
		const inState = "id = ? AND tenant_id = ? AND registration = ?"
		err := tx.Where(inState, id.UUID, tenant.UUID, string(domain.RegistrationPending)).Delete(&TokenRow{}).Error
		if err != nil {
			return err
		}
		return tx.Model(&TokenRow{}).Where(inState, id.UUID, tenant.UUID, string(domain.RegistrationRemoving)).
			Updates(map[string]any{
				"registration":          string(domain.RegistrationRemoved),
				"registration_base_url": "", "registration_sealed": nil,
			}).Error
	})
}
