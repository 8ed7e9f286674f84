package pluggy

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// canonicalForm is the canonical form that RFC 8785 specifies, except that all digits of an integer are kept. Therefore
// a different order of members does not count as an edit, and neither does 1601.0 instead of 1601. It omits the members
// that change although the transaction was not edited: the time at which the row was last written, the account's
// balance after it, and its position among the rows of the day. It also omits the amount, because the normalised amount
// is compared exactly.
var canonicalForm = vendorhttp.CanonicalForm{
	Omit:      vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`, `"amount"`}},
	KeepNulls: true, AppendText: vendorhttp.AppendCanonical, AppendNumber: vendorhttp.AppendCanonical,
}

// stableMetadata returns, in canonical form, those members of a row whose change counts as an edit.
// The row must already have been decoded successfully.
func stableMetadata(row jsontext.Value) ([]byte, error) {
	metadata, plain := canonicalForm.Append(make([]byte, 0, len(row)), row)
	if plain {
		return metadata, nil
	}
	// RFC 8785 sorts names by UTF-16 code units. Names that are not ASCII may therefore have another order than in
	// metadata.
	sorted := jsontext.Value(metadata)
	if sorted.Canonicalize(jsontext.CanonicalizeRawInts(false)) != nil {
		return nil, domain.UnreadableRow(domain.InvalidText)
	}
	return sorted, nil
}
