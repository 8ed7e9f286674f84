package books_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

func TestTheMatchingIDIsTheReferenceOfTheFirstRecordThatHadIt(t *testing.T) {
	id, other := domain.TransactionID{UUID: uuid.UUID{1}}, domain.TransactionID{UUID: uuid.UUID{2}}
	for name, tc := range map[string]struct {
		firstWith  map[string]domain.TransactionID
		references domain.References
		want       string
	}{
		"by id":           {nil, domain.References{EndToEndID: "e"}, id.String()},
		"only one record": {map[string]domain.TransactionID{}, domain.References{EndToEndID: "e"}, "e"},
		"the first":       {map[string]domain.TransactionID{"e": id}, domain.References{EndToEndID: "e"}, "e"},
		"not the first": {
			map[string]domain.TransactionID{"e": other}, domain.References{EndToEndID: "e"}, id.String(),
		},
		"another record has the same value as another member": {
			map[string]domain.TransactionID{"t": other}, domain.References{EndToEndID: "e", TransactionID: "t"}, "e",
		},
		"no reference":      {map[string]domain.TransactionID{}, domain.References{}, id.String()},
		"no main reference": {map[string]domain.TransactionID{}, domain.References{ChequeNumber: "1"}, id.String()},
	} {
		st := books.Statement{Currency: "BRL", FirstWith: tc.firstWith}
		record := st.Record(domain.Transaction{ID: id, Version: 3, TransactionData: domain.TransactionData{
			References: tc.references, Amount: domain.Money{Amount: decimal.New(1, 0), Currency: "BRL"},
		}})
		if record.MatchingID != tc.want || record.Version != 3 || record.References != tc.references {
			t.Errorf("%s: %q, want %q", name, record.MatchingID, tc.want)
		}
	}
}
