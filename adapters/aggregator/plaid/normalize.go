package plaid

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// transactionJSON contains the members of a row that this package reads. Unknown members are ignored, because the
// vendor may add some. The vendor enriches old rows again and again (merchant_name, counterparties, logos, location).
// These members are only in the metadata, because a change of them does not count as an edit. Source: plaid.com/docs,
// transactions.
type transactionJSON struct {
	ID           string            `json:"transaction_id"`
	Account      string            `json:"account_id"`
	Amount       vendorhttp.Number `json:"amount"`
	Currency     string            `json:"iso_currency_code"`
	Date         string            `json:"date"`
	OccurredAt   string            `json:"datetime"`
	AuthorizedAt string            `json:"authorized_datetime"`
	Pending      *bool             `json:"pending"`
	Name         string            `json:"name"`
	Original     string            `json:"original_description"`
	Category     *struct {
		Detailed vendorhttp.Text `json:"detailed"`
	} `json:"personal_finance_category"`
	Payment *struct {
		Payee     vendorhttp.Text `json:"payee"`
		Payer     vendorhttp.Text `json:"payer"`
		ByOrderOf vendorhttp.Text `json:"by_order_of"`
		Reference vendorhttp.Text `json:"reference_number"`
	} `json:"payment_meta"`
	Cheque vendorhttp.Text `json:"check_number"`
}

// memberReasons maps the name of a member to an error reason. The reason applies if the member cannot be decoded.
var memberReasons = map[string]domain.Code{
	"transaction_id": domain.InvalidID, "account_id": domain.AccountMismatch, "amount": domain.InvalidAmount,
	"iso_currency_code": domain.InvalidCurrency, "date": domain.InvalidDate, "datetime": domain.InvalidDate,
	"authorized_datetime": domain.InvalidDate, "pending": domain.UnknownStatus, "name": domain.InvalidText,
	"original_description": domain.InvalidText,
}

// normalize decodes and normalizes one row. The Metadata of the result is the unchanged row. It returns the same
// errors as domain.RawTransaction.Normalize.
func normalize(raw json.RawMessage) (domain.TransactionData, error) {
	data, err := convert(raw)
	if err != nil {
		return domain.TransactionData{Metadata: raw}, err
	}
	return data, nil
}

// convert normalizes a row.
//
//   - The vendor's amount is positive if money moves out, on every type of account.
//   - A row with an amount in an unofficial currency only, such as a crypto currency, is unreadable.
//   - The date is the institution's local date. No time zone is needed.
func convert(raw json.RawMessage) (domain.TransactionData, error) {
	var t transactionJSON
	if err := vendorhttp.DecodeRow(raw, &t, memberReasons); err != nil {
		return domain.TransactionData{}, err
	}
	switch {
	case !validID(t.ID):
		return domain.TransactionData{}, domain.UnreadableRow(domain.InvalidID)
	case !validID(t.Account):
		return domain.TransactionData{}, domain.UnreadableRow(domain.AccountMismatch)
	case t.Pending == nil:
		return domain.TransactionData{}, domain.UnreadableRow(domain.UnknownStatus)
	}
	amount, err := vendorhttp.ParseMoney(string(t.Amount), t.Currency)
	if err != nil {
		return domain.TransactionData{}, err
	}
	date, err := domain.ParseDate(t.Date)
	if err != nil {
		return domain.TransactionData{}, domain.UnreadableRow(domain.InvalidDate)
	}
	occurredAt, err := t.occurredAt()
	if err != nil {
		return domain.TransactionData{}, err
	}
	description := cmp.Or(t.Original, t.Name)
	data := domain.TransactionData{
		ExternalID: t.ID, Account: t.Account, Amount: amount.Negate(), Status: domain.Posted, Date: date,
		OccurredAt: occurredAt, Description: domain.CleanText(description), Metadata: raw,
		References:           banktext.References(t.references(), description),
		CounterpartyDocument: banktext.TextDocument(description),
	}
	if *t.Pending {
		data.Status = domain.Pending
	}
	if t.Category != nil {
		data.Category = t.Category.Detailed.Clean()
	}
	data.Card.Payment = data.Category == cardPayment && data.Amount.Amount.IsPositive()
	data.Counterparty = t.counterparty(amount.Amount.IsNegative())
	return data, nil
}

// references returns the institution's references in the row: the number of a cheque and the reference of a payment.
func (t transactionJSON) references() domain.References {
	r := domain.References{ChequeNumber: t.Cheque.Reference()}
	if t.Payment != nil {
		r.ReferenceNumber = t.Payment.Reference.Reference()
	}
	return r
}

// counterparty returns the name of the other party, or "" if the row contains none. moneyIn reports whether the
// account holder has received the money.
func (t transactionJSON) counterparty(moneyIn bool) string {
	switch {
	case t.Payment == nil:
		return ""
	case moneyIn:
		return cmp.Or(t.Payment.Payer.Clean(), t.Payment.ByOrderOf.Clean())
	}
	return t.Payment.Payee.Clean()
}

// occurredAt returns the time of the movement in UTC, or the zero time if the row contains none. Midnight UTC counts
// as a missing time, because the vendor writes midnight if it knows only the date.
func (t transactionJSON) occurredAt() (time.Time, error) {
	for _, text := range []string{t.OccurredAt, t.AuthorizedAt} {
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		// The databases accept only the years 1 to 9999.
		if at = at.UTC().Truncate(time.Microsecond); err != nil || at.Year() < 1 || at.Year() > 9999 {
			return time.Time{}, domain.UnreadableRow(domain.InvalidDate)
		}
		if !at.Equal(at.Truncate(24 * time.Hour)) {
			return at, nil
		}
	}
	return time.Time{}, nil
}
