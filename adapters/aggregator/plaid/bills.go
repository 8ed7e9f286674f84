package plaid

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.BillReader = (*Adapter)(nil)

// cardPayment is the vendor's category of a payment of a card.
const cardPayment = "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"

// cardLiability contains the members of a card's liability that this package reads. Every member can be null. Source:
// plaid.com/docs, liabilities, CreditCardLiability.
type cardLiability struct {
	Account vendorhttp.Text `json:"account_id"`
	Issued  vendorhttp.Text `json:"last_statement_issue_date"`
	Due     vendorhttp.Text `json:"next_payment_due_date"`
	PaidAt  vendorhttp.Text `json:"last_payment_date"`
	// The amounts are decoded by themselves (amountIn), so that one of a wrong form does not hide the others.
	Balance jsontext.Value `json:"last_statement_balance"`
	Minimum jsontext.Value `json:"minimum_payment_amount"`
	Paid    jsontext.Value `json:"last_payment_amount"`
}

// Bills implements ports.BillReader: POST /liabilities/get. The vendor returns the latest statement of a card, without
// an id and without its rows.
func (a *Adapter) Bills(
	ctx context.Context, access ports.Access, account domain.AccountData,
) (bills.Listing, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var got struct {
		Liabilities *struct {
			Credit []jsontext.Value `json:"credit"`
		} `json:"liabilities"`
	}
	options := map[string]any{"options": map[string]any{"account_ids": []string{account.ExternalID}}}
	if err := a.post(ctx, access, newCall(access, "/liabilities/get", budgetLiabilities), options, &got); err != nil {
		return bills.Listing{}, err
	}
	if got.Liabilities == nil {
		return bills.Listing{}, malformed("list of liabilities")
	}
	return statementsOf(got.Liabilities.Credit, account), nil
}

// statementsOf returns the latest statement of a card from the liabilities of all cards. The list is partial if the
// card's statement cannot be read, or if a liability may be that of the card.
func statementsOf(liabilities []jsontext.Value, account domain.AccountData) bills.Listing {
	latest := bills.Listing{LatestOnly: true}
	for _, raw := range liabilities {
		var card cardLiability
		switch err := vendorhttp.Decode(raw, &card); {
		case err != nil, card.Account.Value == "":
			latest.Partial = true
		case card.Account.Value == account.ExternalID && card.isStated() && account.Currency != "":
			statement, ok := card.statement(account.Currency)
			if !ok || statement.DueDate >= statement.ClosingDate { // else the due date is that of an earlier statement
				latest.Add(statement, ok)
			}
		}
	}
	return latest
}

// isStated reports whether the vendor states the date, the due date and the balance of the latest statement, in
// whatever form.
func (c cardLiability) isStated() bool {
	return (c.Issued.Value != "" || c.Issued.Odd) && (c.Due.Value != "" || c.Due.Odd) && isPresent(c.Balance)
}

// statement returns the card's latest statement in a currency. ok is false if its date, due date or balance cannot be
// read. Of the other members, those that cannot be read are left out.
func (c cardLiability) statement(currency string) (out bills.Data, ok bool) {
	issued, err := domain.ParseDate(c.Issued.Value)
	due, failed := domain.ParseDate(c.Due.Value)
	total, ok := amountIn(c.Balance, currency)
	if err != nil || failed != nil || !ok {
		return out, false
	}
	out = bills.Data{ClosingDate: issued, DueDate: due, Total: total.Amount, Currency: currency}
	if minimum, ok := amountIn(c.Minimum, currency); ok {
		out.MinimumPayment = &minimum.Amount
	}
	if !isPresent(c.Paid) || c.PaidAt == (vendorhttp.Text{}) {
		return out, true
	}
	paid, ok := amountIn(c.Paid, currency)
	date, err := domain.ParseDate(c.PaidAt.Value)
	if out.UnreadPayments = !ok || err != nil; !out.UnreadPayments && paid.Amount.IsPositive() {
		out.Payments = []bills.ListedPayment{{Date: date, Amount: paid.Amount}}
	}
	return out, true
}

// isPresent reports whether a member is neither absent nor null.
func isPresent(member jsontext.Value) bool { return len(member) > 0 && member.Kind() != 'n' }

// amountIn returns the amount in a member. ok is false unless the member is a number that can be kept exactly.
func amountIn(member jsontext.Value, currency string) (amount domain.Money, ok bool) {
	if len(member) == 0 || member.Kind() != '0' {
		return amount, false
	}
	amount, err := vendorhttp.ParseMoney(string(member), currency)
	return amount, err == nil
}
