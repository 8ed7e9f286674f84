package gormstore

import (
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// referenceRow is a row of account_references. It contains an account reference that a connection had before an edit,
// or a reference of an erased connection.
type referenceRow struct {
	Digest     []byte    `gorm:"column:digest;primaryKey"`
	Connection uuid.UUID `gorm:"column:connection_id;primaryKey"`
	AccountRef string    `gorm:"column:account_ref"` // "" once the erasure has ended
	Erased     bool      `gorm:"column:erased"`
	Tenant     uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (referenceRow) TableName() string { return "account_references" }

func referenceOf(c connectionRow, ref string, erased bool) referenceRow {
	digest := domain.DigestOfReference(ref)
	return referenceRow{
		Digest: digest[:], Connection: c.ID, AccountRef: ref, Erased: erased, Tenant: c.Tenant,
	}
}

// rememberReference stores the account reference that the connection had before an edit, because an erasure must also
// search for this reference.
func rememberReference(tx *gorm.DB, before connectionRow, after domain.Connection) error {
	if before.AccountRef == "" ||
		domain.CanonicalAccountRef(before.AccountRef) == domain.CanonicalAccountRef(after.AccountRef) {
		return nil
	}
	row := referenceOf(before, before.AccountRef, false)
	return tx.Clauses(ignoreDuplicates).Create(&row).Error
}

// markReferences marks all account references of the connection as erased: the present one, the former ones, and those
// under which its accounts were read. From then on, a delivery that names one of these references is stored without
// contents.
func markReferences(b *erasureBatch) (bool, error) {
	row, err := lockErased(b.tx.DB, b.erasure)
	if err != nil {
		return false, err
	}
	err = b.tx.Model(&referenceRow{}).Where("connection_id = ? AND tenant_id = ?", b.owner()...).
		Update("erased", true).Error
	if err != nil {
		return false, err
	}
	var accounts []accountRow
	err = b.tx.Select("account_ref", "account_refs").
		Where("connection_id = ? AND tenant_id = ?", b.owner()...).Find(&accounts).Error
	if err != nil {
		return false, err
	}
	refs := []string{row.AccountRef}
	for _, stored := range accounts {
		account, err := stored.domain()
		if err != nil {
			return false, err
		}
		for _, r := range account.References {
			refs = append(refs, r.AccountRef)
		}
	}
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		reference := referenceOf(row, ref, true)
		if err := b.tx.Clauses(ignoreDuplicates).Create(&reference).Error; err != nil {
			return false, err
		}
	}
	return true, nil
}

// references returns the account references that markReferences has marked.
func (b *erasureBatch) references() (refs []string, err error) {
	err = b.tx.Model(&referenceRow{}).
		Where("connection_id = ? AND tenant_id = ? AND account_ref <> ''", b.owner()...).
		Order("digest").Pluck("account_ref", &refs).Error
	return refs, err
}

// forgetReferences removes the texts of the connection's account references, but keeps their digests.
func forgetReferences(tx *gorm.DB, c connectionRow) error {
	return tx.Model(&referenceRow{}).Where("connection_id = ? AND tenant_id = ?", c.ID, c.Tenant).
		Update("account_ref", "").Error
}
