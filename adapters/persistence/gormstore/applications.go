package gormstore

import (
	"bytes"
	"context"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Applications returns the store of applications.
func (s *Store) Applications() ports.Applications { return applications{s.core} }

// applications implements ports.Applications on a Store.
type applications struct{ *Core }

// hashKeyRow is the row of client_hash_keys. Its tenant_id is keyTenant.
type hashKeyRow struct {
	Sealed []byte    `gorm:"column:sealed"`
	Tenant uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (hashKeyRow) TableName() string { return "client_hash_keys" }

// HashKey reads the row of client_hash_keys.
func (s applications) HashKey(ctx context.Context) (sealed domain.Sealed, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		sealed, err = readHashKey(db)
		return err
	})
	return sealed, err
}

func readHashKey(db *gorm.DB) (domain.Sealed, error) {
	row, err := First[hashKeyRow](db.Where("tenant_id = ?", keyTenant))
	return row.Sealed, err
}

// CreateHashKey inserts the key unless a key is stored already, and returns the stored key.
func (s applications) CreateHashKey(ctx context.Context, sealed domain.Sealed) (stored domain.Sealed, err error) {
	err = s.Change(ctx, func(tx Tx) error {
		row := hashKeyRow{Sealed: bytes.Clone(sealed), Tenant: keyTenant}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		stored, err = readHashKey(tx.DB)
		return err
	})
	return stored, err
}

// ResealHashKey replaces the key with a compare-and-swap.
func (s applications) ResealHashKey(ctx context.Context, previous, fresh domain.Sealed) (replaced bool, err error) {
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		row := db.Model(&hashKeyRow{}).Where("tenant_id = ? AND sealed = ?", keyTenant, []byte(previous))
		n, err := RowsAffected(row.Update("sealed", []byte(fresh)))
		replaced = n > 0
		return err
	})
	return replaced, err
}

// ReplaceHashKey replaces the key with a compare-and-swap, and then updates all connections and tokens.
func (s applications) ReplaceHashKey(
	ctx context.Context, previous, fresh domain.Sealed,
) (replaced bool, err error) {
	err = s.Background().Change(ctx, func(tx Tx) error {
		row := tx.Model(&hashKeyRow{}).Where("tenant_id = ? AND sealed = ?", keyTenant, []byte(previous))
		n, err := RowsAffected(row.Update("sealed", []byte(fresh)))
		if replaced = n > 0; err != nil || !replaced {
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
