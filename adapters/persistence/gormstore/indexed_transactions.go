package gormstore

import (
	"fmt"
	"slices"
	"unicode/utf8"

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
	// AccountAmount is the amount in the currency of the account, like Amount; empty if there is none.
	AccountAmount string    `gorm:"column:account_amount"`
	Folded        string    `gorm:"column:folded"`
	Tenant        uuid.UUID `gorm:"column:tenant_id"`
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

// maxReplacedText is the number of characters of texts after which one database transaction deletes no further texts
// from the index. SQLite takes about 40 microseconds for each character, and no other write can begin meanwhile.
const maxReplacedText = 2 << 10

// IndexChange contains changes of rows of search_index.
type IndexChange struct {
	// N is the number of transactions whose rows are replaced. If the texts of their rows are long, it is lower than
	// the number of transactions that PlanIndexed was called with, but not 0.
	N int

	outdated, added []IndexedRow
}

// PlanIndexed compares the rows of search_index for the tenant's transactions with the ids with the given rows, which
// replace them. It plans the replacement for the first N of the transactions. The caller must hold the lock of
// LockIndex.
func PlanIndexed(tx Tx, d Dialect, tenant uuid.UUID, ids []string, rows []IndexedRow) (c IndexChange, err error) {
	var stored []IndexedRow
	err = tx.Where(d.TenantIs("tenant_id", "?"), tenant).Where(d.AnyOf("transaction_id", ids)).Find(&stored).Error
	if err != nil {
		return c, err
	}
	before, after := byTransaction(stored), byTransaction(rows)
	for text := 0; c.N < len(ids) && text < maxReplacedText; c.N++ {
		old, isStored := before[ids[c.N]]
		row, isIndexed := after[ids[c.N]]
		if isStored && isIndexed && old == row {
			continue
		}
		if isStored {
			c.outdated = append(c.outdated, old)
		}
		if isIndexed {
			c.added = append(c.added, row)
		}
		if isStored && old.Folded != row.Folded {
			text += utf8.RuneCountInString(old.Folded)
		}
	}
	return c, nil
}

// byTransaction returns the rows by the ids of their transactions.
func byTransaction(rows []IndexedRow) map[string]IndexedRow {
	all := make(map[string]IndexedRow, len(rows))
	for _, row := range rows {
		all[row.Transaction.String()] = row
	}
	return all
}

// Apply changes search_index, and updates day_totals accordingly.
func (c IndexChange) Apply(tx Tx, d Dialect, tenant uuid.UUID) error {
	changes := map[dayKey]*domain.Total{}
	if err := addIndexed(changes, c.outdated, true); err != nil {
		return err
	}
	if err := addIndexed(changes, c.added, false); err != nil {
		return err
	}
	if err := d.ReplaceIndexed(tx.DB, tenant, c.outdated, c.added); err != nil {
		return err
	}
	return changeDayTotals(tx.DB, d, tenant, changes)
}

// DeleteIndexed deletes rows of the search index of a tenant.
func DeleteIndexed(tx *gorm.DB, d Dialect, tenant uuid.UUID, rows []IndexedRow) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Transaction.String()
	}
	return tx.Where(d.TenantIs("tenant_id", "?"), tenant).Where(d.AnyOf("transaction_id", ids)).
		Delete(&IndexedRow{}).Error
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
	q := NewQuery("SELECT change_tx FROM search_progress WHERE tenant_id = ?"+d.Lock(ForUpdate), UUID(tenant))
	return tx.Read(q.AsRead([]any{&position}, func() error { return nil }))
}
