package belvo

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// evidenceJSON contains members of a transaction that package matching uses as evidence that two rows are, or are
// not, the same movement. Other such members are in keysJSON. Source: developers.belvo.com, Transactions.
type evidenceJSON struct {
	Reference    vendorhttp.Text `json:"reference"`
	Operation    vendorhttp.Text `json:"operation_type"`
	Counterparty jsontext.Value  `json:"counterparty"`
	Balance      jsontext.Value  `json:"balance"`
}

// partyEvidenceJSON contains what the vendor states about the other party of a payment. It has no member for a name,
// because the vendor states none.
type partyEvidenceJSON struct {
	Document   vendorhttp.Text `json:"document_number"`
	Bank       vendorhttp.Text `json:"clearing_code"`
	Number     vendorhttp.Text `json:"number"`
	CheckDigit vendorhttp.Text `json:"check_digit"`
}

// RowOf implements ports.RowReader.
func (*Adapter) RowOf(data domain.TransactionData, account domain.AccountID) banktext.Row {
	row := banktext.NewRow(data, account, institutionKeys(data))
	in := vendorhttp.DecodeObject[evidenceJSON](jsontext.Value(data.Metadata))
	row.Keys.Reference, row.VendorOperation = in.Reference.Clean(), in.Operation.Clean()
	row.Counterparty, row.Balance = counterpartyOf(in.Counterparty), vendorhttp.BalanceText(in.Balance)
	return row
}

// counterpartyOf returns what the institution states about the other party of a payment. Some digits of the party's
// tax number may be masked. The row's merchant is not used, because the vendor adds it to rows and may change it
// later.
func counterpartyOf(value jsontext.Value) banktext.Party {
	party := vendorhttp.DecodeObject[partyEvidenceJSON](value)
	number := party.Number.Clean()
	if number != "" {
		number += party.CheckDigit.Clean()
	}
	return banktext.Party{Document: party.Document.Clean(), Account: number, Bank: party.Bank.Clean()}
}
