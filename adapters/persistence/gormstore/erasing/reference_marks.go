package erasing

import (
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// markReferences marks all account references of the connection as erased: the present reference, the former ones,
// and those under which its accounts were read. From then on, a delivery that names one of these references is stored
// without contents.
func markReferences(b *erasureBatch) (bool, error) {
	row, err := lockErased(b.tx.DB, b.erasure)
	if err != nil {
		return false, err
	}
	err = b.tx.Model(&gormstore.ReferenceRow{}).Where("connection_id = ? AND tenant_id = ?", b.owner()...).
		Update("erased", true).Error
	if err != nil {
		return false, err
	}
	var accounts []gormstore.AccountRow
	err = b.tx.Select("account_ref", "account_refs").
		Where("connection_id = ? AND tenant_id = ?", b.owner()...).Find(&accounts).Error
	if err != nil {
		return false, err
	}
	refs := []string{row.AccountRef}
	for _, stored := range accounts {
		account, err := stored.Domain()
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
		reference := gormstore.ReferenceOf(row, ref, true)
		if err := b.tx.Clauses(gormstore.IgnoreDuplicates).Create(&reference).Error; err != nil {
			return false, err
		}
	}
	return true, nil
}

// references returns the account references that markReferences has marked.
func (b *erasureBatch) references() (refs []string, err error) {
	err = b.tx.Model(&gormstore.ReferenceRow{}).
		Where("connection_id = ? AND tenant_id = ? AND account_ref <> ''", b.owner()...).
		Order("digest").Pluck("account_ref", &refs).Error
	return refs, err
}

// forgetReferences removes the texts of the connection's account references, but keeps their digests.
func forgetReferences(tx *gorm.DB, c gormstore.ConnectionRow) error {
	return tx.Model(&gormstore.ReferenceRow{}).Where("connection_id = ? AND tenant_id = ?", c.ID, c.Tenant).
		Update("account_ref", "").Error
}
