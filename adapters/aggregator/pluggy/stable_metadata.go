package pluggy

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// canonicalForm is that of RFC 8785, except that integers keep their digits, so that
// neither the order of members nor 1601.0 instead of 1601 is an edit. It omits what changes
// without an edit of the transaction: when the row was last written, the account's balance
// after it, its position among the day's rows. It omits the amount, because the normalised
// amount is compared exactly.
var canonicalForm = vendorhttp.CanonicalForm{
	Omit:      vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`, `"amount"`}},
	KeepNulls: true, AppendText: vendorhttp.AppendCanonical, AppendNumber: vendorhttp.AppendCanonical,
}

// stableMetadata returns the part of a row that makes an edit when it changes, in canonical
// form. The row has been decoded before.
func stableMetadata(row jsontext.Value) ([]byte, error) {
	metadata, plain := canonicalForm.Append(make([]byte, 0, len(row)), row)
	if plain {
		return metadata, nil
	}
	// RFC 8785 sorts by UTF-16 code units: names that are not ASCII may need another order.
	sorted := jsontext.Value(metadata)
	if sorted.Canonicalize(jsontext.CanonicalizeRawInts(false)) != nil {
		return nil, malformed("a row without a canonical form")
	}
	return sorted, nil
}
