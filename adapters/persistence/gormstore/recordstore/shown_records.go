package recordstore

import (
	"fmt"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// shownSeparator separates the values of a record, and the records. No external id contains it; see
// gormstore.KeyColumn.
const shownSeparator = "\x1f"

// VisitShown implements records.Source. One statement reads the records of all amounts: for each amount, it reads at
// most which.Limit entries of the index transactions_amount.
func (s recordSource) VisitShown(which records.ShownOf, visit func(records.ShownRecord)) error {
	amounts := s.dialect.EachAmount("asked", which.Amounts)
	q := gormstore.NewQuery(`SELECT CAST(asked.value AS text), (SELECT string_agg(
			shown.date || shown.currency || shown.external_id || CAST(? AS text)
			|| replace(substr(shown.description, 1, ?), CAST(? AS text), ' '), CAST(? AS text))
		FROM (SELECT date, currency, external_id, description FROM transactions t`,
		shownSeparator, which.Text, shownSeparator, shownSeparator)
	q.Add(" WHERE t.account_id = ? AND "+s.dialect.TenantIs("t.tenant_id", "?")+` AND t.amount = asked.value
			AND t.date BETWEEN ? AND ? AND t.removed_at IS NULL AND t.excluded_at IS NULL
			ORDER BY t.date DESC LIMIT ?) AS shown)`,
		gormstore.UUID(which.Account.UUID), gormstore.UUID(s.pull.Tenant),
		string(which.Dates.From), string(which.Dates.To), which.Limit)
	q.Add(" FROM "+amounts.SQL, amounts.Vars...)
	var amount, joined gormstore.Text
	return s.tx.Read(q.AsRead([]any{&amount, &joined}, func() error {
		return visitShown(string(amount), string(joined), visit)
	}))
}

// The lengths of the values at the start of each record, in bytes.
const (
	dateLength     = len("2026-01-31")
	currencyLength = len("BRL")
)

// visitShown calls visit with the records of one amount that VisitShown has read as one text.
func visitShown(amount, joined string, visit func(records.ShownRecord)) error {
	if joined == "" {
		return nil
	}
	values := strings.Split(joined, shownSeparator)
	for i := 0; i+1 < len(values); i += 2 {
		head := values[i]
		if len(head) < dateLength+currencyLength {
			return fmt.Errorf("a record of an amount begins with %d bytes", len(head))
		}
		visit(records.ShownRecord{
			ExternalID: head[dateLength+currencyLength:], Amount: amount,
			Currency: head[dateLength : dateLength+currencyLength], Date: domain.Date(head[:dateLength]),
			Text: values[i+1],
		})
	}
	return nil
}
