package gormstore

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DayTotalRow is a row of the table day_totals: a sum of transactions with the same day, currency and status.
type DayTotalRow struct {
	Date     string    `gorm:"column:date"`
	Currency string    `gorm:"column:currency"`
	Status   string    `gorm:"column:status"`
	In       string    `gorm:"column:amount_in"`
	Out      string    `gorm:"column:amount_out"`
	Count    int       `gorm:"column:count"`
	Tenant   uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (DayTotalRow) TableName() string { return "day_totals" }

// Domain returns the sum. Errors: an amount is not a decimal.
func (r DayTotalRow) Domain() (sum domain.DayTotal, err error) {
	sum = domain.DayTotal{Date: domain.Date(r.Date), Total: domain.Total{Currency: r.Currency, Count: r.Count}}
	if sum.In, err = decimal.NewFromString(r.In); err == nil {
		sum.Out, err = decimal.NewFromString(r.Out)
	}
	if err != nil {
		err = fmt.Errorf("read a sum of a day: %w", err)
	}
	return sum, err
}

// IndexedRow is a row of the table search_index. It contains the values of a transaction that a search or day_totals
// needs.
type IndexedRow struct {
	Transaction uuid.UUID `gorm:"column:transaction_id"`
	Connection  uuid.UUID `gorm:"column:connection_id"`
	Date        string    `gorm:"column:date"`
	Amount      string    `gorm:"column:amount"` // without trailing zeros
	Currency    string    `gorm:"column:currency"`
	Status      string    `gorm:"column:status"` // empty for a transaction that day_totals does not contain; see Counts
	Folded      string    `gorm:"column:folded"`
	Tenant      uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (IndexedRow) TableName() string { return "search_index" }

// Total returns the total of the transaction. Errors: the amount is not a decimal.
func (r IndexedRow) Total() (domain.Total, error) {
	amount, err := decimal.NewFromString(r.Amount)
	if err != nil {
		return domain.Total{}, fmt.Errorf("read an indexed amount: %w", err)
	}
	t := domain.Transaction{
		TransactionData: domain.TransactionData{Amount: domain.Money{Amount: amount, Currency: r.Currency}},
	}
	return domain.TotalOf(&t), nil
}

// dayKey identifies a row of day_totals of a tenant.
type dayKey struct{ date, currency, status string }

// ReplaceIndexed replaces the rows of search_index for the tenant's transactions with these ids by the given rows. It
// updates day_totals accordingly. The caller must hold the lock of LockIndex.
func ReplaceIndexed(tx Tx, d Dialect, tenant uuid.UUID, ids []string, rows []IndexedRow) error {
	var old []IndexedRow
	ofTenant := d.TenantIs("tenant_id", "?")
	if err := tx.Where(ofTenant, tenant).Where(d.AnyOf("transaction_id", ids)).Find(&old).Error; err != nil {
		return err
	}
	outdated, added := differentRows(old, rows)
	changes := map[dayKey]*domain.Total{}
	if err := addIndexed(changes, outdated, true); err != nil {
		return err
	}
	if err := addIndexed(changes, added, false); err != nil {
		return err
	}
	if len(outdated) > 0 {
		deleted := make([]string, len(outdated))
		for i, row := range outdated {
			deleted[i] = row.Transaction.String()
		}
		among := d.AnyOf("transaction_id", deleted)
		if err := tx.Where(ofTenant, tenant).Where(among).Delete(&IndexedRow{}).Error; err != nil {
			return err
		}
	}
	if err := d.InsertIndexed(tx.DB, added); err != nil {
		return err
	}
	return changeDayTotals(tx.DB, d, tenant, changes)
}

// differentRows returns the rows of old that are not in rows, and the rows that are not in old.
func differentRows(old, rows []IndexedRow) (outdated, added []IndexedRow) {
	present := make(map[IndexedRow]bool, len(old))
	for _, row := range old {
		present[row] = true
	}
	for _, row := range rows {
		if !present[row] {
			added = append(added, row)
		}
		delete(present, row)
	}
	return slices.Collect(maps.Keys(present)), added
}

// addIndexed adds the amounts of the rows to the totals of their days, or subtracts them if subtract is set.
func addIndexed(totals map[dayKey]*domain.Total, rows []IndexedRow, subtract bool) error {
	for _, row := range rows {
		if row.Status == "" {
			continue
		}
		total, err := row.Total()
		if err != nil {
			return err
		}
		if subtract {
			total = total.Neg()
		}
		key := dayKey{row.Date, row.Currency, row.Status}
		if totals[key] == nil {
			totals[key] = &domain.Total{Currency: row.Currency}
		}
		totals[key].Add(total)
	}
	return nil
}

// changeDayTotals adds the changes to the tenant's rows of day_totals. It deletes a row whose last transaction was
// subtracted.
func changeDayTotals(tx *gorm.DB, d Dialect, tenant uuid.UUID, changes map[dayKey]*domain.Total) error {
	dates := make([]string, 0, len(changes))
	for key := range changes {
		dates = append(dates, key.date)
	}
	slices.Sort(dates)
	dates = slices.Compact(dates)
	if len(dates) == 0 {
		return nil
	}
	var stored []DayTotalRow
	among := d.AnyOf("date", dates)
	if err := tx.Where("tenant_id = ?", tenant).Where(among).Find(&stored).Error; err != nil {
		return err
	}
	for _, row := range stored {
		sum, err := row.Domain()
		if err != nil {
			return err
		}
		key := dayKey{row.Date, row.Currency, row.Status}
		if changes[key] == nil {
			changes[key] = &domain.Total{Currency: row.Currency}
		}
		changes[key].Add(sum.Total)
	}
	rows := make([]DayTotalRow, 0, len(changes))
	for key, total := range changes {
		if total.Count != 0 {
			rows = append(rows, DayTotalRow{
				Date: key.date, Currency: key.currency, Status: key.status, Count: total.Count, Tenant: tenant,
				In: total.In.String(), Out: total.Out.String(),
			})
		}
	}
	if len(stored) > 0 {
		if err := tx.Where("tenant_id = ?", tenant).Where(among).Delete(&DayTotalRow{}).Error; err != nil {
			return err
		}
	}
	return CreateAll(tx, rows)
}

// LockIndex locks the tenant's row in search_progress until tx ends.
func LockIndex(tx Tx, d Dialect, tenant uuid.UUID) error {
	var position int64
	q := NewQuery("SELECT change_tx FROM search_progress WHERE tenant_id = ?"+d.ForUpdate(), UUID(tenant))
	return tx.Read(q.AsRead([]any{&position}, func() error { return nil }))
}
