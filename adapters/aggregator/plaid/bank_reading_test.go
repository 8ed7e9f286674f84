package plaid

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheBankReadingIsTheLastSuccessfulUpdateOfTransactions(t *testing.T) {
	at := domain.ProductReading{At: time.Date(2026, 11, 20, 6, 15, 39, 0, time.UTC)}
	const bank = `"item_id":"1","institution_id":"ins_109508","institution_name":"First Platypus Bank"`
	institution := domain.Institution{ID: "ins_109508", Name: "First Platypus Bank"}
	for name, c := range map[string]struct {
		body string
		want domain.BankReading
	}{
		"updated": {
			`{"item":{` + bank + `,"error":null},"status":{"transactions":{
				"last_successful_update":"2026-11-20T06:15:39Z","last_failed_update":"2026-11-21T06:15:39Z"}}}`,
			domain.BankReading{Bank: at, Cards: at, Institution: institution},
		},
		"failing": {
			`{"item":{` + bank + `,"error":{"error_code":"ITEM_LOGIN_REQUIRED"}},"status":{"transactions":{
				"last_successful_update":"2026-11-20T06:15:39Z"}}}`,
			domain.BankReading{Bank: at, Cards: at, Failing: true, Institution: institution},
		},
		"no update": {
			`{"item":{` + bank + `},"status":{"transactions":{"last_successful_update":null}}}`,
			domain.BankReading{Institution: institution},
		},
		"no transactions": {
			`{"item":{"item_id":"1","institution_id":"ins_1"},"status":{"transactions":null}}`,
			domain.BankReading{Institution: domain.Institution{ID: "ins_1", Name: "ins_1"}},
		},
		"no status": {`{"item":{"item_id":"1","institution_id":null},"status":null}`, domain.BankReading{}},
	} {
		var r itemResponse
		if err := vendorhttp.Decode([]byte(c.body), &r); err != nil {
			t.Fatal(err)
		}
		if got := *r.bankReading(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
