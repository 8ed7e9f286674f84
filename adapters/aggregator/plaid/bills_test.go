package plaid

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Each card's liability is read by itself. Only a required member of this card makes its list partial.
func TestAnUnreadableMemberOfALiability(t *testing.T) {
	const valid = `{"account_id":"card","last_statement_issue_date":"2026-10-28","next_payment_due_date":"2026-11-20",
		"last_statement_balance":744.52,"minimum_payment_amount":35,"last_payment_amount":10,
		"last_payment_date":"2026-11-05"}`
	const listed, noMinimum, unpaid, unread, partial = "listed", "listed without minimum", "listed without payment",
		"listed with a payment that cannot be read", "partial"
	for _, tc := range []struct{ old, new, want string }{
		{``, ``, listed},
		{`35`, `"35.00"`, noMinimum}, {`35`, `{}`, noMinimum}, {`35`, `null`, noMinimum}, {`:35`, `:1e400`, noMinimum},
		{`:10,`, `:"10",`, unread}, {`:10,`, `:null,`, unpaid}, {`"2026-11-05"`, `7`, unread},
		{`"2026-11-05"`, `null`, unpaid}, {`"2026-11-05"`, `"soon"`, unread},
		{`744.52`, `"744.52"`, partial}, {`744.52`, `[]`, partial}, {`744.52`, `null`, ""},
		{`"2026-10-28"`, `20261028`, partial}, {`"2026-10-28"`, `"soon"`, partial}, {`"2026-10-28"`, `null`, ""},
		{`"2026-11-20"`, `{}`, partial}, {`"2026-11-20"`, `null`, ""}, {`"2026-11-20"`, `"2026-10-20"`, ""},
		{`"card"`, `7`, partial}, {`"card"`, `"another"`, ""}, {valid, `"card"`, partial},
	} {
		body := strings.Replace(valid, tc.old, tc.new, 1)
		got := statementsOf([]jsontext.Value{
			jsontext.Value(`{"account_id":"another","last_statement_balance":"x","minimum_payment_amount":{}}`),
			jsontext.Value(body),
		}, domain.AccountData{ExternalID: "card", Type: domain.CreditAccount, Currency: "USD"})
		is := ""
		for _, b := range got.Bills {
			switch is = listed; {
			case b.MinimumPayment == nil:
				is = noMinimum
			case b.UnreadPayments:
				is = unread
			case len(b.Payments) == 0:
				is = unpaid
			}
		}
		if got.Partial {
			is = partial
		}
		if is != tc.want || len(got.Bills) > 1 || !got.LatestOnly {
			t.Errorf("%s instead of %s: %q, want %q (%+v)", tc.new, tc.old, is, tc.want, got)
		}
	}
}

// A call of /liabilities/get adds the product to an Item for which it is only available.
func TestAnItemIsWithoutBillsIfTheirProductIsOnlyAvailable(t *testing.T) {
	for item, want := range map[string]bool{
		`{}`: false,
		`{"available_products":["auth","liabilities"]}`:                                 true,
		`{"available_products":["auth"],"products":["transactions"]}`:                   false,
		`{"available_products":["liabilities"],"products":["liabilities"]}`:             false,
		`{"available_products":["liabilities"],"billed_products":["liabilities"]}`:      false,
		`{"available_products":["liabilities"],"products":1,"billed_products":null}`:    true,
		`{"available_products":["liabilities"],"consented_products":["liabilities"]}`:   true,
		`{"available_products":"liabilities"}`:                                          false,
		`{"available_products":["liabilities",1],"error":{"error_code":"ITEM_LOCKED"}}`: false,
	} {
		var r itemResponse
		if err := vendorhttp.Decode([]byte(`{"item":`+item+`}`), &r); err != nil {
			t.Fatal(err)
		}
		if got := r.linkStatus().WithoutBills; got != want {
			t.Errorf("%s is without bills: %t", item, got)
		}
	}
}

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
