package gormstore

import (
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ReferenceRow is a row of account_references. It contains either an account reference that a connection had before
// an edit, or an account reference of an erased connection.
type ReferenceRow struct {
	Digest     []byte    `gorm:"column:digest;primaryKey"`
	Connection uuid.UUID `gorm:"column:connection_id;primaryKey"`
	AccountRef string    `gorm:"column:account_ref"` // "" once the erasure has ended
	Erased     bool      `gorm:"column:erased"`
	Tenant     uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (ReferenceRow) TableName() string { return "account_references" }

// ReferenceOf returns the row for an account reference of the connection.
func ReferenceOf(c ConnectionRow, ref string, erased bool) ReferenceRow {
	digest := domain.DigestOfReference(ref)
	return ReferenceRow{
		Digest: digest[:], Connection: c.ID, AccountRef: ref, Erased: erased, Tenant: c.Tenant,
	}
}

// rememberReference stores the account reference that the connection had before an edit, because an erasure must also
// search for this reference.
func rememberReference(tx *gorm.DB, before ConnectionRow, after domain.Connection) error {
	if before.AccountRef == "" ||
		domain.CanonicalAccountRef(before.AccountRef) == domain.CanonicalAccountRef(after.AccountRef) {
		return nil
	}
	row := ReferenceOf(before, before.AccountRef, false)
	return tx.Clauses(IgnoreDuplicates).Create(&row).Error
}
