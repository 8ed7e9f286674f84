package domain

import "strconv"

// InstitutionKeys contains the ids and codes by which the institution itself identifies a movement. They stay the same
// when the vendor's id changes. The vendor's adapter reads them from the metadata of a row. A text is "" if the
// institution does not state it.
type InstitutionKeys struct {
	// Transaction is the institution's id of the transaction: internal_identification at Belvo,
	// providerId at Pluggy.
	Transaction string
	// Authentication is the code with which the institution authenticates a payment:
	// paymentData.authenticationCode at Pluggy.
	Authentication string
	// Reference and ReceiverReference are the references of a payment:
	// paymentData.referenceNumber and paymentData.receiverReferenceId at Pluggy. A static PIX QR
	// code has one reference for many payments.
	Reference         string
	ReceiverReference string
	Instalment        Instalment
	// CounterpartyDocument is the tax number of the other party (CPF or CNPJ), digits only.
	CounterpartyDocument string
}

// Instalment describes one of the payments into which a card purchase is divided. A member is zero
// when the institution does not state it.
type Instalment struct {
	PurchaseDate Date
	Number       int    // the position of this instalment, starting at 1
	Count        int    // the number of instalments of the purchase
	Total        string // the amount of the whole purchase, a decimal without trailing zeros
	Card         string // the last digits of the card
}

// differs reports whether both instalments state a number and the numbers differ, or both state a count and
// the counts differ.
func (i Instalment) differs(other Instalment) bool {
	return i.Number > 0 && other.Number > 0 && i.Number != other.Number ||
		i.Count > 0 && other.Count > 0 && i.Count != other.Count
}

// key returns a text that identifies the instalment, or "" if a member is missing.
func (i Instalment) key() string {
	if i.PurchaseDate == "" || i.Number <= 0 || i.Count <= 0 || i.Total == "" || i.Card == "" {
		return ""
	}
	return joinParts(string(i.PurchaseDate), strconv.Itoa(i.Number), strconv.Itoa(i.Count), i.Total, i.Card)
}
