package belvo

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

func TestTheEvidenceOfARow(t *testing.T) {
	data := domain.TransactionData{
		ExternalID: "x", Description: "PIX ENVIADO", Counterparty: "merchant",
		Metadata: json.RawMessage(`{"internal_identification": "A1B2C3D4", "reference": " R1 ", "balance": 500.10,
			"operation_type": "PIX", "merchant": {"merchant_name": "not stated by the institution"},
			"counterparty": {"document_number": "***.123.456-**", "clearing_code": "341", "number": "3456",
				"check_digit": "7"}}`),
	}
	want := banktext.NewRow(data, domain.AccountID{}, institutionKeys(data))
	want.Keys.Reference, want.VendorOperation, want.Balance = "R1", "PIX", "500.1"
	want.Counterparty = banktext.Party{Document: "***.123.456-**", Account: "34567", Bank: "341"}
	if diff := cmp.Diff(want, (*Adapter)(nil).RowOf(data, domain.AccountID{})); diff != "" {
		t.Error(diff)
	}
	data.Metadata = json.RawMessage(`{"counterparty": {"check_digit": "7"}}`)
	if party := (*Adapter)(nil).RowOf(data, domain.AccountID{}).Counterparty; party != (banktext.Party{}) {
		t.Errorf("a check digit without a number: %+v", party)
	}
}
