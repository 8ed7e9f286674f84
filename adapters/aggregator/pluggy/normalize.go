package pluggy

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// row is what is read of a transaction. Source: the vendor's OpenAPI document, Transaction.
type row struct {
	ID            string            `json:"id"`
	Account       string            `json:"accountId"`
	Date          string            `json:"date"`
	Description   string            `json:"description"`
	RawText       string            `json:"descriptionRaw"`
	Currency      string            `json:"currencyCode"`
	Amount        vendorhttp.Number `json:"amount"`
	AccountAmount vendorhttp.Number `json:"amountInAccountCurrency"`
	Type          string            `json:"type"`
	Status        string            `json:"status"`
	Category      string            `json:"category"`
	Payment       *payment          `json:"paymentData"`
	Merchant      *merchant         `json:"merchant"`
}

// payment names both sides; either may be null, and mostly one is the holder.
type payment struct {
	Payer    *party `json:"payer"`
	Receiver *party `json:"receiver"`
}

// party is a person or a company; its documents stay in the metadata.
type party struct {
	Name string `json:"name"`
}

// merchant is who a card was used at, as the vendor enriches it.
type merchant struct {
	Name     string `json:"name"`
	Business string `json:"businessName"`
}

// normalize reads a row of the account. Pure: bytes in, observation out. Errors:
// Unavailable (malformed_response) for what cannot be read exactly.
func normalize(object jsontext.Value, holder domain.AccountData) (domain.TransactionData, error) {
	var in row
	if err := vendorhttp.Decode(object, &in); err != nil {
		return domain.TransactionData{}, err
	}
	if !validID(in.ID) || in.Account != holder.ExternalID {
		return domain.TransactionData{}, malformed("a row of another account, or without an id")
	}
	out := domain.TransactionData{
		ExternalID: in.ID, Account: in.Account, Description: in.text(),
		Category: domain.CleanText(in.Category), Metadata: json.RawMessage(object),
	}
	var err error
	if out.Date, out.OccurredAt, err = in.when(); err != nil {
		return domain.TransactionData{}, err
	}
	if out.Status, err = in.status(); err != nil {
		return domain.TransactionData{}, err
	}
	if err = in.money(&out, holder); err != nil {
		return domain.TransactionData{}, err
	}
	out.Counterparty = in.counterparty(out.Amount)
	out.StableMetadata, err = detail(object)
	return out, err
}

// text is the vendor's tidied description, else the institution's own.
func (r row) text() string {
	if text := domain.CleanText(r.Description); text != "" {
		return text
	}
	return domain.CleanText(r.RawText)
}

// status: a row without one is booked.
func (r row) status() (domain.TransactionStatus, error) {
	switch r.Status {
	case "POSTED", "":
		return domain.Posted, nil
	case "PENDING":
		return domain.Pending, nil
	}
	return "", malformed("a status that is not documented")
}

// money sets the amounts: the magnitude is the vendor's, the direction its type's. The
// vendor's own sign is not asked where there is a type: on a card it is the issuer's.
// The second amount goes the same way, and only where the currencies differ.
func (r row) money(out *domain.TransactionData, holder domain.AccountData) error {
	amount, err := vendorhttp.ParseMoney(string(r.Amount), r.Currency)
	if err != nil {
		return err
	}
	in, err := r.inward(amount, holder.Type)
	if err != nil {
		return err
	}
	out.Amount = directed(amount, in)
	if r.AccountAmount == "" || holder.Currency == r.Currency {
		return nil
	}
	same, err := vendorhttp.ParseMoney(string(r.AccountAmount), holder.Currency)
	if err != nil {
		return err
	}
	same = directed(same, in)
	out.AccountMoney = &same
	return nil
}

// inward says whether money came in. Without a type, a bank row's sign is the holder's
// and a card row's is the issuer's.
func (r row) inward(amount domain.Money, account domain.AccountType) (bool, error) {
	switch {
	case r.Type == "CREDIT":
		return true, nil
	case r.Type == "DEBIT":
		return false, nil
	case r.Type != "":
		return false, malformed("a type that is not documented")
	case account == domain.BankAccount:
		return !amount.Amount.IsNeg(), nil
	case account == domain.CreditAccount:
		return amount.Amount.IsNeg(), nil
	}
	return false, malformed("a row without a direction")
}

// directed puts the holder's sign on a magnitude.
func directed(m domain.Money, in bool) domain.Money {
	if in {
		return m.In()
	}
	return m.Out()
}

// counterparty is the other side of the payment, else the merchant.
func (r row) counterparty(amount domain.Money) string {
	if r.Payment != nil {
		other := r.Payment.Receiver
		if amount.Amount.IsPos() {
			other = r.Payment.Payer
		}
		if other != nil && domain.CleanText(other.Name) != "" {
			return domain.CleanText(other.Name)
		}
	}
	if r.Merchant == nil {
		return ""
	}
	if name := domain.CleanText(r.Merchant.Name); name != "" {
		return name
	}
	return domain.CleanText(r.Merchant.Business)
}
