package pluggy

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// row contains the members of a transaction that the adapter needs.
// Source: the vendor's OpenAPI document, Transaction.
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
	ProviderID    vendorhttp.Text   `json:"providerId"`
	Payment       *payment          `json:"paymentData"`
	Merchant      *merchant         `json:"merchant"`
	Card          jsontext.Value    `json:"creditCardMetadata"`
	Operation     vendorhttp.Text   `json:"operationType"`
}

// payment contains the two parties of a payment; each party can be null. Usually one of them is the
// account holder.
type payment struct {
	Payer             *party          `json:"payer"`
	Receiver          *party          `json:"receiver"`
	Authentication    vendorhttp.Text `json:"authenticationCode"`
	Reference         vendorhttp.Text `json:"referenceNumber"`
	ReceiverReference vendorhttp.Text `json:"receiverReferenceId"`
	Boleto            jsontext.Value  `json:"boletoMetadata"`
}

// party is a person or a company. The value of Document is an object, which partyDocument reads.
type party struct {
	Name     string         `json:"name"`
	Document jsontext.Value `json:"documentNumber"`
}

// merchant is the merchant at which a card was used. This information comes from the vendor and
// not from the institution.
type merchant struct {
	Name     string          `json:"name"`
	Business string          `json:"businessName"`
	CNPJ     vendorhttp.Text `json:"cnpj"`
}

// normalize converts a row of the account into transaction data. It is a pure function. It returns the same errors as
// domain.RawTransaction.Normalize.
func normalize(raw jsontext.Value, account domain.AccountData) (domain.TransactionData, error) {
	out, err := convert(raw, account)
	if err != nil {
		return domain.TransactionData{Metadata: json.RawMessage(raw)}, err
	}
	return out, nil
}

// memberReasons maps a member of a row to the reason why the row is unreadable if the member has the wrong JSON type.
var memberReasons = map[string]domain.Code{
	"id": domain.InvalidID, "accountId": domain.AccountMismatch, "date": domain.InvalidDate,
	"description": domain.InvalidText, "descriptionRaw": domain.InvalidText, "category": domain.InvalidText,
	"currencyCode": domain.InvalidCurrency, "amount": domain.InvalidAmount,
	"amountInAccountCurrency": domain.InvalidAmount, "type": domain.UnknownType, "status": domain.UnknownStatus,
}

func convert(raw jsontext.Value, account domain.AccountData) (domain.TransactionData, error) {
	var in row
	if err := vendorhttp.DecodeRow(raw, &in, memberReasons); err != nil {
		return domain.TransactionData{}, err
	}
	switch {
	case !validID(in.ID):
		return domain.TransactionData{}, domain.UnreadableRow(domain.InvalidID)
	case in.Account != account.ExternalID:
		return domain.TransactionData{}, domain.UnreadableRow(domain.AccountMismatch)
	}
	out := domain.TransactionData{
		ExternalID: in.ID, Account: in.Account, Description: in.description(),
		Category: domain.CleanText(in.Category), Metadata: json.RawMessage(raw),
	}
	var err error
	if out.Date, out.OccurredAt, err = in.parseDate(); err != nil {
		return domain.TransactionData{}, err
	}
	if out.Status, err = in.status(); err != nil {
		return domain.TransactionData{}, err
	}
	if err = in.setAmounts(&out, account); err != nil {
		return domain.TransactionData{}, err
	}
	out.Counterparty, out.CounterpartyDocument = in.counterparty(out.Amount), in.document(out.Amount)
	out.References = in.references()
	if account.Type == domain.CreditAccount {
		out.Card = in.cardFacts(out.Amount.Amount.IsPositive())
	}
	return out, nil
}

// description returns the description as the vendor has cleaned it. If the cleaned description is empty, it returns the
// institution's description.
func (r row) description() string {
	if text := domain.CleanText(r.Description); text != "" {
		return text
	}
	return domain.CleanText(r.RawText)
}

// status returns the status of the row. A row without a status is posted.
func (r row) status() (domain.TransactionStatus, error) {
	switch r.Status {
	case "POSTED", "":
		return domain.Posted, nil
	case "PENDING":
		return domain.Pending, nil
	}
	return "", domain.UnreadableRow(domain.UnknownStatus)
}

