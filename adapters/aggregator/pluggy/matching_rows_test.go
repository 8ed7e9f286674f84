package pluggy

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

func TestTheEvidenceOfARow(t *testing.T) {
	const metadata = `{"description": "Pix", "descriptionRaw": " PIX ENVIADO ", "providerCode": "7",
		"operationType": "PIX", "providerId": "A1B2C3D4", "balance": 500.10,
		"paymentData": {"paymentMethod": "TED", "reason": " aluguel ",
			"payer": {"name": "Payer", "accountNumber": "1-2"},
			"receiver": {"name": "Ana Leal", "accountNumber": "3456-7", "routingNumber": "341",
				"documentNumber": {"type": "CPF", "value": "***.123.456-**"}}},
		"creditCardMetadata": {"purchaseDate": "2026-11-17T12:30:00.000Z"},
		"merchant": {"name": "not stated by the institution"}}`
	for _, tc := range []struct {
		amount string
		want   banktext.Party
	}{
		{"-50", banktext.Party{Name: "Ana Leal", Account: "3456-7", Bank: "341", Document: "***.123.456-**"}},
		{"50", banktext.Party{Name: "Payer", Account: "1-2"}},
	} {
		amount, err := domain.ParseMoney(tc.amount, "BRL")
		if err != nil {
			t.Fatal(err)
		}
		data := domain.TransactionData{
			ExternalID: "x", Amount: amount, Description: "Pix", Counterparty: "merchant",
			Metadata: json.RawMessage(metadata),
		}
		want := banktext.NewRow(data, domain.AccountID{}, institutionKeys(data))
		want.RawDescription, want.Code, want.VendorOperation, want.Counterparty = "PIX ENVIADO", "7", "PIX", tc.want
		want.Reason, want.Balance = "aluguel", "500.1"
		want.PurchasedAt = time.Date(2026, 11, 17, 12, 30, 0, 0, time.UTC)
		if diff := cmp.Diff(want, (*Adapter)(nil).RowOf(data, domain.AccountID{})); diff != "" {
			t.Errorf("%s: %s", tc.amount, diff)
		}
	}
	data := domain.TransactionData{Metadata: json.RawMessage(`{"paymentData": {"paymentMethod": "TED"}}`)}
	if row := (*Adapter)(nil).RowOf(data, domain.AccountID{}); row.VendorOperation != "TED" {
		t.Errorf("without operationType: %q", row.VendorOperation)
	}
}
