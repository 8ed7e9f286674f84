package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestARowOfAnImpossibleDateIsUnreadable checks the bounds of the dates of rows.
func TestARowOfAnImpossibleDateIsUnreadable(t *testing.T) {
	for date, readable := range map[domain.Date]bool{
		"0000-12-31": false, "0001-01-01": false, "1899-12-31": false, "1900-01-01": true, "2199-12-31": true,
		"2200-01-01": false, "9999-12-31": false, "": true,
	} {
		raw := domain.RawTransactionsOf(domain.TransactionData{Date: date, Metadata: []byte(`{"a":1}`)})[0]
		row, err := raw.Row()
		if reason := domain.UnreadableReason(
			err,
		); (err == nil) != readable ||
			!readable && reason != domain.InvalidDate {
			t.Errorf("%s: %v", date, err)
		}
		if string(row.Metadata) != `{"a":1}` {
			t.Errorf("%s: the metadata is %s", date, row.Metadata)
		}
	}
}
