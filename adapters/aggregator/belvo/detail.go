package belvo

import (
	stdjson "encoding/json"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

// moving names, by the object that holds them, the members that change without an edit
// of the transaction. "" is the transaction itself; "*" is every object.
var moving = map[string]map[string]bool{
	// When the vendor looked, and when it first kept the row.
	"*": {"collected_at": true, "created_at": true, "last_accessed_at": true},
	// The account and its balance live a life of their own. The amounts are compared
	// exactly as normalised; here 900 and "900.0" would look like an edit.
	"": {"account": true, "balance": true, "amount": true, "local_currency_amount": true},
	// The open bill grows with each purchase.
	"credit_card_data": {"bill_amount": true},
	// An address of a picture.
	"merchant": {"logo": true},
}

// detail is what of a row makes an edit when it changes: the row without its moving
// parts, in one form whatever order, number or time format the vendor picked today.
// A null is left out, so that a member new to the vendor's schema edits no row by itself.
func detail(raw stdjson.RawMessage) ([]byte, error) {
	var row map[string]any
	if json.Unmarshal(raw, &row, numbers) != nil {
		return nil, malformed("transaction")
	}
	written, err := json.Marshal(settled("", row), json.Deterministic(true))
	if err != nil {
		return nil, malformed("transaction")
	}
	return written, nil
}

// numbers keeps a number's digits; a float64 would drop some.
var numbers = json.WithUnmarshalers(json.UnmarshalFromFunc(
	func(dec *jsontext.Decoder, value *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		text, err := dec.ReadValue()
		*value = text.Clone()
		return err
	}))

// settled gives the value of the member called name without its moving parts.
func settled(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for member, held := range value {
			if held == nil || moving["*"][member] || moving[name][member] {
				delete(value, member)
				continue
			}
			value[member] = settled(member, held)
		}
	case []any:
		for i := range value {
			value[i] = settled(name, value[i])
		}
	case jsontext.Value:
		return shortest(value)
	case string:
		return oneZone(value)
	}
	return value
}

// shortest writes a number without trailing zeros, where it can do so exactly.
func shortest(text jsontext.Value) jsontext.Value {
	value, err := vendorhttp.Money(string(text), "XXX")
	if err != nil {
		return text
	}
	return jsontext.Value(value.Amount.String())
}

// oneZone writes a time in UTC with the digits it needs: "Z" and "+00:00" are one.
func oneZone(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.UTC().Format(time.RFC3339Nano)
}
