package domain

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
	// Barcode is the barcode of a boleto; see ParseBoleto. If a check digit of its line is wrong, it is the line; see
	// UncheckedBoletoLine.
	Barcode    string
	Instalment Instalment
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
