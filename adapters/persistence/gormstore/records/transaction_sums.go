package records

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// sumConditions appends the conditions of the filter to a query of transactions, except for the text.
func (s ledger) sumConditions(q *gormstore.Query, tenant domain.TenantID, f domain.SumFilter) {
	if f.Connection.IsZero() {
		q.Add(" WHERE tenant_id = ?", gormstore.UUID(tenant.UUID))
	} else {
		q.Add(" WHERE connection_id = ? AND "+gormstore.TenantIs(s.Dialect, "tenant_id"),
			gormstore.UUID(f.Connection.UUID), gormstore.UUID(tenant.UUID))
	}
	q.Add(" AND removed_at IS NULL AND erased_at IS NULL")
	for _, narrow := range []struct{ condition, value string }{
		{" AND date >= ?", string(f.Window.From)},
		{" AND date <= ?", string(f.Window.To)},
		{" AND status = ?", string(f.Status)},
	} {
		if narrow.value != "" {
			q.Add(narrow.condition, narrow.value)
		}
	}
	if !f.Account.IsZero() {
		q.Add(" AND account_id = ?", gormstore.UUID(f.Account.UUID))
	}
}

// Sum groups the rows by day, currency and direction. With a text, it reads the rows instead, and compares and adds
// them in Go, because the databases fold case and accents in different ways.
func (s ledger) Sum(
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
