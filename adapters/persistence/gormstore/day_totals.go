package gormstore

import (
	"fmt"
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

// SummedRow is a row of the table summed_transactions: what day_totals contains of a transaction.
type SummedRow struct {
	Transaction uuid.UUID `gorm:"column:transaction_id"`
	Date        string    `gorm:"column:date"`
	Currency    string    `gorm:"column:currency"`
	Status      string    `gorm:"column:status"`
	Amount      string    `gorm:"column:amount"`
	Tenant      uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (SummedRow) TableName() string { return "summed_transactions" }

// Total returns the total of the transaction. Errors: the amount is not a decimal.
func (r SummedRow) Total() (domain.Total, error) {
	amount, err := decimal.NewFromString(r.Amount)
	if err != nil {
		return domain.Total{}, fmt.Errorf("read a summed amount: %w", err)
	}
	t := domain.Transaction{
		TransactionData: domain.TransactionData{Amount: domain.Money{Amount: amount, Currency: r.Currency}},
	}
	return domain.TotalOf(&t), nil
}

// dayKey identifies a row of day_totals of a tenant.
type dayKey struct{ date, currency, status string }

// ReplaceSummed replaces what day_totals contains of the tenant's transactions with the given ids by the rows. Two
// transactions of the database must not do this for the same tenant at the same time: the caller holds the lock of the
// tenant's row in sum_progress.
func ReplaceSummed(tx Tx, d Dialect, tenant uuid.UUID, ids []string, rows []SummedRow) error {
	var old []SummedRow
	among := d.AnyOf("transaction_id", ids)
	if err := tx.Where("tenant_id = ?", tenant).Where(among).Find(&old).Error; err != nil {
		return err
	}
	changes := map[dayKey]*domain.Total{}
	if err := addSummed(changes, old, true); err != nil {
		return err
	}
	if err := addSummed(changes, rows, false); err != nil {
		return err
	}
	if len(old) > 0 {
		if err := tx.Where("tenant_id = ?", tenant).Where(among).Delete(&SummedRow{}).Error; err != nil {
			return err
		}
	}
	if err := CreateAll(tx.DB, rows); err != nil {
		return err
	}
	return changeDayTotals(tx.DB, d, tenant, changes)
}

// addSummed adds the rows to the totals of their days, or subtracts them.
func addSummed(totals map[dayKey]*domain.Total, rows []SummedRow, subtract bool) error {
	for _, row := range rows {
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

// changeDayTotals adds the changes to the tenant's rows of day_totals. It deletes a row that contains no transaction
// any more.
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

// EraseSummed removes the tenant's transactions with the given ids from day_totals.
func EraseSummed(tx Tx, d Dialect, tenant uuid.UUID, ids []string) error {
	var position int64
	q := NewQuery("SELECT change_tx FROM sum_progress WHERE tenant_id = ?"+d.ForUpdate(), UUID(tenant))
	if err := tx.Read(q.AsRead([]any{&position}, func() error { return nil })); err != nil {
		return err
	}
	return ReplaceSummed(tx, d, tenant, ids, nil)
}
