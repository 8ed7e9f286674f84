package plaid

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheLatestStatementIsReadWhereTheProductIsThere(t *testing.T) {
	e := newEnv(t)
	account := domain.AccountData{ExternalID: card, Type: domain.CreditAccount, Currency: "USD"}
	if _, err := e.adapter.Bills(t.Context(), e.access, account); !errors.Is(err, domain.AccessDenied) {
		t.Errorf("without the product: %v", err)
	}
	e.noError(e.sim.SetLiabilities(e.item.ID, plaidsim.CardLiability{
		Account: card, Issued: new("2026-10-28"), Due: new("2026-11-20"), Balance: new(json.Number("744.52")),
		Minimum: new(json.Number("35")), Paid: new(json.Number("744.52")), PaidAt: new("2026-11-05"),
	}, plaidsim.CardLiability{Account: "another"}))
	list, err := e.adapter.Bills(t.Context(), e.access, account)
	e.noError(err)
	if len(list.Bills) != 1 || !list.LatestOnly {
		t.Fatalf("%+v", list)
	}
	if b := list.Bills[0]; b.ExternalID != "" || b.Key() != "2026-10-28" || b.DueDate != "2026-11-20" ||
		b.Total.String() != "744.52" || b.Currency != "USD" || len(b.Payments) != 1 {
		t.Errorf("%+v", b)
	}
	e.noError(e.sim.SetLiabilities(e.item.ID, plaidsim.CardLiability{Account: card}))
	if list, err := e.adapter.Bills(t.Context(), e.access, account); err != nil || len(list.Bills) != 0 {
		t.Errorf("a card without a statement: %+v, %v", list, err)
	}
}
