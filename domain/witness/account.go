package witness

import (
	"cmp"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AccountStatement returns the records of another account as a statement. days are the days on which its records are
// complete; days.To is its last complete day. balances are its balances at the ends of days, as its vendor states them.
// Pending records, and records without a known amount, are apart.
func AccountStatement(
	account Account, currency string, days domain.Window, records []Record, balances []DayBalance,
) Statement {
	records = slices.Clone(records)
	sort.Slice(records, func(i, j int) bool { // slices.SortFunc would add 19 KiB of code for the large elements
		return cmp.Or(compareDates(records[i].Date, records[j].Date), records[i].ID.Compare(records[j].ID)) < 0
	})
	section := Section{Declared: days}
	for _, r := range records {
		b := Block{Kind: Line, Date: r.Date, Amount: r.Amount, Text: r.Text, IDs: idsOf(r.References)}
		switch {
		case r.Pending:
			b.Kind, b.Reason = Apart, "pending"
		case r.Unknown:
			b.Kind, b.NoAmount, b.Reason = Refused, true, "the amount in the currency of the account is not known"
		case days.To == "" || !days.Contains(r.Date):
			b.Kind, b.Reason = Apart, "outside of the compared days"
		}
		section.Blocks = append(section.Blocks, b)
	}
	for _, b := range balances {
		section.Balances = append(section.Balances, Balance{
			Role: Ledger, Date: b.Date, Readings: []decimal.Decimal{b.Amount}, Source: Field,
		})
	}
	return Statement{Account: account, Currency: currency, Sections: []Section{section}, CoversTo: days.To}
}

// idsOf returns the references that two vendors state alike.
func idsOf(r domain.References) (ids []ID) {
	for _, id := range []ID{
		{Kind: "endToEndId", Value: r.EndToEndID, Stable: true},
		{Kind: "trackingKey", Value: r.TrackingKey, Stable: true},
	} {
		if id.Value != "" {
			ids = append(ids, id)
		}
	}
	return ids
}
