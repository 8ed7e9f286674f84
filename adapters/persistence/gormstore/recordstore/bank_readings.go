package recordstore

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// storeBankReadings stores when the bank was last read with each account that the pull has listed, and which closes
// the readings have covered. Neither is a change of the account: updated_at stays, and there is no event.
func storeBankReadings(tx gormstore.Tx, pull gormstore.PullRow, o records.Outcome) error {
	if len(o.BankRead) == 0 {
		return nil
	}
	var rows []accountKeys
	err := tx.Table("accounts").Where("connection_id = ? AND tenant_id = ?", pull.Connection, pull.Tenant).
		Where("listed AND removed_at IS NULL AND absent_pull_id IS NULL").Order("id").Find(&rows).Error
	if err != nil {
		return err
	}
	accounts := make([]records.AccountState, len(rows))
	for i, row := range rows {
		accounts[i] = records.AccountState{
			ID: domain.AccountID{UUID: row.ID}, ExternalID: row.ExternalID, Type: domain.AccountType(row.Type),
			BankReadAt: row.BankRead.Time,
		}
	}
	ids := map[time.Time][]uuid.UUID{} // one group for each product of the vendor
	for id, at := range records.BankReadings(accounts, o) {
		ids[at] = append(ids[at], id.UUID)
	}
	for at, group := range ids {
		err := tx.Table("accounts").Where("id IN ? AND tenant_id = ?", group, pull.Tenant).
			Updates(map[string]any{"bank_read_at": gormstore.At(at)}).Error
		if err != nil {
			return err
		}
	}
	return coverCloses(tx.DB, pull, o)
}

// coverCloses sets covered_since and covered_state of the closes of the connection that were not covered, and whose
// days the present readings cover.
func coverCloses(tx *gorm.DB, pull gormstore.PullRow, o records.Outcome) error {
	var closes []closeRow
	err := tx.Where("connection_id = ? AND tenant_id = ? AND completeness = ? AND covered_since IS NULL",
		pull.Connection, pull.Tenant, string(books.NotCovered)).Order("account_id, date").Find(&closes).Error
	for i := 0; i < len(closes) && err == nil; i++ {
		err = coverClose(tx, closes[i], o)
	}
	return err
}

// coverCardCloses does the same for the closes of a card whose completeness was unknown, and whose days the last closed
// bill of the card has reached.
func coverCardCloses(tx *gorm.DB, card accountKeys, o records.Outcome) error {
	view, err := accountView(tx, domain.TenantID{UUID: card.Tenant}, domain.AccountID{UUID: card.ID})
	to := view.Completeness.CompleteTo()
	if err != nil || to == "" {
		return err
	}
	var closes []closeRow
	unknown := string(books.CompletenessUnknown)
	err = tx.Where("account_id = ? AND tenant_id = ? AND date <= ?", card.ID, card.Tenant, string(to)).
		Where("(completeness = ? AND covered_since IS NULL OR covered_state = ?)", unknown, unknown).
		Order("date").Find(&closes).Error
	for i := 0; i < len(closes) && err == nil; i++ {
		err = coverClose(tx, closes[i], o)
	}
	return err
}

func coverClose(tx *gorm.DB, row closeRow, o records.Outcome) error {
	view, err := accountView(tx, domain.TenantID{UUID: row.Tenant}, domain.AccountID{UUID: row.Account})
	if err != nil {
		return err
	}
	closed, err := row.domain()
	if err != nil {
		return err
	}
	state, ok := closed.Covered(view.Completeness, o.Coverage, o.At, o.Grace)
	if !ok {
		return nil
	}
	return tx.Model(&closeRow{}).
		Where("account_id = ? AND date = ? AND tenant_id = ?", row.Account, row.Date, row.Tenant).
		Updates(map[string]any{"covered_since": gormstore.At(o.At), "covered_state": string(state)}).Error
}
