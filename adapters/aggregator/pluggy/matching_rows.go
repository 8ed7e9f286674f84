package pluggy

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// evidenceJSON contains members of a transaction that package matching uses as evidence that two rows are, or are
// not, the same movement. Other such members are in keysJSON. Source: the vendor's OpenAPI document, Transaction and
// PaymentData.
type evidenceJSON struct {
	RawDescription vendorhttp.Text `json:"descriptionRaw"`
	Code           vendorhttp.Text `json:"providerCode"`
	Operation      vendorhttp.Text `json:"operationType"`
	Balance        jsontext.Value  `json:"balance"`
	Payment        jsontext.Value  `json:"paymentData"`
	Card           jsontext.Value  `json:"creditCardMetadata"`
}

type paymentEvidenceJSON struct {
	Payer    jsontext.Value  `json:"payer"`
	Receiver jsontext.Value  `json:"receiver"`
	Method   vendorhttp.Text `json:"paymentMethod"`
	Reason   vendorhttp.Text `json:"reason"`
}

type partyEvidenceJSON struct {
	Name     vendorhttp.Text `json:"name"`
	Account  vendorhttp.Text `json:"accountNumber"`
	Bank     vendorhttp.Text `json:"routingNumber"`
	Document jsontext.Value  `json:"documentNumber"`
}

// RowOf implements ports.RowReader.
func (*Adapter) RowOf(data domain.TransactionData, account domain.AccountID) banktext.Row {
	out := banktext.NewRow(data, account, institutionKeys(data))
	in := vendorhttp.DecodeObject[evidenceJSON](jsontext.Value(data.Metadata))
	payment := vendorhttp.DecodeObject[paymentEvidenceJSON](in.Payment)
	other := payment.Payer
	if data.Amount.Amount.IsNegative() {
		other = payment.Receiver
	}
	out.RawDescription, out.Code = in.RawDescription.Clean(), in.Code.Clean()
	out.VendorOperation = cmp.Or(in.Operation.Clean(), payment.Method.Clean())
	out.Balance = vendorhttp.BalanceText(in.Balance)
	out.Counterparty, out.Reason = counterpartyOf(other), payment.Reason.Clean()
	card := vendorhttp.DecodeObject[cardKeysJSON](in.Card)
	if _, at, err := (row{Date: card.PurchaseDate.Value}).parseDate(); err == nil {
		out.PurchasedAt = at
	}
	return out
}

// counterpartyOf returns what the institution states about a party of a payment. Some digits of the party's tax
// number may be masked. The row's merchant is not used, because the vendor adds it to rows and may change it later.
func counterpartyOf(value jsontext.Value) banktext.Party {
	party := vendorhttp.DecodeObject[partyEvidenceJSON](value)
	return banktext.Party{
		Name: party.Name.Clean(), Account: party.Account.Clean(), Bank: party.Bank.Clean(),
		Document: vendorhttp.DecodeObject[documentJSON](party.Document).Value.Clean(),
	}
}
