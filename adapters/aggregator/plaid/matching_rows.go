package plaid

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.RowReader = (*Adapter)(nil)

// evidenceJSON contains the members of a row that package matching uses as evidence that two rows are, or are not,
// the same movement. A member with an undocumented JSON type counts as absent.
type evidenceJSON struct {
	Pending jsontext.Value  `json:"pending_transaction_id"`
	Method  jsontext.Value  `json:"payment_meta"`
	Code    vendorhttp.Text `json:"transaction_code"`
}

// RowOf implements ports.RowReader. A posted row contains the id of the pending row that it replaces.
func (*Adapter) RowOf(data domain.TransactionData, account domain.AccountID) banktext.Row {
	in := vendorhttp.DecodeObject[evidenceJSON](jsontext.Value(data.Metadata))
	payment := vendorhttp.DecodeObject[struct {
		Reference vendorhttp.Text `json:"reference_number"`
		Reason    vendorhttp.Text `json:"reason"`
	}](in.Method)
	row := banktext.NewRow(data, account, domain.InstitutionKeys{Reference: payment.Reference.Clean()})
	row.VendorOperation, row.Reason = in.Code.Clean(), payment.Reason.Clean()
	if link, err := vendorhttp.Unquote(in.Pending); err == nil && in.Pending.Kind() == '"' && validID(link) {
		row.Link = link
	}
	return row
}
