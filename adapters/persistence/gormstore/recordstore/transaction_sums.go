package recordstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// sumConditions appends the conditions of the filter to a query of transactions, except for the text.
func (s ledger) sumConditions(q *gormstore.Query, tenant domain.TenantID, f domain.SumFilter) {
	if f.Connection.IsZero() {
		q.Add(" WHERE tenant_id = ?", gormstore.UUID(tenant.UUID))
	} else {
		q.Add(" WHERE connection_id = ? AND "+s.Dialect.TenantIs("tenant_id", "?"),
			gormstore.UUID(f.Connection.UUID), gormstore.UUID(tenant.UUID))
	}
	q.Add(" AND " + gormstore.Counts + " AND erased_at IS NULL")
	addFilter(q, f.Window, f.Status, f.Account)
}

// maxUnsummed is the maximum number of transactions after the position of search_progress that a sum reads. If there
// are more, the sum does not use day_totals.
const maxUnsummed = 20_000

// Sum reads the sums over all connections from day_totals, which a background task maintains. It reads the transactions
// that the task has not added yet in the same snapshot of the database, and adds them. For a filter by connection,
// account or text, or if too many transactions are missing from day_totals, Sum adds up the rows instead.
func (s ledger) Sum(
	ctx context.Context, tenant domain.TenantID, f domain.SumFilter,
) ([]domain.DayTotal, error) {
	if f.Connection.IsZero() && !f.Account.IsZero() {
		var err error
		if f.Connection, err = s.connectionOf(ctx, tenant, f.Account); err != nil || f.Connection.IsZero() {
			return nil, err
		}
	}
	if f.Connection.IsZero() && f.Text == "" {
		sums, complete, err := s.storedSums(ctx, tenant, f)
		if err != nil || complete {
			return sums, err
		}
	}
	return s.sumRecords(ctx, tenant, f)
}

