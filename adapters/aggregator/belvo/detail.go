package belvo

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// form is one form whatever order, number or time format the vendor picked today. Left out
// are members that change without an edit of the transaction, and a null, so that a member
// new to the vendor's schema edits no row by itself.
var form = vendorhttp.CanonicalForm{
	Omit: vendorhttp.VolatileMembers{
		// When the vendor looked, and when it first kept the row.
		"*": {`"collected_at"`, `"created_at"`, `"last_accessed_at"`},
		// The account and its balance live a life of their own. The amounts are compared
		// exactly as normalised; here 900 and "900.0" would look like an edit.
		"": {`"account"`, `"balance"`, `"amount"`, `"local_currency_amount"`},
		// The open bill grows with each purchase.
		`"credit_card_data"`: {`"bill_amount"`},
		// An address of a picture.
		`"merchant"`: {`"logo"`},
	},
	AppendText: oneZone, AppendNumber: shortest,
}

// detail is what of a row makes an edit when it changes. The row has been decoded.
func detail(raw json.RawMessage) ([]byte, error) {
	written, plain := form.Append(make([]byte, 0, len(raw)), raw)
	if plain {
		return written, nil
	}
	// The order of such names is not that of their bytes.
	sorted := jsontext.Value(written)
	if err := sorted.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false)); err != nil {
		return nil, malformed("transaction")
	}
	return sorted, nil
}

// shortest writes a number without trailing zeros, where it can do so exactly.
func shortest(text, number []byte) []byte {
	value, err := vendorhttp.ParseMoney(string(number), "XXX")
	if err != nil {
		return append(text, number...)
	}
	return append(text, value.Amount.String()...)
}

// oneZone writes a time in UTC with the digits it needs: "Z" and "+00:00" are one.
func oneZone(text, quoted []byte) []byte {
	const shortestTime = len(`"2006-01-02T15:04:05Z"`)
	if vendorhttp.IsPlainScalar(quoted) && (len(quoted) < shortestTime || quoted[5] != '-' || quoted[11] != 'T') {
		return append(text, quoted...)
	}
	said, err := vendorhttp.Unquote(quoted)
	if err != nil {
		return append(text, quoted...)
	}
	if at, err := time.Parse(time.RFC3339, said); err == nil {
		said = at.UTC().Format(time.RFC3339Nano)
	}
	text, _ = jsontext.AppendQuote(text, said)
	return text
}
