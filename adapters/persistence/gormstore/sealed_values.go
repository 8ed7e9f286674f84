package gormstore

import (
	"bytes"
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SealedValues returns the store of sealed values.
func (s *Store) SealedValues() ports.SealedValues { return sealedValues{s.core} }

// sealedValues implements ports.SealedValues on a Store.
type sealedValues struct{ *Core }

// sealedTable describes a table with the columns tenant_id and sealed. A table of objects also has the column id.
type sealedTable struct {
	name    string
	boundTo string // the column with SealedValue.BoundTo
	present string // the condition on the rows that have a value in use
}

var sealedTables = map[ports.SealedKind]sealedTable{
	ports.SealedConnection:   {"connections", "id", "deleted_at IS NULL"},
	ports.SealedLinkSession:  {"link_sessions", "connection_id", "length(sealed) > 0"},
	ports.SealedApplication:  {"applications", "id", "true"},
	ports.SealedSubscription: {"subscriptions", "id", "state <> 'deleted'"},
	ports.SealedFile:         {"bank_statement_files", "id", "true"},
	ports.SealedHashKey:      {name: "client_hash_keys"},
	ports.SealedAuditKey:     {name: "audit_keys"},
}

// keyTenant is the tenant_id of the only row of audit_keys and of the only row of client_hash_keys.
var keyTenant = uuid.Nil

// keyRow is a row of audit_keys or client_hash_keys.
type keyRow struct {
	Sealed []byte    `gorm:"column:sealed"`
	Tenant uuid.UUID `gorm:"column:tenant_id"`
}

// List reads the rows in the order of the primary key.
func (s sealedValues) List(
	ctx context.Context, kind ports.SealedKind, afterID uuid.UUID, limit int,
) ([]ports.SealedValue, error) {
	table := sealedTables[kind]
	var rows []struct {
		ID      uuid.UUID `gorm:"column:id"`
		BoundTo uuid.UUID `gorm:"column:bound_to"`
		Tenant  uuid.UUID `gorm:"column:tenant_id"`
		Sealed  []byte    `gorm:"column:sealed"`
	}
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Table(table.name).Select("id, "+table.boundTo+" AS bound_to, tenant_id, sealed").
			Where("id > ? AND "+table.present, afterID).Order("id").Limit(limit).Find(&rows).Error
	})
	values := make([]ports.SealedValue, len(rows))
	for i, row := range rows {
		values[i] = ports.SealedValue{
			Kind: kind, Tenant: domain.TenantID{UUID: row.Tenant}, ID: row.ID, BoundTo: row.BoundTo,
			Sealed: domain.Sealed(row.Sealed),
		}
	}
	return values, err
}

// Replace is a compare-and-swap, which is one statement.
func (s sealedValues) Replace(
	ctx context.Context, v ports.SealedValue, fresh domain.Sealed,
) (replaced bool, err error) {
	err = s.Background().Write(ctx, func(db *gorm.DB) error {
		replaced, err = replaceSealed(db, v, fresh)
		return err
	})
	return replaced, err
}

func replaceSealed(db *gorm.DB, v ports.SealedValue, fresh domain.Sealed) (bool, error) {
	table := sealedTables[v.Kind]
	row := db.Table(table.name).Where("tenant_id = ? AND sealed = ?", v.Tenant.UUID, []byte(v.Sealed))
	if table.present != "" {
		row = row.Where("id = ? AND "+table.present, v.ID)
	}
	n, err := RowsAffected(row.UpdateColumns(map[string]any{"sealed": []byte(fresh)}))
	return n > 0, err
}

// Key reads the row of the table.
func (s sealedValues) Key(ctx context.Context, kind ports.SealedKind) (sealed domain.Sealed, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		sealed, err = readKey(db, kind)
		return err
	})
	return sealed, err
}

func readKey(db *gorm.DB, kind ports.SealedKind) (domain.Sealed, error) {
	row, err := First[keyRow](db.Table(sealedTables[kind].name).Where("tenant_id = ?", keyTenant))
	return row.Sealed, err
}

// CreateKey inserts the key unless a key is stored already, and reads the stored key.
func (s sealedValues) CreateKey(
	ctx context.Context, kind ports.SealedKind, sealed domain.Sealed,
) (stored domain.Sealed, err error) {
	err = s.Change(ctx, func(tx Tx) error {
		row := keyRow{Sealed: bytes.Clone(sealed), Tenant: keyTenant}
		inserted := tx.Table(sealedTables[kind].name).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if inserted.Error != nil {
			return inserted.Error
		}
		stored, err = readKey(tx.DB, kind)
		return err
	})
	return stored, err
}
