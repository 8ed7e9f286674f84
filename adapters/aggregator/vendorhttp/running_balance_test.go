package vendorhttp_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

func TestRunningBalance(t *testing.T) {
	for row, want := range map[string]struct {
		balance string // "" if there is none
		order   int
	}{
		`{"id":"1","balance":-12.50,"order":3}`:     {"-12.5", 3},
		`{"order":4,"b\u0061lance":"7"}`:            {"7", 4},
		`{"balance":1,"balance":2,"order":-1}`:      {"2", 0},
		`{"balance":null,"order":1}`:                {"", 0},
		`{"balance":{"balance":1}}`:                 {"", 0},
		`{"inner":{"balance":1}}`:                   {"", 0},
		`{"balance":1`:                              {"", 0},
		`[1]`:                                       {"", 0},
		`{"balance":12345678901234567890123456789}`: {"", 0},
	} {
		got := vendorhttp.RunningBalance([]byte(row), "order")
		if (got.Balance == nil) != (want.balance == "") || got.Order != want.order ||
			got.Balance != nil && got.Balance.String() != want.balance {
			t.Errorf("%s: %v", row, got)
		}
	}
	if got := vendorhttp.RunningBalance([]byte(`{"balance":1,"order":2}`), ""); got.Order != 0 || got.Balance == nil {
		t.Errorf("without a member for the position: %v", got)
	}
}
