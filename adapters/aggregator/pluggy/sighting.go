package pluggy

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rules is the version of what normalize makes of a row. Whoever changes that raises it:
// then every row is read and compared anew, once. A test holds it to the golden files.
const rules = "pluggy 1"

// idle is what of moving no observation depends on. The amount is normalised.
var idle = vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`}}

// sightings takes a page's rows, all or none. A page without a list is no page: to take it
// for an empty one would let a sweep remove what it did not show.
func sightings(raw []jsontext.Value, holder domain.AccountData) ([]domain.RawTransaction, error) {
	if raw == nil {
		return nil, malformed("a page without results")
	}
	seen := make([]domain.RawTransaction, 0, len(raw))
	text := []byte(strings.Join([]string{rules, holder.ExternalID, string(holder.Type), holder.Currency, ""}, "\x00"))
	head := len(text)
	for _, object := range raw {
		var id string
		var sound bool
		text, sound = idle.AppendStable(text[:head], object, func(m vendorhttp.Member) {
			if string(m.Name) == `"id"` {
				id, _ = vendorhttp.Unquote(m.Value)
			}
		})
		if !sound || !validID(id) {
			return nil, malformed("a row that is none, or without an id")
		}
		seen = append(seen, domain.RawTransaction{
			ExternalID: id, ContentHash: vendorhttp.ContentHashOf(text),
			Normalize: func() (domain.TransactionData, error) { return normalize(object, holder) },
		})
	}
	return seen, nil
}
