package plaid

import (
	"context"

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
	Account string            `json:"account_id"`
	Issued  vendorhttp.Text   `json:"last_statement_issue_date"`
	Due     vendorhttp.Text   `json:"next_payment_due_date"`
	Balance vendorhttp.Number `json:"last_statement_balance"`
	Minimum vendorhttp.Number `json:"minimum_payment_amount"`
	Paid    vendorhttp.Number `json:"last_payment_amount"`
	PaidAt  vendorhttp.Text   `json:"last_payment_date"`
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
			Credit []cardLiability `json:"credit"`
		} `json:"liabilities"`
	}
	options := map[string]any{"options": map[string]any{"account_ids": []string{account.ExternalID}}}
	if err := a.post(ctx, access, newCall(access, "/liabilities/get", budgetLiabilities), options, &got); err != nil {
		return bills.Listing{}, err
	}
	if got.Liabilities == nil {
		return bills.Listing{}, malformed("list of liabilities")
	}
	latest := bills.Listing{LatestOnly: true}
	for _, card := range got.Liabilities.Credit {
		if statement, ok := card.statement(account); ok && card.Account == account.ExternalID {
			latest.Bills = append(latest.Bills, statement)
		}
	}
	return latest, nil
}

// statement returns the card's latest statement. ok is false if the vendor does not know its date, due date or balance.
func (c cardLiability) statement(account domain.AccountData) (out bills.Data, ok bool) {
	issued, err := domain.ParseDate(c.Issued.Value)
	if err != nil {
		return out, false
	}
	due, err := domain.ParseDate(c.Due.Value)
	if err != nil || due < issued {
		return out, false
	}
	total, err := vendorhttp.ParseMoney(string(c.Balance), account.Currency)
	if err != nil {
		return out, false
	}
	out = bills.Data{ClosingDate: issued, DueDate: due, Total: total.Amount, Currency: account.Currency}
	if minimum, err := domain.ParseAmount(string(c.Minimum)); err == nil {
		out.MinimumPayment = &minimum
	}
	paid, err := domain.ParseAmount(string(c.Paid))
	if date, failed := domain.ParseDate(c.PaidAt.Value); err == nil && failed == nil && paid.IsPositive() {
		out.Payments = []bills.ListedPayment{{Date: date, Amount: paid}}
	}
	return out, true
}
