package pluggy

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// keysJSON contains the members of a transaction by which the institution identifies it. A member with an
// undocumented JSON type counts as absent, so it never makes a row unreadable. Source: the vendor's OpenAPI document,
// Transaction, PaymentData and CreditCardMetadata.
type keysJSON struct {
	ProviderID vendorhttp.Text `json:"providerId"`
	Payment    jsontext.Value  `json:"paymentData"`
	Card       jsontext.Value  `json:"creditCardMetadata"`
}

type paymentKeysJSON struct {
	Authentication    vendorhttp.Text `json:"authenticationCode"`
	Reference         vendorhttp.Text `json:"referenceNumber"`
	ReceiverReference vendorhttp.Text `json:"receiverReferenceId"`
	Boleto            jsontext.Value  `json:"boletoMetadata"`
	Payer             jsontext.Value  `json:"payer"`
	Receiver          jsontext.Value  `json:"receiver"`
}

type cardKeysJSON struct {
	Number       jsontext.Value  `json:"installmentNumber"`
	Count        jsontext.Value  `json:"totalInstallments"`
	Total        jsontext.Value  `json:"totalAmount"`
	PurchaseDate vendorhttp.Text `json:"purchaseDate"`
	CardNumber   vendorhttp.Text `json:"cardNumber"`
}

// institutionKeys returns the keys by which the institution identifies a transaction. It reads them from the
// transaction's metadata. The other party is the receiver if the account holder paid, and the payer otherwise.
func institutionKeys(data domain.TransactionData) domain.InstitutionKeys {
	in := vendorhttp.DecodeObject[keysJSON](jsontext.Value(data.Metadata))
	payment := vendorhttp.DecodeObject[paymentKeysJSON](in.Payment)
	card := vendorhttp.DecodeObject[cardKeysJSON](in.Card)
	other := payment.Payer
	if data.Amount.Amount.IsNegative() {
		other = payment.Receiver
	}
	return domain.InstitutionKeys{
		Transaction:          in.ProviderID.Clean(),
		Authentication:       payment.Authentication.Clean(),
		Reference:            payment.Reference.Clean(),
		ReceiverReference:    payment.ReceiverReference.Clean(),
		Barcode:              cmp.Or(barcodeOf(payment.Boleto), uncheckedLine(payment.Boleto)),
		Instalment:           card.instalment(),
		CounterpartyDocument: partyDocument(other),
	}
}

// boletoJSON contains the numbers of a paid boleto. Both can be null. Source: the vendor's OpenAPI document,
// PaymentData.boletoMetadata, and https://docs.pluggy.ai/docs/boleto-payments.
type boletoJSON struct {
	Line    vendorhttp.Text `json:"digitableLine"`
	Barcode vendorhttp.Text `json:"barcode"`
}

// barcodeOf returns the barcode of a boleto. It returns "" if neither number is readable (see domain.ParseBoleto), and
// if the numbers are those of two boletos.
func barcodeOf(value jsontext.Value) string {
	in := vendorhttp.DecodeObject[boletoJSON](value)
	line, _ := domain.ParseBoleto(in.Line.Clean())
	barcode, _ := domain.ParseBoleto(in.Barcode.Clean())
	if line != "" && barcode != "" && line != barcode {
		return ""
	}
	return cmp.Or(barcode, line)
}

// uncheckedLine returns the digits of a digitable line whose check digits are wrong. Two such lines can still show that
// two rows are two boletos.
func uncheckedLine(value jsontext.Value) string {
	in := vendorhttp.DecodeObject[boletoJSON](value)
	if _, err := domain.ParseBoleto(in.Line.Clean()); err == nil {
		return "" // barcodeOf reads it
	}
	return domain.UncheckedBoletoLine(in.Line.Clean())
}

// instalment returns the instalment that the row describes. A purchase date with a time is converted to
// the calendar of São Paulo, like the value date of a row.
func (c cardKeysJSON) instalment() domain.Instalment {
	date, _, err := row{Date: c.PurchaseDate.Value}.parseDate()
	if err != nil {
		date = ""
	}
	return domain.Instalment{
		PurchaseDate: date,
		Number:       vendorhttp.WholeNumber(string(c.Number)),
		Count:        vendorhttp.WholeNumber(string(c.Count)),
		Total:        decimalText(c.Total),
		Card:         c.CardNumber.Clean(),
	}
}

// partyJSON contains the tax number of a party of a payment.
type partyJSON struct {
	Document jsontext.Value `json:"documentNumber"`
}

type documentJSON struct {
	Value vendorhttp.Text `json:"value"`
}

// partyDocument returns the tax number of a party, or "" if the number is not complete.
func partyDocument(value jsontext.Value) string {
	party := vendorhttp.DecodeObject[partyJSON](value)
	return vendorhttp.TaxNumber(vendorhttp.DecodeObject[documentJSON](party.Document).Value.Value)
}

// identityJSON contains the members of an account by which the bank identifies it.
// Source: the vendor's OpenAPI document, Account and BankData.
type identityJSON struct {
	Number    vendorhttp.Text `json:"number"`
	TaxNumber vendorhttp.Text `json:"taxNumber"`
	Bank      jsontext.Value  `json:"bankData"`
}

type bankJSON struct {
	TransferNumber vendorhttp.Text `json:"transferNumber"`
}

// AccountIdentity implements ports.AccountIdentifier.
func (*Adapter) AccountIdentity(account domain.AccountData) domain.AccountIdentity {
	identity := accountIdentity(account)
	identity.Institution = account.Institution
	return identity
}

// accountIdentity returns the numbers by which the bank identifies an account, and the tax number of its holder, from
// its metadata. The member bankData.transferNumber has the form "bank/agency/number-digit", and the member number has
// the form "agency/number-digit". For a card, the number consists of the card's last digits. If the two members
// contradict each other, the agency is left out: the number then does not identify the account.
func accountIdentity(account domain.AccountData) domain.AccountIdentity {
	in := vendorhttp.DecodeObject[identityJSON](jsontext.Value(account.Metadata))
	bank := vendorhttp.DecodeObject[bankJSON](in.Bank)
	parts := strings.Split(bank.TransferNumber.Clean(), "/")
	if len(parts) < 2 {
		parts = strings.Split(in.Number.Clean(), "/")
	}
	var code, agency string
	if len(parts) == 3 {
		code = parts[0]
	}
	if len(parts) > 1 {
		agency = parts[len(parts)-2]
	}
	identity := domain.NewAccountIdentity(code, agency, parts[len(parts)-1], "", "")
	if account.Type == domain.CreditAccount {
		identity = identity.OfCard(in.Number.Clean())
	} else {
		identity = identity.ConfirmedBy(in.Number.Clean())
	}
	return identity.WithDocument(in.TaxNumber.Clean())
}

// decimalText returns a decimal number without trailing zeros, or "" if the value is not a number.
func decimalText(value jsontext.Value) string {
	money, err := vendorhttp.ParseMoney(string(value), "BRL")
	if err != nil {
		return ""
	}
	return money.Amount.String()
}
