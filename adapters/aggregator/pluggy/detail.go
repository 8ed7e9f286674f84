package pluggy

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// form is canonical (RFC 8785, but integers as they are written), so that neither the order
// of members nor 1601.0 for 1601 is an edit. Left out is what changes without the movement
// being edited: when the row was last written, the account's balance behind it, its place
// among the day's rows. The amount is compared exactly, as normalised.
var form = vendorhttp.CanonicalForm{
	Omit:      vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`, `"amount"`}},
	KeepNulls: true, AppendText: vendorhttp.AppendCanonical, AppendNumber: vendorhttp.AppendCanonical,
}

// detail is what of a row makes an edit when it changes. The row has been decoded.
func detail(object jsontext.Value) ([]byte, error) {
	kept, plain := form.Append(make([]byte, 0, len(object)), object)
	if plain {
		return kept, nil
	}
	// The order of such names is not that of their bytes.
	sorted := jsontext.Value(kept)
	if sorted.Canonicalize(jsontext.CanonicalizeRawInts(false)) != nil {
		return nil, malformed("a row that has no canonical form")
	}
	return sorted, nil
}
