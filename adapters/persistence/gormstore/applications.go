package gormstore

import (
	"bytes"
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Applications returns the store of applications.
func (s *Store) Applications() ports.Applications { return applications{s.core} }

// applications implements ports.Applications on a Store.
type applications struct{ *Core }

// ReplaceHashKey replaces the key with a compare-and-swap, and then updates all connections and tokens.
func (s applications) ReplaceHashKey(
	ctx context.Context, previous, fresh domain.Sealed,
) (replaced bool, err error) {
	err = s.Background().Change(ctx, func(tx Tx) error {
		key := ports.SealedValue{Kind: ports.SealedHashKey, Sealed: previous}
		if replaced, err = replaceSealed(tx.DB, key, fresh); err != nil || !replaced {
			return err
		}
		err = tx.Model(&ConnectionRow{}).Where("client_key IS NOT NULL").
			UpdateColumns(map[string]any{"client_key": nil, "application_key": nil}).Error
		if err != nil {
			return err
		}
		return tx.Model(&TokenRow{}).Where("application_key IS NOT NULL").
			UpdateColumns(map[string]any{"application_key": nil}).Error
	})
	return replaced, err
}

// isUnidentified is an SQL condition on rows of connections: the client id of the connection is not known. It is also
// the condition of a partial index.
const isUnidentified = "client_key IS NULL AND kind = 'aggregator' AND deleted_at IS NULL"

// ListUnidentified returns connections in the order of their ids. It reads a partial index.
func (s applications) ListUnidentified(
	ctx context.Context, afterID domain.ConnectionID, limit int,
) ([]domain.Connection, error) {
	var rows []ConnectionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Where(isUnidentified+" AND id > ?", afterID.UUID).Order("id").Limit(limit).Find(&rows).Error
	})
	return ConvertAll(rows, ConnectionRow.Domain), err
}

// Identify locks the connection before it looks for other tokens of the application. If two connections of one
// application are identified at the same time, both calls may find no token. The unique index then makes one of the
// calls fail.
func (s applications) Identify(
	ctx context.Context, c domain.Connection, client domain.ClientKey,
) (identified bool, err error) {
	err = s.Background().Change(ctx, func(tx Tx) error {
		identified = false
		row, err := First[ConnectionRow](Locked(byID(tx.DB, c.Tenant, domain.Aggregator, c.ID), ForUpdate))
		if errors.Is(err, domain.NotFound) {
			return nil
		}
		if err != nil || row.Client != nil || !bytes.Equal(row.Sealed, c.Sealed) {
			return err
		}
		fresh := row.Domain()
		fresh.Client = client
		application := fresh.Application()
		err = tx.Model(&ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Updates(map[string]any{"client_key": client[:], "application_key": application[:]}).Error
		if err != nil {
			return err
		}
		identified = true
		return identifyToken(tx.DB, fresh, application)
	})
	return identified, err
}

// identifyToken finds the oldest live token of the connection that has an active registration, and stores that the
// token belongs to the application. It changes nothing if a live token of the tenant already belongs to the
// application.
func identifyToken(tx *gorm.DB, c domain.Connection, application domain.ApplicationKey) error {
	oldest, err := First[TokenRow](tx.Where("connection_id = ? AND tenant_id = ?", c.ID.UUID, c.Tenant.UUID).
		Where("revoked_at IS NULL AND registration = ? AND NOT registration_of_reference",
			string(domain.RegistrationActive)).Order("created_at"))
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Model(&TokenRow{}).Where("id = ? AND tenant_id = ?", oldest.ID, oldest.Tenant).
		Where(`NOT EXISTS (SELECT 1 FROM webhook_tokens t WHERE t.application_key = ? AND t.tenant_id = ?
			AND t.revoked_at IS NULL)`, application[:], c.Tenant.UUID).
		Updates(map[string]any{"application_key": application[:]}).Error
}
