package belvo

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// stableForm is the canonical form of a row. These differences between two rows do not change it:
//
//   - the order of members
//   - the number and time formats
//   - members that change without an edit of the transaction
//   - null members, so that a new member in the vendor's schema does not look like an edit of every row.
var stableForm = vendorhttp.CanonicalForm{
	Omit: vendorhttp.VolatileMembers{
		// The times at which the vendor last read the row, and at which it first stored the row.
		"*": {`"collected_at"`, `"created_at"`, `"last_accessed_at"`},
		// These members of the row itself are not compared. The account and its balance change independently of the
		// row. The amounts are compared after normalisation; here, a change from 900 to "900.0" would count as an edit.
		"": {`"account"`, `"balance"`, `"amount"`, `"local_currency_amount"`},
		// The amount of the open bill, which grows with each purchase.
		`"credit_card_data"`: {`"bill_amount"`},
		// The URL of a picture.
		`"merchant"`: {`"logo"`},
	},
	AppendText: appendUTCTime, AppendNumber: appendShortestNumber,
}

// stableMetadata returns the canonical form of a row. A change of the result counts as an edit of the row. The row must
// be valid JSON. A row that has already been decoded is always valid JSON.
func stableMetadata(raw json.RawMessage) ([]byte, error) {
	written, plain := stableForm.Append(make([]byte, 0, len(raw)), raw)
	if plain {
		return written, nil
	}
	// The members are sorted again, because Append sorts names by their bytes. For names that are not
	// plain ASCII, the canonical order (RFC 8785) differs from the order of the bytes.
	sorted := jsontext.Value(written)
	if err := sorted.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false)); err != nil {
		return nil, domain.UnreadableRow(domain.InvalidText)
	}
	return sorted, nil
}

// appendShortestNumber appends a JSON number to text, without trailing zeros. If vendorhttp.ParseMoney cannot represent
// the number exactly, it is appended unchanged.
func appendShortestNumber(text, number []byte) []byte {
	value, err := vendorhttp.ParseMoney(string(number), "XXX")
	if err != nil {
		return append(text, number...)
	}
	return append(text, value.Amount.String()...)
}

// appendUTCTime appends a JSON string to text. An RFC 3339 time is written in UTC with no more fractional digits than
// it needs, so that "Z" and "+00:00" are equal. Any other string is appended unchanged.
func appendUTCTime(text, quoted []byte) []byte {
	const shortestTime = len(`"2006-01-02T15:04:05Z"`)
	if vendorhttp.IsPlainScalar(quoted) && (len(quoted) < shortestTime || quoted[5] != '-' || quoted[11] != 'T') {
		return append(text, quoted...)
	}
	value, err := vendorhttp.Unquote(quoted)
	if err != nil {
		return append(text, quoted...)
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		value = at.UTC().Format(time.RFC3339Nano)
	}
	text, _ = jsontext.AppendQuote(text, value)
	return text
}
