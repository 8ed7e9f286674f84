package belvo

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// keysJSON contains the members of a transaction by which the institution identifies it. A member with an
// undocumented JSON type counts as absent, so it never makes a row unreadable. Source: developers.belvo.com,
// Transactions.
type keysJSON struct {
	ID           vendorhttp.Text `json:"internal_identification"`
	Card         jsontext.Value  `json:"credit_card_data"`
	Counterparty jsontext.Value  `json:"counterparty"`
}

type cardKeysJSON struct {
	Identifier vendorhttp.Text `json:"installment_identifier"`
	Count      jsontext.Value  `json:"number_of_installments"`
	CardNumber vendorhttp.Text `json:"card_number"`
}

type partyKeysJSON struct {
	Document vendorhttp.Text `json:"document_number"`
}

// institutionKeys returns the keys by which the institution identifies a transaction, read from the metadata.
//
// For a purchase in instalments, the vendor states neither the date nor the total. Different instalment numbers
// therefore show that two rows are different transactions. Equal numbers do not show that they are the same
// transaction.
func institutionKeys(data domain.TransactionData) domain.InstitutionKeys {
	in := vendorhttp.DecodeObject[keysJSON](jsontext.Value(data.Metadata))
	card := vendorhttp.DecodeObject[cardKeysJSON](in.Card)
	party := vendorhttp.DecodeObject[partyKeysJSON](in.Counterparty)
	return domain.InstitutionKeys{
		Transaction: in.ID.Clean(),
		Instalment: domain.Instalment{
			Number: instalmentNumber(card.Identifier.Clean()), Count: vendorhttp.WholeNumber(string(card.Count)),
			Card: card.CardNumber.Clean(),
		},
		CounterpartyDocument: vendorhttp.TaxNumber(party.Document.Value),
	}
}

// instalmentNumber returns the number of an instalment: 2 for "PARCELA_2". It returns 0 for text of any other form.
func instalmentNumber(identifier string) int {
	digits := strings.TrimLeft(identifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ ")
	return vendorhttp.WholeNumber(digits)
}

// identityJSON contains the members of an account by which the institution identifies it.
// Source: developers.belvo.com, Accounts.
type identityJSON struct {
	ID          vendorhttp.Text `json:"internal_identification"`
	Agency      vendorhttp.Text `json:"agency"`
	Number      vendorhttp.Text `json:"number"`
	CheckDigit  vendorhttp.Text `json:"check_digit"`
	PublicName  vendorhttp.Text `json:"public_identification_name"`
	PublicValue vendorhttp.Text `json:"public_identification_value"`
	Institution jsontext.Value  `json:"institution"`
}

type institutionJSON struct {
	Name vendorhttp.Text `json:"name"`
}

// AccountIdentity implements ports.AccountIdentifier.
func (*Adapter) AccountIdentity(account domain.AccountData) domain.AccountIdentity {
	return accountIdentity(account)
}

// accountIdentity returns the numbers by which the bank identifies an account, read from the metadata. In Mexico, the
// public identification is a CLABE. In Brazil, it has the form "agency/number-digit". From it, accountIdentity takes an
// agency or a check digit that is missing elsewhere in the metadata. If it contradicts the other members, the agency is
// left out: the number then does not identify the account. The vendor states no code of the bank, so its name of the
// institution means the bank.
func accountIdentity(account domain.AccountData) domain.AccountIdentity {
	in := vendorhttp.DecodeObject[identityJSON](jsontext.Value(account.Metadata))
	clabe, iban, public := "", "", ""
	switch strings.ToUpper(in.PublicName.Clean()) {
	case "CLABE":
		clabe = in.PublicValue.Clean()
	case "IBAN":
		iban = in.PublicValue.Clean()
	case "AGENCY/ACCOUNT":
		public = in.PublicValue.Clean()
	}
	agency, number, found := strings.Cut(public, "/")
	if !found {
		agency, number = "", public
	}
	if digit := in.CheckDigit.Clean(); digit != "" && in.Number.Clean() != "" {
		number = in.Number.Clean() + "-" + digit
	}
	identity := domain.NewAccountIdentity(
		"", cmp.Or(in.Agency.Clean(), agency), cmp.Or(number, in.Number.Clean()), clabe, in.ID.Clean(),
	).WithIBAN(iban)
	if account.Type == domain.CreditAccount {
		identity = identity.OfCard(in.Number.Clean())
	} else {
		identity = identity.ConfirmedBy(public)
	}
	institution := vendorhttp.DecodeObject[institutionJSON](in.Institution)
	identity.Bank = strings.ToLower(institution.Name.Clean())
	return identity
}
