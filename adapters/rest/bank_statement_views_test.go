package rest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// An amount that cannot be read is absent. A zero would be an amount.
func TestAnUnreadableAmountIsAbsent(t *testing.T) {
	for _, tc := range []struct {
		finding witness.Finding
		want    string
	}{
		{witness.Finding{Position: 1, Bucket: witness.RefusedBlock, NoAmount: true}, ""},
		{witness.Finding{Bucket: witness.Outside, NoAmount: true}, ""},
		{witness.Finding{Position: 1, Bucket: witness.Both}, `"amount":"0"`},
		{witness.Finding{Position: 1, Bucket: witness.Both, Amount: decimal.New(-50, 0)}, `"amount":"-50"`},
	} {
		text, err := json.Marshal(bankStatementLineOf(tc.finding))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), tc.want) || tc.want == "" && strings.Contains(string(text), "amount") {
			t.Errorf("the line is %s, want %q", text, tc.want)
		}
	}
}
