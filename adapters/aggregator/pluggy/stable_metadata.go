package pluggy

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// canonicalForm is the canonical form that RFC 8785 specifies, except that all digits of an integer are kept. The order
// of the members and the notation of a number (1601.0 or 1601) do not matter.
//
// The form omits these members:
//
//   - updatedAt, balance and order, because they can change although the transaction was not edited
//   - amount, because it is compared in its normalised form.
var canonicalForm = vendorhttp.CanonicalForm{
	Omit:      vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`, `"amount"`}},
	KeepNulls: true, AppendText: vendorhttp.AppendCanonical, AppendNumber: vendorhttp.AppendCanonical,
}

// stableMetadata returns the canonical form of a row. A change of the result counts as an edit of the row. The row must
// already have been decoded successfully.
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
