package belvo

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rules is the version of what observe makes of a row. Whoever changes that raises it:
// then every row is read and compared anew, once. A test holds it to the golden files.
const rules = "belvo 1"

// idle is what of moving no observation depends on: the amounts are normalised, and of the
// account its kind and currency are. What it owns moves.
var idle = vendorhttp.VolatileMembers{
	"*":                   {`"collected_at"`, `"last_accessed_at"`},
	"":                    {`"balance"`},
	`"account"`:           {`"created_at"`},
	`"account"/"balance"`: {`"current"`, `"available"`},
	`"credit_card_data"`:  {`"bill_amount"`},
	`"merchant"`:          {`"logo"`},
}

// glance is a row as far as it is looked at before it is read.
type glance struct {
	id      string
	account jsontext.Value // "": none
	holder  string         // the account's external id
}

// see looks at a member of the row.
func (g *glance) see(m vendorhttp.Member) {
	switch string(m.Name) {
	case `"id"`:
		g.id, _ = vendorhttp.Unquote(m.Value)
	case `"account"`:
		if string(m.Value) == "null" {
			return
		}
		g.account = m.Value
		var sound bool
		for m := range vendorhttp.Members(m.Value, &sound) {
			if string(m.Name) == `"id"` {
				g.holder, _ = vendorhttp.Unquote(m.Value)
			}
		}
	}
}

// sightings takes a page's rows, all or none, and with them the accounts that they carry
// and the link's own list does not have.
func (s scope) sightings(rows []jsontext.Value) ([]domain.RawTransaction, []domain.AccountData, error) {
	seen := make([]domain.RawTransaction, 0, len(rows))
	carried := map[string]domain.AccountData{}
	text := append([]byte(rules+"\x00"+s.link), 0)
	head := len(text)
	for _, raw := range rows {
		var g glance
		var sound bool
		if text, sound = idle.AppendStable(text[:head], raw, g.see); !sound || !identifier(g.id) {
			return nil, nil, malformed("transaction")
		}
		text = append(text, s.about(g)...)
		seen = append(seen, domain.RawTransaction{
			ExternalID: g.id, ContentHash: vendorhttp.ContentHashOf(text),
			Normalize: func() (domain.TransactionData, error) { return s.observe(json.RawMessage(raw)) },
		})
		if err := s.carry(g, carried); err != nil {
			return nil, nil, err
		}
	}
	return seen, sorted(carried), nil
}

// about is what a row's reading depends on besides the row: the account that holds it, as
// its own list shows it, or the currency that all share.
func (s scope) about(g glance) string {
	if g.account == nil {
		return "\x00" + s.currency
	}
	view, listed := s.accounts[g.holder]
	if !listed {
		return ""
	}
	return "\x00" + string(view.Type) + "\x00" + view.Currency
}

// carry reads the account of a row where the link's list does not have it.
func (s scope) carry(g glance, carried map[string]domain.AccountData) error {
	if _, listed := s.accounts[g.holder]; listed || g.account == nil {
		return nil
	}
	view, err := s.account(json.RawMessage(g.account))
	if err == nil {
		carried[view.ExternalID] = view
	}
	return err
}