// setAmounts sets the amounts of the transaction data in out. The vendor's amount determines the magnitude, and
// r.direction determines the sign. The amount in the account's currency has the same sign. It is set only if the
// currencies differ. If the sign and the type (DEBIT or CREDIT) of the row indicate opposite directions, out gets a
// warning.
func (r row) setAmounts(out *domain.TransactionData, account domain.AccountData) error {
	amount, err := vendorhttp.ParseMoney(string(r.Amount), r.Currency)
	if err != nil {
		return err
	}
	incoming, conflict, err := r.direction(amount, account.Type)
	if err != nil {
		return err
	}
	if conflict {
		out.Warnings = []domain.Warning{domain.DirectionConflict}
	}
	out.Amount = withSign(amount, incoming)
	if r.AccountAmount == "" || account.Currency == r.Currency {
		return nil
	}
	converted, err := vendorhttp.ParseMoney(string(r.AccountAmount), account.Currency)
	if err != nil {
		return err
	}
	converted = withSign(converted, incoming)
	out.AccountMoney = &converted
	return nil
}

// direction reports whether the account holder received the money. The second result, conflict, is true if the sign
// and the type (DEBIT or CREDIT) of the row indicate opposite directions.
//
//   - On a card, the sign decides: a positive amount is a purchase, which is money out. The type is not reliable.
//     According to public evidence, a purchase is DEBIT for some clients of the vendor, and CREDIT for others.
//   - On any other account, the type decides.
//   - On a bank account, the sign decides if the row has no type: a positive amount was received.
//   - An unreadable account can be of unknown type (""). The direction is known only if it would be the same for a card
//     and for a bank account, or if the amount is zero.
//
// An amount of zero has no sign, so it never contradicts the type. Errors: unknown_type for a type that is not
// documented, and for a row whose direction is not known.
func (r row) direction(amount domain.Money, accountType domain.AccountType) (incoming, conflict bool, err error) {
	card := accountType == domain.CreditAccount
	bySign := amount.Amount.IsNegative() == card
	byType := r.Type == "CREDIT"
	switch {
	case r.Type != "CREDIT" && r.Type != "DEBIT" && r.Type != "":
		return false, false, domain.UnreadableRow(domain.UnknownType)
	case r.Type == "" && accountType != domain.BankAccount && !card,
		accountType == "" && amount.Amount.IsNegative() != byType && !amount.Amount.IsZero():
		return false, false, domain.UnreadableRow(domain.UnknownType)
	case r.Type == "":
		return bySign, false, nil
	}
	conflict = bySign != byType && !amount.Amount.IsZero() && accountType != ""
	if card {
		return bySign, conflict, nil
	}
	return byType, conflict, nil
}

// withSign returns the amount with a sign from the account holder's point of view: positive if it is
// incoming, negative otherwise.
func withSign(m domain.Money, incoming bool) domain.Money {
	if incoming {
		return m.In()
	}
	return m.Out()
}

// references returns the identifiers by which a person can find the payment, such as an end-to-end id. It reads them
// from the members of the row. It also searches the texts of the institution's and of the vendor's description for
// them.
func (r row) references() domain.References {
	stated := domain.References{TransactionID: r.ProviderID.Reference()}
	if p := r.Payment; p != nil {
		stated.AuthenticationCode, stated.ReferenceNumber = p.Authentication.Reference(), p.Reference.Reference()
		stated.ReceiverReferenceID = p.ReceiverReference.Reference()
		stated.Barcode = barcodeOf(p.Boleto)
	}
	return banktext.References(stated, r.RawText, r.Description)
}

// document returns the tax number of the other party. It prefers the number in the members of the row to a number in
// the description. If the other party is the merchant, the member is merchant.cnpj.
func (r row) document(amount domain.Money) domain.PartyDocument {
	other := r.other(amount)
	var stated string
	switch {
	case other != nil:
		stated = vendorhttp.DecodeObject[documentJSON](other.Document).Value.Value
	case r.Merchant != nil:
		stated = r.Merchant.CNPJ.Value
	}
	for _, document := range []domain.PartyDocument{
		domain.NewPartyDocument(stated), banktext.TextDocument(r.RawText), banktext.TextDocument(r.Description),
	} {
		if !document.IsZero() {
			return document
		}
	}
	return domain.PartyDocument{}
}

// other returns the other party of the payment: the receiver if the account holder paid, and the payer otherwise. It
// returns nil if the row contains neither a name nor a document of that party.
func (r row) other(amount domain.Money) *party {
	if r.Payment == nil {
		return nil
	}
	other := r.Payment.Receiver
	if amount.Amount.IsPositive() {
		other = r.Payment.Payer
	}
	if other == nil || domain.CleanText(other.Name) == "" && other.Document.Kind() != '{' {
		return nil
	}
	return other
}

// counterparty returns the name of the other party of the payment, or otherwise the name of the
// merchant. It returns "" if both are unknown.
func (r row) counterparty(amount domain.Money) string {
	if other := r.other(amount); other != nil && domain.CleanText(other.Name) != "" {
		return domain.CleanText(other.Name)
	}
	if r.Merchant == nil {
		return ""
	}
	if name := domain.CleanText(r.Merchant.Name); name != "" {
		return name
	}
	return domain.CleanText(r.Merchant.Business)
}
