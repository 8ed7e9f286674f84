package gormstore

import (
	"github.com/google/uuid"
	"gorm.io/gorm"
)

// StagedRow is a row of staged_transactions: a transaction that was read under a new account reference. It becomes
// visible to readers when it is published.
type StagedRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	Step       int       `gorm:"column:step"`
	Account    string    `gorm:"column:account"`
	Date       string    `gorm:"column:date"`
	Content    []byte    `gorm:"column:content"`
}

// TableName returns the name of the table in the schema.
func (StagedRow) TableName() string { return "staged_transactions" }

// StagedRows returns a query of the staged rows of a connection.
func StagedRows(db *gorm.DB, tenant, connection uuid.UUID) *gorm.DB {
	return db.Where("connection_id = ? AND tenant_id = ?", connection, tenant)
}

// DeletePrepared is a statement that deletes the prepared rows of a connection. Its parameters are the connection and
// the tenant.
const DeletePrepared = "DELETE FROM prepared_transactions WHERE connection_id = ? AND tenant_id = ?"