// connectionOf returns the connection of an account; zero if the tenant has no such account. All transactions of an
// account belong to this connection.
func (s ledger) connectionOf(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (id domain.ConnectionID, err error) {
	q := gormstore.NewQuery("SELECT connection_id FROM accounts WHERE id = ? AND tenant_id = ?",
		gormstore.UUID(account.UUID), gormstore.UUID(tenant.UUID))
	err = s.Rows(ctx, q.String(), q.Args, gormstore.ScanTargets(&id.UUID), func() error { return nil })
	return id, err
}

// storedSums returns the sums from day_totals, and includes the transactions that are not added to day_totals yet.
// complete is false if there are more than maxUnsummed such transactions. The filter must have neither a connection nor
// a text.
func (s ledger) storedSums(
	ctx context.Context, tenant domain.TenantID, f domain.SumFilter,
) (sums []domain.DayTotal, complete bool, err error) {
	var failed error // the error of the function, which is already translated
	err = s.Core.Snapshot(ctx, s.Timeout, func(tx gormstore.SnapshotTx) error {
		failed = s.Bounded(ctx, func(ctx context.Context) (err error) {
			if sums, err = s.readDayTotals(ctx, tx, tenant, f); err == nil {
				complete, err = s.addUnsummed(ctx, tx, tenant, f, &sums)
			}
			return err
		})
		return failed
	})
	if failed != nil || err != nil {
		return nil, false, cmp.Or(failed, gormstore.Translate(ctx, err))
	}
	if !complete {
		return nil, false, nil
	}
	sums = slices.DeleteFunc(domain.SumDays(sums), func(sum domain.DayTotal) bool { return sum.Count == 0 })
	sums, err = limitSums(sums)
	return sums, true, err
}

// readDayTotals reads the rows of day_totals that match the filter. It reads at most one row more than a response
// about sums can be computed from.
func (s ledger) readDayTotals(
	ctx context.Context, tx gormstore.SnapshotTx, tenant domain.TenantID, f domain.SumFilter,
) (sums []domain.DayTotal, err error) {
	q := gormstore.NewQuery("SELECT date, currency, amount_in, amount_out, count FROM day_totals WHERE tenant_id = ?",
		gormstore.UUID(tenant.UUID))
	addFilter(q, f.Window, f.Status, domain.AccountID{})
	q.Add(" LIMIT ?", 2*domain.MaxDayTotals+1) // a day and a currency have a row for each of two states
	var row gormstore.DayTotalRow
	columns := gormstore.ScanTargets(&row.Date, &row.Currency, &row.In, &row.Out)
	err = tx.Read(ctx, q.AsRead(append(columns, &row.Count), func() error {
		sum, err := row.Domain()
		sums = append(sums, sum)
		return err
	}))
	return sums, err
}

// addUnsummed appends the totals of the transactions that have changed since the task last updated day_totals. It
// subtracts the totals that day_totals still contains for these transactions. complete is false if there are more than
// maxUnsummed such transactions.
func (s ledger) addUnsummed(
	ctx context.Context, tx gormstore.SnapshotTx, tenant domain.TenantID, f domain.SumFilter, sums *[]domain.DayTotal,
) (complete bool, err error) {
	q, place, columns := indexedUntil(tenant.UUID)
	if err := tx.Read(ctx, q.AsRead(columns, func() error { return nil })); err != nil {
		return false, err
	}
	q = gormstore.NewQuery(`SELECT t.date, t.currency, t.status, CAST(t.amount AS text),
		t.removed_at IS NULL AND t.excluded_at IS NULL AND t.erased_at IS NULL,
		coalesce(s.date, ''), coalesce(s.currency, ''), coalesce(s.status, ''), coalesce(s.amount, '')
		FROM transactions t LEFT JOIN search_index s ON `+s.Dialect.TenantIs("s.tenant_id", "t.tenant_id")+`
			AND s.transaction_id = t.id
		WHERE t.tenant_id = ?`, gormstore.UUID(tenant.UUID))
	q.Add(" AND (t.change_tx, t.id) > (?, ?) ORDER BY t.change_tx, t.id LIMIT ?",
		place.tx, gormstore.UUID(place.id), maxUnsummed+1)
	var present, summed gormstore.IndexedRow
	var live bool
	columns = gormstore.ScanTargets(&present.Date, &present.Currency, &present.Status, &present.Amount)
	columns = append(columns, &live)
	columns = append(columns,
		gormstore.ScanTargets(&summed.Date, &summed.Currency, &summed.Status, &summed.Amount)...)
	rows := 0
	err = tx.Read(ctx, q.AsRead(columns, func() error {
		if rows++; live {
			if err := addSum(sums, f, present, false); err != nil {
				return err
			}
		}
		if summed.Status != "" {
			return addSum(sums, f, summed, true)
		}
		return nil
	}))
	return rows <= maxUnsummed, err
}

// addSum appends the total of a transaction to sums if the filter matches. If subtract is set, it appends the negated
// total.
func addSum(sums *[]domain.DayTotal, f domain.SumFilter, row gormstore.IndexedRow, subtract bool) error {
	if !f.Window.Contains(domain.Date(row.Date)) || f.Status != "" && string(f.Status) != row.Status {
		return nil
	}
	total, err := row.Total()
	if subtract {
		total = total.Neg()
	}
	*sums = append(*sums, domain.DayTotal{Date: domain.Date(row.Date), Total: total})
	return err
}

// sumRecords groups the rows by day, currency and direction. If the filter contains a text, it reads the rows
// instead, and compares and adds them in Go, because the databases fold case and accents in different ways.
func (s ledger) sumRecords(
	ctx context.Context, tenant domain.TenantID, f domain.SumFilter,
) ([]domain.DayTotal, error) {
	if f.Text != "" {
		return s.sumMatches(ctx, tenant, f)
	}
	parts := s.Dialect.DecimalSum("amount")
	q := gormstore.NewQuery("SELECT date, currency, count(*)")
	texts := make([]string, len(parts))
	var sum domain.DayTotal
	columns := []any{(*gormstore.Text)(&sum.Date), (*gormstore.Text)(&sum.Currency), &sum.Count}
	for i, part := range parts {
		q.Add(", " + part.SQL)
		columns = append(columns, (*gormstore.Text)(&texts[i]))
	}
	q.Add(" FROM " + gormstore.TransactionTable)
	s.sumConditions(q, tenant, f)
	q.Add(" GROUP BY date, currency, CAST(amount AS text) LIKE '-%' LIMIT ?", 2*domain.MaxDayTotals+1)
	var sums []domain.DayTotal
	err := s.Rows(ctx, q.String(), q.Args, columns, func() error {
		amount, err := addParts(parts, texts)
		if err != nil {
			return err
		}
		sum.In, sum.Out = amount, decimal.Decimal{}
		if amount.IsNegative() {
			sum.In, sum.Out = decimal.Decimal{}, amount.Neg()
		}
		sums = append(sums, sum)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return limitSums(domain.SumDays(sums))
}

func limitSums(sums []domain.DayTotal) ([]domain.DayTotal, error) {
	if len(sums) > domain.MaxDayTotals {
		return nil, domain.TooManyDays()
	}
	return sums, nil
}

// addParts returns the sum of the parts. A sum can have more digits than an amount.
func addParts(parts []gormstore.SumPart, texts []string) (sum decimal.Decimal, err error) {
	for i, text := range texts {
		if text == "" {
			continue
		}
		value, err := decimal.NewFromString(text)
		if err != nil {
			return decimal.Decimal{}, fmt.Errorf("sum amounts: %w", err)
		}
		sum = sum.Add(value.Shift(parts[i].Exponent))
	}
	return sum, nil
}

// sumMatches sums the rows that contain the text of the filter.
func (s ledger) sumMatches(
	ctx context.Context, tenant domain.TenantID, f domain.SumFilter,
) ([]domain.DayTotal, error) {
	q := gormstore.NewQuery("SELECT date, currency, CAST(amount AS text), description, counterparty FROM " +
		gormstore.TransactionTable)
	s.sumConditions(q, tenant, f)
	text := domain.SumFilter{Text: f.Text}
	type day struct {
		date     domain.Date
		currency string
	}
	byDay := map[day]*domain.Total{}
	row := gormstore.NewTransactionRow()
	columns := gormstore.ScanTargets(
		(*string)(&row.Date), &row.Amount.Currency, &row.Amount.Amount, &row.Description, &row.Counterparty,
	)
	err := s.Rows(ctx, q.String(), q.Args, columns, func() error {
		if !text.Matches(&row.Transaction) {
			return nil
		}
		key := day{row.Date, row.Amount.Currency}
		sum := byDay[key]
		if sum == nil {
			sum = &domain.Total{Currency: row.Amount.Currency}
			byDay[key] = sum
		}
		sum.Add(domain.TotalOf(&row.Transaction))
		if len(byDay) > domain.MaxDayTotals {
			return domain.TooManyDays()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sums := make([]domain.DayTotal, 0, len(byDay))
	for key, sum := range byDay {
		sums = append(sums, domain.DayTotal{Date: key.date, Total: *sum})
	}
	return domain.SumDays(sums), nil
}
